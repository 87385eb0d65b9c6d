/* What explain has found, in words and for programs. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_FINDINGTEXT_H
#define CAIRN_CLI_FINDINGTEXT_H

#include "analysis/analysis.h"
#include "cli/print/records.h"

/* The documented names of the fields that findingtext_record writes. */
#define FINDINGTEXT_FIELDS                                                                                   \
    "fact (attribute, attribute_number, attribute_set, type, parent, begin_thread, thread, end_thread, "     \
    "log, "                                                                                                  \
    "log_category, subtask, region, subtask_count, region_count, log_count, concurrent, alongside, begin, "  \
    "outcome, "                                                                                              \
    "self_share, subtask_share, region_share), name (of the key, type, category or thread), relation "       \
    "(has, has_not, is, is_not, at_least, at_most, within), value (of is and is_not), low and high (of "     \
    "numbers; shares in percent), from_ns and to_ns (of begin, since the start of the trace), text (all of " \
    "that in words)"

/* Prints it in words: attribute size ≥ 4096. */
void findingtext_print(FILE *out, const struct analysis_explain *explain,
                       const struct analysis_finding *finding);
/* Writes the fields; all without value if `finding` is NULL, for CSV's head. */
void findingtext_record(struct records *records, const struct analysis_explain *explain,
                        const struct analysis_finding *finding);

#endif
