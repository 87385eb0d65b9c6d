/* See table.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/table.h"

#include "cli/cli.h"
#include "cli/print/show.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

enum { GAP = 2 };

void table_column(struct table *table, const char *name, enum table_align align, unsigned rank)
{
    assert(table->column_count < TABLE_COLUMNS_MAX);
    table->heads[table->column_count++] = (struct table_head){name, align, rank};
}

void table_raw(struct table *table, const char *text)
{
    /* Once a cell is missing, those that follow would stand under the wrong heads. */
    const char *copy = table->is_broken ? NULL : arena_text(&table->memory, text, strlen(text));
    if (copy && vector_push(&table->cells, copy)) return;
    table->is_broken = true;
    cli_note_lack();
}

void table_text(struct table *table, const char *text)
{
    char cut[TABLE_TEXT_COLUMNS_MAX * 8];
    table_raw(table, show_text_cut(cut, sizeof cut, text, TABLE_TEXT_COLUMNS_MAX));
}

void table_count(struct table *table, uint64_t count)
{
    char text[SHOW_BYTES];
    table_raw(table, count ? show_count(text, count) : "·");
}

void table_duration(struct table *table, uint64_t ns)
{
    char text[SHOW_BYTES];
    table_raw(table, show_duration(text, ns));
}

static size_t columns_of(const char *text)
{
    return show_text_columns(text, strlen(text));
}

static void measure(const struct table *table, size_t *widths)
{
    for (unsigned i = 0; i < table->column_count; i++) widths[i] = columns_of(table->heads[i].name);
    for (size_t i = 0; i < table->cells.count; i++) {
        size_t width = columns_of(table->cells.items[i]), *widest = &widths[i % table->column_count];
        if (width > *widest) *widest = width;
    }
}

static size_t total_width(const struct table *table, const size_t *widths, const bool *is_left_out)
{
    size_t sum = 0;
    for (unsigned i = 0; i < table->column_count; i++)
        if (!is_left_out[i]) sum += widths[i] + (sum ? GAP : 0);
    return sum;
}

/* Leaves out columns, the greatest rank first and the last of equals, until the rest fits. */
static unsigned leave_out(const struct table *table, FILE *out, const size_t *widths, bool *is_left_out)
{
    unsigned count = 0;
    if (!isatty(fileno(out))) return 0;
    while (total_width(table, widths, is_left_out) > cli_width()) {
        unsigned worst = 0, rank = 0;
        for (unsigned i = 0; i < table->column_count; i++) {
            if (is_left_out[i] || table->heads[i].rank < rank || table->heads[i].rank == 0) continue;
            rank = table->heads[i].rank;
            worst = i;
        }
        if (rank == 0) break;
        is_left_out[worst] = true;
        count++;
    }
    return count;
}

/* Spaces at the end align a text with those that have a mark there. */
static int bytes_without_end(const char *text)
{
    size_t bytes = strlen(text);
    while (bytes > 0 && text[bytes - 1] == ' ') bytes--;
    return (int)bytes;
}

static void print_cell(FILE *out, const char *text, size_t width, enum table_align align, bool is_last)
{
    size_t padding = width - columns_of(text);
    if (align == TABLE_RIGHT) fprintf(out, "%*s", (int)padding, "");
    fprintf(out, "%.*s", is_last ? bytes_without_end(text) : (int)strlen(text), text);
    if (align == TABLE_LEFT && !is_last) fprintf(out, "%*s", (int)padding, "");
}

static unsigned last_shown(const struct table *table, const bool *is_left_out)
{
    unsigned last = table->column_count - 1;
    while (last > 0 && is_left_out[last]) last--;
    return last;
}

static void print_line(const struct table *table, FILE *out, const char *const *cells, const size_t *widths,
                       const bool *is_left_out)
{
    unsigned last = last_shown(table, is_left_out);
    bool is_first = true;
    for (unsigned i = 0; i < table->column_count; i++) {
        if (is_left_out[i]) continue;
        if (!is_first) fprintf(out, "%*s", GAP, "");
        print_cell(out, cells[i], widths[i], table->heads[i].align, i == last);
        is_first = false;
    }
}

static void print_head(const struct table *table, FILE *out, const size_t *widths, const bool *is_left_out)
{
    const char *names[TABLE_COLUMNS_MAX];
    for (unsigned i = 0; i < table->column_count; i++) names[i] = table->heads[i].name;
    fputs(show_bold(), out);
    print_line(table, out, names, widths, is_left_out);
    fprintf(out, "%s\n", show_plain());
}

static void print_left_out(const struct table *table, FILE *out, const bool *is_left_out)
{
    fprintf(out, "%s(no room for:", show_dim());
    const char *separator = " ";
    for (unsigned i = 0; i < table->column_count; i++) {
        if (!is_left_out[i]) continue;
        fprintf(out, "%s%.*s", separator, bytes_without_end(table->heads[i].name), table->heads[i].name);
        separator = ", ";
    }
    fprintf(out, "; widen the terminal or use --csv)%s\n", show_plain());
}

void table_print(struct table *table, FILE *out)
{
    size_t widths[TABLE_COLUMNS_MAX];
    bool is_left_out[TABLE_COLUMNS_MAX] = {false};
    measure(table, widths);
    unsigned left_out = leave_out(table, out, widths, is_left_out);
    print_head(table, out, widths, is_left_out);
    for (size_t i = 0; i + table->column_count <= table->cells.count; i += table->column_count) {
        print_line(table, out, &table->cells.items[i], widths, is_left_out);
        fputc('\n', out);
    }
    if (left_out) print_left_out(table, out, is_left_out);
}

void table_free(struct table *table)
{
    vector_free(&table->cells);
    arena_free(&table->memory);
}
