/* What the shop's visitors can ask the database. SPDX-License-Identifier: Apache-2.0
 *
 * How to annotate: CAIRN_REGION at the top of a function covers it to its end, whichever way it returns.
 */
#include "catalogue.h"

#include <stdio.h>

static void copy_text(char *text, size_t text_bytes, sqlite3_stmt *row, int column)
{
    const unsigned char *value = sqlite3_column_text(row, column);
    snprintf(text, text_bytes, "%s", value ? (const char *)value : "");
}

bool catalogue_open(struct catalogue *catalogue, const char *path)
{
    struct database *database = &catalogue->database;
    *catalogue = (struct catalogue){0};
    if (!database_open(database, path)) return false;
    catalogue->product = database_prepare(
        database, "SELECT name, description, category, cents, stock FROM product WHERE id = ?");
    catalogue->related =
        database_prepare(database, "SELECT product FROM orders WHERE product <> ?1 AND customer IN"
                                   " (SELECT customer FROM orders WHERE product = ?1)"
                                   " GROUP BY product ORDER BY count(*) DESC, product LIMIT ?2");
    catalogue->exists = database_prepare(database, "SELECT 1 FROM product WHERE id = ?");
    catalogue->search = database_prepare(
        database, "SELECT id, name, cents, count(*) OVER () FROM product"
                  " WHERE description LIKE '%' || ?1 || '%' ORDER BY popularity DESC, id LIMIT ?2");
    catalogue->report = database_prepare(database, "SELECT section, name, orders, cents FROM report LIMIT ?");
    return catalogue->product && catalogue->related && catalogue->exists && catalogue->search &&
           catalogue->report;
}

void catalogue_close(struct catalogue *catalogue)
{
    database_close(&catalogue->database);
}

static int read_related(struct catalogue *catalogue, struct product *product)
{
    sqlite3_stmt *row = catalogue->related;
    int result;
    product->related_count = 0;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)product->id);
    sqlite3_bind_int(row, 2, RELATED_MAX);
    while ((result = sqlite3_step(row)) == SQLITE_ROW && product->related_count < RELATED_MAX)
        product->related[product->related_count++] = (uint64_t)sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    return result == SQLITE_DONE ? 200 : 500;
}

int catalogue_product(struct catalogue *catalogue, cairn_task task, uint64_t id, struct product *product)
{
    CAIRN_REGION(task, "query");
    sqlite3_stmt *row = catalogue->product;
    product->id = id;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)id);
    int result = sqlite3_step(row);
    if (result == SQLITE_ROW) {
        copy_text(product->name, sizeof product->name, row, 0);
        copy_text(product->description, sizeof product->description, row, 1);
        product->category = sqlite3_column_int(row, 2);
        product->cents = sqlite3_column_int(row, 3);
        product->stock = sqlite3_column_int(row, 4);
    }
    sqlite3_reset(row);
    if (result == SQLITE_ROW) return read_related(catalogue, product);
    return result == SQLITE_DONE ? 404 : 500;
}

int catalogue_exists(struct catalogue *catalogue, cairn_task task, uint64_t id)
{
    CAIRN_REGION(task, "query");
    sqlite3_bind_int64(catalogue->exists, 1, (sqlite3_int64)id);
    int result = sqlite3_step(catalogue->exists);
    sqlite3_reset(catalogue->exists);
    return result == SQLITE_ROW ? 200 : result == SQLITE_DONE ? 404 : 500;
}

int catalogue_search(struct catalogue *catalogue, cairn_task task, const char *text,
                     struct search_result *result)
{
    CAIRN_REGION(task, "query");
    sqlite3_stmt *row = catalogue->search;
    int step;
    result->count = result->total = 0;
    sqlite3_bind_text(row, 1, text, -1, SQLITE_STATIC);
    sqlite3_bind_int(row, 2, HITS_MAX);
    while ((step = sqlite3_step(row)) == SQLITE_ROW && result->count < HITS_MAX) {
        struct search_hit *hit = &result->hits[result->count++];
        hit->id = (uint64_t)sqlite3_column_int64(row, 0);
        copy_text(hit->name, sizeof hit->name, row, 1);
        hit->cents = sqlite3_column_int(row, 2);
        result->total = (unsigned)sqlite3_column_int(row, 3);
    }
    sqlite3_reset(row);
    sqlite3_clear_bindings(row);
    if (step != SQLITE_DONE) return 500;
    cairn_logf(task, "search", "\"%s\" is in %u of %d descriptions", text, result->total, PRODUCT_COUNT);
    return 200;
}

int catalogue_report(struct catalogue *catalogue, cairn_task task, struct report *report)
{
    CAIRN_REGION(task, "query");
    sqlite3_stmt *row = catalogue->report;
    int step;
    report->count = 0;
    sqlite3_bind_int(row, 1, REPORT_ROWS_MAX);
    while ((step = sqlite3_step(row)) == SQLITE_ROW && report->count < REPORT_ROWS_MAX) {
        struct report_row *to = &report->rows[report->count++];
        copy_text(to->section, sizeof to->section, row, 0);
        copy_text(to->name, sizeof to->name, row, 1);
        to->orders = sqlite3_column_int(row, 2);
        to->cents = sqlite3_column_int64(row, 3);
    }
    sqlite3_reset(row);
    return step == SQLITE_DONE ? 200 : 500;
}
