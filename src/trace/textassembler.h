/* The inside of the assembler, for textassemble.c (structure) and textevent.c (events).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TRACE_TEXTASSEMBLER_H
#define CAIRN_TRACE_TEXTASSEMBLER_H

#include "base/base.h"
#include "trace/textform.h"

/* `at` and the like are orders to make a file large; a test needs no more. */
#define OUTPUT_BYTES_MAX ((uint64_t)1 << 31)

enum { NO_AREA, AREA_SITES, AREA_THREADS, AREA_SLOTS, AREA_TASKS };

struct text_assembler {
    VECTOR(uint8_t) out;
    VECTOR(uint8_t) data; /* of the event in the making */
    struct cairn_file_head head;
    bool head_done, data_bytes_set, head_checksum_set;
    /* the open block */
    bool in_block;
    size_t block_at;
    uint32_t block_kind;
    bool bytes_set, checksum_set, end_set, open_count_set;
    uint32_t open_count;
    uint64_t time;        /* of the last event */
    uint64_t number;      /* of the last chunk */
    struct map sequences; /* {thread, side} to the next one */
    bool in_slot;
    size_t slot_at, slot_bytes;
    uint32_t area;
    size_t area_at, area_bytes; /* 0: up to the next page */
};

extern const char text_no_memory[];

/* Appends bytes, zeros if `bytes` is NULL. Returns NULL, or what is wrong. */
const char *text_put(struct text_assembler *assembler, const void *bytes, size_t count);
const char *text_pad_to_words(struct text_assembler *assembler);

/* The lines of events; TASK_AGAIN has no time and no site. */
const char *text_event_line(struct text_assembler *assembler, struct text_line *line, uint32_t kind);
const char *text_again_line(struct text_assembler *assembler, struct text_line *line);

#endif
