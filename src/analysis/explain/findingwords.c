/* See findingwords.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/explain/findingwords.h"

#include "analysis/stats.h"
#include "cairn/cairn.h"

#include <string.h>

static const char *const fact_words[ANALYSIS_FACT_KINDS] = {
    [ANALYSIS_FACT_ATTR] = "attribute",
    [ANALYSIS_FACT_ATTR_NUMBER] = "attribute_number",
    [ANALYSIS_FACT_ATTR_SET] = "attribute_set",
    [ANALYSIS_FACT_TYPE] = "type",
    [ANALYSIS_FACT_PARENT] = "parent",
    [ANALYSIS_FACT_BEGUN_ON] = "begin_thread",
    [ANALYSIS_FACT_THREAD] = "thread",
    [ANALYSIS_FACT_ENDED_ON] = "end_thread",
    [ANALYSIS_FACT_LOG] = "log",
    [ANALYSIS_FACT_LOG_CATEGORY] = "log_category",
    [ANALYSIS_FACT_SUBTASK] = "subtask",
    [ANALYSIS_FACT_REGION] = "region",
    [ANALYSIS_FACT_SUBTASK_COUNT] = "subtask_count",
    [ANALYSIS_FACT_REGION_COUNT] = "region_count",
    [ANALYSIS_FACT_LOG_COUNT] = "log_count",
    [ANALYSIS_FACT_CONCURRENT] = "concurrent",
    [ANALYSIS_FACT_ALONGSIDE] = "alongside",
    [ANALYSIS_FACT_BEGIN] = "begin",
    [ANALYSIS_FACT_OUTCOME] = "outcome",
    [ANALYSIS_FACT_SELF_SHARE] = "self_share",
    [ANALYSIS_FACT_SUBTASK_SHARE] = "subtask_share",
    [ANALYSIS_FACT_REGION_SHARE] = "region_share",
};

static const char *const relation_words[] = {
    [ANALYSIS_HAS] = "has",       [ANALYSIS_HAS_NOT] = "has_not",   [ANALYSIS_IS] = "is",
    [ANALYSIS_IS_NOT] = "is_not", [ANALYSIS_AT_LEAST] = "at_least", [ANALYSIS_AT_MOST] = "at_most",
    [ANALYSIS_WITHIN] = "within",
};

const struct analysis_topic *analysis_finding_topic(const struct analysis_explain *explain,
                                                    const struct analysis_finding *finding)
{
    return &explain->facts.topics.items[finding->topic];
}

const char *analysis_finding_fact(const struct analysis_explain *explain,
                                  const struct analysis_finding *finding)
{
    return fact_words[analysis_finding_topic(explain, finding)->kind];
}

const char *analysis_finding_relation(const struct analysis_finding *finding)
{
    return relation_words[finding->relation];
}

/* The thread's name; with its number where several have that name, or it has none. */
static char *thread_text(char text[ANALYSIS_THREAD_BYTES], const struct trace_info *info, uint64_t thread)
{
    char other[ANALYSIS_THREAD_BYTES];
    analysis_thread_text(text, info, thread < info->thread_count ? (uint32_t)thread : UINT32_MAX);
    for (uint32_t i = 0; thread < info->thread_count && i < info->thread_count; i++) {
        if (i == thread || strcmp(text, analysis_thread_text(other, info, i)) != 0) continue;
        size_t bytes = strlen(text);
        snprintf(text + bytes, ANALYSIS_THREAD_BYTES - bytes, " (%u)", (unsigned)info->threads[thread].tid);
        break;
    }
    return text;
}

const char *analysis_finding_name(const struct analysis_explain *explain,
                                  const struct analysis_finding *finding, char text[ANALYSIS_THREAD_BYTES])
{
    const struct analysis_topic *topic = analysis_finding_topic(explain, finding);
    if (topic->kind == ANALYSIS_FACT_THREAD) return thread_text(text, explain->info, topic->name);
    return topic->name ? analysis_site_text(explain->info, topic->name) : NULL;
}

const char *analysis_finding_value_text(const struct analysis_explain *explain,
                                        const struct analysis_finding *finding,
                                        char text[ANALYSIS_THREAD_BYTES])
{
    bool is_none = finding->value.type == CAIRN_I_VALUE_NONE;
    switch (analysis_finding_topic(explain, finding)->kind) {
    case ANALYSIS_FACT_BEGUN_ON:
    case ANALYSIS_FACT_ENDED_ON: return thread_text(text, explain->info, finding->value.u);
    case ANALYSIS_FACT_PARENT:
        return is_none ? "none" : analysis_site_text(explain->info, (uint32_t)finding->value.u);
    case ANALYSIS_FACT_OUTCOME:
        return is_none ? "ok" : analysis_site_text(explain->info, (uint32_t)finding->value.u);
    case ANALYSIS_FACT_TYPE:
        return is_none ? ANALYSIS_TYPE_UNKNOWN
                       : analysis_site_text(explain->info, (uint32_t)finding->value.u);
    default: return NULL;
    }
}

int64_t analysis_finding_interval_ns(const struct analysis_explain *explain, double number)
{
    return trace_clock_since_start_ns(&explain->info->clock,
                                      analysis_explain_interval(&explain->spec, number));
}

bool analysis_finding_has_value(const struct analysis_finding *finding)
{
    return finding->relation == ANALYSIS_IS || finding->relation == ANALYSIS_IS_NOT;
}

bool analysis_finding_is_share(const struct analysis_explain *explain, const struct analysis_finding *finding)
{
    return analysis_fact_is_share(analysis_finding_topic(explain, finding)->kind);
}

double analysis_finding_share(uint64_t part, uint64_t all)
{
    return all ? (double)part / (double)all : 0;
}
