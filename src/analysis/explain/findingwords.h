/* The parts of a finding, as programs are told them. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_FINDINGWORDS_H
#define CAIRN_ANALYSIS_FINDINGWORDS_H

#include "analysis/explain/explain.h"
#include "analysis/stats.h"

/* What it is about. */
const struct analysis_topic *analysis_finding_topic(const struct analysis_explain *explain,
                                                    const struct analysis_finding *finding);
/* "attribute", "thread", "region_share", ... */
const char *analysis_finding_fact(const struct analysis_explain *explain,
                                  const struct analysis_finding *finding);
/* "has", "is_not", "at_least", ... */
const char *analysis_finding_relation(const struct analysis_finding *finding);
/* Of the key, type, category or thread; in `text`, if it has to be made. NULL: the topic has no name. */
const char *analysis_finding_name(const struct analysis_explain *explain,
                                  const struct analysis_finding *finding, char text[ANALYSIS_THREAD_BYTES]);
/* Whether it is about one value: IS and IS_NOT. */
bool analysis_finding_has_value(const struct analysis_finding *finding);
/* What stands for a value that is a thread or a site, likewise; NULL: finding->value is to be shown as it is. */
const char *analysis_finding_value_text(const struct analysis_explain *explain,
                                        const struct analysis_finding *finding,
                                        char text[ANALYSIS_THREAD_BYTES]);
/* Of WITHIN: when the interval of a number begins, since the start of the trace. */
int64_t analysis_finding_interval_ns(const struct analysis_explain *explain, double number);
/* Whether it says where the time went, not what else is true of slow tasks. */
bool analysis_finding_is_share(const struct analysis_explain *explain,
                               const struct analysis_finding *finding);
/* Of so many tasks so many have it: 0 to 1. */
double analysis_finding_share(uint64_t part, uint64_t all);

#endif
