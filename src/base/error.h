/* What went wrong, and where. Filled by readers and tools; the recorder returns plain codes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_BASE_ERROR_H
#define CAIRN_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum { CAIRN_ERROR_NOWHERE = -1 };

struct cairn_error {
    int code;       /* CAIRN_E... of cairn.h, positive; 0: none */
    int64_t offset; /* in the file, or CAIRN_ERROR_NOWHERE */
    char path[512]; /* "" if no file is concerned */
    char text[512]; /* what is wrong and what to do next, one or two sentences */
};

/* Fills *error and returns -1, so that a caller can `return cairn__error_set(...)`. `path` may be NULL.
 * `error` may be NULL: then nothing is filled. */
int cairn__error_set(struct cairn_error *error, int code, const char *path, int64_t offset,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
