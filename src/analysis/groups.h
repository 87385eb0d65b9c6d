/* Groups: statistics per type and one thing more, such as an attribute's value. SPDX-License-Identifier: Apache-2.0
 *
 *     details ──► task groups ──┐
 *     regions ──► region groups ┴─► rows
 *
 * Each task, and each region, is in exactly one group, so that the groups of a type add up to it. Memory grows with what
 * is open at once and with the groups, of which there are at most ANALYSIS_ROWS_MAX: what comes later goes into a group
 * "(other)" of its type.
 */
#ifndef CAIRN_ANALYSIS_GROUPS_H
#define CAIRN_ANALYSIS_GROUPS_H

#include "analysis/details.h"
#include "analysis/regions.h"

/* ---- Rows ------------------------------------------------------------------------------------------------ */

enum { ANALYSIS_GROUP_BYTES = 256 }; /* of a value; those that agree so far are one group */

struct analysis_group_row {
    const char *type;
    const char *value; /* NULL: none, such as a task without the attribute */
    struct analysis_stats stats;
    struct analysis_load load;
    histogram_sum type_total; /* private */
};

/* Zero-initialise. */
struct analysis_groups {
    VECTOR(struct analysis_group_row) rows;
    /* Private. */
    struct map by_texts; /* hashes of type and value to index in rows */
    struct arena memory;
};

/* The row of a group, new ones empty; `value` may be NULL. NULL if memory ran out. Valid until the next. */
struct analysis_group_row *analysis_groups_get(struct analysis_groups *groups, const char *type,
                                               const char *value);
/* Types by total, the greatest first, and so the groups of each. */
void analysis_groups_sort(struct analysis_groups *groups);
void analysis_groups_free(struct analysis_groups *groups);

/* ---- By what ---------------------------------------------------------------------------------------------- */

enum analysis_group_kind {
    ANALYSIS_BY_NOTHING,
    ANALYSIS_BY_ATTR, /* the value that the task was given last for a key */
    ANALYSIS_BY_THREAD, /* the one that ended it; of an unfinished task the one that began it. Of a region that began it */
    ANALYSIS_BY_PARENT,  /* the type of the parent; none of a task without one */
    ANALYSIS_BY_OUTCOME, /* ok, failed, unfinished */
    ANALYSIS_BY_REASON,  /* of a failure */
    ANALYSIS_BY_PROCESS,
    ANALYSIS_BY_TASK /* of regions: the type of the task they work for */
};

struct analysis_group_by {
    enum analysis_group_kind kind;
    const char *key; /* of an attribute */
};

/* Reads "attr.KEY", "thread", ...: false if it is none of these. Keeps the text. */
bool analysis_group_by_parse(struct analysis_group_by *by, const char *text);

/* ---- Tasks and regions ------------------------------------------------------------------------------------- */

struct analysis_task_groups {
    struct analysis_details details; /* its sink is the one to feed */
    struct analysis_groups groups;   /* sorted after the sink's end by analysis_groups_sort */
    struct analysis_group_by by;     /* private */
};

/* `filter` as for analysis_tasks. False if memory ran out; free it in any case. Stays where it is. */
bool analysis_task_groups_init(struct analysis_task_groups *groups, const struct trace_info *info,
                               struct analysis_filter *filter, const struct analysis_group_by *by);
void analysis_task_groups_free(struct analysis_task_groups *groups);

struct analysis_region_groups {
    struct analysis_regions regions;
    struct analysis_groups groups;
    struct analysis_group_by by;
};

/* Likewise, by THREAD or TASK. */
bool analysis_region_groups_init(struct analysis_region_groups *groups, const struct trace_info *info,
                                 struct analysis_filter *filter, const struct analysis_group_by *by);
void analysis_region_groups_free(struct analysis_region_groups *groups);

#endif
