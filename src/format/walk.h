/* Stepping over the words of a chunk and taking them apart. SPDX-License-Identifier: Apache-2.0
 *
 * Pure, constant cost, no allocation; input is not trusted. Offsets are in words from the block head, as in
 * places. */
#ifndef CAIRN_FORMAT_WALK_H
#define CAIRN_FORMAT_WALK_H

#include "format/layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CAIRN_KIND_VARIABLE = 24 }; /* this and greater kinds have a size and data */

static inline uint32_t cairn__head_kind(uint64_t head)
{
    return (uint32_t)head & ((1u << CAIRN_KIND_BITS) - 1);
}
static inline uint32_t cairn__head_site(uint64_t head)
{
    return (uint32_t)(head >> CAIRN_SITE_SHIFT) & CAIRN_SITE_MAX;
}
/* The full time of an event, from that of the event before it in the chunk. */
static inline uint64_t cairn__head_time(uint64_t head, uint64_t before)
{
    uint64_t step = ((head >> CAIRN_TIME_SHIFT) - before) << (64 - CAIRN_TIME_BITS);
    return before + (uint64_t)((int64_t)step >> (64 - CAIRN_TIME_BITS));
}
static inline uint32_t cairn__id_site(uint64_t id)
{
    return (uint32_t)(id >> CAIRN_ID_SITE_SHIFT) & CAIRN_SITE_MAX;
}
/* The id that a TASK_AGAIN word names in a trace of this round. */
static inline uint64_t cairn__again_id(uint64_t head, uint32_t round)
{
    uint64_t low = head >> CAIRN_KIND_BITS & (((uint64_t)1 << CAIRN_ID_AGAIN_BITS) - 1);
    return low | (uint64_t)round << CAIRN_ID_ROUND_SHIFT;
}
static inline uint32_t cairn__place_site(uint64_t place)
{
    return (uint32_t)(place >> CAIRN_PLACE_SITE_SHIFT);
}
static inline uint32_t cairn__place_block(uint64_t place)
{
    return (uint32_t)(place >> CAIRN_PLACE_BLOCK_SHIFT) & ((1u << CAIRN_PLACE_BLOCK_BITS) - 1);
}
static inline uint32_t cairn__place_offset(uint64_t place)
{
    return (uint32_t)place & ((1u << CAIRN_PLACE_OFFSET_BITS) - 1);
}
static inline uint64_t cairn__place(uint32_t site, uint64_t block, uint32_t offset)
{
    return (uint64_t)site << CAIRN_PLACE_SITE_SHIFT | block << CAIRN_PLACE_BLOCK_SHIFT | offset;
}

/* Where the first event of a chunk stands. */
static inline uint32_t cairn__chunk_first(uint32_t open_count)
{
    return (uint32_t)(sizeof(struct cairn_chunk_head) + open_count * sizeof(struct cairn_open_region)) / 8;
}

/* How many words the event has whose head is words[0]. 0: a zero word, or the event needs more than the `left`
 * words (at least 1) that there are. The kind fixes it, also for kinds that are not known here: event.def. */
static inline uint32_t cairn__event_words(const uint64_t *words, uint32_t left)
{
    static const uint8_t fixed[CAIRN_KIND_VARIABLE] = {0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2,
                                                       2, 3, 3, 3, 3, 3, 3, 3, 4, 4, 4, 4};
    uint32_t kind = cairn__head_kind(words[0]), count;
    if (kind < CAIRN_KIND_VARIABLE)
        count = fixed[kind];
    else
        count = left < 2 ? 0 : 1 + (4 + ((uint32_t)words[1] & CAIRN_SIZE_MASK) + 7) / 8;
    return count <= left ? count : 0;
}

/* Where the events of a chunk end that was not sealed: the offset of the first zero word where a head is due,
 * of the first event that does not fit, or `capacity` (words from the block head). */
uint32_t cairn__chunk_end(const uint64_t *block, uint32_t first, uint32_t capacity);

/* The data of a variable event. */
struct cairn_event_data {
    const uint8_t *bytes;
    uint32_t count;
    bool cut; /* behind the fixed parts, 8 bytes with the full length precede the text */
};
struct cairn_event_data cairn__event_data(const uint64_t *words);

/* The name of an event kind as in event.def, NULL if there is none; and the tally it counts for. */
const char *cairn__event_name(uint32_t kind);
uint32_t cairn__event_tally(uint32_t kind);

#endif
