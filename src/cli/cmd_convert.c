/* `cairn convert`: writes a trace in another format. SPDX-License-Identifier: Apache-2.0 */
#include "cli/record/outputfile.h"
#include "cli/query.h"

#include "export/export.h"
#include "trace/trace.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

struct convert {
    const char *output, *to;
};

static const struct cli_option convert_options[] = {
    {"output", 'o', CLI_TEXT, "FILE", offsetof(struct convert, output), "where to write; - for stdout"},
    {"to", 't', CLI_TEXT, "FORMAT", offsetof(struct convert, to), "chrome; otherwise by the name of FILE"},
    {0},
};

extern const struct cli_command cmd_convert;

/* NULL after a message. */
static const struct export_format *choose_format(const struct convert *convert)
{
    const struct export_format *format =
        convert->to ? export_find(convert->to) : export_find_by_path(convert->output);
    if (format) return format;
    if (convert->to)
        cli_usage(&cmd_convert, "there is no format '%s'", convert->to);
    else
        cli_usage(&cmd_convert, "'%s' does not tell the format: say --to FORMAT", convert->output);
    fprintf(stderr, "Formats:\n");
    for (const struct export_format *const *known = export_formats; *known; known++)
        fprintf(stderr, "  %-8s  %-6s  %s\n", (*known)->name, (*known)->suffix, (*known)->summary);
    return NULL;
}

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_count(uint64_t count, const char *name, const char **separator)
{
    if (!count) return;
    fprintf(stderr, "%s%" PRIu64 " %s%s", *separator, count, name, plural(count));
    *separator = ", ";
}

static void print_written(const struct export_counts *counts)
{
    const char *separator = "wrote ";
    print_count(counts->tasks, "task", &separator);
    print_count(counts->regions, "region", &separator);
    print_count(counts->logs, "log", &separator);
    print_count(counts->attributes, "attribute", &separator);
    print_count(counts->counters, "counter value", &separator);
    print_count(counts->links, "link", &separator);
    fprintf(stderr, "%s\n", *separator == ',' ? "" : "wrote no events: the trace holds none");
}

static void print_left_out(const struct export_counts *counts)
{
    if (counts->unfinished_tasks || counts->unfinished_regions)
        fprintf(stderr, "unfinished: %" PRIu64 " task%s, %" PRIu64 " region%s (begun, without an end)\n",
                counts->unfinished_tasks, plural(counts->unfinished_tasks), counts->unfinished_regions,
                plural(counts->unfinished_regions));
    if (counts->late_ends)
        fprintf(stderr, "left out: %" PRIu64 " end%s of what had ended already; the first end counts\n",
                counts->late_ends, plural(counts->late_ends));
    if (counts->attributes_missed)
        fprintf(stderr, "left out: %" PRIu64 " attribute%s, too many or too large to keep\n",
                counts->attributes_missed, plural(counts->attributes_missed));
}

/* CLI_TROUBLE if there is damage, else CLI_OK. */
static int print_findings(const char *trace, const struct trace_info *info)
{
    query_tell_losses(trace, info);
    if (query_tell_damage(trace, info)) return CLI_TROUBLE;
    for (uint32_t i = 0; i < info->diagnostics->count; i++) {
        if (info->diagnostics->items[i].severity != TRACE_WARNING) continue;
        fprintf(stderr, "something in the trace is odd: `cairn info %s` tells what\n", trace);
        break;
    }
    return CLI_OK;
}

/* The exit code, or -1 with *error set; so is the next. */
static int convert_into(const char *trace, struct trace_source *source, const struct export_format *format,
                        struct output_file *file, struct cairn_error *error)
{
    struct export *export = format->open(file->out, source->info, error);
    if (!export) return -1;
    int result = trace_run(source, &export->sink, cli_progress, "converting", error);
    cli_progress_done();
    struct export_counts counts = export->counts;
    export->close(export);
    if (result == 0) result = output_file_finish(file, error);
    if (result != 0) return result;
    print_written(&counts);
    print_left_out(&counts);
    return print_findings(trace, source->info);
}

static int convert_trace(const char *trace, const char *output, const struct export_format *format,
                         struct cairn_error *error)
{
    struct output_file file;
    struct trace_source *source = trace_open(trace, error);
    if (!source) return -1;
    int result = output_file_open(&file, output, error);
    if (result == 0) {
        result = convert_into(trace, source, format, &file, error);
        output_file_abandon(&file);
    }
    source->close(source);
    if (result < 0 && !*error->path) snprintf(error->path, sizeof error->path, "%s", output);
    return result;
}

static int run_convert(const void *options, int count, char **arguments)
{
    const struct convert *convert = options;
    (void)count;
    if (!convert->output) return cli_usage(&cmd_convert, "where to write is missing: -o FILE");
    const struct export_format *format = choose_format(convert);
    if (!format) return CLI_USAGE;
    struct cairn_error error = {0};
    int result = convert_trace(arguments[0], convert->output, format, &error);
    if (result < 0) return cli_report(&error);
    if (strcmp(convert->output, "-") != 0)
        fprintf(stderr, "next: open %s in https://ui.perfetto.dev (it stays in your browser)\n",
                convert->output);
    return result;
}

const struct cli_command cmd_convert = {
    .name = "convert",
    .arguments = "TRACE",
    .summary = "writes a trace in a format that other tools open",
    .details = "Formats:\n"
               "  chrome   .json   Chrome's trace events, for Perfetto, speedscope and others\n"
               "\n"
               "Tasks become tracks of their own, with their attributes as arguments and their links as "
               "arrows; regions become slices of their threads, and those that do not nest get tracks of "
               "their own; logs become instants, counters counter tracks. What never ended is marked "
               "\"unfinished\"; what was lost or found wrong is told in the file too. Times are exact to the "
               "nanosecond, counted from the start of the recording.\n"
               "\n"
               "The file appears under its name when it is complete, and not otherwise.",
    .examples = "cairn convert demo.cairn -o demo.json           # then open it in https://ui.perfetto.dev\n"
                "cairn convert demo.cairn --to chrome -o - | gzip > demo.json.gz\n",
    .options = convert_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct convert),
    .run = run_convert,
};
