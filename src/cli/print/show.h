/* Numbers and texts as people read them. SPDX-License-Identifier: Apache-2.0
 *
 * Each writes to the buffer of its caller and returns it. */
#ifndef CAIRN_CLI_SHOW_H
#define CAIRN_CLI_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { SHOW_BYTES = 48 };

/* "1.23 ms": three digits and a unit; "3 m 20 s" from 1000 s. */
char *show_duration(char text[SHOW_BYTES], uint64_t ns);
/* "1,234,567". */
char *show_count(char text[SHOW_BYTES], uint64_t count);
/* "12.3": three digits, from 1000 a whole number; "1.2e-05" of the tiny. */
char *show_number(char text[SHOW_BYTES], double number);
/* "12.3/s". */
char *show_rate(char text[SHOW_BYTES], double per_second);
/* "12.3 MiB". */
char *show_size(char text[SHOW_BYTES], uint64_t bytes);
/* "1.234567": seconds since the start of the trace, perhaps negative. */
char *show_instant(char text[SHOW_BYTES], int64_t ns);
/* "2024-05-06 07:08:09.123 UTC". */
char *show_wall_clock(char text[SHOW_BYTES], int64_t realtime_ns);

/* Prints text that came from a trace: what could steer a terminal, and what is not UTF-8, is escaped. */
void show_text(FILE *out, const char *text, size_t bytes);
/* Whether it would print the next character of the text as it is; *taken is the character's bytes. */
bool show_is_plain(const char *text, size_t bytes, size_t *taken);
/* The columns that text takes when printed so. */
size_t show_text_columns(const char *text, size_t bytes);
/* The same into a buffer, cut with "…" to `columns`, and always terminated. */
char *show_text_cut(char *buffer, size_t buffer_bytes, const char *text, size_t columns);
/* The same of text that may hold NUL. */
char *show_bytes_cut(char *buffer, size_t buffer_bytes, const char *text, size_t bytes, size_t columns);

/* SGR sequences, or "" without colour. */
const char *show_bold(void);
const char *show_dim(void);
const char *show_red(void);
const char *show_yellow(void);
const char *show_plain(void); /* back to normal */

#endif
