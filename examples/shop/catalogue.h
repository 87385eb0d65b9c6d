/* What the shop's visitors can ask the database. SPDX-License-Identifier: Apache-2.0
 *
 * Each worker has a catalogue of its own. Results are copied out of SQLite, so that asking (region
 * "query") and answering (region "render") can be told apart.
 */
#ifndef SHOP_CATALOGUE_H
#define SHOP_CATALOGUE_H

#include "database.h"

enum { HITS_MAX = 20, RELATED_MAX = 5, REPORT_ROWS_MAX = 200 };

struct product {
    uint64_t id;
    char name[64], description[640];
    int category, cents, stock;
    unsigned related_count;
    uint64_t related[RELATED_MAX]; /* what its buyers bought as well */
};

struct search_hit {
    uint64_t id;
    char name[64];
    int cents;
};

struct search_result {
    unsigned count, total; /* listed here, and in all */
    struct search_hit hits[HITS_MAX];
};

struct report_row {
    char section[32], name[64];
    int orders;
    int64_t cents;
};

struct report {
    unsigned count;
    struct report_row rows[REPORT_ROWS_MAX];
};

struct catalogue {
    struct database database;
    sqlite3_stmt *product, *related, *exists, *search, *report;
};

/* False, with a message on stderr, on failure. Close it in either case. */
bool catalogue_open(struct catalogue *catalogue, const char *path);
void catalogue_close(struct catalogue *catalogue);

/* Each asks in a region "query" of `task` and returns a status for the response: 200, 404 or 500. */
int catalogue_product(struct catalogue *catalogue, cairn_task task, uint64_t id, struct product *product);
int catalogue_exists(struct catalogue *catalogue, cairn_task task, uint64_t id);
int catalogue_search(struct catalogue *catalogue, cairn_task task, const char *text,
                     struct search_result *result);
int catalogue_report(struct catalogue *catalogue, cairn_task task, struct report *report);

#endif
