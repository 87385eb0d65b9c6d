/* What is summed up per type and per call site, and the rows it is kept in.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Durations are ticks; only output converts them. */
#ifndef CAIRN_ANALYSIS_STATS_H
#define CAIRN_ANALYSIS_STATS_H

#include "base/base.h"
#include "trace/trace.h"

struct analysis_stats {
    uint64_t count;         /* seen: finished and unfinished */
    uint64_t unfinished;    /* without an end in the trace */
    uint64_t errors;        /* tasks: ended by failure; regions: ended wrongly */
    uint64_t begun_before;  /* before the recording, in an earlier round */
    uint64_t before_window; /* in this recording, but before the flight recorder's window */
    uint64_t begin_lost;    /* in this recording, but the begin is not in the trace */
    histogram_sum self;     /* ticks of the finished ones that no child or nested region covers */
    struct histogram time;  /* of the finished ones: latency or duration */
    /* What there was before sampling: each one stands for `weight` (sampling.h). */
    uint64_t estimated, estimated_finished;
    histogram_sum estimated_total, estimated_self;
    uint32_t weight;           /* of the finished ones, as long as all have the same */
    struct histogram weighted; /* like `time`, each counted `weight` times; made when weights differ */
};

/* Adds a finished one. False if memory ran out. */
bool analysis_stats_finish(struct analysis_stats *stats, uint64_t duration, uint64_t self, uint32_t weight);
/* Adds finished ones of weight 1. False if memory ran out. */
bool analysis_stats_add(struct analysis_stats *stats, const struct histogram *time, histogram_sum self);
/* Counts an unfinished one. */
void analysis_stats_leave(struct analysis_stats *stats, uint32_t weight);
void analysis_stats_free(struct analysis_stats *stats);

/* Numbers ready to be shown, in nanoseconds. All but the counts are 0 if nothing finished. Mean and percentiles are
 * those of what there was before sampling; the others, but for `estimated_`, of what was recorded. */
struct analysis_summary {
    uint64_t count, finished, unfinished, errors, begun_before, before_window, begin_lost, estimated_count;
    uint64_t total_ns, self_ns, min_ns, mean_ns, p50_ns, p90_ns, p99_ns, p999_ns, max_ns;
    uint64_t estimated_total_ns, estimated_self_ns;
};

void analysis_summarize(struct analysis_summary *summary, const struct analysis_stats *stats,
                        const struct trace_clock *clock);
/* Any percentile, by the fraction 0 to 1, as those of the summary. */
uint64_t analysis_percentile_ns(const struct analysis_stats *stats, const struct trace_clock *clock,
                                double p);

/* By estimated total, the greatest first, then by count: what qsort wants. */
int analysis_stats_compare(const struct analysis_stats *one, const struct analysis_stats *other);

/* ---- Names --------------------------------------------------------------------------------------- */

enum { ANALYSIS_ROWS_MAX = 4096 }; /* what is beyond goes into one row, "(other)": memory is bounded */
#define ANALYSIS_TYPE_UNKNOWN "(unknown)"
#define ANALYSIS_TYPE_OFF "(begun while off)"
#define ANALYSIS_TYPE_OTHER "(other)"

/* Gives equal texts equal numbers, from 0. Zero-initialise. */
struct analysis_names {
    VECTOR(const char *) texts;
    struct map by_hash; /* hash and probe number to index */
    struct arena memory;
};

/* The number of a text; UINT32_MAX if memory ran out. */
uint32_t analysis_names_number(struct analysis_names *names, const char *text);
/* The same, but with `max` texts there already a new one is taken for `other`. */
uint32_t analysis_names_number_within(struct analysis_names *names, const char *text, size_t max,
                                      const char *other);
void analysis_names_free(struct analysis_names *names);

/* Whether what was born then, in this process, began before its window: its begin is not expected in the trace. */
bool analysis_is_before_window(const struct trace_info *info, uint32_t process, uint64_t birth);

/* The type of a task or region by the site of its begin. Never NULL. */
const char *analysis_type_of_site(const struct trace_info *info, uint32_t site);
const char *analysis_type_of_task(const struct trace_info *info, const struct trace_task_id *task);
/* The text of a site, "" if it has none. Never NULL. */
const char *analysis_site_text(const struct trace_info *info, uint32_t site);
/* What stands behind the last slash: the end of a path says most. */
const char *analysis_base_name(const char *path);
/* "server.c:12 (main)", or "unknown place"; returns `text`. */
enum { ANALYSIS_PLACE_BYTES = 100 };
char *analysis_place_text(char text[ANALYSIS_PLACE_BYTES], const struct trace_info *info, uint32_t site);
/* "worker-1" or "thread 1234" or "unknown thread"; returns `text`. */
enum { ANALYSIS_THREAD_BYTES = 64 };
char *analysis_thread_text(char text[ANALYSIS_THREAD_BYTES], const struct trace_info *info, uint32_t thread);

/* ---- Recent ends --------------------------------------------------------------------------------- */

/* Who ended what a while ago, so that a second end can be shown beside the first. A cache: fixed memory,
 * the older one makes room. Zero-initialise. */
enum { ANALYSIS_RECENT = 4096 };

struct analysis_recent {
    struct analysis_recent_end {
        uint64_t key, process;
        uint32_t site, thread;
    } ends[ANALYSIS_RECENT];
};

void analysis_recent_put(struct analysis_recent *recent, uint64_t key, uint64_t process, uint32_t site,
                         uint32_t thread);
/* NULL if it is not known any more. */
const struct analysis_recent_end *analysis_recent_get(const struct analysis_recent *recent, uint64_t key,
                                                      uint64_t process);

#endif
