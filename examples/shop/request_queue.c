/* Hands connections from thread to thread. SPDX-License-Identifier: Apache-2.0 */
#include "request_queue.h"

#include <assert.h>
#include <sys/eventfd.h>

void request_queue_init(struct request_queue *queue, const char *name, int wake_fd)
{
    *queue = (struct request_queue){.name = name, .wake_fd = wake_fd};
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
}

void request_queue_destroy(struct request_queue *queue)
{
    pthread_cond_destroy(&queue->changed);
    pthread_mutex_destroy(&queue->lock);
}

/* One function for three queues, so the counter's name is only known at run time: the _dyn form. Under
 * the lock, so that values are recorded in their order; an annotation never blocks. */
static void count_changed(struct request_queue *queue)
{
    cairn_counter_dyn(queue->name, queue->count);
}

void request_queue_push(struct request_queue *queue, struct connection *connection)
{
    connection->queued_ns = connection_now_ns();
    pthread_mutex_lock(&queue->lock);
    assert(queue->count < CONNECTIONS_MAX);
    queue->ring[(queue->first + queue->count++) % CONNECTIONS_MAX] = connection;
    count_changed(queue);
    pthread_cond_signal(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    /* Can only fail by overflow, and then the taker is awake anyway. */
    if (queue->wake_fd >= 0) (void)eventfd_write(queue->wake_fd, 1);
}

unsigned request_queue_take(struct request_queue *queue, struct connection **taken, unsigned max, bool wait)
{
    unsigned count = 0;
    pthread_mutex_lock(&queue->lock);
    while (wait && queue->count == 0 && !queue->closed) pthread_cond_wait(&queue->changed, &queue->lock);
    for (; count < max && queue->count; count++, queue->count--) {
        taken[count] = queue->ring[queue->first];
        queue->first = (queue->first + 1) % CONNECTIONS_MAX;
    }
    if (count) count_changed(queue);
    pthread_mutex_unlock(&queue->lock);
    return count;
}

void request_queue_close(struct request_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}
