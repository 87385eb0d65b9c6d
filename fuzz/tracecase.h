/* Cases of the targets that read traces: from some hundred bytes to a trace file, perhaps with its live file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A trace file begins with 4096 bytes of which most are zero, and nearly every change to one breaks a checksum: a
 * fuzzer would hardly get beyond the head. A CASE is the same without what can be worked out:
 *
 *     +------------+-----------------+--------+--------+--- -
 *     | options 16 | begin of a head | piece  | piece  |
 *     +------------+-----------------+--------+--------+--- -
 *
 * A piece begins at a block's magic number and goes up to the next one, or to the end. The head ends where the first
 * begins; if more stands there than a head has fields for, it is put into the trace as it is. What is 0 is filled in, what is not is taken as it stands, right or wrong: of the
 * head, magic number, version, size, session, state (stopped), size of data; of a block, session, size
 * (CASE_NO_BYTES for one that is 0) and checksum. So damage of every kind can be stated, but does not come by itself.
 * Three bits of a block's flags are the case's own: CASE_AS_IS etc. below.
 *
 * An input that begins with the magic number of a trace is a trace file, as it stands. */
#ifndef CAIRN_FUZZ_TRACECASE_H
#define CAIRN_FUZZ_TRACECASE_H

#include "format/layout.h"

#include <stdbool.h>
#include <stddef.h>

enum { CASE_HEAD_BYTES = offsetof(struct cairn_file_head, reserved), CASE_INPUT_MAX = 1 << 20 };

enum {                               /* options.flags */
       CASE_HEAD_CHECKSUM_WRONG = 1, /* of the trace */
       CASE_LIVE_MISSING = 2,        /* its path is in the head, but there is no such file */
       CASE_ALIVE = 4,               /* the process is recording while we read */
       CASE_TEXTS_FULL = 8,          /* the head's texts have no zero at their end */
       CASE_RESERVED_USED = 16,      /* reserved bytes of the head are not zero */
       CASE_CUT = 32,                /* options.cut bytes are missing at the end of the trace */
       CASE_LIVE_CUT = 64,           /* and of the live file */
       CASE_GROWS = 128,             /* so many bytes are added between the reader's two looks */
       CASE_LIVE_LEFT = 256          /* the trace is closed, but names a live file, which is there */
};
enum {                           /* flags of a block */
       CASE_BLOCK_LIVE = 0x8000, /* belongs to the live file: records to their area, a chunk to a slot */
       CASE_BLOCK_FREE = 0x4000, /* its slot is free */
       CASE_BLOCK_AS_IS = 0x2000 /* nothing is filled in, and it is not padded to whole words */
};
#define CASE_NO_BYTES UINT32_MAX

struct case_options {
    uint16_t flags, cut;
    uint16_t poke_at, poke_with; /* a word of the live file's head, changed by xor; 0: none */
    uint8_t query[8];            /* what a target asks: see fuzz_trace.c */
};

struct trace_case {
    struct case_options options;
    uint8_t *trace, *live; /* NULL: no live file */
    size_t trace_bytes, live_bytes;
    bool is_recording; /* so says its head */
};

/* Makes the files of an input; their memory is used again by the next call. `live_path` is put into the head. False
 * if the input is too large. */
bool case_expand(struct trace_case *made, const uint8_t *input, size_t count, const char *live_path);
/* Has memfile.h answer for these files: MEMFILE_TRACE, MEMFILE_LIVE. */
void case_to_memory(const struct trace_case *made);

/* The size of the options and the head. */
size_t case_front_bytes(const uint8_t *input, size_t count);
/* The piece at `at`, or from the first magic number behind it: where it begins, and its size; 0 at the end. */
size_t case_next_piece(const uint8_t *input, size_t count, size_t *at);

#endif
