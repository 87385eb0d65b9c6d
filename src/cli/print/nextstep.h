/* What to ask next, below an answer: commands that can be pasted. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_NEXTSTEP_H
#define CAIRN_CLI_NEXTSTEP_H

#include "cli/query.h"

enum { NEXT_STEP_WORDS_MAX = 8, NEXT_STEP_BYTES = 512 };
/* Of fewer finished tasks the slowest 1 % is nobody in particular, and nothing to explain. */
enum { NEXT_STEP_EXPLAINED_MIN = 100 };

struct next_step {
    const char *words[NEXT_STEP_WORDS_MAX + 1]; /* behind "cairn"; NULL after the last */
    const struct query *filters;                /* to be repeated, behind the first word; may be NULL */
    const char *why;                            /* stands behind it all */
    const char *whose;                          /* behind that: text from a trace; may be NULL */
};

/* Prints "next: cairn WORD ...    # why", words quoted for a shell as need be; each step on a line of its own, `indent` columns
 * in. */
void next_steps_print(FILE *out, unsigned indent, const struct next_step *steps, size_t count);

/* The same of one, on stdout, below a blank line. */
void next_step_print(const struct next_step *step);

/* A pattern that a name from a trace matches, so that it can be typed: what steers a terminal, what would end a quoted text,
 * and a hyphen that would begin an option, is ?; cut with *. Returns `text`. */
char *next_step_pattern(char text[NEXT_STEP_BYTES], const char *name);

#endif
