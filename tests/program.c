/* The smallest program that records: for the tests of what is installed and of the two-file form. Compiles as
 * C and as C++. SPDX-License-Identifier: Apache-2.0
 *
 *     program TRACE       records one task with one region and one log; prints cairn_version() */
#include CAIRN_HEADER

#include <stdio.h>

int main(int count, char **arguments)
{
    static cairn_options options;
    options.size = sizeof options;
    options.path = count > 1 ? arguments[1] : NULL;
    int result = cairn_start(&options);
    if (result != 0) {
        fprintf(stderr, "cairn_start: %s\n", cairn_strerror(result));
        return 1;
    }
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "order");
    cairn_region region = cairn_region_begin(task, "steam milk");
    cairn_logf(task, "barista", "foam %d", count);
    cairn_region_end(region);
    cairn_task_end(task);
    result = cairn_stop();
    if (result != 0) fprintf(stderr, "cairn_stop: %s\n", cairn_strerror(result));
    puts(cairn_version());
    return result != 0;
}
