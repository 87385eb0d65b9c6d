/* One line of Chrome's trace-event JSON at a time. SPDX-License-Identifier: Apache-2.0
 *
 *     chrome_line(lines, 'X', "region", place, begin_ns);
 *     chrome_name(lines, "brew");
 *     chrome_duration(lines, ns);
 *     struct json args = chrome_args(lines);
 *     json_key(&args, "at"), json_text(&args, "shop.c:12");
 *     chrome_line_end(lines, &args);
 *
 * Times are written in microseconds with three decimals, which is exact. Errors of the stream are sticky.
 */
#ifndef CAIRN_EXPORT_CHROMEJSON_H
#define CAIRN_EXPORT_CHROMEJSON_H

#include "codec/json.h"
#include "trace/trace.h"

#include <stdio.h>

struct chrome_lines {
    FILE *out;
    bool has_lines;
};

/* Where an event is drawn. Numbers, not indices: chrome_places_make chooses them. */
struct chrome_place {
    uint64_t pid, tid;
};

/* Begins a line. `category` may be NULL. */
void chrome_line(struct chrome_lines *lines, char phase, const char *category, struct chrome_place place,
                 int64_t ns);
/* The same without a time: metadata. */
void chrome_line_metadata(struct chrome_lines *lines, const char *name, struct chrome_place place);
void chrome_name(struct chrome_lines *lines, const char *name);
void chrome_duration(struct chrome_lines *lines, int64_t ns);
void chrome_id(struct chrome_lines *lines, uint64_t id);                     /* of its process */
void chrome_flow(struct chrome_lines *lines, uint64_t flow, bool is_source); /* an arrow from or to it */
void chrome_scope(struct chrome_lines *lines, char scope); /* of an instant: t(hread), p(rocess), g(lobal) */
struct json chrome_args(struct chrome_lines *lines);
/* Ends a line; `args` may be NULL if there were none. */
void chrome_line_end(struct chrome_lines *lines, struct json *args);

/* Pid and tid of every process and thread, with no two alike in one trace, though an exec keeps the pid and
 * the system gives a tid out again: the second of a pair is moved up by 2^22, which no Linux pid reaches,
 * and so on. Both arrays are to be freed. False if memory ran out. */
bool chrome_places_make(const struct trace_info *info, struct chrome_place **processes,
                        struct chrome_place **threads);

#endif
