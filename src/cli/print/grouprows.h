/* Groups of tasks or regions, printed: `--by` of both commands. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_GROUPROWS_H
#define CAIRN_CLI_GROUPROWS_H

#include "analysis/groups.h"
#include "cli/query.h"
#include "cli/print/typerows.h"

struct grouprows {
    const struct analysis_groups *groups;
    const char *by;                       /* as it was asked for: the title of the column */
    const struct analysis_window *window; /* of tasks; NULL: without rates */
    struct typerows_style style;
};

/* In the form that was asked for, with what was found. */
void grouprows_show(const struct question *question, const struct grouprows *rows);

#endif
