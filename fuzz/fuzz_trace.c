/* Reading: a trace, with its live file if it has one, is opened, read to its end, and checked by the validator.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Properties, besides those of eventproperties.h:
 *   - read without the text of logs, a trace has the same events
 *   - where the validator finds nothing, neither does the reader */
#include "eventproperties.h"
#include "memfile.h"
#include "property.h"
#include "tracecase.h"

#include <string.h>

static bool read_trace(bool no_text, struct events_read *read)
{
    struct trace_source *source = trace_open(MEMFILE_TRACE, NULL);
    if (!source) return false;
    events_check_info(source->info);
    source->no_text = no_text;
    bool good = events_read(source, NULL, read);
    source->close(source);
    return good;
}

static void check_trace(const struct events_read *read)
{
    struct trace_diagnostics findings = {0};
    uint32_t found = 0;
    if (trace_check(MEMFILE_TRACE, &findings, NULL) == 0) {
        for (uint32_t i = 0; i < findings.count; i++) found += findings.items[i].severity != TRACE_NOTE;
        PROPERTY(found || !read->damage);
    }
    free(findings.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct trace_case made;
    struct events_read first, again;
    if (!case_expand(&made, bytes, count, MEMFILE_LIVE)) return -1;
    case_to_memory(&made);
    if (!read_trace(false, &first)) return 0;
    check_trace(&first);
    if (made.options.query[0] % 8 == 0 && read_trace(true, &again)) {
        PROPERTY(again.count == first.count);
        PROPERTY(!memcmp(again.tallies, first.tallies, sizeof again.tallies));
    }
    return 0;
}
