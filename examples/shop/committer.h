/* Commits orders in groups. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHOP_COMMITTER_H
#define SHOP_COMMITTER_H

#include "database.h"
#include "shop.h"

struct committer {
    struct shop *shop;
    pthread_t thread;
    struct database database;
    sqlite3_stmt *take_stock, *insert;
};

/* Opens the database and starts the thread, which ends when the queue `orders` is closed and empty.
 * False on failure; then nothing is left open. */
bool committer_start(struct committer *committer, struct shop *shop);
void committer_join(struct committer *committer);

#endif
