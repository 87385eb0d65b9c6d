/* Attributes kept until the task or region that they belong to is written. SPDX-License-Identifier: Apache-2.0
 *
 * The last value of a key counts. A budget bounds what all open tasks and regions together may keep, however
 * many there are: what goes beyond is counted and left out. Zero-initialise all.
 */
#ifndef CAIRN_EXPORT_ATTRIBUTES_H
#define CAIRN_EXPORT_ATTRIBUTES_H

#include "trace/trace.h"

enum { ATTRIBUTES_MAX = 256 }; /* per task or region */
#define ATTRIBUTES_BYTES_MAX ((uint64_t)256 << 20)

struct attribute {
    const char *key; /* of the site: lives as long as the source */
    struct trace_value value;
};

struct attributes {
    struct attribute *items;
    size_t count, capacity;
};

struct attribute_budget {
    uint64_t bytes;  /* kept now, of all */
    uint64_t missed; /* calls that found no room */
};

/* Sets a key; the value is copied. */
void attributes_set(struct attributes *attributes, struct attribute_budget *budget, const char *key,
                    const struct trace_value *value);
void attributes_free(struct attributes *attributes, struct attribute_budget *budget);

#endif
