/* One run of faulthost with one fault, and what became of it. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_FAULTRUN_H
#define CAIRN_TESTS_FAULTRUN_H

#include "format/layout.h"

#include <stdbool.h>
#include <stdint.h>

struct fault_scenario {
    const char *name;
    const char *arguments[4]; /* of faulthost, behind the path; ends with NULL */
    bool folder;              /* the path is a folder, which does not exist yet */
    bool older;               /* a killed program's trace stands at the path */
    bool own_live_dir;        /* not the standard one */
    bool old_kernel;
    bool window;
};

struct fault {
    const char *point; /* NULL: none */
    const char *error_name;
    uint32_t at;
    bool onwards;
};

enum { FAULT_POINTS_MAX = 200 };

struct fault_run {
    int32_t start, stop, snapshot, again[2], open;
    uint64_t emitted[CAIRN_TALLIES], before[CAIRN_TALLIES]; /* up to the end, up to the snapshot */
    uint64_t work;
    uint32_t fired, harm, points;
    struct fault_count {
        uint32_t count;
        char point[64];
    } counts[FAULT_POINTS_MAX];
    char outcome[160]; /* in the words of the table */
};

/* Leaves in the present case's folder what a killed program leaves, for scenarios with an older trace. */
void fault_make_older(void);
/* Runs the host. Whatever must hold in any case is checked here, the outcome is only told. */
struct fault_run fault_run(const struct fault_scenario *scenario, const struct fault *fault);

#endif
