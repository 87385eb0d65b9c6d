/* See nextstep.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/nextstep.h"

#include "cli/cli.h"
#include "cli/print/show.h"

#include <string.h>

/* Only stdout is ever coloured. */
static void dim(FILE *out, const char *sequence)
{
    if (out == stdout) fputs(sequence, out);
}

static void print_command(FILE *out, const struct next_step *step)
{
    fputs("cairn", out);
    for (const char *const *word = step->words; *word; word++) {
        cli_print_word(out, *word);
        if (word == step->words && step->filters) cli_print_options(out, query_options, step->filters);
    }
}

void next_steps_print(FILE *out, unsigned indent, const struct next_step *steps, size_t count)
{
    dim(out, show_dim());
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "%*s%s ", (int)indent, "", i == 0 ? "next:" : "     ");
        print_command(out, &steps[i]);
        fprintf(out, "    # %s", steps[i].why);
        if (steps[i].whose) fputc(' ', out), show_text(out, steps[i].whose, strlen(steps[i].whose));
        if (i + 1 == count) dim(out, show_plain());
        fputc('\n', out);
    }
}

void next_step_print(const struct next_step *step)
{
    printf("\n");
    next_steps_print(stdout, 0, step, 1);
}

char *next_step_pattern(char text[NEXT_STEP_BYTES], const char *name)
{
    size_t at = 0, left = strlen(name);
    for (size_t taken; left > 0 && at + 8 < NEXT_STEP_BYTES; name += taken, left -= taken) {
        bool is_plain =
            show_is_plain(name, left, &taken) && !memchr("\"'\\", *name, 3) && (at || *name != '-');
        memset(text + at, '?', taken); /* it stands for one byte */
        if (is_plain) memcpy(text + at, name, taken);
        at += taken;
    }
    strcpy(text + at, left > 0 ? "*" : "");
    return text;
}
