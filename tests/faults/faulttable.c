/* See faulttable.h. SPDX-License-Identifier: Apache-2.0 */
#include "faulttable.h"

#include "../record/testing.h"

#include <cairn/cairn.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

int fault_errno(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } known[] = {{"SHORT", 0},       {"EPERM", EPERM},   {"ENOENT", ENOENT}, {"EINTR", EINTR},
                 {"EIO", EIO},       {"EAGAIN", EAGAIN}, {"ENOMEM", ENOMEM}, {"EACCES", EACCES},
                 {"EFAULT", EFAULT}, {"EEXIST", EEXIST}, {"EINVAL", EINVAL}, {"EMFILE", EMFILE},
                 {"EFBIG", EFBIG},   {"ENOSPC", ENOSPC}, {"EROFS", EROFS},   {"ENOLCK", ENOLCK},
                 {"ENOSYS", ENOSYS}, {"EDQUOT", EDQUOT}, {"ESRCH", ESRCH},   {"EXDEV", EXDEV},
                 {"ENFILE", ENFILE}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) return known[i].code;
    }
    return -1;
}

const char *fault_result_name(int control_result)
{
    static const char *const names[] = {
        [0] = "0",
        [CAIRN_EINVAL] = "CAIRN_EINVAL",
        [CAIRN_EBUSY] = "CAIRN_EBUSY",
        [CAIRN_ENOMEM] = "CAIRN_ENOMEM",
        [CAIRN_EIO] = "CAIRN_EIO",
        [CAIRN_ENOSPC] = "CAIRN_ENOSPC",
        [CAIRN_EEXIST] = "CAIRN_EEXIST",
        [CAIRN_EACCES] = "CAIRN_EACCES",
        [CAIRN_ENOTSUP] = "CAIRN_ENOTSUP",
        [CAIRN_EOFF] = "CAIRN_EOFF",
    };
    size_t index = (size_t)-control_result;
    return index < sizeof names / sizeof names[0] ? names[index] : "?";
}

/* "window" and "alone" both stand for "window-alone", too. */
static bool is_scenario(const char *scenario, const char *name)
{
    return strstr(name, scenario) != NULL;
}

static bool parse_row(struct fault_row *row, const char *line)
{
    char point[96], why[8];
    *row = (struct fault_row){0};
    if (sscanf(line, "%95s %15s %159s %159s %7s", point, row->error, row->outcome[0], row->outcome[1], why) !=
        5)
        return false;
    char *at = strchr(point, '@');
    snprintf(row->scenario, sizeof row->scenario, "%s", at ? at + 1 : "");
    if (at) *at = 0;
    row->may_be_missing = point[0] == '?';
    snprintf(row->point, sizeof row->point, "%.63s", point + row->may_be_missing);
    return fault_errno(row->error) >= 0;
}

bool fault_table_read(struct fault_table *table, const char *path)
{
    char line[512];
    FILE *file = fopen(path, "r");
    CHECK(file);
    table->count = 0;
    while (file && fgets(line, sizeof line, file)) {
        if (line[0] == '#' || line[0] == '\n') continue;
        if (table->count == FAULT_ROWS_MAX || !parse_row(&table->rows[table->count++], line)) {
            testing_fail(__FILE__, __LINE__, "%s: no row: %s", path, line);
            fclose(file);
            return false;
        }
    }
    if (file) fclose(file);
    return file != NULL;
}

bool fault_table_applies(const struct fault_table *table, const struct fault_row *row, const char *scenario)
{
    if (row->scenario[0]) return is_scenario(row->scenario, scenario);
    for (size_t i = 0; i < table->count; i++) {
        const struct fault_row *other = &table->rows[i];
        if (strcmp(other->point, row->point) == 0 && strcmp(other->error, row->error) == 0 &&
            other->scenario[0] && is_scenario(other->scenario, scenario))
            return false;
    }
    return true;
}

bool fault_row_covers(const struct fault_row *row, const char *point)
{
    size_t length = strlen(row->point);
    return strncmp(row->point, point, length) == 0 && (!point[length] || point[length] == '/');
}

bool fault_is_expected(const char *expected, const char *outcome)
{
    size_t length = strlen(outcome);
    for (const char *at = expected; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, outcome, length) == 0 && (!at[length] || at[length] == '|')) return true;
    }
    return false;
}
