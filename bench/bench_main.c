/* The bench's command line. SPDX-License-Identifier: Apache-2.0
 *
 * Status: 0; 1 if an event was lost or something could not be run; 2 for usage. A missed target is no error.
 */
#include "bench.h"

#include <dlfcn.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef BENCH_VARIANT
#error "BENCH_VARIANT says how this program is linked: \"shared\" or \"static\""
#endif

enum { CHILDREN_MAX = 8 };

struct command_line {
    struct bench_options options;
    bool json, lines, hot_only;
    const char *compare, *sample, *loop;
    const char *children[CHILDREN_MAX];
    size_t child_count;
};

static const char usage[] =
    "usage: cairn-bench --cairn TOOL [options]\n"
    "  --cairn TOOL         the cairn tool, which counts what is in the traces\n"
    "  --directory DIR      where traces go meanwhile (default: $TMPDIR or /var/tmp)\n"
    "  --repetitions N      per figure (default 101; 41 at least for figures to be quoted)\n"
    "  --sustained MIB      size of each sustained run (default 2048; 0: none)\n"
    "  --hot-only           tight loops of one thread only\n"
    "  --child COMMAND      takes the rows of another program into the table; may be repeated\n"
    "  --json               the result as JSON to stdout, the table to stderr\n"
    "  --lines              the result as lines, for a parent\n"
    "  --compare LIBRARY    another libcairn.so against this one, by --repetitions\n"
    "  --loop NAME          what to compare (default: region pair)\n"
    "  --sample NAME        one sample of a loop, for --compare\n";

enum {
    OPTION_CAIRN = 1,
    OPTION_DIRECTORY,
    OPTION_REPETITIONS,
    OPTION_SUSTAINED,
    OPTION_HOT_ONLY,
    OPTION_CHILD,
    OPTION_JSON,
    OPTION_LINES,
    OPTION_COMPARE,
    OPTION_LOOP,
    OPTION_SAMPLE,
    OPTION_HELP
};
static const struct option option_table[] = {
    {"cairn", required_argument, NULL, OPTION_CAIRN},
    {"directory", required_argument, NULL, OPTION_DIRECTORY},
    {"repetitions", required_argument, NULL, OPTION_REPETITIONS},
    {"sustained", required_argument, NULL, OPTION_SUSTAINED},
    {"hot-only", no_argument, NULL, OPTION_HOT_ONLY},
    {"child", required_argument, NULL, OPTION_CHILD},
    {"json", no_argument, NULL, OPTION_JSON},
    {"lines", no_argument, NULL, OPTION_LINES},
    {"compare", required_argument, NULL, OPTION_COMPARE},
    {"loop", required_argument, NULL, OPTION_LOOP},
    {"sample", required_argument, NULL, OPTION_SAMPLE},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static bool parse_number(const char *text, unsigned long least, unsigned long most, unsigned long *number)
{
    char *end;
    *number = strtoul(text, &end, 10);
    return end != text && *end == '\0' && *number >= least && *number <= most;
}

static bool set_option(struct command_line *line, int option, const char *value)
{
    unsigned long number;
    switch (option) {
    case OPTION_CAIRN: line->options.cairn = value; return true;
    case OPTION_DIRECTORY: line->options.directory = value; return true;
    case OPTION_REPETITIONS:
        if (!parse_number(value, 1, 100000, &number)) return false;
        line->options.repetitions = (uint32_t)number;
        return true;
    case OPTION_SUSTAINED:
        if (!parse_number(value, 0, 1u << 20, &number)) return false;
        line->options.sustained_bytes = (uint64_t)number << 20;
        return true;
    case OPTION_HOT_ONLY: return line->hot_only = true;
    case OPTION_CHILD:
        if (line->child_count == CHILDREN_MAX) return false;
        line->children[line->child_count++] = value;
        return true;
    case OPTION_JSON: return line->json = true;
    case OPTION_LINES: return line->lines = true;
    case OPTION_COMPARE: line->compare = value; return true;
    case OPTION_LOOP: line->loop = value; return loop_find(value) != NULL;
    case OPTION_SAMPLE: line->sample = value; return loop_find(value) != NULL;
    default: return false;
    }
}

static bool parse(int argc, char **argv, struct command_line *line)
{
    const char *const temporary = getenv("TMPDIR");
    line->options = (struct bench_options){
        .directory = temporary != NULL ? temporary : "/var/tmp",
        .variant = BENCH_VARIANT,
        .repetitions = 101,
        .sustained_bytes = (uint64_t)2 << 30,
    };
    line->loop = "region pair";
    int option;
    while ((option = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
        if (option == OPTION_HELP) {
            fputs(usage, stdout);
            exit(0);
        }
        if (set_option(line, option, optarg)) continue;
        if (option != '?') fprintf(stderr, "bench: not a valid value: %s\n", optarg);
        return false;
    }
    if (line->options.cairn == NULL)
        fprintf(stderr, "bench: --cairn is needed, to count what is in the traces\n");
    return optind == argc && line->options.cairn != NULL;
}

/* The library's path goes with the figures, so that a comparison can tell which one was really run. */
static int print_sample(const struct command_line *line)
{
    double item_ns, floor_ns;
    unsetenv("LD_PRELOAD"); /* meant for this process, not for the tool */
    hot_sample(&line->options, loop_find(line->sample), &item_ns, &floor_ns);
    Dl_info library;
    char path[PATH_MAX] = "unknown";
    if (dladdr((void *)(uintptr_t)cairn_start, &library) != 0 && realpath(library.dli_fname, path) == NULL)
        snprintf(path, sizeof path, "%s", library.dli_fname);
    printf("sample\t%.9g\t%.9g\t%s\n", item_ns, floor_ns, path);
    return session_failures() == 0 ? 0 : 1;
}

static int compare(const struct command_line *line)
{
    char self[PATH_MAX], other[PATH_MAX];
    const ssize_t bytes = readlink("/proc/self/exe", self, sizeof self - 1);
    if (bytes < 0 || realpath(line->compare, other) == NULL) {
        fprintf(stderr, "bench: cannot find %s\n", line->compare);
        return 1;
    }
    self[bytes] = '\0';
    return compare_run(&line->options, self, other, line->loop);
}

static void measure(const struct command_line *line, const struct floor_clock *clock)
{
    const double load = machine_load_at_start();
    if (!line->lines && load > 0.5 * machine_cpu_count())
        report_warn("load average %.2f on %u CPUs: the machine is not quiet", load, machine_cpu_count());
    if (line->options.repetitions < 41)
        report_warn("fewer than 41 repetitions: nothing here is to be quoted");
    if (!clock->invariant) report_warn("the time-stamp counter is not invariant: ratios are not comparable");
    if (!machine_pin(0)) report_warn("threads cannot be pinned here: expect more noise");
    if (!line->lines) floor_measure(&line->options);
    machine_unpin();
    hot_measure(&line->options);
    for (size_t i = 0; i < line->child_count; i++)
        if (!children_run(line->children[i])) session_fail();
    if (line->hot_only) return;
    hot_measure_two_threads(&line->options);
    cold_measure(&line->options, clock);
    sustained_measure(&line->options);
}

int main(int argc, char **argv)
{
    struct command_line line = {.json = false};
    if (!parse(argc, argv, &line)) {
        fputs(usage, stderr);
        return 2;
    }
    unsetenv("CAIRN_TYPES"); /* meant for programs under study: a filter would drop what is counted here */
    if (line.sample != NULL) return print_sample(&line);
    if (line.compare != NULL) return compare(&line);
    const struct floor_clock clock = floor_clock_measure();
    measure(&line, &clock);
    if (line.lines) report_write_lines(stdout);
    if (!line.lines) report_table(line.json ? stderr : stdout, &clock);
    if (line.json) report_json(stdout, &clock);
    return session_failures() == 0 ? 0 : 1;
}
