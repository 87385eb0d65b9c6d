/* Rebuilds the sales report in the background. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHOP_REPORTER_H
#define SHOP_REPORTER_H

#include "database.h"

#include <pthread.h>

struct reporter {
    pthread_t thread;
    struct database database; /* the thread's */
    unsigned orders_per_report;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    unsigned orders;  /* since the last report */
    cairn_task cause; /* the batch that brought the last of them */
    bool stopping;
};

/* Opens the database and starts the thread. False on failure; then nothing is left open. */
bool reporter_start(struct reporter *reporter, const char *database_path, unsigned orders_per_report);

/* Ends the thread after the report it is at. */
void reporter_stop(struct reporter *reporter);

/* Tells of `count` new orders, decided on by task `cause`. When enough have come, the report is stale. */
void reporter_count_orders(struct reporter *reporter, cairn_task cause, unsigned count);

#endif
