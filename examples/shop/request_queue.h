/* Hands connections from thread to thread. SPDX-License-Identifier: Apache-2.0
 *
 * A bounded ring. There are at most CONNECTIONS_MAX connections and each is in at most one queue, so a
 * push always finds room, never blocks, and no circle of queues can lock up.
 */
#ifndef SHOP_REQUEST_QUEUE_H
#define SHOP_REQUEST_QUEUE_H

#include "connection.h"

#include <pthread.h>

enum { CONNECTIONS_MAX = 64 };

struct request_queue {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t changed;
    const char *name;
    int wake_fd; /* an eventfd that a push makes readable, for a taker that polls; or -1 */
    bool closed;
    unsigned first, count;
    struct connection *ring[CONNECTIONS_MAX];
};

void request_queue_init(struct request_queue *queue, const char *name, int wake_fd);
void request_queue_destroy(struct request_queue *queue);

/* Gives the connection away: the caller must not touch it afterwards. */
void request_queue_push(struct request_queue *queue, struct connection *connection);

/* Takes up to `max` connections and returns their number. With `wait` it waits for the first one; it
 * then returns 0 only when the queue is closed and empty. */
unsigned request_queue_take(struct request_queue *queue, struct connection **taken, unsigned max, bool wait);

void request_queue_close(struct request_queue *queue);

#endif
