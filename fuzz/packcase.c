/* From a trace file, and perhaps its live file, to a case: how the corpus was made. SPDX-License-Identifier: Apache-2.0
 *
 *     fuzz_pack TRACE [LIVE] >CASE
 *
 * The reverse of tracecase.h: what a case need not state is left out, if it is as it would be filled in. */
#include "tracecase.h"

#include "os/os.h"
#include "trace/blockwalk.h"

#include <stdio.h>
#include <string.h>

static void put(const void *bytes, size_t count)
{
    if (count) fwrite(bytes, 1, count, stdout);
}

/* Zeros at the end of the head, and of what is reserved ahead, are filled in. */
static size_t used(const uint8_t *bytes, size_t count)
{
    while (count && !bytes[count - 1]) count--;
    return (count + 7) / 8 * 8;
}

static void put_front(struct cairn_file_head head)
{
    struct case_options options = {0};
    memset(head.magic, 0, sizeof head.magic);
    head.version = head.head_bytes = 0;
    if (head.state == CAIRN_STATE_STOPPED) head.state = 0;
    head.data_bytes = 0;
    put(&options, sizeof options);
    put(&head, used((const uint8_t *)&head, CASE_HEAD_BYTES));
}

static void put_block(const struct cairn_block_head *block, size_t count, uint64_t session, uint16_t flags)
{
    struct cairn_block_head head = *block;
    if (head.flags & CAIRN_BLOCK_SEALED && trace_block_intact(block, count)) head.checksum = 0;
    if (head.bytes == count) head.bytes = 0;
    if (head.session == session) head.session = 0;
    head.flags |= flags;
    put(&head, sizeof head);
    put(block + 1, count - sizeof head);
}

static void put_records(const struct os_mapping *live, uint64_t offset, uint64_t bytes, uint16_t kind)
{
    struct cairn_block_head head = {.magic = CAIRN_BLOCK_MAGIC, .kind = kind, .flags = CASE_BLOCK_LIVE};
    put(&head, sizeof head);
    put(live->bytes + offset, used(live->bytes + offset, bytes));
}

static void put_slots(const struct os_mapping *live, const struct cairn_file_head *head)
{
    size_t at = head->slots_offset, end = at + head->slots_bytes;
    while (at + CAIRN_PAGE_BYTES <= end) {
        const struct cairn_slot_head *slot = (const void *)(live->bytes + at);
        if (slot->magic != CAIRN_SLOT_MAGIC || !slot->slot_bytes) {
            at += CAIRN_PAGE_BYTES;
            continue;
        }
        const uint8_t *chunk = (const uint8_t *)(slot + 1);
        size_t count = used(chunk, slot->slot_bytes - sizeof *slot);
        uint16_t flags = CASE_BLOCK_LIVE | (slot->state == CAIRN_SLOT_FREE ? CASE_BLOCK_FREE : 0);
        if (count >= sizeof(struct cairn_block_head))
            put_block((const void *)chunk, count, head->session[0], flags);
        at += slot->slot_bytes;
    }
}

static void put_trace(const struct os_mapping *trace)
{
    struct cairn_file_head head;
    memcpy(&head, trace->bytes, sizeof head);
    put_front(head);
    struct trace_walk walk = {
        .bytes = trace->bytes, .end = trace->count, .session = head.session[0], .at = sizeof head};
    struct trace_walk_piece piece;
    while (trace_walk_next(&walk, &piece)) {
        if (piece.block)
            put_block(piece.block, piece.count, head.session[0], 0);
        else
            put(trace->bytes + piece.offset, piece.count);
    }
}

static bool map(const char *path, struct os_mapping *mapping)
{
    struct cairn_error error = {0};
    if (os_map_file(path, mapping, &error) == 0 && mapping->count >= sizeof(struct cairn_file_head))
        return true;
    fprintf(stderr, "%s: %s\n", path, error.code ? error.text : "is too short");
    return false;
}

int main(int argc, char **argv)
{
    struct os_mapping trace, live;
    if (argc < 2 || argc > 3) return fputs("usage: fuzz_pack TRACE [LIVE] >CASE\n", stderr), 2;
    if (!map(argv[1], &trace)) return 1;
    put_trace(&trace);
    if (argc == 3) {
        if (!map(argv[2], &live)) return 1;
        const struct cairn_file_head *head = (const void *)live.bytes;
        put_records(&live, head->sites_offset, head->sites_bytes, CAIRN_BLOCK_SITES);
        put_records(&live, head->threads_offset, head->threads_bytes, CAIRN_BLOCK_THREADS);
        put_records(&live, head->tasks_offset, head->tasks_bytes, CAIRN_BLOCK_TASKS);
        put_slots(&live, head);
        os_unmap_file(&live);
    }
    os_unmap_file(&trace);
    return fflush(stdout) != 0;
}
