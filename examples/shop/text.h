/* Text that grows, up to a limit, and its gzip form. SPDX-License-Identifier: Apache-2.0
 *
 * A failed append is remembered: callers check `failed` once, at the end. One thread at a time.
 */
#ifndef SHOP_TEXT_H
#define SHOP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { TEXT_BYTES_MAX = 1 << 20 };

/* Zeroed, it is empty and ready. */
struct text {
    char *bytes;
    size_t count, capacity;
    bool failed; /* out of memory, or longer than TEXT_BYTES_MAX */
};

void text_clear(struct text *text);
void text_destroy(struct text *text);
void text_append(struct text *text, const char *bytes, size_t count);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends `string` as a JSON string with its quotes. */
void text_json(struct text *text, const char *string);

/* Replaces `packed` by the gzip form of `plain`. False if that failed. */
bool text_gzip(const struct text *plain, struct text *packed);

#endif
