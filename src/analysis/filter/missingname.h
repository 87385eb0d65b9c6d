/* What an empty answer may be due to: names that a trace does not have, attributes of another kind. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_MISSINGNAME_H
#define CAIRN_ANALYSIS_MISSINGNAME_H

#include "analysis/filter/where.h"

struct analysis_missing {
    uint8_t role; /* CAIRN_I_ROLE_...: TASK and REGION: a type; ATTR: a key; LOG: a category; END: a reason */
    const char *name;  /* as it was asked for */
    const char *like;  /* the trace's own that is nearest to it; NULL: none is near */
    bool is_elsewhere; /* a type of tasks that is one of regions, or the reverse */
    uint8_t
        value_type; /* CAIRN_I_VALUE_... of an attribute that is there, but was compared with another kind of value; else 0 */
};

/* Whether no site of that role has the name, a pattern unless it is a key. *missing then tells, borrowed from `name` and
 * `info`. Cost: once over the sites. */
bool analysis_missing_name(struct analysis_missing *missing, const struct trace_info *info, uint8_t role,
                           const char *name);
/* The first such name among those that have to be equal to something, or attribute that no value given for it can be equal to. */
bool analysis_missing_of(struct analysis_missing *missing, const struct analysis_where *where);

#endif
