/* From a case to the files that it stands for: to look at a finding with `cairn dump`.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     fuzz_unpack CASE TRACE LIVE
 *
 * LIVE is written only if there is a live file, and TRACE then names it. */
#include "tracecase.h"

#include <stdio.h>
#include <stdlib.h>

static int write_file(const char *path, const uint8_t *bytes, size_t count)
{
    FILE *out = fopen(path, "wbe");
    if (!out) return perror(path), 1;
    fwrite(bytes, 1, count, out);
    return fclose(out) != 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) return fputs("usage: fuzz_unpack CASE TRACE LIVE\n", stderr), 2;
    static uint8_t input[CASE_INPUT_MAX];
    FILE *in = fopen(argv[1], "rbe");
    if (!in) return perror(argv[1]), 1;
    size_t count = fread(input, 1, sizeof input, in);
    fclose(in);
    struct trace_case made;
    if (!case_expand(&made, input, count, argv[3])) return fputs("it is too large\n", stderr), 1;
    if (made.live && write_file(argv[3], made.live, made.live_bytes)) return 1;
    return write_file(argv[2], made.trace, made.trace_bytes);
}
