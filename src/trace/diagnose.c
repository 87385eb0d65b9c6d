/* Findings: counted by name, the first of each kept as example. SPDX-License-Identifier: Apache-2.0
 *
 * There are some dozen names at most, so a linear search is right; it also keeps them in order of appearance. The last place
 * is only taken to tell that no room could be had for others.
 */
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

static bool make_room(struct trace_diagnostics *diagnostics, uint32_t count)
{
    if (count <= diagnostics->capacity) return true;
    uint32_t capacity = diagnostics->capacity ? diagnostics->capacity * 2 : 16;
    struct trace_diagnostic *items = realloc(diagnostics->items, capacity * sizeof *items);
    if (!items) return false;
    diagnostics->items = items;
    diagnostics->capacity = capacity;
    return true;
}

bool trace_diagnostics_ready(struct trace_diagnostics *diagnostics)
{
    return make_room(diagnostics, 1);
}

static void leave_out(struct trace_diagnostics *diagnostics, enum trace_severity severity)
{
    static const char name[] = "findings_left_out";
    struct trace_diagnostic *item = find(diagnostics, name);
    if (!item) {
        if (diagnostics->count == diagnostics->capacity) return;
        item = &diagnostics->items[diagnostics->count++];
        *item = (struct trace_diagnostic){.name = name,
                                          .advice = "Memory ran out: there is more to be told of this trace.",
                                          .example = "a finding of a name that was new"};
    }
    item->count++;
    if (severity > item->severity) item->severity = severity;
}

void trace_diagnose(struct trace_diagnostics *diagnostics, const char *name, enum trace_severity severity,
                    const char *advice, const char *example_format, ...)
{
    struct trace_diagnostic *item = find(diagnostics, name);
    if (item) {
        item->count++;
        return;
    }
    if (!make_room(diagnostics, diagnostics->count + 2)) {
        leave_out(diagnostics, severity);
        return;
    }
    item = &diagnostics->items[diagnostics->count++];
    *item = (struct trace_diagnostic){.name = name, .severity = severity, .advice = advice, .count = 1};
    va_list arguments;
    va_start(arguments, example_format);
    vsnprintf(item->example, sizeof item->example, example_format, arguments);
    va_end(arguments);
}
