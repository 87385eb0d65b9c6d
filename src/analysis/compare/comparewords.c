/* See comparewords.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/compare/comparewords.h"

#include <math.h>

const char *analysis_verdict_word(enum analysis_change change)
{
    switch (change) {
    case ANALYSIS_SAME: return "same";
    case ANALYSIS_LESS: return "faster";
    case ANALYSIS_MORE: return "slower";
    case ANALYSIS_MIXED: return "mixed";
    case ANALYSIS_ONLY_A: return "only_a";
    case ANALYSIS_ONLY_B: return "only_b";
    default: return "too_few";
    }
}

const char *analysis_change_word(enum analysis_change change)
{
    return change == ANALYSIS_LESS   ? "less"
           : change == ANALYSIS_MORE ? "more"
           : change == ANALYSIS_SAME ? "same"
                                     : "untested";
}

bool analysis_metric_is_time(enum analysis_metric metric)
{
    return analysis_metric_is_duration(metric) || metric == ANALYSIS_TOTAL;
}

static bool has_interval(const struct analysis_difference *difference)
{
    return !isnan(difference->p) && difference->a > 0;
}

double analysis_difference_low(const struct analysis_difference *difference)
{
    return has_interval(difference) && difference->low > 0 ? difference->low - 1 : (double)NAN;
}

double analysis_difference_high(const struct analysis_difference *difference)
{
    bool is_bounded = has_interval(difference) && isfinite(difference->high);
    return is_bounded ? difference->high - 1 : (double)NAN;
}

uint64_t analysis_batch_total_ns(const struct analysis_batches *side, const struct analysis_batch_type *type)
{
    return (uint64_t)((double)type->total_ticks * side->ns_per_tick + 0.5);
}

const struct analysis_batch_type *analysis_batch_type_or_none(const struct analysis_batch_type *type)
{
    static const struct analysis_batch_type none;
    return type ? type : &none;
}
