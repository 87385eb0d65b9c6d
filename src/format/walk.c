/* See walk.h. SPDX-License-Identifier: Apache-2.0 */
#include "format/walk.h"

#include <string.h>

static uint32_t stored_size(const uint64_t *words)
{
    return (uint32_t)words[1];
}

uint32_t cairn__chunk_end(const uint64_t *block, uint32_t first, uint32_t capacity)
{
    uint32_t at = first;
    for (uint32_t words; at < capacity && (words = cairn__event_words(block + at, capacity - at)) != 0;) {
        at += words;
    }
    return at < capacity ? at : capacity;
}

struct cairn_event_data cairn__event_data(const uint64_t *words)
{
    return (struct cairn_event_data){.bytes = (const uint8_t *)words + 12,
                                     .count = stored_size(words) & CAIRN_SIZE_MASK,
                                     .cut = (stored_size(words) & CAIRN_SIZE_CUT) != 0};
}

const char *cairn__event_name(uint32_t kind)
{
    static const char *const names[CAIRN_EVENT_KINDS] = {
#define CAIRN_EVENT(number, NAME, name, TALLY, payload, doc) [number] = #name,
#include "format/event.def"
    };
    return kind < CAIRN_EVENT_KINDS ? names[kind] : NULL;
}

uint32_t cairn__event_tally(uint32_t kind)
{
    static const uint8_t tallies[CAIRN_EVENT_KINDS] = {
#define CAIRN_EVENT(number, NAME, name, TALLY, payload, doc) [number] = CAIRN_TALLY_##TALLY + 1,
#include "format/event.def"
    };
    uint32_t tally = kind < CAIRN_EVENT_KINDS ? tallies[kind] : 0;
    return tally ? tally - 1 : CAIRN_TALLY_NONE;
}
