/* A client's connection. SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

uint64_t connection_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Both in one call: as two small packets, the second would wait for the client to confirm the first. The
 * socket has a send timeout, so this ends also if the client reads nothing. */
bool connection_send(struct connection *connection, const char *head, size_t head_bytes,
                     const struct text *body)
{
    struct iovec parts[] = {{(void *)head, head_bytes}, {body->bytes, body->count}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    while (parts[0].iov_len + parts[1].iov_len) {
        ssize_t sent = sendmsg(connection->fd, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        for (unsigned i = 0; i < 2; i++) {
            size_t used = (size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + used;
            parts[i].iov_len -= used;
            sent -= (ssize_t)used;
        }
    }
    return true;
}
