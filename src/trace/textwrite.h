/* Lines of the text form: events, records, blocks, and raw parts of a file. SPDX-License-Identifier: Apache-2.0
 *
 * For textdump.c (a trace file) and textareas.c (what a live file has instead of blocks), which find out where
 * these lines do not tell all and add it. */
#ifndef CAIRN_TRACE_TEXTWRITE_H
#define CAIRN_TRACE_TEXTWRITE_H

#include "trace/textform.h"

struct text_writer {
    FILE *out;
    const uint8_t *bytes; /* of the file */
    size_t count;
    struct cairn_file_head head;
    struct text_assembler *assembler; /* makes bytes of what is written, for comparison */
    uint64_t time;                    /* of the last event */
};

/* Bytes as they are: a raw line that says what they are and where; what follows is in no block. */
void text_write_raw(struct text_writer *writer, size_t offset, size_t count, const char *what);
/* Whole words, then the rest as bytes. */
void text_write_words(FILE *out, const uint8_t *at, size_t count);
/* The same, with stretches of zeros told by their length. */
void text_write_bytes(FILE *out, const uint8_t *at, size_t count);

/* A block with all that is in it. In a slot of a live file its size is not that of what follows. */
void text_write_block(struct text_writer *writer, const struct cairn_block_head *block, size_t offset,
                      size_t count, bool in_slot);

/* Records of a kind of block, one line each, as long as they are some. Returns how many bytes that were. */
size_t text_write_records(FILE *out, uint32_t kind, const uint8_t *bytes, size_t count);

/* Adds patch lines where what the lines make is not what the file has. */
void text_write_patches(FILE *out, const uint8_t *made, const uint8_t *wanted, size_t count);
/* Runs lines through the assembler, which cuts them. NULL if they do not make `count` bytes. */
const uint8_t *text_assemble_again(struct text_writer *writer, char *lines, size_t count);

/* The areas of a live file. 0; 1 if there are none that could be written so; -1 if memory ran out. */
int text_write_areas(struct text_writer *writer);

#endif
