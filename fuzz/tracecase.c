/* See tracecase.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. The head: what is given, and what is filled in.
 * 2. The pieces, in order, into the trace; those for the live file are left out.
 * 3. The live file: head, site records, thread records, open tasks, slots, each from a page on; a pass over the pieces for each.
 *
 * Both files lie in static memory: an execution allocates nothing here. */
#include "tracecase.h"

#include "memfile.h"
#include "os/os.h"

#include <string.h>

enum { TRACE_BYTES_MAX = 2 << 20, LIVE_BYTES_MAX = 2 << 20 };

static const uint32_t block_magic = CAIRN_BLOCK_MAGIC;

struct output {
    uint8_t *bytes;
    size_t count, max;
};

static _Alignas(8) uint8_t trace_memory[TRACE_BYTES_MAX], live_memory[LIVE_BYTES_MAX];

static bool put(struct output *out, const void *bytes, size_t count)
{
    if (count > out->max - out->count) return false;
    if (bytes)
        memcpy(out->bytes + out->count, bytes, count);
    else
        memset(out->bytes + out->count, 0, count);
    out->count += count;
    return true;
}

static bool pad(struct output *out, size_t unit)
{
    return put(out, NULL, (unit - out->count % unit) % unit);
}

/* ---- Pieces ---------------------------------------------------------------------------------------------- */

static const uint8_t *find_magic(const uint8_t *bytes, size_t count)
{
    return count ? memmem(bytes, count, &block_magic, sizeof block_magic) : NULL;
}

size_t case_front_bytes(const uint8_t *input, size_t count)
{
    const size_t front = sizeof(struct case_options) + CASE_HEAD_BYTES;
    const uint8_t *piece = find_magic(input, count);
    if (piece) count = (size_t)(piece - input);
    return count < front ? count : front;
}

size_t case_next_piece(const uint8_t *input, size_t count, size_t *at)
{
    const uint8_t *begin = find_magic(input + *at, count - *at);
    if (!begin) return 0;
    *at = (size_t)(begin - input);
    size_t left = count - *at;
    const uint8_t *next = left > 4 ? find_magic(begin + 4, left - 4) : NULL;
    return next ? (size_t)(next - begin) : left;
}

static struct cairn_block_head head_of(const uint8_t *piece, size_t count)
{
    struct cairn_block_head head = {0};
    memcpy(&head, piece, count < sizeof head ? count : sizeof head);
    return head;
}

/* Puts a block and fills in what it leaves out. A chunk that is being filled has no size. */
static bool put_block(struct output *out, const uint8_t *piece, size_t count, uint64_t session, bool is_open)
{
    struct cairn_block_head head = head_of(piece, count);
    bool as_is = count < sizeof head || head.flags & CASE_BLOCK_AS_IS;
    size_t at = out->count;
    if (!put(out, piece, count)) return false;
    if (as_is) return true;
    if (!put(out, NULL, (8 - count % 8) % 8)) return false;
    head.flags &= (uint16_t) ~(CASE_BLOCK_LIVE | CASE_BLOCK_FREE);
    bool sealed = head.flags & CAIRN_BLOCK_SEALED;
    if (!head.session) head.session = session;
    if (!head.bytes && (sealed || !is_open)) head.bytes = (uint32_t)(out->count - at);
    if (head.bytes == CASE_NO_BYTES) head.bytes = 0;
    memcpy(out->bytes + at, &head, sizeof head);
    const size_t before = offsetof(struct cairn_block_head, bytes);
    if (sealed && !head.checksum)
        head.checksum = cairn__os_crc32c(0, out->bytes + at + before, out->count - at - before);
    memcpy(out->bytes + at, &head, sizeof head);
    return true;
}

static bool put_trace_pieces(struct output *out, const uint8_t *input, size_t count, uint64_t session)
{
    size_t at = case_front_bytes(input, count), front = at, bytes = case_next_piece(input, count, &at);
    if (!put(out, input + front, (bytes ? at : count) - front)) return false;
    for (; bytes; at += bytes, bytes = case_next_piece(input, count, &at)) {
        if (head_of(input + at, bytes).flags & CASE_BLOCK_LIVE) continue;
        if (!put_block(out, input + at, bytes, session, false)) return false;
    }
    return true;
}

/* ---- The head -------------------------------------------------------------------------------------------- */

static void fill_head(struct cairn_file_head *head, const struct case_options *options, const char *live_path)
{
    memcpy(head->magic, CAIRN_FILE_MAGIC, sizeof head->magic);
    if (!head->version) head->version = CAIRN_FORMAT_VERSION;
    if (!head->head_bytes) head->head_bytes = CAIRN_FILE_HEAD_BYTES;
    if (!head->session[0]) head->session[0] = 1;
    if (!head->state) head->state = CAIRN_STATE_STOPPED;
    if (options->flags & CASE_TEXTS_FULL)
        memset(head->live_path, 'x',
               offsetof(struct cairn_file_head, checksum) - offsetof(struct cairn_file_head, live_path));
    else if (head->state == CAIRN_STATE_RECORDING || options->flags & CASE_LIVE_LEFT)
        strncpy(head->live_path, live_path, sizeof head->live_path - 1);
    if (options->flags & CASE_RESERVED_USED) head->reserved[options->cut % sizeof head->reserved] = 1;
}

static void close_head(struct cairn_file_head *head, const struct case_options *options, size_t bytes)
{
    if (head->state == CAIRN_STATE_RECORDING) return;
    if (!head->data_bytes) head->data_bytes = bytes - sizeof *head;
    head->checksum = cairn__os_crc32c(0, head, offsetof(struct cairn_file_head, checksum));
    if (options->flags & CASE_HEAD_CHECKSUM_WRONG) head->checksum++;
}

static struct cairn_file_head given_head(const uint8_t *input, size_t count)
{
    struct cairn_file_head head = {0};
    size_t front = case_front_bytes(input, count);
    if (front > sizeof(struct case_options))
        memcpy(&head, input + sizeof(struct case_options), front - sizeof(struct case_options));
    return head;
}

/* ---- The live file --------------------------------------------------------------------------------------- */

/* The records of all blocks of a kind that belong to the live file, up to a page. */
static bool put_records(struct output *out, const uint8_t *input, size_t count, uint16_t kind)
{
    size_t at = case_front_bytes(input, count), bytes;
    for (; (bytes = case_next_piece(input, count, &at)) != 0; at += bytes) {
        struct cairn_block_head head = head_of(input + at, bytes);
        if (head.kind != kind || !(head.flags & CASE_BLOCK_LIVE) || bytes < sizeof head) continue;
        if (!put(out, input + at + sizeof head, bytes - sizeof head)) return false;
    }
    return pad(out, CAIRN_PAGE_BYTES);
}

/* Slots; a block that is no chunk stands there without a slot. */
static bool put_slots(struct output *out, const uint8_t *input, size_t count, uint64_t session)
{
    size_t at = case_front_bytes(input, count), bytes;
    for (; (bytes = case_next_piece(input, count, &at)) != 0; at += bytes) {
        struct cairn_block_head head = head_of(input + at, bytes);
        bool is_record = head.kind == CAIRN_BLOCK_SITES || head.kind == CAIRN_BLOCK_THREADS ||
                         head.kind == CAIRN_BLOCK_TASKS;
        if (is_record || !(head.flags & CASE_BLOCK_LIVE)) continue;
        struct cairn_slot_head slot = {.magic = CAIRN_SLOT_MAGIC,
                                       .slot_bytes = (uint32_t)(sizeof slot + bytes + CAIRN_PAGE_BYTES - 1) /
                                                     CAIRN_PAGE_BYTES * CAIRN_PAGE_BYTES,
                                       .state = head.flags & CASE_BLOCK_FREE      ? CAIRN_SLOT_FREE
                                                : head.flags & CAIRN_BLOCK_SEALED ? CAIRN_SLOT_SEALED
                                                                                  : CAIRN_SLOT_OPEN};
        if (head.kind == CAIRN_BLOCK_EVENTS && !put(out, &slot, sizeof slot)) return false;
        if (!put_block(out, input + at, bytes, session, true) || !pad(out, CAIRN_PAGE_BYTES)) return false;
    }
    return true;
}

static bool put_live(struct output *out, const uint8_t *input, size_t count, struct cairn_file_head head)
{
    if (!put(out, NULL, sizeof head)) return false;
    head.flags |= CAIRN_HEAD_LIVE;
    head.sites_offset = out->count;
    if (!put_records(out, input, count, CAIRN_BLOCK_SITES)) return false;
    head.sites_bytes = out->count - head.sites_offset;
    head.threads_offset = out->count;
    if (!put_records(out, input, count, CAIRN_BLOCK_THREADS)) return false;
    head.threads_bytes = out->count - head.threads_offset;
    head.tasks_offset = out->count;
    if (!put_records(out, input, count, CAIRN_BLOCK_TASKS)) return false;
    head.tasks_bytes = out->count - head.tasks_offset;
    head.slots_offset = out->count;
    if (!put_slots(out, input, count, head.session[0])) return false;
    head.slots_bytes = out->count - head.slots_offset;
    memcpy(out->bytes, &head, sizeof head);
    return true;
}

static void poke(uint8_t *live, const struct case_options *options)
{
    uint8_t *at = live + options->poke_at % (CASE_HEAD_BYTES / 8) * 8;
    uint64_t word;
    memcpy(&word, at, sizeof word);
    word ^= options->poke_with;
    memcpy(at, &word, sizeof word);
}

/* ---- The whole ------------------------------------------------------------------------------------------- */

static size_t less(size_t count, size_t cut)
{
    return count - (cut < count ? cut : count);
}

static bool expand_live(struct trace_case *made, const uint8_t *input, size_t count,
                        struct cairn_file_head head)
{
    const struct case_options *options = &made->options;
    struct output live = {.bytes = live_memory, .max = sizeof live_memory};
    if (!put_live(&live, input, count, head)) return false;
    poke(live.bytes, options);
    made->live = live.bytes;
    made->live_bytes = options->flags & CASE_LIVE_CUT ? less(live.count, options->cut) : live.count;
    return true;
}

/* A trace as it stands, but that it may name no other file than ours. */
static bool take_trace(struct trace_case *made, const uint8_t *input, size_t count, const char *live_path)
{
    struct cairn_file_head *head = (void *)trace_memory;
    memcpy(trace_memory, input, count);
    made->trace_bytes = count;
    if (count < sizeof *head || !head->live_path[0]) return true;
    memset(head->live_path, 0, sizeof head->live_path);
    strncpy(head->live_path, live_path, sizeof head->live_path - 1);
    return true;
}

bool case_expand(struct trace_case *made, const uint8_t *input, size_t count, const char *live_path)
{
    *made = (struct trace_case){.trace = trace_memory};
    if (count > CASE_INPUT_MAX) return false;
    if (count >= 8 && !memcmp(input, CAIRN_FILE_MAGIC, 8)) return take_trace(made, input, count, live_path);
    struct output trace = {.bytes = trace_memory, .max = sizeof trace_memory};
    struct case_options *options = &made->options;
    if (count) memcpy(options, input, count < sizeof *options ? count : sizeof *options);
    struct cairn_file_head head = given_head(input, count);
    fill_head(&head, options, live_path);
    bool done = put(&trace, &head, sizeof head) && put_trace_pieces(&trace, input, count, head.session[0]);
    if (!done) return false;
    close_head(&head, options, trace.count);
    memcpy(trace.bytes, &head, sizeof head);
    made->trace_bytes = options->flags & CASE_CUT ? less(trace.count, options->cut) : trace.count;
    made->is_recording = head.state == CAIRN_STATE_RECORDING;
    bool has_live =
        made->is_recording ? !(options->flags & CASE_LIVE_MISSING) : options->flags & CASE_LIVE_LEFT;
    return !has_live || expand_live(made, input, count, head);
}

void case_to_memory(const struct trace_case *made)
{
    memfile_set(MEMFILE_TRACE, made->trace, made->trace_bytes);
    memfile_set(MEMFILE_LIVE, made->live, made->live_bytes);
    memfile_set_growth(made->is_recording && made->options.flags & CASE_GROWS ? made->options.cut : 0);
    memfile_set_alive(made->options.flags & CASE_ALIVE);
}
