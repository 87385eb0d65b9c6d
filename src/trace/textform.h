/* The parts of the text form of traces that both directions share: lines, fields, names.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A line is a keyword, then values and key=value pairs; # begins a comment. What the keys of a struct are, where
 * they lie and how they are written stands in one table per struct, which drives both directions. The whole form
 * is described in doc/format.md.
 */
#ifndef CAIRN_TRACE_TEXTFORM_H
#define CAIRN_TRACE_TEXTFORM_H

#include "format/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- Lines ------------------------------------------------------------------------------------------- */

enum { TEXT_PAIRS_MAX = 128 };

struct text_pair {
    const char *key; /* "" for a bare value */
    char *value;     /* unescaped, terminated */
    size_t bytes;
    bool used;
};

struct text_line {
    const char *keyword; /* "" for an empty line */
    struct text_pair pairs[TEXT_PAIRS_MAX];
    uint32_t count;
};

/* Cuts a terminated line into its parts, in place. Returns NULL, or what is wrong with it. */
const char *text_line_split(struct text_line *line, char *text);
/* The next unused pair of a key, marked as used; NULL if there is none. */
struct text_pair *text_line_take(struct text_line *line, const char *key);
/* A key that nothing has used, or NULL. */
const char *text_line_unused(const struct text_line *line);

/* ---- Values ------------------------------------------------------------------------------------------ */

struct text_name {
    uint64_t value;
    const char *name;
};

enum text_form {
    TEXT_NUMBER,
    TEXT_ID,      /* round:site:serial */
    TEXT_PLACE,   /* site:block:offset */
    TEXT_NAME,    /* one of names, or a number */
    TEXT_FLAGS,   /* names joined by |, or a number */
    TEXT_ANCHOR,  /* ticks,monotonic_ns,realtime_ns */
    TEXT_SESSION, /* two numbers, joined by a comma */
    TEXT_TALLIES, /* name:count, joined by commas */
    TEXT_STRING   /* characters of an array, up to its end or a zero */
};

struct text_field {
    const char *name;
    uint16_t offset, bytes;
    enum text_form form;
    const struct text_name *names; /* ends with a NULL name */
};

extern const struct text_field text_head_fields[]; /* of struct cairn_file_head; a NULL name ends each list */
extern const struct text_field text_block_fields[]; /* of struct cairn_block_head */
extern const struct text_field text_chunk_fields[]; /* of struct cairn_chunk_head */
extern const struct text_field text_open_fields[];
extern const struct text_field text_slot_fields[];
extern const struct text_field text_site_fields[];
extern const struct text_field text_thread_fields[];
extern const struct text_field text_anchor_fields[];
extern const struct text_field text_open_task_fields[];

/* Writes " key=value" for every field in which *object differs from *usual. */
void text_fields_write(FILE *out, const struct text_field *fields, const void *object, const void *usual);
/* Sets the fields that the line names. Returns NULL, or what is wrong. */
const char *text_fields_read(struct text_line *line, const struct text_field *fields, void *object);

/* A number: decimal, 0x..., negative, or with a point or an exponent: the bits of a double. */
bool text_number(const char *text, uint64_t *value);
/* Also in the notation of an id or a place. */
bool text_id(const char *text, uint64_t *value);
bool text_place(const char *text, uint64_t *value);
bool text_tallies(const char *text, uint64_t counts[CAIRN_TALLY_SLOTS]);

void text_write_quoted(FILE *out, const char *bytes, size_t count);
void text_write_id(FILE *out, uint64_t id);
void text_write_place(FILE *out, uint64_t place);
void text_write_tallies(FILE *out, const uint64_t counts[CAIRN_TALLY_SLOTS]);

extern const struct text_name text_block_kinds[];

/* The names of the words behind an event's head, separated by spaces, as in event.def; "" if there are none. */
const char *text_event_payload(uint32_t kind);

/* ---- Assembling, a line at a time ---------------------------------------------------------------------- */

struct text_assembler;

/* Makes an assembler whose output stays in memory. NULL if memory ran out. */
struct text_assembler *text_assembler_create(void);
void text_assembler_destroy(struct text_assembler *assembler);
/* Takes in one line, which is changed. Returns NULL, or what is wrong. */
const char *text_assembler_line(struct text_assembler *assembler, char *line);
/* Ends the block or the slot that is open, if any. Returns as above. */
const char *text_assembler_end_slot(struct text_assembler *assembler);
/* Ends all that is open, and the file. */
const char *text_assembler_finish(struct text_assembler *assembler);
/* What was made so far, valid until the next line. */
const uint8_t *text_assembler_bytes(const struct text_assembler *assembler, size_t *count);
/* Throws the output away, so that the next line begins a new block; keeps what the head said. */
void text_assembler_restart(struct text_assembler *assembler);

#endif
