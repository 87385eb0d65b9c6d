/* Serves requests. SPDX-License-Identifier: Apache-2.0
 *
 * Algorithm, for each connection taken from the queue:
 *   1. say how long it has been waiting there;
 *   2. a new request: look the answer up and render it; an order goes to the committer instead and comes
 *      back with its verdict;
 *   3. compress, send, end the task, give the connection back to the listener.
 *
 * How to annotate: the task comes with the request; cairn_attach makes it the ambient task while this
 * thread works for it. Its end is the last thing done before the connection is given away: whoever owns
 * the connection owns the right to end its task.
 */
#include "worker.h"

#include <stdio.h>

enum { COMPRESS_FROM_BYTES = 200 };

/* Returns the body to send: the compressed one if the client takes it and it is worth while. */
static const struct text *compress(struct connection *connection)
{
    if (!connection->request.accepts_gzip || connection->page.count < COMPRESS_FROM_BYTES)
        return &connection->page;
    cairn_region region = cairn_region_begin(connection->task, "compress");
    bool packed = text_gzip(&connection->page, &connection->packed);
    cairn_attr(region, "bytes_in", connection->page.count);
    cairn_attr(region, "bytes_out", connection->packed.count);
    cairn_region_end(region);
    return packed ? &connection->packed : &connection->page;
}

static void respond(struct connection *connection)
{
    const struct text *body = compress(connection);
    struct http_request *request = &connection->request;
    char head[256];
    size_t head_bytes = http_head(head, sizeof head, connection->status, body->count,
                                  body == &connection->packed, request->keep_alive);
    CAIRN_REGION(connection->task, "send");
    cairn_attr(connection->task, "status", connection->status);
    cairn_attr(connection->task, "bytes", head_bytes + body->count);
    if (connection_send(connection, head, head_bytes, body)) return;
    cairn_log(connection->task, "http", "the client went away before it had its answer");
    request->keep_alive = false;
}

/* Returns false if the request waits for the committer and is to be answered later. */
static bool answer(struct worker *worker, struct connection *connection)
{
    text_clear(&connection->page);
    if (connection->stage == STAGE_RECEIVED) {
        if (connection->request.route != ROUTE_ORDER)
            pages_make(&worker->catalogue, connection, &worker->data);
        else if (pages_take_order(&worker->catalogue, connection))
            return false;
    }
    if (connection->page.failed) connection->status = 500;
    if (connection->status != 200 || connection->stage == STAGE_COMMITTED) pages_make_verdict(connection);
    respond(connection);
    return true;
}

/* A wrong question, answered, is a success of the shop; what the shop could not do is a failure. */
static void end_task(cairn_task task, int status)
{
    switch (status) {
    case 409: cairn_task_fail(task, "sold out"); break;
    case 500: cairn_task_fail(task, "internal error"); break;
    case 503: cairn_task_fail(task, "database locked for too long"); break;
    default: cairn_task_end(task); break;
    }
}

static void serve(struct worker *worker, struct connection *connection)
{
    /* The time in the queue is no thread's doing, so it is no pair of begin and end: a region is given
     * whole, after the event, by its two times. */
    cairn_region_at(connection->task, "queued", connection->queued_ns, connection_now_ns());
    cairn_task former = cairn_attach(connection->task);
    cairn_region handle = cairn_region_begin(connection->task, "handle");
    bool answered = answer(worker, connection);
    cairn_region_end(handle);
    cairn_attach(former);
    if (answered) end_task(connection->task, connection->status);
    request_queue_push(answered ? &worker->shop->answered : &worker->shop->orders, connection);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    char name[32];
    snprintf(name, sizeof name, "worker %u", worker->number);
    cairn_thread_name(name);
    struct connection *connection;
    while (request_queue_take(&worker->shop->arrived, &connection, 1, true)) serve(worker, connection);
    return NULL;
}

bool worker_start(struct worker *worker, struct shop *shop, unsigned number)
{
    worker->shop = shop;
    worker->number = number;
    if (catalogue_open(&worker->catalogue, shop->database_path) &&
        pthread_create(&worker->thread, NULL, run, worker) == 0)
        return true;
    catalogue_close(&worker->catalogue);
    return false;
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
    catalogue_close(&worker->catalogue);
}
