/* Commits orders in groups. SPDX-License-Identifier: Apache-2.0
 *
 * A commit waits for the disk, so all orders that have come in the meantime share the next one.
 *
 * How to annotate: a batch works for many requests, so it is nobody's subtask: it is a task of its own,
 * and each order is linked to it. What an order waited for is also told in the order's own story, by
 * regions with explicit times.
 */
#include "committer.h"

#include "reporter.h"

enum { BATCH_MAX = 32 };

/* Returns the order's status: 200, 409 if there are not enough, 500 if the database failed. */
static int write_order(struct committer *committer, struct connection *connection)
{
    struct order *order = &connection->order;
    sqlite3_bind_int64(committer->take_stock, 1, (sqlite3_int64)order->product);
    sqlite3_bind_int64(committer->take_stock, 2, (sqlite3_int64)order->quantity);
    if (!database_finish(committer->take_stock)) return 500;
    if (sqlite3_changes(committer->database.handle) == 0) return 409;
    sqlite3_bind_int64(committer->insert, 1, (sqlite3_int64)connection->request.customer);
    sqlite3_bind_int64(committer->insert, 2, (sqlite3_int64)order->product);
    sqlite3_bind_int64(committer->insert, 3, (sqlite3_int64)order->quantity);
    if (!database_finish(committer->insert)) return 500;
    order->number = sqlite3_last_insert_rowid(committer->database.handle);
    return 200;
}

/* Decides on every order of the batch. False if none could be written. */
static bool write_batch(struct committer *committer, cairn_task task, struct connection **batch,
                        unsigned count)
{
    struct database *database = &committer->database;
    if (!database_begin_write(database, task)) return false;
    bool written = true;
    cairn_region insert = cairn_region_begin(task, "insert");
    for (unsigned i = 0; i < count && written; i++) {
        batch[i]->status = write_order(committer, batch[i]);
        written = batch[i]->status != 500;
    }
    cairn_region_end(insert);
    if (written) return database_commit(database, task);
    database_roll_back(database);
    return false;
}

static bool commit_batch(struct committer *committer, cairn_task task, struct connection **batch,
                         unsigned count)
{
    uint64_t begin_ns = connection_now_ns();
    cairn_attr(task, "orders", count);
    for (unsigned i = 0; i < count; i++) {
        cairn_link(batch[i]->task, task);
        cairn_region_at(batch[i]->task, "wait for batch", batch[i]->queued_ns, begin_ns);
    }
    bool committed = write_batch(committer, task, batch, count);
    uint64_t end_ns = connection_now_ns();
    for (unsigned i = 0; i < count; i++) {
        cairn_region_at(batch[i]->task, "in batch", begin_ns, end_ns);
        if (!committed) batch[i]->status = 503;
        batch[i]->stage = STAGE_COMMITTED;
        request_queue_push(&committer->shop->arrived, batch[i]);
    }
    return committed;
}

static void *run(void *argument)
{
    struct committer *committer = argument;
    struct connection *batch[BATCH_MAX];
    unsigned count;
    cairn_thread_name("committer");
    while ((count = request_queue_take(&committer->shop->orders, batch, BATCH_MAX, true))) {
        cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "order batch");
        cairn_task former = cairn_attach(task);
        bool committed = commit_batch(committer, task, batch, count);
        cairn_attach(former);
        if (committed)
            cairn_task_end(task);
        else
            cairn_task_fail(task, "not committed");
        reporter_count_orders(committer->shop->reporter, task, count);
    }
    return NULL;
}

bool committer_start(struct committer *committer, struct shop *shop)
{
    struct database *database = &committer->database;
    committer->shop = shop;
    bool ready = database_open(database, shop->database_path);
    if (ready) {
        committer->take_stock =
            database_prepare(database, "UPDATE product SET stock = stock - ?2 WHERE id = ?1 AND stock >= ?2");
        committer->insert = database_prepare(
            database, "INSERT INTO orders SELECT NULL, ?1, id, ?3, cents * ?3 FROM product WHERE id = ?2");
        ready = committer->take_stock && committer->insert &&
                pthread_create(&committer->thread, NULL, run, committer) == 0;
    }
    if (!ready) database_close(database);
    return ready;
}

void committer_join(struct committer *committer)
{
    pthread_join(committer->thread, NULL);
    database_close(&committer->database);
}
