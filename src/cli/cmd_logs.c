/* cairn logs: what the program logged, in order of time. SPDX-License-Identifier: Apache-2.0
 *
 * Lines are printed while the trace is read: nothing is kept. */
#include "cli/query.h"
#include "cli/print/records.h"
#include "cli/print/show.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <string.h>

struct logs_options {
    struct query query;
};

struct logs {
    struct trace_sink sink;
    struct question *question;
    struct records records;
    uint64_t shown;
};

extern const struct cli_command cmd_logs;

static void write_log(struct logs *logs, const struct trace_event *event)
{
    static const struct trace_event none;
    const struct trace_info *info = logs->question->info;
    struct records *records = &logs->records;
    char thread[ANALYSIS_THREAD_BYTES], id[ANALYSIS_ID_TEXT_BYTES];
    if (!event) event = &none;
    const struct trace_site *site = event->site < info->site_count ? &info->sites[event->site] : NULL;
    records_row(records);
    records_int(records, "time_ns", trace_clock_since_start_ns(&info->clock, event->time));
    records_int(records, "realtime_ns", trace_clock_realtime_ns(&info->clock, event->time));
    records_text(records, "thread", analysis_thread_text(thread, info, event->thread));
    records_text(records, "task", analysis_id_text(id, info, &event->task));
    records_text(records, "type", analysis_type_of_task(info, &event->task));
    records_text(records, "category", analysis_site_text(info, event->site));
    records_text_bytes(records, "message", event->value.text ? event->value.text : "",
                       event->value.text ? event->value.text_bytes : 0);
    records_uint(records, "message_bytes", event->value.text_bytes_full);
    records_text(records, "file", site ? site->file : "");
    records_uint(records, "line", site ? site->line : 0);
    records_row_end(records);
}

static void print_padded(const char *text, unsigned columns)
{
    char cut[256];
    show_text_cut(cut, sizeof cut, text, columns);
    size_t width = show_text_columns(cut, strlen(cut));
    printf("%s%*s", cut, (int)(columns - width), "");
}

static void print_log(struct logs *logs, const struct trace_event *event)
{
    const struct trace_info *info = logs->question->info;
    char text[ANALYSIS_THREAD_BYTES + SHOW_BYTES + ANALYSIS_ID_TEXT_BYTES];
    const char *category = analysis_site_text(info, event->site);
    const struct trace_value *message = &event->value;
    if (logs->shown == 1)
        printf("%s%12s  %-14s %-10s %-17s message%s\n", show_bold(), "time (s)", "thread", "task", "type",
               show_plain());
    printf("%12s  ", show_instant(text, trace_clock_since_start_ns(&info->clock, event->time)));
    print_padded(analysis_thread_text(text, info, event->thread), 14);
    printf(" ");
    print_padded(event->task.id ? analysis_id_text(text, info, &event->task) : "-", 10);
    printf(" ");
    print_padded(event->task.id ? analysis_type_of_task(info, &event->task) : "-", 17);
    printf(" ");
    if (*category) {
        fputs(show_bold(), stdout);
        show_text(stdout, category, strlen(category));
        printf("%s: ", show_plain());
    }
    if (message->text) show_text(stdout, message->text, message->text_bytes);
    if (message->text_bytes_full > message->text_bytes)
        printf(" %s[cut: %" PRIu64 " bytes in all]%s", show_yellow(), message->text_bytes_full, show_plain());
    printf("\n");
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct logs *logs = (struct logs *)sink;
    if (event->kind != TRACE_LOG || !analysis_filter_log(&logs->question->filter, event)) return 0;
    logs->shown++;
    if (logs->question->query->json || logs->question->query->csv)
        write_log(logs, event);
    else
        print_log(logs, event);
    if (!ferror(stdout)) return 0;
    return cairn__error_set(error, CAIRN_EIO, NULL, CAIRN_ERROR_NOWHERE, "The output could not be written.");
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    (void)sink, (void)info, (void)error;
    return 0;
}

static int run_query(struct question *question)
{
    struct logs logs = {.sink = {take_event, take_end}, .question = question};
    bool json = question->query->json, csv = question->query->csv;
    if (json || csv) records_begin(&logs.records, json ? RECORDS_JSON : RECORDS_CSV, "logs");
    if (csv && records_head(&logs.records)) write_log(&logs, NULL);
    int code = question_run(question, &logs.sink);
    if (json) {
        records_end_array(&logs.records);
        question_diagnostics(question, &logs.records.json);
    }
    if (json || csv) records_end(&logs.records);
    if (!json && !csv && logs.shown == 0 && code == CLI_OK) question_none(stdout, question, "logs", NULL);
    return code;
}

static int run(const void *given, int count, char **arguments)
{
    const struct logs_options *options = given;
    struct question question;
    (void)count;
    int code = question_begin(&question, &cmd_logs, &options->query, ANALYSIS_LOGS, arguments[0]);
    if (code == CLI_OK) code = run_query(&question);
    return question_end(&question, code);
}

const struct cli_command cmd_logs = {
    .name = "logs",
    .arguments = "TRACE",
    .summary = "what the program logged, in order of time",
    .details =
        "A line per log: seconds since the start of the trace, thread, id and type of the task (- for none), "
        "category and message. Bytes that are not UTF-8 or could steer the terminal are shown escaped.\n\n"
        "--type, --min, --max, --complete, --unfinished and --failed are about the task of a log; --from, "
        "--to, --thread and --log are about the log itself.\n\n" QUERY_DETAILS
        "\n\n--json: {\"logs\": [...], \"diagnostics\": [...]}, a log has: time_ns (since the start), "
        "realtime_ns (since 1970), thread, task (id), type, category, message, message_bytes (as given by "
        "the program: greater if the message was cut), file, line. --csv has the same fields.",
    .examples = "cairn logs demo.cairn                         # all\n"
                "cairn logs --task 7f3 demo.cairn              # those of one task\n"
                "cairn logs --log 'no space' demo.cairn        # those that say so\n"
                "cairn logs --type request --min 50ms demo.cairn  # those of slow requests\n"
                "cairn logs --where 'category = db and not message ~ ok' demo.cairn\n",
    .more_options = query_options,
    .arguments_min = 1,
    .arguments_max = 1,
    .options_bytes = sizeof(struct logs_options),
    .run = run,
};
