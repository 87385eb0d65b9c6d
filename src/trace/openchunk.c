/* Chunks that were not sealed: no checksum tells whether their words are right, so every word must make sense.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The words are walked once, before anything is decoded. Data ends at the first zero word where a head is due. It
 * also ends, with a finding, at the first word that cannot be right: a size beyond the chunk, a site that is not
 * defined or has another role, a time that leaves its epoch without a TIME event or runs far backwards, an id
 * without a task's site. What stands before is handed out, the rest of the chunk is not trusted.
 */
#include "trace/tracefile.h"

#include "cairn/cairn.h"

#include <inttypes.h>

/* Time may step back a little: between processors, and where a handler interrupts. */
#define TICKS_BACK_MAX ((uint64_t)1 << 32)

/* More than the longest message, all arguments of a log, or all losses can take. */
enum { DATA_BYTES_MAX = CAIRN_TEXT_BYTES_MAX + 1024 };

uint32_t trace_role_of_kind(uint32_t kind)
{
    switch (kind) {
    case CAIRN_EVENT_TASK_BEGIN:
    case CAIRN_EVENT_TASK_CHILD: return CAIRN_I_ROLE_TASK;
    case CAIRN_EVENT_REGION_BEGIN:
    case CAIRN_EVENT_REGION_AT: return CAIRN_I_ROLE_REGION;
    case CAIRN_EVENT_LOGF_0:
    case CAIRN_EVENT_LOGF_1:
    case CAIRN_EVENT_LOGF_2:
    case CAIRN_EVENT_LOGF:
    case CAIRN_EVENT_LOG: return CAIRN_I_ROLE_LOG;
    case CAIRN_EVENT_ATTR:
    case CAIRN_EVENT_ATTR_TEXT:
    case CAIRN_EVENT_REGION_ATTR:
    case CAIRN_EVENT_REGION_ATTR_LONG:
    case CAIRN_EVENT_REGION_ATTR_TEXT: return CAIRN_I_ROLE_ATTR;
    case CAIRN_EVENT_COUNTER: return CAIRN_I_ROLE_COUNTER;
    case CAIRN_EVENT_REGION_END:
    case CAIRN_EVENT_REGION_END_LONG:
    case CAIRN_EVENT_TASK_END:
    case CAIRN_EVENT_TASK_FAIL:
    case CAIRN_EVENT_LINK: return CAIRN_I_ROLE_END;
    default: return 0;
    }
}

struct measure {
    const struct trace_file *file;
    const struct trace_site_table *sites;
    uint64_t time;
};

static bool site_fits(const struct measure *measure, uint32_t number, uint32_t role)
{
    if (!role || number == CAIRN_SITE_OTHER) return true;
    uint32_t site = trace_file_site(measure->file, number);
    return site && measure->sites->items.items[site].role == role;
}

static bool id_fits(const struct measure *measure, uint64_t id)
{
    return id <= CAIRN_ID_OFF || site_fits(measure, cairn__id_site(id), CAIRN_I_ROLE_TASK);
}

static bool place_fits(const struct measure *measure, uint64_t place)
{
    return site_fits(measure, cairn__place_site(place), CAIRN_I_ROLE_REGION);
}

static const char *wrong_payload(const struct measure *measure, const uint64_t *words)
{
    switch (cairn__head_kind(words[0])) {
    case CAIRN_EVENT_TASK_AGAIN:
        return id_fits(measure, cairn__again_id(words[0], measure->file->head.round)) && words[0] >> 60 == 0
                   ? NULL
                   : "a task's id that cannot be";
    case CAIRN_EVENT_TASK_CHILD:
        if (!id_fits(measure, words[2])) return "a parent's id that cannot be";
        return id_fits(measure, words[1]) ? NULL : "a task's id that cannot be";
    case CAIRN_EVENT_TASK_BEGIN:
    case CAIRN_EVENT_TASK:
    case CAIRN_EVENT_TASK_END:
    case CAIRN_EVENT_TASK_FAIL:
    case CAIRN_EVENT_LINK: return id_fits(measure, words[1]) ? NULL : "a task's id that cannot be";
    case CAIRN_EVENT_REGION_END_LONG:
    case CAIRN_EVENT_REGION_ATTR_LONG:
        return place_fits(measure, words[1]) ? NULL : "a region's place that cannot be";
    default: return NULL;
    }
}

/* Moves the time on; a text if it cannot be. */
static const char *wrong_time(struct measure *measure, const uint64_t *words)
{
    uint32_t kind = cairn__head_kind(words[0]);
    if (kind == CAIRN_EVENT_TASK_AGAIN || !cairn__event_name(kind)) return NULL;
    uint64_t time = kind == CAIRN_EVENT_TIME ? words[1] : cairn__head_time(words[0], measure->time);
    if (kind == CAIRN_EVENT_TIME) {
        if ((time ^ words[0] >> CAIRN_TIME_SHIFT) << (64 - CAIRN_TIME_BITS)) return "two times that differ";
    } else if (time >> CAIRN_EPOCH_SHIFT != measure->time >> CAIRN_EPOCH_SHIFT) {
        return "a time out of its range";
    }
    if (time < measure->time && measure->time - time > TICKS_BACK_MAX) return "a time that is long past";
    measure->time = time;
    return NULL;
}

static const char *wrong_event(struct measure *measure, const uint64_t *words, uint32_t count)
{
    if (!count) return "an event that does not fit";
    uint32_t kind = cairn__head_kind(words[0]);
    if (kind >= CAIRN_KIND_VARIABLE && cairn__event_data(words).count > DATA_BYTES_MAX)
        return "an impossible size";
    if (!site_fits(measure, cairn__head_site(words[0]), trace_role_of_kind(kind))) {
        return "a call site that is not defined, or of another kind";
    }
    const char *wrong = wrong_payload(measure, words);
    return wrong ? wrong : wrong_time(measure, words);
}

void trace_chunk_measure(struct trace_file *file, const struct trace_site_table *sites,
                         struct trace_chunk *chunk)
{
    const uint64_t *words = (const uint64_t *)chunk->head;
    uint32_t end = chunk->bytes / 8, at = cairn__chunk_first(chunk->head->open_count);
    struct measure measure = {.file = file, .sites = sites, .time = chunk->begin_ticks};
    const char *wrong = NULL;
    while (at < end && words[at]) {
        uint32_t count = cairn__event_words(words + at, end - at);
        if (!count && chunk->torn) break;
        wrong = wrong_event(&measure, words + at, count);
        if (wrong) break;
        at += count;
    }
    if (wrong) {
        trace_diagnose(
            file->diagnostics, "damaged_events", TRACE_DAMAGE,
            "Events that were being written when the recording ended are damaged; the rest of their "
            "chunk, up to 512 KiB, was skipped.",
            "%s: at offset %" PRIu64 ": %s", chunk->live ? file->live_path : file->path,
            chunk->offset + (uint64_t)at * 8, wrong);
    }
    chunk->bytes = at * 8;
    if (measure.time > chunk->end_ticks) chunk->end_ticks = measure.time;
}
