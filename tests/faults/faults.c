/* Faults injected one by one into everything that the recorder asks of the system. SPDX-License-Identifier: Apache-2.0
 *
 * Needs in the environment: $FAULT_HOST, $FAULT_INJECTOR, $FAULT_LIBRARY (programs of the build), $FAULT_EXPECTED (the
 * table). For each way of recording:
 *
 *   1. run the host undisturbed: that tells the points, and how often each is met;
 *   2. for each row of the table about such a point, make the n-th call fail, once, and from then on, for several n;
 *   3. the program must do what it does and end as it does, in time, leaving nothing behind; what was emitted is in the
 *      trace or counted as lost; and the error shows in the place that the table says. A second recording works.
 *
 * A point without a row fails, as does a row that was never met: the table is complete and has nothing too much. */
#include "../record/testing.h"
#include "faultrun.h"
#include "faulttable.h"

#include <stdlib.h>
#include <string.h>

static const struct fault_scenario scenarios[] = {
    {.name = "streaming", .older = true},
    {.name = "alone", .arguments = {"alone", "low"}, .folder = true, .own_live_dir = true},
    {.name = "old-kernel", .folder = true, .old_kernel = true},
    {.name = "window", .arguments = {"window"}, .older = true, .window = true},
    {.name = "window-alone",
     .arguments = {"window", "alone", "low"},
     .folder = true,
     .own_live_dir = true,
     .window = true},
};
enum { SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

static struct fault_table table;
static unsigned scenarios_run;

static void read_table(void)
{
    const char *path = getenv("FAULT_EXPECTED");
    if (!table.count) CHECK(path && fault_table_read(&table, path));
}

/* ---- One row -------------------------------------------------------------------------------------------------- */

enum { ATTEMPTS = 4 }; /* how often a point is met varies; a late call may not come */

static bool try_fault(const struct fault_scenario *scenario, const struct fault *fault, uint64_t work,
                      const char *expected)
{
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        struct fault_run run = fault_run(scenario, fault);
        CHECK_EQUAL(run.work, work);
        if (!run.fired) continue;
        if (!fault_is_expected(expected, run.outcome)) {
            testing_fail(__FILE__, __LINE__, "%s %s %s, call %u%s: %s, not %s", scenario->name, fault->point,
                         fault->error_name, fault->at, fault->onwards ? " and on" : "", run.outcome,
                         expected);
        }
        return true;
    }
    return false;
}

/* A sanitizer has seen it all in a short run. */
static bool is_thorough(void)
{
    return testing_scaled(8) > 8;
}

/* The calls to try of `count`: all of a few; else the first, the last, and some between. In a short run, two. */
static bool is_chosen(uint32_t at, uint32_t count, bool onwards)
{
    if (!is_thorough()) return at == 1 || (!onwards && at == (count + 1) / 2);
    return at <= (onwards ? 3 : 8) || at + 4 > count || at % (count / 4 + 1) == 0;
}

static void try_row(struct fault_row *row, const struct fault_scenario *scenario, uint32_t count,
                    uint64_t work, bool onwards)
{
    const char *expected = row->outcome[onwards];
    if (strcmp(expected, "-") == 0) return;
    unsigned tried = 0, reached = 0;
    for (uint32_t at = 1; at <= count; at++) {
        if (!is_chosen(at, count, onwards)) continue;
        struct fault fault = {row->point, row->error, at, onwards};
        reached += try_fault(scenario, &fault, work, expected);
        tried++;
    }
    if (!reached) testing_fail(__FILE__, __LINE__, "%s %s was never reached", scenario->name, row->point);
    printf("# %-11s %-32s %-7s %-8s %2u of %2u calls, of %3u: %s\n", scenario->name, row->point, row->error,
           onwards ? "onwards" : "once", reached, tried, count, expected);
    fflush(stdout);
}

/* ---- One way of recording ------------------------------------------------------------------------------------- */

static uint32_t count_calls(const struct fault_run *calm, const struct fault_row *row)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < calm->points; i++) {
        if (fault_row_covers(row, calm->counts[i].point)) count += calm->counts[i].count;
    }
    return count;
}

static bool is_in_table(const char *point, const char *scenario)
{
    for (size_t i = 0; i < table.count; i++) {
        const struct fault_row *row = &table.rows[i];
        if (strcmp(row->point, point) == 0 && fault_table_applies(&table, row, scenario)) return true;
    }
    return false;
}

static void run_scenario(const struct fault_scenario *scenario)
{
    read_table();
    fault_make_older();
    struct fault_run calm = fault_run(scenario, &(struct fault){0});
    CHECK(strcmp(calm.outcome, "silent") == 0);
    CHECK(calm.points > 20);
    for (uint32_t i = 0; i < calm.points; i++) {
        if (!is_in_table(calm.counts[i].point, scenario->name))
            testing_fail(__FILE__, __LINE__, "%s %s is not in the table", scenario->name,
                         calm.counts[i].point);
    }
    for (size_t i = 0; i < table.count; i++) {
        uint32_t count = count_calls(&calm, &table.rows[i]);
        if (!count || !fault_table_applies(&table, &table.rows[i], scenario->name)) continue;
        if (table.rows[i].met && !is_thorough()) continue; /* a short run tries it in one way only */
        table.rows[i].met = true;
        for (int onwards = 0; onwards < 2; onwards++)
            try_row(&table.rows[i], scenario, count, calm.work, onwards);
    }
    scenarios_run++;
}

static void case_streaming(void)
{
    run_scenario(&scenarios[0]);
}

static void case_alone(void)
{
    run_scenario(&scenarios[1]);
}

static void case_old_kernel(void)
{
    run_scenario(&scenarios[2]);
}

static void case_window(void)
{
    run_scenario(&scenarios[3]);
}

static void case_window_alone(void)
{
    run_scenario(&scenarios[4]);
}

/* ---- Every way into the system --------------------------------------------------------------------------------- */

/* What the recorder calls that asks nothing of the system, or cannot be refused as it is called. */
static const char *const harmless[] = {
    "clock_gettime",
    "getauxval",
    "getenv",
    "geteuid",
    "getpid",
    "getuid",
    "memchr",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "pthread_attr_destroy",
    "pthread_attr_init",
    "pthread_join",
    "pthread_attr_setdetachstate",
    "pthread_key_delete",
    "pthread_sigmask",
    "pthread_mutex_lock",
    "pthread_mutex_trylock",
    "raise",
    "pthread_mutex_unlock",
    "pthread_setcancelstate",
    "process_vm_readv", /* tells whether a handler may be running; refused: maybe */
    "sigaction",
    "sigaddset",
    "sigaltstack",
    "sigdelset",
    "sigemptyset",
    "sigfillset",
    "sigismember",
    "signal",
    "sigtimedwait",
    "snprintf",
    "strchr",
    "strcmp",
    "strcspn",
    "strlen",
    "strncmp",
    "strncpy",
    "strnlen",
    "strrchr",
    "strstr",
    "strtoull",
    "sysconf",
};

/* The compiler's and the sanitizers' own begin with an underscore. */
static bool is_harmless(const char *name)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (strcmp(harmless[i], name) == 0) return true;
    }
    return name[0] == '_' && strcmp(name, "__register_atfork") != 0;
}

struct names {
    char items[600][64];
    unsigned count;
};

static void read_symbols(struct names *names, const char *option, const char *variable)
{
    char command[600], line[300], *last;
    const char *path = getenv(variable);
    snprintf(command, sizeof command, "nm -D %s '%s'", option, path ? path : "");
    FILE *symbols = popen(command, "r");
    names->count = 0;
    while (symbols && fgets(line, sizeof line, symbols) && names->count < 600) {
        line[strcspn(line, "@\n")] = 0;
        last = strrchr(line, ' ');
        snprintf(names->items[names->count++], sizeof names->items[0], "%.63s", last ? last + 1 : line);
    }
    CHECK(symbols && pclose(symbols) == 0 && names->count > 10);
}

static bool is_among(const struct names *names, const char *name)
{
    for (unsigned i = 0; i < names->count; i++) {
        if (strcmp(names->items[i], name) == 0) return true;
    }
    return false;
}

/* What the recorder has learnt to call must be learnt here, too. */
static void case_every_call(void)
{
    static struct names wanted, interposed;
    read_symbols(&wanted, "--undefined-only", "FAULT_LIBRARY");
    read_symbols(&interposed, "--defined-only", "FAULT_INJECTOR");
    for (unsigned i = 0; i < wanted.count; i++) {
        const char *name = wanted.items[i];
        if (!is_harmless(name) && !is_among(&interposed, name))
            testing_fail(__FILE__, __LINE__, "the recorder calls %s, which no fault can be injected into",
                         name);
    }
}

/* ---- The table as a whole ------------------------------------------------------------------------------------- */

static void case_nothing_too_much(void)
{
    if (scenarios_run < SCENARIOS) {
        testing_skip("not all ways of recording were run");
        return;
    }
    for (size_t i = 0; i < table.count; i++) {
        const struct fault_row *row = &table.rows[i];
        if (!row->met && !row->may_be_missing)
            testing_fail(__FILE__, __LINE__, "no program meets %s %s", row->point, row->error);
    }
}

static const struct testing_case cases[] = {
    {"every call", case_every_call},
    {"streaming", case_streaming},
    {"alone", case_alone},
    {"old kernel", case_old_kernel},
    {"window", case_window},
    {"window, alone", case_window_alone},
    {"nothing too much in the table", case_nothing_too_much},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
