/* A client's connection and the request it is waiting for. SPDX-License-Identifier: Apache-2.0
 *
 * Rules: a connection has one owner at a time, the thread that took it from a queue last (the listener
 * between requests), and only the owner touches it. Queues pass it on:
 *
 *     listener ──arrived──► worker ──answered──► listener
 *                             │ ▲
 *                      orders ▼ │ arrived
 *                          committer
 *
 * The handle of the request's task travels in it. That is all that is needed for regions of three
 * threads to stand under one request.
 */
#ifndef SHOP_CONNECTION_H
#define SHOP_CONNECTION_H

#include "http.h"
#include "text.h"

#include <cairn/cairn.h>

struct order {
    uint64_t product, quantity;
    int64_t number; /* given by the database */
};

enum connection_stage {
    STAGE_RECEIVED, /* to be parsed */
    STAGE_COMMITTED /* an order with the committer's verdict in `status` */
};

struct connection {
    int fd; /* -1: the place is free */
    bool with_listener;
    enum connection_stage stage;
    int status; /* of the response */
    cairn_task task;
    uint64_t queued_ns; /* CLOCK_MONOTONIC: when it was put into its last queue */
    struct http_request request;
    struct order order;
    struct text page, packed; /* the response's body, plain and compressed */
    size_t request_bytes;     /* of `in`: the request being served */
    size_t in_bytes;
    char in[HTTP_REQUEST_BYTES_MAX];
};

/* CLOCK_MONOTONIC in nanoseconds, the clock of cairn_region_at. */
uint64_t connection_now_ns(void);

/* Sends a head and a body; waits for a slow client, but not for ever. False if the client is gone. */
bool connection_send(struct connection *connection, const char *head, size_t head_bytes,
                     const struct text *body);

#endif
