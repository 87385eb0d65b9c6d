/* See sqlerror.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/sqlerror.h"

#include "cli/show.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { NAME_BYTES = 64, LINE_SHOWN = 100, NEAR_MAX = 3 };

/* ---- Near names ---------------------------------------------------------------------------------------------- */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned both = a < b ? a : b;
    return both < c ? both : c;
}

/* Edits (insert, remove, replace) from one name to the other, in any case. Names are shorter than NAME_BYTES. */
static unsigned distance(const char *one, const char *other)
{
    unsigned row[NAME_BYTES + 1];
    size_t columns = strlen(other);
    for (size_t j = 0; j <= columns; j++) row[j] = (unsigned)j;
    for (size_t i = 0; one[i]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < columns; j++) {
            bool same = tolower((unsigned char)one[i]) == tolower((unsigned char)other[j]);
            unsigned above = row[j + 1];
            row[j + 1] = least(above + 1, row[j] + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[columns];
}

struct nearest {
    const char *wanted, *name, *table; /* table: whose column it is */
    unsigned score;
};

/* A name that begins with what was wanted is near, however long it is: latency, latency_ns. */
static void consider(struct nearest *nearest, const char *name, const char *table)
{
    size_t length = strlen(nearest->wanted);
    if (strlen(name) >= NAME_BYTES) return;
    bool begins = length >= 3 && strncasecmp(name, nearest->wanted, length) == 0;
    unsigned score = begins ? 1 : distance(nearest->wanted, name);
    if (score > NEAR_MAX || score >= strlen(name) || score >= nearest->score) return;
    nearest->score = score;
    nearest->name = name;
    nearest->table = table;
}

static void consider_tables(struct nearest *nearest)
{
    for (unsigned i = 0; i < sql_table_count; i++) consider(nearest, sql_tables[i].name, NULL);
}

/* Columns of tables that the statement names. */
static void consider_columns(struct nearest *nearest, const char *text)
{
    for (unsigned i = 0; i < sql_table_count; i++)
        for (unsigned j = 0; strcasestr(text, sql_tables[i].name) && j < sql_tables[i].column_count; j++)
            consider(nearest, sql_tables[i].columns[j].name, sql_tables[i].name);
}

static void consider_functions(struct nearest *nearest)
{
    for (unsigned i = 0; sql_functions[i].name; i++) consider(nearest, sql_functions[i].name, NULL);
    for (unsigned i = 0; i < sql_table_count; i++)
        if (sql_table_is_function(&sql_tables[i])) consider(nearest, sql_tables[i].name, NULL);
}

/* The unknown name in SQLite's message, without what stands before a dot. */
static bool unknown_name(const char *message, const char *kind, char name[NAME_BYTES])
{
    const char *at = strstr(message, kind);
    if (!at || strlen(at + strlen(kind)) >= NAME_BYTES) return false;
    at += strlen(kind);
    const char *dot = strrchr(at, '.');
    strcpy(name, dot ? dot + 1 : at);
    return *name;
}

static void tell_nearest(const char *message, const char *text)
{
    char name[NAME_BYTES];
    struct nearest nearest = {.wanted = name, .score = UINT32_MAX};
    if (unknown_name(message, "no such column: ", name))
        consider_columns(&nearest, text);
    else if (unknown_name(message, "no such table: ", name))
        consider_tables(&nearest);
    else if (unknown_name(message, "no such function: ", name))
        consider_functions(&nearest);
    if (nearest.name && nearest.table)
        fprintf(stderr, "Did you mean %s.%s?\n", nearest.table, nearest.name);
    else if (nearest.name)
        fprintf(stderr, "Did you mean %s?\n", nearest.name);
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

void sqlerror_tell(struct sql_session *session, const char *text, int offset)
{
    const char *message = sqlite3_errmsg(sql_database(session));
    fprintf(stderr, "cairn sql: ");
    if (strcmp(message, "not authorized") == 0 || strcmp(message, "authorization denied") == 0)
        message = "only SELECT is allowed: traces are read, never changed";
    show_lines(message);
    if (offset >= 0) show_place(text, (size_t)offset);
    tell_nearest(message, text);
}
