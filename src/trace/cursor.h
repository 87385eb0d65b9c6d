/* Stepping over the words of one chunk, at speed. SPDX-License-Identifier: Apache-2.0
 *
 *     struct trace_cursor cursor = trace_part_cursor(part);
 *     for (const uint64_t *words; (words = trace_cursor_next(&cursor)) != NULL;)
 *         switch (cursor.kind) { case CAIRN_EVENT_REGION_BEGIN: ... cursor.time ... }
 *
 * Every word is handed out, those of state too (TIME, TASK, ...); nothing is resolved and nothing is diagnosed. What
 * does not fit ends the walk, and `at < end` tells. Input is not trusted: an event that is handed out lies within
 * the chunk, and its data (cairn__event_data) too. A cursor whose address is not taken stays in registers, which halves the
 * cost of a step: hand on what is in it, not the cursor.
 */
#ifndef CAIRN_TRACE_CURSOR_H
#define CAIRN_TRACE_CURSOR_H

#include "format/format.h"

#include <stddef.h>

struct trace_cursor {
    const uint64_t *at, *end; /* at: behind the event that was handed out */
    uint64_t time;            /* of that event, in native ticks */
    uint32_t kind;            /* of it */
    uint64_t *kinds;          /* counts what was handed out */
};

/* A bit for every kind that is known, and for every kind that is an event to users. */
static const uint32_t trace_known_kinds = 0
#define CAIRN_EVENT(number, NAME, name, TALLY, payload, doc) | (uint32_t)1 << number
#include "format/event.def"
    ;
static const uint32_t trace_event_kinds = 0
#define CAIRN_EVENT(number, NAME, name, TALLY, payload, doc)                                                 \
    | (CAIRN_TALLY_##TALLY != CAIRN_TALLY_NONE ? (uint32_t)1 << number : 0)
#include "format/event.def"
    ;

/* The size of the event at `words`, 0 if it does not fit; takes its time. Most events are regions' begins and ends: what is
 * known of these is not looked up. */
static inline uint32_t trace_cursor_read(struct trace_cursor *cursor, const uint64_t *words)
{
    const uint32_t untimed =
        1u << CAIRN_EVENT_TASK_AGAIN | 1u << CAIRN_EVENT_TIME | 1u << CAIRN_EVENT_EXTENSION;
    bool is_region = cursor->kind == CAIRN_EVENT_REGION_BEGIN || cursor->kind == CAIRN_EVENT_REGION_END;
    if (is_region || (trace_known_kinds & ~untimed) >> cursor->kind & 1)
        cursor->time = cairn__head_time(words[0], cursor->time);
    if (is_region) return 1;
    uint32_t count = cairn__event_words(words, (uint32_t)(cursor->end - words));
    if (cursor->kind == CAIRN_EVENT_TIME && count) cursor->time = words[1];
    return count;
}

static inline const uint64_t *trace_cursor_next(struct trace_cursor *cursor)
{
    const uint64_t *words = cursor->at;
    if (words >= cursor->end) return NULL;
    cursor->kind = cairn__head_kind(words[0]);
    uint32_t count = trace_cursor_read(cursor, words);
    if (__builtin_expect(!count, 0)) return NULL;
    cursor->kinds[cursor->kind]++;
    cursor->at = words + count;
    return words;
}

#endif
