/* See blockwalk.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Where a block is due, a magic number, the right session and a plausible size make one.
 * 2. Its size is believed if a block or the end of the file follows; else if its checksum is right.
 * 3. Otherwise the piece is damaged and ends where the next magic number with the right session stands, at a
 *    multiple of 8 bytes. A block that runs beyond the end of the file with none behind is torn.
 *
 * Searches cover disjoint ranges. Checksums of step 2 may overlap on hostile input, so they have a budget.
 */
#include "trace/blockwalk.h"

#include "os/os.h"

enum { CHECKSUM_BUDGET_FACTOR = 4 };

static const struct cairn_block_head *block_at(const struct trace_walk *walk, size_t at)
{
    if (walk->end - at < sizeof(struct cairn_block_head)) return NULL;
    const struct cairn_block_head *block = (const void *)(walk->bytes + at);
    return block->magic == CAIRN_BLOCK_MAGIC && block->session == walk->session ? block : NULL;
}

static size_t find_block(const struct trace_walk *walk, size_t at)
{
    while (at < walk->end && !block_at(walk, at)) at += 8;
    return at < walk->end ? at : walk->end;
}

static bool only_zeros(const struct trace_walk *walk, size_t at)
{
    while (at < walk->end && !walk->bytes[at]) at++;
    return at == walk->end;
}

bool trace_block_intact(const struct cairn_block_head *block, size_t count)
{
    const size_t before = offsetof(struct cairn_block_head, bytes);
    return cairn__os_crc32c(0, (const uint8_t *)block + before, count - before) == block->checksum;
}

static bool size_believed(struct trace_walk *walk, const struct cairn_block_head *block, size_t at)
{
    size_t next = at + block->bytes;
    if (next == walk->end || block_at(walk, next)) return true;
    if (!(block->flags & CAIRN_BLOCK_SEALED) || walk->checksum_left < block->bytes) return false;
    walk->checksum_left -= block->bytes;
    return trace_block_intact(block, block->bytes);
}

static bool piece(struct trace_walk *walk, struct trace_walk_piece *out, enum trace_piece kind, size_t next,
                  const struct cairn_block_head *block)
{
    *out =
        (struct trace_walk_piece){.kind = kind, .offset = walk->at, .count = next - walk->at, .block = block};
    walk->at = next;
    return true;
}

static bool block_piece(struct trace_walk *walk, struct trace_walk_piece *out,
                        const struct cairn_block_head *block)
{
    uint32_t bytes = block->bytes;
    bool plausible = bytes >= sizeof *block && bytes % 8 == 0;
    if (plausible && bytes <= walk->end - walk->at && size_believed(walk, block, walk->at)) {
        return piece(walk, out, TRACE_PIECE_BLOCK, walk->at + bytes, block);
    }
    size_t next = find_block(walk, walk->at + 8);
    bool torn = next == walk->end && (bytes == 0 || (plausible && bytes > walk->end - walk->at));
    return piece(walk, out, torn ? TRACE_PIECE_TORN : TRACE_PIECE_DAMAGED, next, torn ? block : NULL);
}

bool trace_walk_next(struct trace_walk *walk, struct trace_walk_piece *out)
{
    if (!walk->started)
        walk->checksum_left =
            walk->end > SIZE_MAX / CHECKSUM_BUDGET_FACTOR ? SIZE_MAX : walk->end * CHECKSUM_BUDGET_FACTOR;
    walk->started = true;
    if (walk->at >= walk->end) return false;
    const struct cairn_block_head *block = block_at(walk, walk->at);
    if (block) return block_piece(walk, out, block);
    size_t next = find_block(walk, walk->at);
    /* What is shorter than a block's head is as little as zeros are: a write that was cut short, if anything. */
    bool short_of_head = walk->end - walk->at < sizeof(struct cairn_block_head);
    bool zeros = next == walk->end && (short_of_head || only_zeros(walk, walk->at));
    return piece(walk, out, zeros ? TRACE_PIECE_ZEROS : TRACE_PIECE_DAMAGED, next, NULL);
}
