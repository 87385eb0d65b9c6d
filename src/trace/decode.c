/* See decode.h. SPDX-License-Identifier: Apache-2.0
 *
 * State of a stream: the time of the last event, the task, the open regions, the tasks named in this chunk. Words
 * that only change it (TIME, TASK, TASK_AGAIN, ...) are consumed by `ready`, events by `take`.
 *
 * Invariants: at <= end <= words of the chunk; the pending event fits (`event_words`). Nothing that is read from
 * the file is used as an index or length unchecked; sites are checked by trace_file_site.
 */
#include "trace/decode.h"

#include "cairn/cairn.h"
#include "trace/blockwalk.h"
#include "trace/cursor.h"

#include <inttypes.h>
#include <string.h>

static void find(const struct trace_stream *stream, const char *name, enum trace_severity severity,
                 const char *advice, const char *what)
{
    const struct trace_chunk *chunk = stream->chunk;
    trace_diagnose(stream->file->diagnostics, name, severity, advice, "%s: at offset %" PRIu64 ": %s",
                   chunk->live ? stream->file->live_path : stream->file->path,
                   chunk->offset + (uint64_t)stream->at * 8, what);
}

/* ---- Identities --------------------------------------------------------------------------------------- */

static uint32_t site_of(const struct trace_stream *stream, uint32_t number)
{
    uint32_t site = trace_file_site(stream->file, number);
    if (__builtin_expect(!site && number, 0)) {
        find(stream, "undefined_site", TRACE_DAMAGE,
             "An event names a call site that the file does not define; its type is shown as unknown.",
             "a call site that is not defined");
    }
    return site;
}

static inline uint64_t ticks(const struct trace_stream *stream, uint64_t native)
{
    return stream->file->own_clock ? trace_file_ticks(stream->file, native) : native;
}

static struct trace_task_id task_of(const struct trace_stream *stream, uint64_t id, uint64_t birth)
{
    return (struct trace_task_id){.id = id,
                                  .birth = ticks(stream, birth),
                                  .process = stream->file->process,
                                  .site = id > CAIRN_ID_OFF ? site_of(stream, cairn__id_site(id)) : 0};
}

static struct trace_task_id unknown_task(const struct trace_stream *stream)
{
    return (struct trace_task_id){.birth = UINT64_MAX, .process = stream->file->process};
}

static uint32_t thread_of_block(const struct trace_stream *stream, uint64_t place)
{
    const uint64_t *index =
        map_get(&stream->file->numbers, (struct map_key){cairn__place_block(place), 0, 0});
    return index ? stream->file->chunks.items[*index - 1].thread : UINT32_MAX;
}

/* ---- The state ------------------------------------------------------------------------------------------- */

static void name_task(struct trace_stream *stream, uint64_t id, uint64_t birth)
{
    if (!trace_named_put(&stream->named, id, birth)) stream->out_of_memory = true;
}

static void switch_again(struct trace_stream *stream, uint64_t head)
{
    uint64_t id = cairn__again_id(head, stream->file->head.round);
    uint64_t birth;
    if (!trace_named_get(&stream->named, id, &birth))
        stream->out_of_memory = true;
    else if (birth == UINT64_MAX)
        find(stream, "undefined_task", TRACE_DAMAGE,
             "A thread went on with a task that its chunk had not named; the task's begin is unknown there.",
             "a task that this chunk has not named");
    stream->task = task_of(stream, id, birth);
}

/* ---- Open regions ------------------------------------------------------------------------------------------ */

static bool is_open(const struct trace_region_id *items, size_t count, uint64_t place)
{
    for (size_t i = count; i-- > 0;) {
        if (items[i].place == place) return true;
    }
    return false;
}

/* Takes the list from the chunk's head. What was not on the list carried so far has not been seen to begin. */
static void take_open_list(struct trace_stream *stream, const struct cairn_chunk_head *head)
{
    const struct cairn_open_region *listed = (const void *)(head + 1);
    struct trace_region_id regions[64];
    stream->unseen = 0;
    for (uint32_t i = 0; i < head->open_count; i++) {
        bool seen = is_open(stream->open.items, stream->open.count, listed[i].place);
        if (!seen) stream->unseen |= (uint64_t)1 << i;
        regions[i] =
            (struct trace_region_id){.place = listed[i].place,
                                     .birth = ticks(stream, listed[i].birth),
                                     .thread = stream->chunk->thread,
                                     .site = site_of(stream, cairn__place_site(listed[i].place)),
                                     .task = task_of(stream, listed[i].task_id, listed[i].task_birth)};
    }
    stream->open.count = 0;
    if (!vector_reserve(&stream->open, head->open_count + 1)) {
        stream->out_of_memory = true;
        stream->unseen = 0;
        return;
    }
    memcpy(stream->open.items, regions, head->open_count * sizeof *regions);
    stream->open.count = head->open_count;
}

static void remove_open(struct trace_stream *stream, size_t i)
{
    stream->open.count--;
    memmove(&stream->open.items[i], &stream->open.items[i + 1],
            (stream->open.count - i) * sizeof *stream->open.items);
}

/* The region of a place. It leaves the list if it `ends`: only a thread's own main chunks do that, as only they
 * are mirrored by the writer's list. */
static struct trace_region_id region_of(struct trace_stream *stream, uint64_t place, uint64_t birth,
                                        bool ends)
{
    for (size_t i = stream->open.count; i-- > 0;) {
        if (stream->open.items[i].place != place) continue;
        struct trace_region_id region = stream->open.items[i];
        if (ends) remove_open(stream, i);
        return region;
    }
    return (struct trace_region_id){.place = place,
                                    .birth = ticks(stream, birth),
                                    .thread = thread_of_block(stream, place),
                                    .site = site_of(stream, cairn__place_site(place)),
                                    .task = unknown_task(stream)};
}

static struct trace_region_id innermost(struct trace_stream *stream, bool ends)
{
    if (stream->open.count) {
        struct trace_region_id region = stream->open.items[stream->open.count - 1];
        stream->open.count -= ends;
        return region;
    }
    find(stream, "no_open_region", TRACE_DAMAGE,
         "A region ended, or got an attribute, where none was open; it is shown as unknown.",
         "no region is open here");
    return (struct trace_region_id){.thread = UINT32_MAX, .birth = UINT64_MAX, .task = unknown_task(stream)};
}

/* ---- From chunk to chunk -------------------------------------------------------------------------------------- */

static bool intact(const struct trace_stream *stream, const struct trace_chunk *chunk)
{
    if (!chunk->sealed || trace_block_intact(&chunk->head->block, chunk->bytes)) return true;
    trace_diagnose(stream->file->diagnostics, "checksum", TRACE_DAMAGE,
                   "A block was changed after it was written; it was skipped, what it held is missing.",
                   "%s: at offset %" PRIu64 ": the checksum of this block is wrong", stream->file->path,
                   chunk->offset);
    return false;
}

static void check_sequence(struct trace_stream *stream, const struct trace_chunk *chunk)
{
    const struct trace_chunk *before = stream->started ? chunk - 1 : NULL;
    uint64_t expected = stream->expected_sequence;
    stream->expected_sequence = chunk->sequence + 1;
    /* Side chunks of nested handlers are counted apart but look alike: no gap can be told. */
    if (chunk->side || chunk->sequence == expected) return;
    stream->gap = true;
    if (trace_gap_is_expected(stream->file, before, stream->overwritten_until)) return;
    trace_diagnose(stream->file->diagnostics, "missing_chunk", TRACE_DAMAGE,
                   "A part of a thread's events is not in the file; regions and tasks that ended there look "
                   "unfinished.",
                   "%s: at offset %" PRIu64 ": chunk %" PRIu64 " of its thread, where %" PRIu64
                   " was expected",
                   stream->file->path, chunk->offset, chunk->sequence, expected);
}

static void enter_chunk(struct trace_stream *stream, const struct trace_chunk *chunk)
{
    const struct cairn_chunk_head *head = chunk->head;
    stream->chunk = chunk;
    stream->words = (const uint64_t *)head;
    stream->at = cairn__chunk_first(head->open_count);
    stream->end = chunk->bytes / 8;
    stream->time = chunk->begin_ticks;
    trace_named_forget(&stream->named);
    stream->task = task_of(stream, head->task_id, head->task_birth);
    name_task(stream, head->task_id, head->task_birth);
    take_open_list(stream, head);
}

static bool next_chunk(struct trace_stream *stream)
{
    while (stream->next_chunk < stream->end_chunk) {
        const struct trace_chunk *chunk = &stream->file->chunks.items[stream->next_chunk++];
        if (intact(stream, chunk)) {
            check_sequence(stream, chunk);
            enter_chunk(stream, chunk);
            return true;
        }
        stream->expected_sequence = chunk->sequence + 1;
        stream->gap = true;
    }
    return false;
}

/* ---- Words of state ---------------------------------------------------------------------------------------------- */

static void note_unknown(const struct trace_stream *stream, uint32_t kind)
{
    char what[64];
    snprintf(what, sizeof what, "event of kind %" PRIu32, kind);
    find(stream, "unknown_event", TRACE_NOTE,
         "The file has events that this version does not know; a newer cairn may show more.", what);
}

static void read_state(struct trace_stream *stream, uint64_t head, const uint64_t *words)
{
    uint32_t kind = cairn__head_kind(head);
    switch (kind) {
    case CAIRN_EVENT_TASK_AGAIN: switch_again(stream, head); return; /* has no time */
    case CAIRN_EVENT_TIME: stream->time = words[1]; return;
    case CAIRN_EVENT_TASK:
        stream->time = cairn__head_time(head, stream->time);
        stream->task = task_of(stream, words[1], words[2]);
        name_task(stream, words[1], words[2]);
        return;
    case CAIRN_EVENT_INTERRUPT: stream->time = cairn__head_time(head, stream->time); return;
    case CAIRN_EVENT_LOSS:
        stream->time = cairn__head_time(head, stream->time);
        find(stream, "loss", TRACE_NOTE,
             "Events were dropped here because the limit was reached or no memory was to be had.",
             "events of this thread are missing before this one");
        return;
    default: note_unknown(stream, kind);
    }
}

/* Steps to the next event in this chunk. */
static bool ready_in_chunk(struct trace_stream *stream)
{
    while (stream->at < stream->end) {
        const uint64_t *words = stream->words + stream->at;
        uint64_t head = words[0];
        uint32_t count = cairn__event_words(words, stream->end - stream->at);
        if (__builtin_expect(!count, 0)) break;
        stream->event_words = count;
        if (trace_event_kinds >> cairn__head_kind(head) & 1) {
            stream->time = cairn__head_time(head, stream->time);
            stream->order = ticks(stream, stream->time);
            return true;
        }
        read_state(stream, head, words);
        stream->at += count;
    }
    if (stream->at < stream->end && !stream->chunk->torn) {
        find(stream, "damaged_chunk", TRACE_DAMAGE,
             "A chunk has words that cannot be; the rest of it was skipped.", "an event that does not fit");
    }
    stream->at = stream->end;
    return false;
}

bool trace_stream_ready(struct trace_stream *stream)
{
    for (;;) {
        if (stream->unseen) {
            stream->order = ticks(stream, stream->chunk->begin_ticks);
            return true;
        }
        if (stream->started && ready_in_chunk(stream)) return true;
        if (!next_chunk(stream)) break;
        stream->started = true;
    }
    trace_stream_close(stream);
    return false;
}

/* ---- Events -------------------------------------------------------------------------------------------------------- */

static void set_bits(const struct trace_stream *stream, struct trace_event *event, uint64_t bits)
{
    event->value.type = stream->sites[event->site].value_type;
    event->value.u = bits;
    if (event->value.type == CAIRN_I_VALUE_TEXT) event->value.text = ""; /* the site is not what was used */
}

/* Text behind `fixed` bytes of data. */
static void set_text(const struct trace_stream *stream, struct trace_event *event, uint32_t fixed)
{
    struct cairn_event_data data = cairn__event_data(stream->words + stream->at);
    uint64_t full = 0;
    if (data.cut && data.count >= fixed + 8) {
        memcpy(&full, data.bytes + fixed, 8);
        fixed += 8;
    }
    if (fixed > data.count) fixed = data.count;
    event->value.type = CAIRN_I_VALUE_TEXT;
    event->value.text = (const char *)data.bytes + fixed;
    event->value.text_bytes = data.count - fixed;
    event->value.text_bytes_full = full > event->value.text_bytes ? full : event->value.text_bytes;
}

static void set_log(struct trace_stream *stream, struct trace_event *event, const uint8_t *arguments,
                    size_t bytes)
{
    event->kind = TRACE_LOG;
    event->value.type = CAIRN_I_VALUE_TEXT;
    event->value.text = "";
    event->arguments = arguments;
    event->argument_bytes = bytes;
    if (!stream->text) return;
    if (!trace_text_ready(stream->text)) {
        stream->out_of_memory = true;
        return;
    }
    const char *format = stream->sites[event->site].format;
    if (!trace_log_render(stream->text, format ? format : "", arguments, bytes)) {
        find(stream, "damaged_log", TRACE_DAMAGE,
             "The stored arguments of a formatted log do not fit its format; its text is shown as far as it "
             "goes.",
             "arguments that do not fit the format");
    }
    event->value.text = stream->text->bytes;
    event->value.text_bytes = stream->text->count;
    event->value.text_bytes_full = stream->text->full;
}

static void begin_region(struct trace_stream *stream, struct trace_event *event, uint32_t number)
{
    event->kind = TRACE_REGION_BEGIN;
    event->region = (struct trace_region_id){.place = cairn__place(number, stream->chunk->number, stream->at),
                                             .birth = event->time,
                                             .thread = event->thread,
                                             .site = event->site,
                                             .task = stream->task};
    if (stream->chunk->side) return;
    if (!vector_push(&stream->open, event->region)) stream->out_of_memory = true;
}

static void end_region(struct trace_event *event, struct trace_region_id region)
{
    event->kind = TRACE_REGION_END;
    event->region = region;
    event->task = region.task;
}

static void attr_of_region(struct trace_event *event, struct trace_region_id region)
{
    event->kind = TRACE_ATTR;
    event->region = region;
    event->task = region.task;
}

static void attr_text_of_region(struct trace_stream *stream, struct trace_event *event)
{
    struct cairn_event_data data = cairn__event_data(stream->words + stream->at);
    uint64_t identity[2] = {0, 0};
    if (data.count >= sizeof identity) memcpy(identity, data.bytes, sizeof identity);
    attr_of_region(event, region_of(stream, identity[0], identity[1], false));
    set_text(stream, event, sizeof identity);
}

static void region_at(const struct trace_stream *stream, struct trace_event *event, const uint64_t *words)
{
    const struct trace_clock *clock = &stream->file->clock;
    event->kind = TRACE_REGION_AT;
    event->region = (struct trace_region_id){
        .place = cairn__place(cairn__head_site(words[0]), stream->chunk->number, stream->at),
        .birth = ticks(stream, trace_clock_at_monotonic(clock, (int64_t)words[1])),
        .thread = event->thread,
        .site = event->site,
        .task = stream->task};
    event->end_ticks = ticks(stream, trace_clock_at_monotonic(clock, (int64_t)words[2]));
}

static void take_open(struct trace_stream *stream, struct trace_event *event)
{
    uint32_t i = (uint32_t)__builtin_ctzll(stream->unseen);
    stream->unseen &= stream->unseen - 1;
    const struct trace_region_id *region = &stream->open.items[i];
    *event = (struct trace_event){.time = stream->order,
                                  .kind = TRACE_REGION_OPEN,
                                  .thread = stream->chunk->thread,
                                  .site = region->site,
                                  .task = region->task,
                                  .region = *region,
                                  .after_gap = stream->gap,
                                  .offset = stream->chunk->offset};
    stream->gap = false;
}

/* One case for every kind of event, in the order of event.def. */
static void resolve(struct trace_stream *stream, struct trace_event *event, const uint64_t *words)
{
    uint32_t kind = cairn__head_kind(words[0]);
    struct cairn_event_data data;
    switch (kind) {
    case CAIRN_EVENT_REGION_BEGIN: begin_region(stream, event, cairn__head_site(words[0])); break;
    case CAIRN_EVENT_REGION_END: end_region(event, innermost(stream, true)); break;
    case CAIRN_EVENT_LOGF_0: set_log(stream, event, (const uint8_t *)(words + 1), 0); break;
    case CAIRN_EVENT_LOGF_1: set_log(stream, event, (const uint8_t *)(words + 1), 8); break;
    case CAIRN_EVENT_LOGF_2: set_log(stream, event, (const uint8_t *)(words + 1), 16); break;
    case CAIRN_EVENT_TASK_BEGIN:
    case CAIRN_EVENT_TASK_CHILD:
        event->kind = TRACE_TASK_BEGIN;
        event->task = task_of(stream, words[1], stream->time);
        if (kind == CAIRN_EVENT_TASK_CHILD) event->other = task_of(stream, words[2], words[3]);
        break;
    case CAIRN_EVENT_COUNTER:
        event->kind = TRACE_COUNTER;
        event->task = task_of(stream, 0, 0);
        set_bits(stream, event, words[1]);
        break;
    case CAIRN_EVENT_ATTR:
        event->kind = TRACE_ATTR;
        set_bits(stream, event, words[1]);
        break;
    case CAIRN_EVENT_REGION_ATTR:
        attr_of_region(event, innermost(stream, false));
        set_bits(stream, event, words[1]);
        break;
    case CAIRN_EVENT_TASK_END:
    case CAIRN_EVENT_TASK_FAIL:
        event->kind = kind == CAIRN_EVENT_TASK_END ? TRACE_TASK_END : TRACE_TASK_FAIL;
        event->task = task_of(stream, words[1], words[2]);
        break;
    case CAIRN_EVENT_REGION_END_LONG:
        end_region(event, region_of(stream, words[1], words[2], !stream->chunk->side));
        break;
    case CAIRN_EVENT_REGION_AT: region_at(stream, event, words); break;
    case CAIRN_EVENT_LINK:
        event->kind = TRACE_LINK;
        event->other = task_of(stream, words[1], words[2]);
        break;
    case CAIRN_EVENT_REGION_ATTR_LONG:
        attr_of_region(event, region_of(stream, words[1], words[2], false));
        set_bits(stream, event, words[3]);
        break;
    case CAIRN_EVENT_LOG:
        event->kind = TRACE_LOG;
        set_text(stream, event, 0);
        break;
    case CAIRN_EVENT_LOGF:
        data = cairn__event_data(words);
        set_log(stream, event, data.bytes, data.count);
        break;
    case CAIRN_EVENT_ATTR_TEXT:
        event->kind = TRACE_ATTR;
        set_text(stream, event, 0);
        break;
    case CAIRN_EVENT_REGION_ATTR_TEXT: attr_text_of_region(stream, event); break;
    }
}

void trace_stream_take(struct trace_stream *stream, struct trace_event *event)
{
    if (stream->unseen) {
        take_open(stream, event);
        return;
    }
    const uint64_t *words = stream->words + stream->at;
    *event = (struct trace_event){.time = stream->order,
                                  .thread = stream->chunk->thread,
                                  .site = site_of(stream, cairn__head_site(words[0])),
                                  .task = stream->task,
                                  .other = {.process = stream->file->process},
                                  .in_signal_handler = stream->chunk->side,
                                  .after_gap = stream->gap,
                                  .offset = stream->chunk->offset + (uint64_t)stream->at * 8};
    stream->gap = false;
    resolve(stream, event, words);
    stream->at += stream->event_words;
}

void trace_stream_open(struct trace_stream *stream, const struct trace_file *file, uint32_t first_chunk,
                       uint32_t end_chunk)
{
    *stream = (struct trace_stream){.file = file, .next_chunk = first_chunk, .end_chunk = end_chunk};
}

void trace_stream_close(struct trace_stream *stream)
{
    vector_free(&stream->open);
    trace_named_free(&stream->named);
    stream->at = stream->end = 0;
    stream->next_chunk = stream->end_chunk;
}
