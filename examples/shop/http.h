/* As much of HTTP/1.1 as the shop speaks. Pure: no sockets, no annotations.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHOP_HTTP_H
#define SHOP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_REQUEST_BYTES_MAX = 8192 };

enum http_route { ROUTE_PRODUCT, ROUTE_SEARCH, ROUTE_ORDER, ROUTE_REPORT, ROUTE_OTHER };

/* A piece of the request's own bytes. */
struct http_piece {
    const char *bytes;
    size_t count;
};

struct http_request {
    enum http_route route;
    int status; /* 0, or the status to refuse it with */
    struct http_piece method, path, query, body;
    uint64_t customer; /* from X-Customer; 0: unknown */
    bool accepts_gzip, keep_alive;
};

/* Parses the request that `bytes` begins with. Returns its length, or 0 if more bytes are needed.
 * One that makes no sense is complete, has a status and does not keep the connection alive. */
size_t http_parse(const char *bytes, size_t count, struct http_request *request);

/* Finds `key` in "key=value&...", decodes its value into `value` and terminates it. False if it is not
 * there or does not fit. */
bool http_parameter(struct http_piece form, const char *key, char *value, size_t value_bytes);

/* A whole number without sign, of at most 9 digits. */
bool http_number(struct http_piece digits, uint64_t *number);

/* Writes the head of a response. Returns its length. */
size_t http_head(char *head, size_t head_bytes, int status, size_t body_bytes, bool gzip, bool keep_alive);

#endif
