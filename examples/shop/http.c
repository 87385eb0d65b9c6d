/* As much of HTTP/1.1 as the shop speaks. SPDX-License-Identifier: Apache-2.0
 *
 * A request is at most HTTP_REQUEST_BYTES_MAX long, head and body; its body has a Content-Length.
 * All input comes from strangers: nothing is read beyond `count`, nothing is taken for terminated.
 */
#include "http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool equals(struct http_piece piece, const char *string)
{
    return piece.count == strlen(string) && strncasecmp(piece.bytes, string, piece.count) == 0;
}

static bool contains(struct http_piece piece, const char *string)
{
    return memmem(piece.bytes, piece.count, string, strlen(string)) != NULL;
}

/* Cuts off and returns what stands before `separator`, which is dropped; all if it is not there. */
static struct http_piece cut(struct http_piece *rest, const char *separator)
{
    struct http_piece first = *rest;
    const char *at = memmem(rest->bytes, rest->count, separator, strlen(separator));
    if (at) first.count = (size_t)(at - rest->bytes);
    size_t used = at ? first.count + strlen(separator) : rest->count;
    rest->bytes += used;
    rest->count -= used;
    return first;
}

bool http_number(struct http_piece digits, uint64_t *number)
{
    if (digits.count == 0 || digits.count > 9) return false;
    *number = 0;
    for (size_t i = 0; i < digits.count; i++) {
        if (digits.bytes[i] < '0' || digits.bytes[i] > '9') return false;
        *number = *number * 10 + (uint64_t)(digits.bytes[i] - '0');
    }
    return true;
}

static void find_route(struct http_request *request)
{
    static const struct {
        const char *path, *method;
        enum http_route route;
    } routes[] = {{"/product/", "GET", ROUTE_PRODUCT},
                  {"/search", "GET", ROUTE_SEARCH},
                  {"/order", "POST", ROUTE_ORDER},
                  {"/report", "GET", ROUTE_REPORT}};
    request->status = 404;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        struct http_piece path = request->path;
        size_t length = strlen(routes[i].path);
        if (routes[i].route == ROUTE_PRODUCT && path.count > length) path.count = length;
        if (!equals(path, routes[i].path)) continue;
        request->status = equals(request->method, routes[i].method) ? 0 : 405;
        if (request->status == 0) request->route = routes[i].route;
    }
}

static bool parse_request_line(struct http_piece line, struct http_request *request)
{
    request->method = cut(&line, " ");
    request->query = cut(&line, " ");
    request->path = cut(&request->query, "?");
    request->keep_alive = equals(line, "HTTP/1.1");
    return request->path.count > 0 && request->path.bytes[0] == '/' &&
           (request->keep_alive || equals(line, "HTTP/1.0"));
}

/* Returns false for a header that makes the whole request unusable. */
static bool parse_header(struct http_piece line, struct http_request *request, uint64_t *body_bytes)
{
    struct http_piece name = cut(&line, ":");
    while (line.count && *line.bytes == ' ') line.bytes++, line.count--;
    if (equals(name, "Content-Length")) return http_number(line, body_bytes);
    if (equals(name, "Transfer-Encoding")) return false;
    if (equals(name, "X-Customer")) return http_number(line, &request->customer);
    if (equals(name, "Connection") && equals(line, "close")) request->keep_alive = false;
    if (equals(name, "Accept-Encoding")) request->accepts_gzip = contains(line, "gzip");
    return true;
}

static size_t refuse(struct http_request *request, int status, size_t count)
{
    request->route = ROUTE_OTHER;
    request->status = status;
    request->keep_alive = false;
    return count;
}

size_t http_parse(const char *bytes, size_t count, struct http_request *request)
{
    struct http_piece rest = {bytes, count};
    *request = (struct http_request){.route = ROUTE_OTHER};
    const char *end = memmem(bytes, count, "\r\n\r\n", 4);
    if (!end) return count < HTTP_REQUEST_BYTES_MAX ? 0 : refuse(request, 431, count);
    if (!parse_request_line(cut(&rest, "\r\n"), request)) return refuse(request, 400, count);
    uint64_t body_bytes = 0;
    while (rest.bytes < end + 2)
        if (!parse_header(cut(&rest, "\r\n"), request, &body_bytes)) return refuse(request, 400, count);
    size_t head_bytes = (size_t)(end + 4 - bytes);
    if (body_bytes > HTTP_REQUEST_BYTES_MAX - head_bytes) return refuse(request, 413, count);
    if (count < head_bytes + body_bytes) return 0;
    request->body = (struct http_piece){bytes + head_bytes, body_bytes};
    find_route(request);
    return head_bytes + body_bytes;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool decode(struct http_piece text, char *value, size_t value_bytes)
{
    size_t length = 0;
    for (size_t i = 0; i < text.count; i++) {
        char c = text.bytes[i] == '+' ? ' ' : text.bytes[i];
        if (c == '%') {
            if (text.count - i < 3) return false;
            int high = hex_digit(text.bytes[i + 1]), low = hex_digit(text.bytes[i + 2]);
            if (high < 0 || low < 0) return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == 0 || length + 1 >= value_bytes) return false;
        value[length++] = c;
    }
    value[length] = 0;
    return true;
}

bool http_parameter(struct http_piece form, const char *key, char *value, size_t value_bytes)
{
    while (form.count) {
        struct http_piece text = cut(&form, "&");
        struct http_piece name = cut(&text, "=");
        if (equals(name, key)) return decode(text, value, value_bytes);
    }
    return false;
}

static const char *reason(int status)
{
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    default: return "Internal Server Error";
    }
}

size_t http_head(char *head, size_t head_bytes, int status, size_t body_bytes, bool gzip, bool keep_alive)
{
    int length =
        snprintf(head, head_bytes,
                 "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n%s%s\r\n",
                 status, reason(status), body_bytes, gzip ? "Content-Encoding: gzip\r\n" : "",
                 keep_alive ? "" : "Connection: close\r\n");
    return length > 0 && (size_t)length < head_bytes ? (size_t)length : 0;
}
