/* The list of export formats. SPDX-License-Identifier: Apache-2.0 */
#include "export/export.h"

#include <string.h>

extern const struct export_format export_chrome;

const struct export_format *const export_formats[] = {&export_chrome, NULL};

const struct export_format *export_find(const char *name)
{
    for (const struct export_format *const *format = export_formats; *format; format++)
        if (strcmp((*format)->name, name) == 0) return *format;
    return NULL;
}

const struct export_format *export_find_by_path(const char *path)
{
    size_t length = strlen(path);
    for (const struct export_format *const *format = export_formats; *format; format++) {
        size_t suffix = strlen((*format)->suffix);
        if (length > suffix && strcmp(path + length - suffix, (*format)->suffix) == 0) return *format;
    }
    return NULL;
}
