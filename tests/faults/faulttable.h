/* What is expected of each fault: the file `expected`, read. SPDX-License-Identifier: Apache-2.0
 *
 * A row: POINT[@SCENARIO] ERRNO ONCE ONWARDS WHY. It says what comes of it when that call fails once, and when it and
 * all behind it fail; "-": not tried. Two outcomes with "|" between: it depends on which call. A row that names a
 * scenario goes before one that does not. A point without its last parts stands for all that begin so;
 * one behind "?" need not be met. */
#ifndef CAIRN_TESTS_FAULTTABLE_H
#define CAIRN_TESTS_FAULTTABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { FAULT_ROWS_MAX = 400 };

struct fault_row {
    char point[64], scenario[24], error[16];
    char outcome[2][160]; /* once, onwards */
    bool may_be_missing;
    bool met; /* Rules: of who uses the table */
};

struct fault_table {
    struct fault_row rows[FAULT_ROWS_MAX];
    size_t count;
};

/* False, with a failed check, if it cannot be read or has a line that is no row. */
bool fault_table_read(struct fault_table *table, const char *path);
/* Whether a row is for a scenario, and no other goes before it. */
bool fault_table_applies(const struct fault_table *table, const struct fault_row *row, const char *scenario);
/* Whether `point` is the row's, or one of them. */
bool fault_row_covers(const struct fault_row *row, const char *point);
/* Whether an outcome is one of those that are expected. */
bool fault_is_expected(const char *expected, const char *outcome);
int fault_errno(const char *name);                 /* "EIO"; -1 if it is no name; 0 for "SHORT" */
const char *fault_result_name(int control_result); /* "CAIRN_EIO" for -CAIRN_EIO */

#endif
