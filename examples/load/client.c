/* One client of the shop. SPDX-License-Identifier: Apache-2.0
 *
 * The answer is checked as strictly as the shop could go wrong: framing, length, gzip's checksum.
 */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

enum { TIMEOUT_SECONDS = 20 };

static bool fail(struct client *client, const char *problem)
{
    client->problem = problem;
    return false;
}

uint64_t client_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool client_create(struct client *client)
{
    *client = (struct client){.fd = -1};
    client->body = malloc(ANSWER_BYTES_MAX + 1);
    client->wire = malloc(HEAD_BYTES_MAX + ANSWER_BYTES_MAX);
    return client->body && client->wire;
}

void client_destroy(struct client *client)
{
    if (client->fd >= 0) close(client->fd);
    free(client->body);
    free(client->wire);
}

bool client_connect(struct client *client, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->fd < 0 || setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) ||
        setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) ||
        setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) ||
        connect(client->fd, (struct sockaddr *)&address, sizeof address))
        return fail(client, strerror(errno));
    return true;
}

static bool send_all(struct client *client, const char *bytes, size_t count)
{
    while (count) {
        ssize_t sent = send(client->fd, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return fail(client, "the connection broke while sending");
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

static bool receive_some(struct client *client, size_t max, size_t *count)
{
    ssize_t received;
    do received = recv(client->fd, client->wire + *count, max - *count, 0);
    while (received < 0 && errno == EINTR);
    if (received <= 0) return fail(client, received ? "no answer" : "the connection was closed");
    *count += (size_t)received;
    client->wire_bytes += (uint64_t)received;
    return true;
}

/* Receives until the end of the head is there. Returns its length or 0. */
static size_t receive_head(struct client *client, size_t *count)
{
    const char *end = NULL;
    while (!end) {
        if (*count == HEAD_BYTES_MAX) return fail(client, "the head of the answer is too long");
        if (!receive_some(client, HEAD_BYTES_MAX, count)) return 0;
        end = memmem(client->wire, *count, "\r\n\r\n", 4);
    }
    return (size_t)(end + 4 - client->wire);
}

/* Finds a header in a head that is terminated. NULL if it is not there. */
static const char *find_header(const char *head, const char *name)
{
    const char *at = strstr(head, name);
    return at ? at + strlen(name) : NULL;
}

static bool unpack(struct client *client, const char *bytes, size_t count, bool gzip)
{
    enum { GZIP = 16 };
    client->body_bytes = count;
    if (!gzip) {
        memcpy(client->body, bytes, count);
    } else {
        z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)count};
        stream.next_out = (Bytef *)client->body;
        stream.avail_out = ANSWER_BYTES_MAX;
        if (inflateInit2(&stream, GZIP + MAX_WBITS)) return fail(client, "out of memory");
        bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
        client->body_bytes = stream.total_out;
        inflateEnd(&stream);
        if (!whole) return fail(client, "the answer is not gzip, or damaged");
    }
    client->body[client->body_bytes] = 0;
    return true;
}

bool client_ask(struct client *client, const char *request, size_t request_bytes)
{
    size_t count = 0, length;
    char head[HEAD_BYTES_MAX + 1];
    client->sent_ns = client_now_ns();
    if (!send_all(client, request, request_bytes)) return false;
    size_t head_bytes = receive_head(client, &count);
    if (!head_bytes) return false;
    memcpy(head, client->wire, head_bytes);
    head[head_bytes] = 0;
    const char *digits = find_header(head, "\r\nContent-Length: ");
    if (sscanf(head, "HTTP/1.1 %d ", &client->status) != 1 || !digits || sscanf(digits, "%zu", &length) != 1)
        return fail(client, "the head of the answer makes no sense");
    if (length > ANSWER_BYTES_MAX) return fail(client, "the answer is too long");
    while (count < head_bytes + length)
        if (!receive_some(client, head_bytes + length, &count)) return false;
    client->received_ns = client_now_ns();
    if (count > head_bytes + length) return fail(client, "more came than the answer");
    bool gzip = find_header(head, "\r\nContent-Encoding: gzip\r\n") != NULL;
    return unpack(client, client->wire + head_bytes, length, gzip);
}

bool client_await_close(struct client *client)
{
    size_t count = 0;
    if (receive_some(client, 1, &count)) return fail(client, "more came than the answer");
    return strcmp(client->problem, "the connection was closed") == 0;
}
