/* A streaming JSON writer. SPDX-License-Identifier: Apache-2.0
 *
 * Writes to a stdio stream; commas and nesting are kept track of; text may hold any bytes: what is not
 * UTF-8 becomes U+FFFD. Integers are written as integers (exact to 2^64 - 1). Not for several threads at
 * once. Errors of the stream are sticky: ask ferror at the end.
 *
 *     struct json json = {.out = stdout};
 *     json_object(&json);
 *     json_key(&json, "count"), json_uint(&json, 7);
 *     json_end(&json);
 */
#ifndef CAIRN_CODEC_JSON_H
#define CAIRN_CODEC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH_MAX = 60 };

struct json {
    FILE *out;
    unsigned depth;
    uint64_t is_object; /* a bit per level */
    uint64_t has_items; /* a bit per level */
    bool after_key;
    bool compact; /* one line; otherwise indented by two spaces */
};

void json_object(struct json *json);
void json_array(struct json *json);
void json_end(struct json *json); /* of the innermost object or array */
void json_key(struct json *json, const char *key);
void json_uint(struct json *json, uint64_t value);
void json_int(struct json *json, int64_t value);
void json_double(struct json *json, double value); /* shortest that reads back the same; null if not finite */
void json_bool(struct json *json, bool value);
void json_null(struct json *json);
void json_text(struct json *json, const char *text); /* NULL: null */
void json_text_bytes(struct json *json, const char *text, size_t bytes);

#endif
