/* cairn series: tasks and counters over time. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/seriesanswer.h"

enum { BUCKETS = 60 };

struct series_options {
    struct query query;
    uint64_t buckets;
    bool counters, heat;
};

extern const struct cli_command cmd_series;

static int answer(const struct question *question, const struct analysis_series *series,
                  enum series_form form)
{
    if (question->query->json || question->query->csv)
        series_write(question, series, form);
    else if (series->window.begin == series->window.end)
        printf("The recording has nothing between these times.\n");
    else if (!series_draw(question, series, form))
        return cli_out_of_memory();
    return CLI_OK;
}

static int check(const struct series_options *options)
{
    const struct analysis_spec *spec = &options->query.spec;
    if (options->buckets > ANALYSIS_SERIES_BUCKETS_MAX)
        return cli_usage(&cmd_series, "--buckets: at most %d", ANALYSIS_SERIES_BUCKETS_MAX);
    if (options->counters && options->heat)
        return cli_usage(&cmd_series, "--counters and --heat exclude each other");
    if (spec->to_ns && spec->to_ns <= spec->from_ns)
        return cli_usage(&cmd_series, "--to is not after --from: the window is empty");
    return CLI_OK;
}

static int run(const void *given, int count, char **arguments)
{
    const struct series_options *options = given;
    struct query query = options->query;
    struct analysis_series series = {0};
    struct question question;
    if (check(options) != CLI_OK) return CLI_USAGE;
    if (count > 1) query.spec.type = arguments[1];
    query.spec.from_ns = query.spec.to_ns = 0; /* a part of the time, not of the tasks */
    int code = question_begin(&question, &cmd_series, &query, ANALYSIS_TASKS, arguments[0]);
    if (code == CLI_OK) {
        question.source->no_text = true; /* logs have been searched by now, if they had to be */
        uint32_t buckets = options->buckets ? (uint32_t)options->buckets : BUCKETS;
        bool ready = analysis_series_init(&series, question.info, question_filter(&question),
                                          analysis_window_of(question.info, &options->query.spec), buckets);
        code = ready ? question_run(&question, &series.sink) : cli_out_of_memory();
        if (code == CLI_OK)
            code = answer(&question, &series,
                          options->heat       ? SERIES_HEAT
                          : options->counters ? SERIES_COUNTERS
                                              : SERIES_TASKS);
    }
    analysis_series_free(&series);
    return question_end(&question, code);
}

static const struct cli_option options_table[] = {
    {"buckets", 'b', CLI_COUNT, "N", offsetof(struct series_options, buckets),
     "how many equal buckets the time is cut into (default 60, at most 10000)"},
    {"heat", 0, CLI_FLAG, NULL, offsetof(struct series_options, heat),
     "the heat map: how many latencies of which size there were in each bucket"},
    {"counters", 0, CLI_FLAG, NULL, offsetof(struct series_options, counters), "counters alone"},
    {0},
};

const struct cli_command cmd_series = {
    .name = "series",
    .arguments = "TRACE [TYPE]",
    .summary = "rate, concurrency, failures, latency and counters over time",
    .details =
        "The recording is cut into equal buckets. Of each type: how many finished per second, how many were "
        "open at once on average, failed ones, and percentiles of the latencies of those that ended in the "
        "bucket. Of each counter: the values set in the bucket. A drawn line goes from 0, or less if there "
        "is less, to the greatest value; what stands behind it is the least and the greatest. It is blank "
        "where nothing finished. If there is no room for all buckets, a place shows the greatest of several. "
        "Types with the most finished tasks come first. TYPE is a pattern, as in --type.\n\n"
        "--from and --to cut out a part of the time and, unlike elsewhere, do not choose tasks by their "
        "begin: a part looks as it does in the whole. The other filters choose tasks, as in `cairn tasks`; "
        "counters heed none of them. Types beyond 131072 buckets in all go into (other).\n\n"
        "--heat draws latencies by powers of two; --json and --csv have the finer buckets of the histogram "
        "that percentiles come from, 64 to a power of two.\n\n" QUERY_DETAILS
        "\n\n--json: {\"buckets\": [...], \"counters\": [...], \"counter_values_left_out\": 0, "
        "\"diagnostics\": [...]}; a bucket has: type, bucket (from 0), begin_ns and end_ns (since the "
        "start), finished, errors, rate_per_s, concurrency_mean, min_ns, mean_ns, p50_ns, p90_ns, p99_ns, "
        "max_ns (null: nothing finished); a counter's has: counter, pid, bucket, begin_ns, end_ns, count, "
        "min, mean, max, last. With --heat: {\"heat\": [...], ...}: type, bucket, begin_ns, end_ns, "
        "latency_from_ns, latency_to_ns, count; what is 0 is left out. --csv has the buckets of types, with "
        "--counters those of counters, with --heat the heat map.",
    .examples = "cairn series demo.cairn                        # all types and counters, drawn\n"
                "cairn series --from 2s --to 3s demo.cairn      # a second of it, finer\n"
                "cairn series --heat demo.cairn checkout        # how latency was spread over time\n"
                "cairn series --buckets 600 --csv demo.cairn    # for a spreadsheet\n",
    .options = options_table,
    .more_options = query_options,
    .arguments_min = 1,
    .arguments_max = 2,
    .options_bytes = sizeof(struct series_options),
    .run = run,
};
