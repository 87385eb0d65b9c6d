/* `cairn check`: holds a trace against every rule of its format. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/show.h"
#include "cli/query.h"
#include "cli/tracefiles.h"

#include "trace/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct check {
    bool json;
};

static const struct cli_option check_options[] = {
    {"json", 0, CLI_FLAG, NULL, offsetof(struct check, json), "print JSON"},
    {0},
};

static void print_text(const struct trace_diagnostics *findings, size_t checked, size_t files)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct trace_diagnostic *item = &findings->items[i];
        printf("%s: %s, %" PRIu64 " time%s\n", trace_severity_name(item->severity), item->name, item->count,
               item->count == 1 ? "" : "s");
        printf("    first: ");
        show_text(stdout, item->example, strlen(item->example));
        printf("\n    %s\n", item->advice);
    }
    printf("%zu of %zu file%s checked, ", checked, files, files == 1 ? "" : "s");
    if (findings->count)
        printf("%" PRIu32 " kind%s of findings\n", findings->count, findings->count == 1 ? "" : "s");
    else
        printf("nothing found\n");
}

static void print_json(const struct trace_diagnostics *findings, size_t checked, size_t files, bool ok)
{
    struct json json = {.out = stdout};
    json_object(&json);
    json_key(&json, "files"), json_uint(&json, files);
    json_key(&json, "checked"), json_uint(&json, checked);
    json_key(&json, "ok"), json_bool(&json, ok);
    query_write_findings(&json, "findings", findings);
    json_end(&json);
}

static bool has_trouble(const struct trace_diagnostics *findings)
{
    for (uint32_t i = 0; i < findings->count; i++)
        if (findings->items[i].severity != TRACE_NOTE) return true;
    return false;
}

/* How many could be read at all. */
static size_t check_files(const struct trace_files *files, struct trace_diagnostics *findings)
{
    size_t checked = 0;
    for (size_t i = 0; i < files->paths.count; i++) {
        struct cairn_error error = {0};
        if (trace_check(files->paths.items[i], findings, &error) == 0)
            checked++;
        else
            cli_report(&error);
    }
    return checked;
}

static int report_empty(const char *path)
{
    struct cairn_error error;
    cairn__error_set(&error, 0, path, CAIRN_ERROR_NOWHERE, "holds no traces");
    return cli_report(&error);
}

static int run_check(const void *options, int count, char **arguments)
{
    const struct check *check = options;
    (void)count;
    struct cairn_error error = {0};
    struct trace_files files;
    struct trace_diagnostics findings = {0};
    int code = CLI_TROUBLE;
    if (trace_files_list(&files, arguments[0], &error) != 0) {
        cli_report(&error);
    } else if (files.paths.count == 0) {
        report_empty(arguments[0]);
    } else {
        size_t checked = check_files(&files, &findings);
        bool ok = checked == files.paths.count && !has_trouble(&findings);
        if (check->json)
            print_json(&findings, checked, files.paths.count, ok);
        else
            print_text(&findings, checked, files.paths.count);
        if (ok) code = CLI_OK;
    }
    free(findings.items);
    trace_files_free(&files);
    return code;
}

const struct cli_command cmd_check = {
    .name = "check",
    .arguments = "TRACE",
    .summary = "checks a trace against every rule of its format",
    .details =
        "Far stricter than reading: the other commands make the best of a damaged file, this one tells "
        "what is wrong with it. Each kind of finding is printed with its severity, how often it was "
        "met, where first, and what to do. The exit code is 0 if there are at most notes, 1 after a "
        "warning or damage, or if a file cannot be read.\n"
        "\n"
        "--json prints an object: files (how many there are), checked (how many could be read), ok, and "
        "findings, an array of objects with name, "
        "severity (note, warning, damage), count, advice and example.",
    .examples = "cairn check demo.cairn\n",
    .options = check_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct check),
    .run = run_check,
};
