/* Stepping over the words of one chunk, at speed. SPDX-License-Identifier: Apache-2.0
 *
 *     struct trace_cursor cursor = trace_cursor(part);
 *     for (const uint64_t *words; (words = trace_cursor_next(&cursor)) != NULL;)
 *         switch (cursor.now.kind) { case CAIRN_EVENT_REGION_BEGIN: ... cursor.now.time ... }
 *
 * Every word is handed out, those of state too (TIME, TASK, ...); nothing is resolved and nothing is diagnosed. What
 * does not fit ends the walk, and `at < end` tells. Input is not trusted: an event that is handed out lies within
 * the chunk, and its data (cairn__event_data) too. A cursor whose address is not taken stays in registers, which halves the
 * cost of a step: hand on `now`, not the cursor.
 */
#ifndef CAIRN_TRACE_CURSOR_H
#define CAIRN_TRACE_CURSOR_H

#include "format/format.h"

#include <stddef.h>

struct trace_step {
    uint64_t time;  /* native ticks */
    uint32_t place; /* in words, from the block head */
    uint32_t kind;
};

struct trace_cursor {
    const uint64_t *words; /* of the chunk, from its block head */
    uint32_t at, end;      /* in words; at: behind the event that was handed out */
    struct trace_step now; /* that event */
    uint64_t *kinds;       /* counts what was handed out */
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

static inline const uint64_t *trace_cursor_next(struct trace_cursor *cursor)
{
    const uint32_t untimed =
        1u << CAIRN_EVENT_TASK_AGAIN | 1u << CAIRN_EVENT_TIME | 1u << CAIRN_EVENT_EXTENSION;
    if (cursor->at >= cursor->end) return NULL;
    const uint64_t *words = cursor->words + cursor->at;
    uint32_t kind = cairn__head_kind(words[0]), count = cairn__event_words(words, cursor->end - cursor->at);
    if (__builtin_expect(!count, 0)) return NULL;
    if ((trace_known_kinds & ~untimed) >> kind & 1)
        cursor->now.time = cairn__head_time(words[0], cursor->now.time);
    else if (kind == CAIRN_EVENT_TIME)
        cursor->now.time = words[1];
    cursor->kinds[kind]++;
    cursor->now.kind = kind;
    cursor->now.place = cursor->at;
    cursor->at += count;
    return words;
}

#endif
