/* Rebuilds the sales report in the background. SPDX-License-Identifier: Apache-2.0
 *
 * All in one transaction, so that visitors never see half a report. Meanwhile nobody else can write:
 * orders wait. That is the fault in this shop that its trace brings to light.
 *
 * How to annotate: a job that no request asked for is a root task. Its steps are subtasks, because each
 * has a size and a latency worth a row of its own, and the batch that set it off is linked to it.
 */
#include "reporter.h"

static const struct {
    const char *name, *sql;
} sections[] = {
    {"popularity",
     "UPDATE product SET popularity = (SELECT count(*) FROM orders WHERE product = product.id)"},
    {"best sellers",
     "DELETE FROM report WHERE section = 'product';"
     "INSERT INTO report SELECT 'product', name, count(*), sum(orders.cents) FROM orders"
     " JOIN product ON product.id = orders.product GROUP BY product.id ORDER BY 4 DESC LIMIT 50"},
    {"best customers", "DELETE FROM report WHERE section = 'customer';"
                       "INSERT INTO report SELECT 'customer', 'customer ' || customer, count(*), sum(cents)"
                       " FROM orders GROUP BY customer ORDER BY 4 DESC LIMIT 50"},
    {"categories",
     "DELETE FROM report WHERE section = 'category';"
     "INSERT INTO report SELECT 'category', 'category ' || category, count(*), sum(orders.cents) FROM orders"
     " JOIN product ON product.id = orders.product GROUP BY category ORDER BY 4 DESC"},
};
enum { SECTION_COUNT = sizeof sections / sizeof *sections };

static bool write_section(struct database *database, cairn_task report, unsigned number)
{
    cairn_task task = cairn_task_begin(report, "report section");
    cairn_task former = cairn_attach(task);
    cairn_attr(task, "section", sections[number].name);
    bool written = database_run(database, sections[number].sql);
    cairn_attr(task, "rows", sqlite3_changes(database->handle));
    cairn_attach(former);
    if (written)
        cairn_task_end(task);
    else
        cairn_task_fail(task, "statement failed");
    return written;
}

/* Moves what was written from the log into the database and empties the log. */
static void checkpoint(struct database *database, cairn_task report)
{
    int pages = 0;
    cairn_task task = cairn_task_begin(report, "checkpoint");
    cairn_task former = cairn_attach(task);
    cairn_region move = cairn_region_begin(task, "move pages");
    int result = sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_RESTART, &pages, NULL);
    cairn_region_end(move);
    cairn_attr(task, "pages", pages);
    cairn_attach(former);
    if (result == SQLITE_OK)
        cairn_task_end(task);
    else
        cairn_task_fail_dyn(task, sqlite3_errstr(result));
}

static bool write_report(struct database *database, cairn_task task)
{
    CAIRN_REGION(task, "rewrite report");
    if (!database_begin_write(database, task)) return false;
    for (unsigned i = 0; i < SECTION_COUNT; i++) {
        if (write_section(database, task, i)) continue;
        database_roll_back(database);
        return false;
    }
    return database_commit(database, task);
}

static void rebuild(struct database *database, cairn_task cause, unsigned orders)
{
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "report");
    cairn_task former = cairn_attach(task);
    cairn_link(cause, task);
    cairn_attr(task, "new orders", orders);
    bool written = write_report(database, task);
    if (written) checkpoint(database, task);
    cairn_attach(former);
    if (written)
        cairn_task_end(task);
    else
        cairn_task_fail(task, "not written");
}

static void *run(void *argument)
{
    struct reporter *reporter = argument;
    cairn_thread_name("reporter");
    pthread_mutex_lock(&reporter->lock);
    while (!reporter->stopping) {
        if (reporter->orders < reporter->orders_per_report) {
            pthread_cond_wait(&reporter->changed, &reporter->lock);
            continue;
        }
        unsigned orders = reporter->orders;
        cairn_task cause = reporter->cause;
        reporter->orders = 0;
        pthread_mutex_unlock(&reporter->lock);
        rebuild(&reporter->database, cause, orders);
        pthread_mutex_lock(&reporter->lock);
    }
    pthread_mutex_unlock(&reporter->lock);
    return NULL;
}

bool reporter_start(struct reporter *reporter, const char *database_path, unsigned orders_per_report)
{
    *reporter = (struct reporter){.orders_per_report = orders_per_report};
    pthread_mutex_init(&reporter->lock, NULL);
    pthread_cond_init(&reporter->changed, NULL);
    if (database_open(&reporter->database, database_path) &&
        pthread_create(&reporter->thread, NULL, run, reporter) == 0)
        return true;
    database_close(&reporter->database);
    return false;
}

void reporter_stop(struct reporter *reporter)
{
    pthread_mutex_lock(&reporter->lock);
    reporter->stopping = true;
    pthread_cond_signal(&reporter->changed);
    pthread_mutex_unlock(&reporter->lock);
    pthread_join(reporter->thread, NULL);
    database_close(&reporter->database);
}

void reporter_count_orders(struct reporter *reporter, cairn_task cause, unsigned count)
{
    pthread_mutex_lock(&reporter->lock);
    reporter->orders += count;
    reporter->cause = cause;
    if (reporter->orders >= reporter->orders_per_report) pthread_cond_signal(&reporter->changed);
    pthread_mutex_unlock(&reporter->lock);
}
