/* The parts of a comparison, as programs are told them. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_COMPAREWORDS_H
#define CAIRN_ANALYSIS_COMPAREWORDS_H

#include "analysis/compare/compare.h"

/* Of a type, by its durations: "faster", "slower", "mixed", "same", "too_few", "only_a" or "only_b". */
const char *analysis_verdict_word(enum analysis_change change);
/* Of one metric: "less", "more", "same" or "untested". */
const char *analysis_change_word(enum analysis_change change);
/* Whether a metric is in nanoseconds. */
bool analysis_metric_is_time(enum analysis_metric metric);
/* The interval of the change: 0.1 is 10 % more. NAN: no bound can be given. */
double analysis_difference_low(const struct analysis_difference *difference);
double analysis_difference_high(const struct analysis_difference *difference);

/* All tasks of a type on a side, sampled ones as what they stand for. */
uint64_t analysis_batch_total_ns(const struct analysis_batches *side, const struct analysis_batch_type *type);
/* One that is empty, where a side has no such type. */
const struct analysis_batch_type *analysis_batch_type_or_none(const struct analysis_batch_type *type);

#endif
