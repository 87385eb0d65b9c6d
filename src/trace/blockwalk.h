/* From block to block through a trace file, over damage too. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TRACE_BLOCKWALK_H
#define CAIRN_TRACE_BLOCKWALK_H

#include "format/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_piece {
    TRACE_PIECE_BLOCK,   /* a whole block; its checksum may still be wrong */
    TRACE_PIECE_TORN,    /* the beginning of a block whose rest is missing, at the end of the file */
    TRACE_PIECE_DAMAGED, /* no block, or one whose size is wrong, up to where the next begins */
    TRACE_PIECE_ZEROS    /* zeros up to the end of the file */
};

struct trace_walk {
    const uint8_t *bytes; /* of the file, aligned to 8 */
    size_t end;
    uint64_t session;
    size_t at;            /* multiple of 8; start with the head's size */
    size_t checksum_left; /* bounds the work on hostile input; start with 0 */
    bool started;
};

/* A piece of the file: [offset, offset + count). */
struct trace_walk_piece {
    enum trace_piece kind;
    size_t offset, count;
    const struct cairn_block_head *block; /* of BLOCK and TORN */
};

/* Finds the next piece. False at the end. The whole walk costs time linear in the size of the file. */
bool trace_walk_next(struct trace_walk *walk, struct trace_walk_piece *piece);

/* Whether the checksum of a sealed block of `count` bytes is right. */
bool trace_block_intact(const struct cairn_block_head *block, size_t count);

#endif
