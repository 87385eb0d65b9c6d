/* Serves requests. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHOP_WORKER_H
#define SHOP_WORKER_H

#include "pages.h"
#include "shop.h"

struct worker {
    struct shop *shop;
    unsigned number;
    pthread_t thread;
    struct catalogue catalogue;
    union page_data data;
};

/* Opens the worker's database and starts its thread, which ends when the queue `arrived` is closed and
 * empty. False on failure; then nothing is left open. */
bool worker_start(struct worker *worker, struct shop *shop, unsigned number);
void worker_join(struct worker *worker);

#endif
