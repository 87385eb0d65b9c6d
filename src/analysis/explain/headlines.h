/* Which findings say something of their own, and which go with another. SPDX-License-Identifier: Apache-2.0
 *
 * Findings are taken from the strongest down. One is a HEADLINE if slow tasks have it more often also among tasks that are
 * alike in all headlines so far; or if it has less in common with any of these than chance would give it; else it GOES WITH the
 * headline that marks the most similar set of tasks. So a fact that only accompanies a cause does not stand beside it,
 * while a second cause does.
 *
 * Shares of the latency are ordered among themselves only: being slow is made of them, so they would explain all else.
 */
#ifndef CAIRN_ANALYSIS_HEADLINES_H
#define CAIRN_ANALYSIS_HEADLINES_H

#include "analysis/explain/findings.h"
#include "analysis/explain/tasksample.h"

enum { ANALYSIS_HEADLINES_MAX = 12 }; /* of shares, and of all else; what comes then goes with one of these */

/* Sets what findings.h says that it sets, and sorts the sample. False if memory ran out. */
bool analysis_headlines_find(struct analysis_findings *findings, const struct analysis_facts *facts,
                             struct analysis_task_sample *sample);

#endif
