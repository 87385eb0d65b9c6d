/* The face of the bench: what its files share. SPDX-License-Identifier: Apache-2.0
 *
 * One subject, one file:
 *
 *   floor      the yardstick: what any tracer must do at least, and the clock it reads
 *   loops      what is measured: one loop per annotation
 *   samples    order statistics over repetitions
 *   machine    what it runs on: CPU time, pinning, model, load
 *   session    one recording, and the proof that nothing of it was lost
 *   hot        annotations in tight loops          }
 *   cold       annotations between other work      }  each adds rows to the report
 *   sustained  gigabytes without a pause           }
 *   compare    two builds of the library against each other
 *   children   other programs of the same measure: the static build, the peers
 *   report     rows as a table and as JSON
 *
 * The bench sees only <cairn/cairn.h>. It judges by thread CPU time, because a loaded machine stretches
 * wall time at random, and by ratios to a floor measured within the same repetition, because the clock
 * rate of a CPU drifts. doc/benchmarks.md has the method.
 */
#ifndef CAIRN_BENCH_BENCH_H
#define CAIRN_BENCH_BENCH_H

#include <cairn/cairn.h>

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct bench_options {
    const char *cairn;        /* path of the tool, which counts what is in a trace */
    const char *directory;    /* where traces are written and removed again */
    const char *variant;      /* "shared" or "static": how this program is linked */
    uint32_t repetitions;     /* at least 41 for figures to be quoted */
    uint64_t sustained_bytes; /* of each sustained run; 0: none */
};

/* ---- floor ---------------------------------------------------------------------------------- */

#if defined(__x86_64__)
static inline uint64_t floor_stamp(void)
{
    return __builtin_ia32_rdtsc();
}
/* The same, not before anything earlier is done and before anything later starts. */
static inline uint64_t floor_stamp_fenced(void)
{
    __builtin_ia32_lfence();
    const uint64_t ticks = __builtin_ia32_rdtsc();
    __builtin_ia32_lfence();
    return ticks;
}
#elif defined(__aarch64__)
static inline uint64_t floor_stamp(void)
{
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}
static inline uint64_t floor_stamp_fenced(void)
{
    uint64_t ticks;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(ticks) : : "memory");
    return ticks;
}
#else
#error "the bench has no floor for this CPU: add its time-stamp read"
#endif

enum floor_kind {
    FLOOR_PAIR,     /* two time-stamp reads and two 8-byte stores: any begin+end, on */
    FLOOR_STAMP,    /* one time-stamp read, not even stored: any single event, on */
    FLOOR_OFF_PAIR, /* two relaxed loads with predicted branches: any pair, off */
    FLOOR_OFF,      /* one of them: any single event, off */
    FLOOR_NOTHING,  /* an empty loop */
    FLOOR_KINDS
};

extern const char *const floor_names[FLOOR_KINDS];

/* Runs the floor n times on the calling thread. Any thread; threads share nothing. */
void floor_run(enum floor_kind kind, uint64_t n);

struct floor_clock {
    double ns_per_tick;
    uint64_t step_ticks; /* greatest common divisor of many differences: what the counter advances by */
    bool invariant;      /* as the system says; if not, the recorder uses clock_gettime instead */
};
struct floor_clock floor_clock_measure(void);

/* ---- loops ---------------------------------------------------------------------------------- */

/* What the bench counts; names as `cairn info --json` has them. */
enum loop_tally {
    LOOP_TASK_BEGIN,
    LOOP_TASK_END,
    LOOP_REGION_BEGIN,
    LOOP_REGION_END,
    LOOP_LOG,
    LOOP_ATTR,
    LOOP_TALLIES
};
extern const char *const loop_tally_names[LOOP_TALLIES];

/* What an annotation needs at hand; one per thread. */
struct loop_context {
    cairn_task task;
    cairn_task other;
    cairn_task *alive; /* LOOP_ALIVE tasks, begun and not ended; the one at `oldest` is ended next */
    uint64_t oldest;
};
enum { LOOP_ALIVE = 1000000 };
enum {
    LOOP_NEEDS_ALIVE = 1,
    LOOP_ON_ONLY = 2 /* does more than annotate, which an off floor of half a nanosecond would not hide */
};

struct loop {
    const char *name;
    void (*run)(struct loop_context *context, uint64_t n);
    enum floor_kind floor, floor_off;
    uint32_t emits[LOOP_TALLIES]; /* per iteration */
    unsigned flags;               /* LOOP_... */
    double target;                /* ratio to the floor, recording on; NAN: none */
};
extern const struct loop loops[];
extern const size_t loop_count;
extern const struct loop loop_control, loop_control_off;

/* By name; NULL if there is none. */
const struct loop *loop_find(const char *name);

/* ---- samples -------------------------------------------------------------------------------- */

/* All of these sort in place. count > 0. Quantiles are order statistics: nearest rank. */
double samples_quantile(double *values, size_t count, double q);
double samples_median(double *values, size_t count);
double samples_min(const double *values, size_t count);
double samples_max(const double *values, size_t count);
/* The 95 % interval of the median by rank (binomial), free of any assumption on the distribution. */
void samples_median_interval(double *values, size_t count, double *low, double *high);
/* calloc that ends the program with a message: a bench without memory has no result. */
void *bench_allocate(size_t count, size_t bytes);

/* ---- machine -------------------------------------------------------------------------------- */

double machine_thread_cpu_ns(void);
double machine_wall_ns(void);
struct machine_usage {
    double user_ns, system_ns; /* the sum is exact, the split as the kernel samples it */
};
struct machine_usage machine_process_usage(void);
struct machine_usage machine_thread_usage(void);

/* Pins the calling thread to the index-th CPU that this process may use; true if that CPU exists.
 * Threads made later inherit it: so recording is started, and its helper with it, unpinned. */
bool machine_pin(unsigned index);
void machine_unpin(void);
unsigned machine_cpu_count(void);
double machine_load_at_start(void); /* as of the first call: later it would be the bench itself */
void machine_model(char *text, size_t bytes);

/* ---- session -------------------------------------------------------------------------------- */

/* One recording. Rules: at most one at a time; used by the main thread only. */
struct session {
    const struct bench_options *options;
    char path[512];
    bool is_flight;
    uint64_t emitted[LOOP_TALLIES];
    uint64_t file_bytes; /* after the end */
};
enum { FLIGHT_WINDOW_BYTES = 4 << 20 };
/* Starts recording; ends the program if it cannot. limit_bytes 0: ample. */
void session_begin(struct session *session, const struct bench_options *options, uint64_t limit_bytes);
/* The same as a flight recorder, with a window of FLIGHT_WINDOW_BYTES. */
void session_begin_flight(struct session *session, const struct bench_options *options);
/* Makes what the loop needs. To be called by each emitting thread; its events are counted by the
 * matching session_unprepare, which the main thread calls after the threads are done. */
void session_prepare(struct loop_context *context, const struct loop *loop);
void session_unprepare(struct session *session, struct loop_context *context, const struct loop *loop);
void session_count(struct session *session, const struct loop *loop, uint64_t n);
/* Stops recording and compares what is in the file with what was emitted; removes the file. A difference
 * is printed to stderr and remembered. */
void session_end(struct session *session);
uint64_t session_events(const struct session *session);
/* Over all sessions of this process. */
uint64_t session_checked_events(void);
unsigned session_failures(void);
/* What a child has checked, or a failure found elsewhere. */
void session_add_checked(uint64_t events);
void session_fail(void);

/* ---- report --------------------------------------------------------------------------------- */

/* One line of the table. The judged figure is a ratio, a difference, or a plain value. */
struct report_row {
    char group[64];
    char name[64];
    char unit[8];    /* of the figure: "x" for a ratio, "ns", "us", "B" */
    double value_ns; /* what one operation took, median; NAN: does not apply */
    double floor_ns; /* what it is held against */
    double min, median;
    double target; /* NAN: none */
};

void report_add(const char *group, const char *name, const char *unit, double value_ns, double floor_ns,
                double min, double median, double target);
/* A row of a ratio from paired samples: item[i] and floor[i] in ns of the same repetition. */
void report_add_ratio(const char *group, const char *name, const double *item_ns, const double *floor_ns,
                      size_t count, double target);
const struct report_row *report_find(const char *group, const char *name);
void report_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The lines by which a child hands its rows to its parent. */
void report_write_lines(FILE *out);
bool report_read_line(const char *line);
void report_table(FILE *out, const struct floor_clock *clock);
void report_json(FILE *out, const struct floor_clock *clock);

/* ---- the measures --------------------------------------------------------------------------- */

void floor_measure(const struct bench_options *options);
void hot_measure(const struct bench_options *options);
void hot_measure_two_threads(const struct bench_options *options);
void cold_measure(const struct bench_options *options, const struct floor_clock *clock);
void sustained_measure(const struct bench_options *options);

/* `count` repetitions of n iterations, floor and item in turn; ns per iteration. */
void hot_repeat(const struct loop *loop, struct loop_context *context, enum floor_kind floor, uint64_t n,
                size_t count, double *item_ns, double *floor_ns);
/* One sample of a loop: medians over `repetitions`, in ns per iteration. */
void hot_sample(const struct bench_options *options, const struct loop *loop, double *item_ns,
                double *floor_ns);

/* Runs a shell command and takes the rows it prints. False, with a message, if it fails. */
bool children_run(const char *command);
/* Runs a program and takes what it prints, at most bytes - 1. False, with a message, if it fails. */
bool children_capture(const char *const arguments[], char *text, size_t bytes);

/* Interleaves runs of this program with its own library and with `other`; prints the change of one
 * loop with its 95 % interval. Returns an exit status. */
int compare_run(const struct bench_options *options, const char *self, const char *other, const char *loop);

#endif
