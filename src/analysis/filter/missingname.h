/* Names that were asked for and that a trace does not have: what an empty answer may be due to. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_MISSINGNAME_H
#define CAIRN_ANALYSIS_MISSINGNAME_H

#include "analysis/filter/where.h"

struct analysis_missing {
    uint8_t role; /* CAIRN_I_ROLE_...: TASK and REGION: a type; ATTR: a key; LOG: a category; END: a reason */
    const char *name;  /* as it was asked for */
    const char *like;  /* the trace's own that is nearest to it; NULL: none is near */
    bool is_elsewhere; /* a type of tasks that is one of regions, or the reverse */
};

/* Whether no site of that role has the name, a pattern unless it is a key. *missing then tells, borrowed from `name` and
 * `info`. Cost: once over the sites. */
bool analysis_missing_name(struct analysis_missing *missing, const struct trace_info *info, uint8_t role,
                           const char *name);
/* The first such name among those that have to be equal to something. */
bool analysis_missing_of(struct analysis_missing *missing, const struct analysis_where *where);

#endif
