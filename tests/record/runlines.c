/* See runlines.h. SPDX-License-Identifier: Apache-2.0 */
#include "runlines.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 1024 };

struct line {
    char before[LINE_BYTES], after[LINE_BYTES]; /* around the number that counts */
    unsigned number;
    bool counts;
};

static struct line present, run; /* being made; the first of those that wait to be printed */
static unsigned run_last;
static int run_step; /* 1 or -1; 0: a single line as yet */

void add(const char *format, ...)
{
    char *to = present.counts ? present.after : present.before;
    size_t used = strlen(to);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(to + used, LINE_BYTES - used, format, arguments);
    va_end(arguments);
}

void add_number(unsigned number)
{
    if (present.counts) {
        add("#%u", number);
    } else {
        present.counts = true;
        present.number = number;
    }
}

void end_lines(void)
{
    if (!run.before[0]) return;
    if (!run.counts) {
        printf("%s\n", run.before);
    } else if (run_step) {
        printf("%s#%u..#%u%s\n", run.before, run.number, run_last, run.after);
    } else {
        printf("%s#%u%s\n", run.before, run.number, run.after);
    }
    run = (struct line){0};
}

static bool goes_on(void)
{
    if (!present.counts || !run.counts) return false;
    int step = (int)present.number - (int)run_last;
    if (step != 1 && step != -1) return false;
    if (run_step && step != run_step) return false;
    return strcmp(present.before, run.before) == 0 && strcmp(present.after, run.after) == 0;
}

void end_line(void)
{
    if (goes_on()) {
        run_step = (int)present.number - (int)run_last;
    } else {
        end_lines();
        run = present;
        run_step = 0;
    }
    run_last = present.number;
    present = (struct line){0};
}
