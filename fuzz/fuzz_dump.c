/* The text form, from traces: what is dumped and assembled is the file again, byte by byte, whatever damage it has.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A case with a live file has that dumped instead of the trace if options.query[0] is odd. */
#include "memfile.h"
#include "property.h"
#include "roundtrip.h"
#include "tracecase.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    struct trace_case made;
    if (!case_expand(&made, bytes, count, MEMFILE_LIVE)) return -1;
    bool of_live = made.live && made.options.query[0] & 1;
    const uint8_t *file = of_live ? made.live : made.trace;
    size_t file_bytes = of_live ? made.live_bytes : made.trace_bytes;
    memfile_set(MEMFILE_TRACE, file, file_bytes);
    roundtrip_check(file, file_bytes);
    return 0;
}
