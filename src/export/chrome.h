/* What the parts of the Chrome export share: its state, and the arguments of its events.
 * SPDX-License-Identifier: Apache-2.0
 * The story is in chrome.c. Not for several threads at once. */
#ifndef CAIRN_EXPORT_CHROME_H
#define CAIRN_EXPORT_CHROME_H

#include "analysis/ids.h"
#include "export/attributes.h"
#include "export/chromejson.h"
#include "export/export.h"
#include "export/idset.h"

struct open_task {
    struct trace_task_id id, parent;
    bool used, begin_seen;
    bool listed;           /* as open where the window begins */
    uint32_t thread, site; /* of the begin, if seen */
    struct attributes attributes;
};

struct open_region {
    struct trace_region_id id;
    bool used;
    bool nests;        /* it is on its thread's stack */
    bool shares_begin; /* another one inside begins in the same nanosecond */
    int64_t begin_ns;  /* as drawn */
    struct attributes attributes;
};

struct thread_state {
    VECTOR(uint32_t) stack; /* of open regions, innermost last */
    int64_t last_ns;        /* latest time drawn */
};

struct chrome {
    struct export export;
    const struct trace_info *info;
    struct chrome_lines lines;
    struct chrome_place *processes, *threads; /* by index */
    struct thread_state *states;              /* by thread */
    VECTOR(struct open_task) tasks;
    VECTOR(struct open_region) regions;
    VECTOR(uint32_t) free_tasks, free_regions; /* unused items of the above */
    struct map task_index, region_index;
    struct analysis_ids ended_tasks; /* flag 1 */
    struct idset ended_regions;
    struct attribute_budget budget;
    uint64_t async_count, flow_count; /* ids given out */
    bool out_of_memory;
};

/* How an ended slice came to its end. */
struct end {
    int64_t ns;
    const struct trace_event *event; /* NULL: it never did */
};

/* ---- Helpers (chromeargs.c) ----------------------------------------------------------------------------- */

const struct trace_site *chrome_site(const struct chrome *chrome, uint32_t site);
/* Of a thread; of the process if the thread is unknown. */
struct chrome_place chrome_place_of(const struct chrome *chrome, uint32_t thread, uint32_t process);
struct thread_state *chrome_thread_state(struct chrome *chrome, uint32_t thread); /* NULL: unknown thread */
/* As drawn: since the start, never negative. */
int64_t chrome_ns(const struct chrome *chrome, uint64_t ticks);
/* Whether it has a track: not the background, nor what was begun while off. */
bool chrome_is_task(const struct trace_task_id *id);

void chrome_put_site(struct json *args, const struct chrome *chrome, const char *key, uint32_t site);
void chrome_put_task(struct json *args, const struct chrome *chrome, const char *key,
                     const struct trace_task_id *id);
void chrome_put_value(struct json *args, const char *key, const struct trace_value *value);
void chrome_put_attributes(struct json *args, const struct attributes *attributes);
/* Tells a begin before the recording. */
void chrome_put_true_begin(struct json *args, const struct chrome *chrome, uint64_t birth);

/* ---- Tasks (chrometasks.c) and regions (chromeregions.c) ------------------------------------------------- */

/* The open task of an id, added if it is new; NULL for the background, for ended ones, and without memory. */
struct open_task *chrome_task_touch(struct chrome *chrome, const struct trace_task_id *id);
void chrome_task_begin(struct chrome *chrome, const struct trace_event *event);
void chrome_task_open(struct chrome *chrome, const struct trace_event *event);
void chrome_task_end(struct chrome *chrome, const struct trace_event *event);
void chrome_tasks_finish(struct chrome *chrome, int64_t end_ns); /* writes what never ended */

struct open_region *chrome_region_find(struct chrome *chrome, const struct trace_region_id *id);
/* `is_told_late`: the begin itself is not in the trace. */
void chrome_region_begin(struct chrome *chrome, const struct trace_region_id *id, bool is_told_late);
void chrome_region_end(struct chrome *chrome, const struct trace_event *event);
void chrome_region_at(struct chrome *chrome, const struct trace_event *event);
void chrome_regions_finish(struct chrome *chrome, int64_t end_ns);

#endif
