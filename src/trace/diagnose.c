/* Findings: counted by name, the first of each kept as example. SPDX-License-Identifier: Apache-2.0
 *
 * There are some dozen names at most, so a linear search is right; it also keeps them in order of appearance. */
#include "trace/trace.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *trace_severity_name(enum trace_severity severity)
{
    return severity == TRACE_DAMAGE ? "damage" : severity == TRACE_WARNING ? "warning" : "note";
}

static struct trace_diagnostic *find(struct trace_diagnostics *diagnostics, const char *name)
{
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        if (!strcmp(diagnostics->items[i].name, name)) return &diagnostics->items[i];
    }
    return NULL;
}

static struct trace_diagnostic *add(struct trace_diagnostics *diagnostics)
{
    if (diagnostics->count == diagnostics->capacity) {
        uint32_t capacity = diagnostics->capacity ? diagnostics->capacity * 2 : 16;
        struct trace_diagnostic *items = realloc(diagnostics->items, capacity * sizeof *items);
        if (!items) return NULL;
        diagnostics->items = items;
        diagnostics->capacity = capacity;
    }
    return &diagnostics->items[diagnostics->count++];
}

void trace_diagnose(struct trace_diagnostics *diagnostics, const char *name, enum trace_severity severity,
                    const char *advice, const char *example_format, ...)
{
    struct trace_diagnostic *item = find(diagnostics, name);
    if (item) {
        item->count++;
        return;
    }
    item = add(diagnostics);
    if (!item) return;
    *item = (struct trace_diagnostic){.name = name, .severity = severity, .advice = advice, .count = 1};
    va_list arguments;
    va_start(arguments, example_format);
    vsnprintf(item->example, sizeof item->example, example_format, arguments);
    va_end(arguments);
}
