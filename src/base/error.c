/* Filling an error. SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <stdio.h>
#include <string.h>

int cairn__error_set(struct cairn_error *error, int code, const char *path, int64_t offset,
                     const char *format, ...)
{
    if (!error) return -1;
    *error = (struct cairn_error){.code = code, .offset = offset};
    if (path) snprintf(error->path, sizeof error->path, "%s", path);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return -1;
}
