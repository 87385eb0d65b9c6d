/* Accepts connections and reads requests. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHOP_LISTENER_H
#define SHOP_LISTENER_H

#include "shop.h"

struct listener {
    struct shop *shop;
    int epoll_fd, listen_fd, stop_fd, timer_fd, answered_fd;
    unsigned open, in_flight; /* connections; those that are with other threads */
    bool stopping;
    struct connection connections[CONNECTIONS_MAX];
};

/* Listens on 127.0.0.1; port 0: any that is free. SIGTERM and SIGINT, which must be blocked in all threads,
 * and the end of `seconds` (0: never) stop it. Returns the port, or 0 with a message on stderr. */
unsigned listener_open(struct listener *listener, struct shop *shop, unsigned port, unsigned seconds);

/* Serves until it is stopped and every request that has come is answered. 0, or -1 with a message. */
int listener_run(struct listener *listener);

void listener_close(struct listener *listener);

#endif
