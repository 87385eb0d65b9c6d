/* Tasks and counters over time: the window cut into equal buckets. SPDX-License-Identifier: Apache-2.0
 *
 *     window  ├──────┼──────┼──────┼──────┤
 *     tasks       finished, failed, latencies of those that ended in the bucket; the time in which any were open in it
 *     counters    least, greatest, mean and last of the values in the bucket
 *
 * What ended, or was counted, outside of the window is in no bucket; but where the window's rim is that of the recording,
 * what is beyond it by its clock is in the bucket at that rim. The heat map, how many latencies of which size there were in
 * each bucket, is what percentiles are made from, so both agree with the tables within the histogram's error.
 *
 * A sink. Memory grows with the tasks that are open at once, with types times buckets, and with the occupied places of
 * the heat map. Types that find no room among ANALYSIS_SERIES_CELLS_MAX go into "(other)".
 */
#ifndef CAIRN_ANALYSIS_SERIES_H
#define CAIRN_ANALYSIS_SERIES_H

#include "analysis/tasks.h"

enum {
    ANALYSIS_SERIES_BUCKETS_MAX = 10000,
    ANALYSIS_SERIES_CELLS_MAX = 1 << 17 /* type or counter times bucket */
};

/* One bucket of one type. */
struct analysis_series_cell {
    uint64_t finished, errors;
    uint64_t min, max;        /* latency; meaningless while finished is 0 */
    uint64_t p50, p90, p99;   /* latency, after the end */
    histogram_sum sum;        /* latency */
    histogram_sum open_ticks; /* of all tasks together, after the end */
    int64_t whole;            /* private: how many more were open from here on, through whole buckets */
};

/* Of one type. */
struct analysis_series_row {
    const char *type;
    uint64_t count;                     /* finished in the window */
    struct analysis_series_cell *cells; /* by bucket */
};

struct analysis_series_value { /* of a counter, one bucket */
    uint64_t count;
    double min, max, sum, last;
};

struct analysis_series_counter {
    const char *name;
    uint32_t process;
    struct analysis_series_value *values; /* by bucket */
};

/* `count` tasks of a type that ended in a bucket, and whose latency lies in a bucket of the histogram. */
struct analysis_heat {
    uint32_t row, bucket, latency;
    uint64_t count;
};

struct analysis_series {
    struct trace_sink sink;
    /* Results, after the sink's end. */
    VECTOR(struct analysis_series_row) rows;         /* by count, the greatest first */
    VECTOR(struct analysis_series_counter) counters; /* by name and process */
    VECTOR(struct analysis_heat) heat;               /* by row, bucket and latency */
    struct analysis_window window;
    uint32_t bucket_count;
    uint64_t left_out; /* values of counters that found no room */
    /* Private. */
    const struct trace_info *info;
    bool clamps_begin, clamps_end; /* the rim is that of the recording */
    struct analysis_tasks tasks;
    struct analysis_names types, names;
    uint32_t rows_max;
    struct map counter_of_name; /* name and process to index in counters */
    struct map heat_map;        /* row, bucket and latency to count */
    struct arena memory;
};

/* `filter` as for analysis_tasks; it should leave the time to the window, so that a part of the series looks as in the whole.
 * Counters heed the window alone. `buckets`: 1 to ANALYSIS_SERIES_BUCKETS_MAX; of a shorter window as many as it has ticks.
 * False if memory ran out; free it in any case. Stays where it is. */
bool analysis_series_init(struct analysis_series *series, const struct trace_info *info,
                          struct analysis_filter *filter, struct analysis_window window, uint32_t buckets);
void analysis_series_free(struct analysis_series *series);

/* Where a bucket begins; ticks. That of number bucket_count is the end of the window. */
uint64_t analysis_series_begin(const struct analysis_series *series, uint32_t bucket);

#endif
