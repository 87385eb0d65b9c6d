/* The face of src/export: sinks that write a trace in a foreign format. SPDX-License-Identifier: Apache-2.0
 *
 *     const struct export_format *format = export_find("chrome");
 *     struct export *export = format->open(out, source->info, &error);
 *     trace_run(source, &export->sink, ...);
 *     export->close(export);
 *
 * An export writes as events come, and keeps only what is open: tasks and regions that have not ended, with
 * their attributes. It never ends the stream's life: the caller opens, checks and closes `out`.
 */
#ifndef CAIRN_EXPORT_EXPORT_H
#define CAIRN_EXPORT_EXPORT_H

#include "trace/trace.h"

#include <stdio.h>

/* What was written, in things that users know, and what was not. For the report on stderr. */
struct export_counts {
    uint64_t tasks, regions, logs, counters, links, attributes;
    uint64_t unfinished_tasks, unfinished_regions;
    uint64_t late_ends;         /* of tasks and regions that had ended already: the first end counts */
    uint64_t attributes_missed; /* too many or too large to be kept until the end of their target */
};

struct export
{
    struct trace_sink sink;
    struct export_counts counts; /* final after the sink's `end` */
    void (*close)(struct export * export);
};

struct export_format {
    const char *name;    /* for --to */
    const char *suffix;  /* of files, with the dot */
    const char *summary; /* one line */
    /* A new export, or NULL with *error set. `out` and `info` must outlive it. */
    struct export *(*open)(FILE *out, const struct trace_info *info, struct cairn_error *error);
};

/* All formats, ending with NULL. */
extern const struct export_format *const export_formats[];

/* The format of a name, and the one whose suffix a path ends in. NULL if there is none. */
const struct export_format *export_find(const char *name);
const struct export_format *export_find_by_path(const char *path);

#endif
