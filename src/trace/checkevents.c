/* The validator's rules for chunks and events: see check.h. SPDX-License-Identifier: Apache-2.0
 *
 * The chunks of a thread are walked in sequence, with the writer's own memory rebuilt: the state, the tasks named,
 * the last 64 open regions. Every chunk head must say the same.
 */
#include "trace/check.h"

#include "cairn/cairn.h"
#include "trace/blockwalk.h"

#include <string.h>

/* What processors' counters may be apart: a task may be used elsewhere a little before it was born. */
#define TICKS_APART_MAX ((uint64_t)1 << 20)

static bool is_later(uint64_t a, uint64_t b)
{
    return a > b && a - b > TICKS_APART_MAX;
}

static void find(struct trace_check_state *check, const char *part, const char *what)
{
    trace_check_find(check, part, check->chunk->offset + (uint64_t)check->at * 8, what);
}

/* ---- Identities ----------------------------------------------------------------------------------------- */

static bool has_role(const struct trace_check_state *check, uint32_t number, uint32_t role)
{
    uint32_t site = trace_file_site(check->file, number);
    return site && (number == CAIRN_SITE_OTHER || check->sites.items.items[site].role == role);
}

static void check_id(struct trace_check_state *check, uint64_t id, uint64_t birth)
{
    if (id <= CAIRN_ID_OFF) {
        if (birth) find(check, "task", "a birth of what is no task");
        return;
    }
    uint64_t round = id >> CAIRN_ID_ROUND_SHIFT;
    if (!round || !has_role(check, cairn__id_site(id), CAIRN_I_ROLE_TASK)) {
        find(check, "task", "a task's id without a round, or without the site of a task");
    }
    if (is_later(birth, check->time)) find(check, "task", "a task that is born later than it is used");
}

/* A place must name the word of a begin. */
static void check_place(struct trace_check_state *check, uint64_t place, uint64_t birth)
{
    const uint64_t *index = map_get(&check->file->numbers, (struct map_key){cairn__place_block(place), 0, 0});
    if (!has_role(check, cairn__place_site(place), CAIRN_I_ROLE_REGION)) {
        find(check, "region", "a place without the site of a region");
    }
    if (is_later(birth, check->time)) find(check, "region", "a region that is born later than it is used");
    if (!index) return; /* lost; the reader tells of gaps */
    const struct trace_chunk *chunk = &check->file->chunks.items[*index - 1];
    const uint64_t *words = (const uint64_t *)chunk->head;
    uint32_t offset = cairn__place_offset(place);
    if (offset < cairn__chunk_first(chunk->head->open_count) || offset >= chunk->bytes / 8) {
        find(check, "region", "a place outside of its chunk");
    } else if (cairn__head_kind(words[offset]) != CAIRN_EVENT_REGION_BEGIN ||
               cairn__head_site(words[offset]) != cairn__place_site(place) ||
               (words[offset] >> CAIRN_TIME_SHIFT) != (birth & (((uint64_t)1 << CAIRN_TIME_BITS) - 1))) {
        find(check, "region", "a place where this region does not begin");
    }
}

/* ---- Open regions ----------------------------------------------------------------------------------------- */

/* The writer forgets the oldest when there are too many. */
static void push_open(struct trace_check_state *check, struct cairn_open_region region)
{
    if (check->open_count == 64) {
        check->open_count--;
        memmove(check->open, check->open + 1, check->open_count * sizeof *check->open);
    }
    check->open[check->open_count++] = region;
}

static void remove_open(struct trace_check_state *check, uint64_t place)
{
    uint32_t at = check->open_count;
    while (at && check->open[at - 1].place != place) at--;
    if (!at) return;
    check->open_count--;
    memmove(check->open + at - 1, check->open + at, (check->open_count - (at - 1)) * sizeof *check->open);
}

static void check_open_list(struct trace_check_state *check, const struct cairn_chunk_head *head,
                            bool follows)
{
    const struct cairn_open_region *listed = (const void *)(head + 1);
    check->time = head->begin_ticks;
    for (uint32_t i = 0; i < head->open_count; i++) {
        check_place(check, listed[i].place, listed[i].birth);
        check_id(check, listed[i].task_id, listed[i].task_birth);
    }
    bool same = head->open_count == check->open_count &&
                !memcmp(listed, check->open, head->open_count * sizeof *listed);
    if (follows && !same)
        find(check, "chunk", "the open regions are not those that the chunk before has left open");
    check->open_count = head->open_count;
    memcpy(check->open, listed, head->open_count * sizeof *listed);
}

/* ---- Events ------------------------------------------------------------------------------------------------- */

static void check_time(struct trace_check_state *check, uint32_t kind, const uint64_t *words)
{
    if (kind == CAIRN_EVENT_TASK_AGAIN || !cairn__event_name(kind)) return;
    uint64_t before = check->time;
    if (kind == CAIRN_EVENT_TIME) {
        check->time = words[1];
        if ((words[1] ^ words[0] >> CAIRN_TIME_SHIFT) << (64 - CAIRN_TIME_BITS)) {
            find(check, "time", "the head of a TIME event has another time");
        }
        return;
    }
    check->time = cairn__head_time(words[0], before);
    if (check->time >> CAIRN_EPOCH_SHIFT != before >> CAIRN_EPOCH_SHIFT) {
        find(check, "time", "the high bits of the time change without a TIME event");
    }
    if (check->chunk->sealed && is_later(check->time, check->chunk->head->end_ticks)) {
        find(check, "time", "an event later than its chunk's end");
    }
}

static void check_data(struct trace_check_state *check, uint32_t kind, const uint64_t *words, uint32_t count)
{
    struct cairn_event_data data = cairn__event_data(words);
    uint32_t fixed = kind == CAIRN_EVENT_REGION_ATTR_TEXT ? 16 : 0;
    uint32_t size = (uint32_t)words[1];
    size_t used = 12 + (size_t)data.count;
    if (size & ~(CAIRN_SIZE_CUT | CAIRN_SIZE_MASK)) find(check, "event", "unknown bits in a size");
    if (!trace_all_zero((const uint8_t *)words + used, (size_t)count * 8 - used)) {
        find(check, "event", "padding is not zero");
    }
    bool has_text = kind == CAIRN_EVENT_LOG || kind == CAIRN_EVENT_ATTR_TEXT || fixed;
    if (data.cut && !has_text) find(check, "event", "a cut mark at what is no text");
    if (data.count < fixed + (data.cut ? 8 : 0)) {
        find(check, "event", "data that is too short for its kind");
    } else if (has_text && data.count - fixed - (data.cut ? 8 : 0) > CAIRN_TEXT_BYTES_MAX) {
        find(check, "event", "a text that is too long");
    } else if (data.cut) {
        uint64_t full;
        memcpy(&full, data.bytes + fixed, sizeof full);
        if (full <= data.count - fixed - 8) find(check, "event", "a text marked as cut that is not");
    }
}

static void check_losses(struct trace_check_state *check, struct cairn_event_data data)
{
    if (data.count % 16 || !data.count) find(check, "event", "losses that are no pairs");
    for (uint32_t at = 0; at + 16 <= data.count; at += 16) {
        uint64_t pair[2];
        memcpy(pair, data.bytes + at, sizeof pair);
        if (pair[0] >= CAIRN_TALLIES || !pair[1])
            find(check, "event", "a loss of an unknown tally, or of nothing");
    }
}

static void check_arguments(struct trace_check_state *check, const uint64_t *words, const uint8_t *bytes,
                            size_t count)
{
    uint32_t site = trace_file_site(check->file, cairn__head_site(words[0]));
    const char *format = check->sites.items.items[site].format;
    if (!site) return;
    if (!trace_text_ready(&check->text)) {
        check->out_of_memory = true;
        return;
    }
    if (!trace_log_render(&check->text, format ? format : "", bytes, count)) {
        find(check, "log", "arguments that do not fit the format");
    }
}

static void check_value(struct trace_check_state *check, const uint64_t *words, uint64_t value, bool is_text)
{
    uint32_t site = trace_file_site(check->file, cairn__head_site(words[0]));
    uint8_t type = check->sites.items.items[site].value_type;
    if (!site || cairn__head_site(words[0]) == CAIRN_SITE_OTHER) return;
    if ((type == CAIRN_I_VALUE_TEXT) != is_text)
        find(check, "event", "a value that is not of its site's type");
    if (type == CAIRN_I_VALUE_BOOL && value > 1) find(check, "event", "a bool that is neither 0 nor 1");
}

static void set_state(struct trace_check_state *check, uint64_t id, uint64_t birth)
{
    check->task_id = id;
    check->task_birth = birth;
}

static void check_again(struct trace_check_state *check, uint64_t head)
{
    uint64_t id = cairn__again_id(head, check->file->head.round);
    uint64_t birth;
    bool is_known = trace_named_get(&check->named, id, &birth) && birth != UINT64_MAX;
    if (head >> 60) find(check, "task", "unknown bits in a TASK_AGAIN");
    if (!is_known) find(check, "task", "a task again that this chunk has not named");
    set_state(check, id, is_known ? birth : 0);
}

static void check_begin(struct trace_check_state *check, const uint64_t *words)
{
    if (cairn__id_site(words[1]) != cairn__head_site(words[0]) ||
        words[1] >> CAIRN_ID_ROUND_SHIFT != check->file->head.round) {
        find(check, "task", "a task that begins with the id of another site or round");
    }
    check_id(check, words[1], check->time);
}

static void check_region(struct trace_check_state *check, uint32_t kind, const uint64_t *words)
{
    bool side = check->chunk->side;
    uint32_t site = cairn__head_site(words[0]);
    switch (kind) {
    case CAIRN_EVENT_REGION_BEGIN:
        if (side) break;
        push_open(check, (struct cairn_open_region){cairn__place(site, check->chunk->number, check->at),
                                                    check->time, check->task_id, check->task_birth});
        break;
    case CAIRN_EVENT_REGION_END:
    case CAIRN_EVENT_REGION_ATTR:
        if (side) find(check, "region", "a short form in a side chunk");
        if (!check->open_count) find(check, "region", "no region is open here");
        if (check->open_count && kind == CAIRN_EVENT_REGION_END) check->open_count--;
        break;
    case CAIRN_EVENT_REGION_END_LONG:
        check_place(check, words[1], words[2]);
        if (!side) remove_open(check, words[1]);
        break;
    default: check_place(check, words[1], words[2]);
    }
}

static void check_text_of_region(struct trace_check_state *check, const uint64_t *words)
{
    uint64_t identity[2];
    struct cairn_event_data data = cairn__event_data(words);
    if (data.count < sizeof identity) return;
    memcpy(identity, data.bytes, sizeof identity);
    check_place(check, identity[0], identity[1]);
    check_value(check, words, 0, true);
}

/* The rules of each kind, in the order of event.def. */
static void check_payload(struct trace_check_state *check, uint32_t kind, const uint64_t *words)
{
    struct cairn_event_data data;
    const uint8_t *bytes = (const uint8_t *)(words + 1);
    switch (kind) {
    case CAIRN_EVENT_REGION_BEGIN:
    case CAIRN_EVENT_REGION_END:
    case CAIRN_EVENT_REGION_END_LONG: check_region(check, kind, words); break;
    case CAIRN_EVENT_TASK_AGAIN: check_again(check, words[0]); break;
    case CAIRN_EVENT_LOGF_0: check_arguments(check, words, bytes, 0); break;
    case CAIRN_EVENT_LOGF_1: check_arguments(check, words, bytes, 8); break;
    case CAIRN_EVENT_LOGF_2: check_arguments(check, words, bytes, 16); break;
    case CAIRN_EVENT_LOGF:
        data = cairn__event_data(words);
        check_arguments(check, words, data.bytes, data.count);
        break;
    case CAIRN_EVENT_TASK_CHILD:
        if (!words[2]) find(check, "task", "a subtask of the background");
        check_id(check, words[2], words[3]);
        check_begin(check, words);
        break;
    case CAIRN_EVENT_TASK_BEGIN: check_begin(check, words); break;
    case CAIRN_EVENT_COUNTER:
    case CAIRN_EVENT_ATTR: check_value(check, words, words[1], false); break;
    case CAIRN_EVENT_REGION_ATTR:
        check_region(check, kind, words);
        check_value(check, words, words[1], false);
        break;
    case CAIRN_EVENT_REGION_ATTR_LONG:
        check_region(check, kind, words);
        check_value(check, words, words[3], false);
        break;
    case CAIRN_EVENT_INTERRUPT:
        if (!check->chunk->side) find(check, "event", "an interruption in a main chunk");
        break;
    case CAIRN_EVENT_TASK:
        check_id(check, words[1], words[2]);
        if (!trace_named_put(&check->named, words[1], words[2])) return;
        set_state(check, words[1], words[2]);
        break;
    case CAIRN_EVENT_TASK_END:
    case CAIRN_EVENT_TASK_FAIL:
        if (words[1] <= CAIRN_ID_OFF) find(check, "task", "an end of what is no task");
        check_id(check, words[1], words[2]);
        break;
    case CAIRN_EVENT_LINK: check_id(check, words[1], words[2]); break;
    case CAIRN_EVENT_ATTR_TEXT: check_value(check, words, 0, true); break;
    case CAIRN_EVENT_REGION_ATTR_TEXT: check_text_of_region(check, words); break;
    case CAIRN_EVENT_LOSS: check_losses(check, cairn__event_data(words)); break;
    default: break;
    }
}

static void check_event(struct trace_check_state *check, const uint64_t *words, uint32_t count)
{
    uint32_t kind = cairn__head_kind(words[0]), role = trace_role_of_kind(kind);
    uint32_t site = cairn__head_site(words[0]);
    if (!cairn__event_name(kind)) find(check, "event", "an unknown kind");
    if (role && !has_role(check, site, role))
        find(check, "event", "a site that is not defined, or has another role");
    if (!role && site && kind != CAIRN_EVENT_TASK_AGAIN && cairn__event_name(kind) &&
        kind != CAIRN_EVENT_EXTENSION) {
        find(check, "event", "a site where none is due");
    }
    check_time(check, kind, words);
    if (kind >= CAIRN_KIND_VARIABLE) check_data(check, kind, words, count);
    check_payload(check, kind, words);
}

/* ---- Chunks -------------------------------------------------------------------------------------------------- */

static void check_chunk_head(struct trace_check_state *check, const struct trace_chunk *before)
{
    const struct trace_chunk *chunk = check->chunk;
    const struct cairn_chunk_head *head = chunk->head;
    bool follows = before && !chunk->side && before->sequence + 1 == chunk->sequence;
    uint64_t until = check->threads.items.items[chunk->thread].overwritten_until_ticks;
    bool expected = trace_gap_is_expected(check->file, before, until) || (!before && !chunk->sequence);
    bool repeats = before && !chunk->side && chunk->sequence <= before->sequence;
    if (repeats) find(check, "chunk", "its number is not greater than that of its thread's chunk before");
    if (!chunk->side && !repeats && !follows && !expected)
        find(check, "chunk", "chunks before this one are missing");
    if (chunk->side && head->open_count) find(check, "chunk", "open regions in a side chunk");
    if (!chunk->number) find(check, "chunk", "the number is zero");
    if (chunk->sealed && head->end_ticks < head->begin_ticks)
        find(check, "chunk", "it ends before it begins");
    if (follows && is_later(before->begin_ticks, head->begin_ticks))
        find(check, "chunk", "it begins before the one before");
    if (follows && (head->task_id != check->task_id || head->task_birth != check->task_birth)) {
        find(check, "chunk", "the state is not that in which the chunk before has left the thread");
    }
    check_open_list(check, head, follows);
    check_id(check, head->task_id, head->task_birth);
    set_state(check, head->task_id, head->task_birth);
    trace_named_forget(&check->named);
    /* Without memory the table stays empty, and TASK_AGAIN events are found wrongly: visible, and harmless. */
    (void)trace_named_put(&check->named, head->task_id, head->task_birth);
}

static void check_chunk(struct trace_check_state *check, const struct trace_chunk *before)
{
    const struct trace_chunk *chunk = check->chunk;
    const uint64_t *words = (const uint64_t *)chunk->head;
    uint32_t end = chunk->bytes / 8;
    check->at = 0;
    if (chunk->sealed && !trace_block_intact(&chunk->head->block, chunk->bytes)) {
        find(check, "checksum", "the checksum of this block is wrong");
        return;
    }
    check_chunk_head(check, before);
    check->at = cairn__chunk_first(chunk->head->open_count);
    for (uint32_t count; check->at < end; check->at += count) {
        count = cairn__event_words(words + check->at, end - check->at);
        if (!count) {
            find(check, "event", "an event that does not fit, or a zero word");
            return;
        }
        check_event(check, words + check->at, count);
    }
}

void trace_check_chunks(struct trace_check_state *check)
{
    const struct trace_chunk *before = NULL;
    for (size_t i = 0; i < check->file->chunks.count; i++) {
        check->chunk = &check->file->chunks.items[i];
        bool same = before && before->thread == check->chunk->thread && before->side == check->chunk->side;
        if (!same) check->open_count = 0;
        check_chunk(check, same ? before : NULL);
        before = check->chunk;
    }
    check->chunk = NULL;
}
