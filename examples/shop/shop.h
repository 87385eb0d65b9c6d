/* What the shop's threads share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHOP_SHOP_H
#define SHOP_SHOP_H

#include "request_queue.h"

struct reporter;

/* Rules: all but the queues, which have locks, is set before the threads start and then only read. */
struct shop {
    const char *database_path;
    struct request_queue arrived;  /* to the workers: new requests, and orders that were decided on */
    struct request_queue orders;   /* to the committer */
    struct request_queue answered; /* back to the listener */
    struct reporter *reporter;
};

#endif
