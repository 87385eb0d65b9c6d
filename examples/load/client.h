/* One client of the shop: asks, waits, checks the answer. SPDX-License-Identifier: Apache-2.0 */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANSWER_BYTES_MAX = 1 << 20, HEAD_BYTES_MAX = 4096 };

struct client {
    int fd;                        /* -1: not connected */
    const char *problem;           /* why the last call failed */
    int status;                    /* of the last answer */
    uint64_t wire_bytes;           /* received so far */
    uint64_t sent_ns, received_ns; /* CLOCK_MONOTONIC: before the last request, after its whole answer */
    size_t body_bytes;
    char *body; /* plain, terminated; ANSWER_BYTES_MAX + 1 */
    char *wire; /* as received; HEAD_BYTES_MAX + ANSWER_BYTES_MAX */
};

bool client_create(struct client *client);
void client_destroy(struct client *client);

bool client_connect(struct client *client, unsigned port);

/* Sends a whole request and receives and unpacks its answer. */
bool client_ask(struct client *client, const char *request, size_t request_bytes);

/* Waits until the server has closed the connection, which it does once it has finished with the request
 * that said "Connection: close". False if more bytes come instead. */
bool client_await_close(struct client *client);

uint64_t client_now_ns(void);

#endif
