/* See sqlerror.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/sql/sqlerror.h"

#include "base/base.h"
#include "cli/print/show.h"

#include <string.h>

enum { NAME_BYTES = 64, LINE_SHOWN = 100 };

/* ---- Near names ---------------------------------------------------------------------------------------------- */

struct guess {
    char unknown[NAME_BYTES];
    struct nearest nearest; /* to that */
    const char *table;      /* whose column it is, or NULL */
};

static void consider(struct guess *guess, const char *name, const char *table)
{
    if (nearest_consider(&guess->nearest, name)) guess->table = table;
}

static void consider_tables(struct guess *guess)
{
    for (unsigned i = 0; i < sql_table_count; i++) consider(guess, sql_tables[i].name, NULL);
}

/* Columns of tables that the statement names. */
static void consider_columns(struct guess *guess, const char *text)
{
    for (unsigned i = 0; i < sql_table_count; i++)
        for (unsigned j = 0; strcasestr(text, sql_tables[i].name) && j < sql_tables[i].column_count; j++)
            consider(guess, sql_tables[i].columns[j].name, sql_tables[i].name);
}

static void consider_functions(struct guess *guess)
{
    for (unsigned i = 0; sql_functions[i].name; i++) consider(guess, sql_functions[i].name, NULL);
    for (unsigned i = 0; i < sql_table_count; i++)
        if (sql_table_is_function(&sql_tables[i])) consider(guess, sql_tables[i].name, NULL);
}

/* Takes the unknown name from SQLite's message, without what stands before a dot. */
static bool takes_unknown(struct guess *guess, const char *message, const char *kind)
{
    const char *at = strstr(message, kind);
    if (!at || strlen(at + strlen(kind)) >= NAME_BYTES) return false;
    at += strlen(kind);
    const char *dot = strrchr(at, '.');
    strcpy(guess->unknown, dot ? dot + 1 : at);
    guess->nearest = nearest_to(guess->unknown);
    return *guess->unknown;
}

static void tell_nearest(const char *message, const char *text)
{
    struct guess guess = {0};
    if (takes_unknown(&guess, message, "no such column: "))
        consider_columns(&guess, text);
    else if (takes_unknown(&guess, message, "no such table: "))
        consider_tables(&guess);
    else if (takes_unknown(&guess, message, "no such function: "))
        consider_functions(&guess);
    if (guess.nearest.name && guess.table)
        fprintf(stderr, "Did you mean %s.%s?\n", guess.table, guess.nearest.name);
    else if (guess.nearest.name)
        fprintf(stderr, "Did you mean %s?\n", guess.nearest.name);
    else if (strstr(message, "no such "))
        fprintf(stderr, "`cairn sql --reference` lists all tables, columns and functions.\n");
}

/* ---- The place ------------------------------------------------------------------------------------------------ */

/* The line of the offset, cut to what matters of a long one, and a mark below. */
static void show_place(const char *text, size_t offset)
{
    size_t begin = offset, end = offset;
    if (offset > strlen(text)) return;
    while (begin > 0 && text[begin - 1] != '\n' && offset - begin < LINE_SHOWN) begin--;
    while ((text[begin] & 0xc0) == 0x80) begin++; /* not amid a character */
    while (text[end] && text[end] != '\n' && end - offset < LINE_SHOWN) end++;
    fprintf(stderr, "  ");
    show_text(stderr, text + begin, end - begin);
    fprintf(stderr, "\n  %*s^\n", (int)show_text_columns(text + begin, offset - begin), "");
}

/* An expression that is wrong has its own lines, with a mark. */
static void show_lines(const char *text)
{
    for (size_t bytes; *text; text += bytes + (text[bytes] == '\n')) {
        bytes = strcspn(text, "\n");
        show_text(stderr, text, bytes);
        fputc('\n', stderr);
    }
}

void sqlerror_tell(struct sql_problem problem, const char *text, const char *begin)
{
    fprintf(stderr, "cairn sql: ");
    show_lines(problem.is_refused ? "only SELECT is allowed: traces are read, never changed"
                                  : problem.message);
    if (problem.offset >= 0) show_place(text, (size_t)(begin - text) + (size_t)problem.offset);
    tell_nearest(problem.message, text);
}
