/* See explain.h: what is said of each task. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/explain/explain.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>

uint64_t analysis_explain_threshold(const struct histogram *latency, double share)
{
    double wanted = share * (double)latency->count, nearest = -1;
    uint64_t above = 0, threshold = 0;
    if (!latency->count) return 0;
    for (unsigned bucket = HISTOGRAM_BUCKETS; bucket-- > 0;) {
        if (!latency->buckets[bucket]) continue;
        above += latency->buckets[bucket];
        double distance = (double)above > wanted ? (double)above - wanted : wanted - (double)above;
        if (nearest >= 0 && distance >= nearest) break;
        nearest = distance;
        threshold = histogram_bucket_low(bucket);
    }
    return threshold;
}

/* ---- One task -------------------------------------------------------------------------------------- */

static const struct trace_value nothing;

static bool say_index(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t identity,
                      uint32_t shown)
{
    struct trace_value value = {.type = CAIRN_I_VALUE_UINT, .u = shown};
    return analysis_facts_value(facts, kind, 0, identity, &value);
}

/* A site as value: sites of one text are the same. */
static bool say_site(struct analysis_explain *explain, enum analysis_fact_kind kind, uint32_t site)
{
    if (!site || site >= explain->info->site_count)
        return analysis_facts_value(&explain->facts, kind, 0, UINT32_MAX, &nothing);
    return say_index(&explain->facts, kind, explain->info->sites[site].type, site);
}

/* False: it is no number. */
static bool number_of(const struct trace_value *value, double *number)
{
    switch (value->type) {
    case CAIRN_I_VALUE_INT: *number = (double)value->i; return true;
    case CAIRN_I_VALUE_UINT: *number = (double)value->u; return true;
    case CAIRN_I_VALUE_FLOAT: *number = value->f; return true;
    default: return false;
    }
}

/* Values of floating point are rarely met twice: of those only the size is looked at. */
static bool say_attr(struct analysis_facts *facts, const struct analysis_detail_attr *attr)
{
    const struct trace_value *value = &attr->value;
    bool is_text = value->type == CAIRN_I_VALUE_TEXT;
    uint64_t identity = is_text ? map_hash_bytes(value->text, value->text_bytes) : value->u;
    double number;
    struct trace_value shown = *value;
    if (!is_text) shown.text = NULL;
    if (!analysis_facts_presence(facts, ANALYSIS_FACT_ATTR_SET, attr->site)) return false;
    if (value->type != CAIRN_I_VALUE_FLOAT &&
        !analysis_facts_value(facts, ANALYSIS_FACT_ATTR, attr->site, identity, &shown))
        return false;
    return !number_of(value, &number) ||
           analysis_facts_number(facts, ANALYSIS_FACT_ATTR_NUMBER, attr->site, number);
}

/* Subtasks or regions of one type. */
static bool say_part(struct analysis_facts *facts, const struct analysis_detail_part *part, uint64_t latency,
                     enum analysis_fact_kind presence, enum analysis_fact_kind count,
                     enum analysis_fact_kind share)
{
    return analysis_facts_presence(facts, presence, part->site) &&
           analysis_facts_number(facts, count, part->site, (double)part->count) &&
           analysis_facts_share(facts, share, part->site, part->ticks, latency);
}

/* Formatted logs are alike if their format is, others if their text is. */
static bool say_log(struct analysis_explain *explain, const struct analysis_detail_log *log)
{
    const char *format = explain->info->sites[log->site].format;
    struct trace_value shown = {.type = CAIRN_I_VALUE_TEXT,
                                .text = format ? format : log->text,
                                .text_bytes = format ? strlen(format) : log->text_bytes};
    if (!shown.text) shown.text = "";
    shown.text_bytes_full = shown.text_bytes;
    return analysis_facts_presence(&explain->facts, ANALYSIS_FACT_LOG_CATEGORY, log->site) &&
           analysis_facts_value(&explain->facts, ANALYSIS_FACT_LOG, log->site, log->hash, &shown);
}

static bool say_lists(struct analysis_explain *explain, const struct analysis_detail *detail)
{
    struct analysis_facts *facts = &explain->facts;
    uint64_t latency = analysis_task_latency(detail->task);
    bool done = true;
    for (size_t i = 0; done && i < detail->attr_count; i++) done = say_attr(facts, &detail->attrs[i]);
    for (size_t i = 0; done && i < detail->log_count; i++) done = say_log(explain, &detail->logs[i]);
    for (unsigned type = 0; done && detail->marks >> type; type++)
        if (detail->marks >> type & 1)
            done = analysis_facts_presence(facts, ANALYSIS_FACT_ALONGSIDE, explain->alongside.sites[type]);
    for (size_t i = 0; done && i < detail->thread_count; i++)
        done = analysis_facts_presence(facts, ANALYSIS_FACT_THREAD, detail->threads[i]);
    for (size_t i = 0; done && i < detail->subtask_count; i++)
        done = say_part(facts, &detail->subtasks[i], latency, ANALYSIS_FACT_SUBTASK,
                        ANALYSIS_FACT_SUBTASK_COUNT, ANALYSIS_FACT_SUBTASK_SHARE);
    for (size_t i = 0; done && i < detail->region_count; i++)
        done = say_part(facts, &detail->regions[i], latency, ANALYSIS_FACT_REGION, ANALYSIS_FACT_REGION_COUNT,
                        ANALYSIS_FACT_REGION_SHARE);
    return done;
}

/* In whole numbers, so that the edges are exact: interval_of(analysis_explain_interval(n)) is n. */
static double interval_of(const struct analysis_explain_spec *spec, uint64_t birth)
{
    if (birth <= spec->from_ticks || spec->to_ticks <= spec->from_ticks) return 0;
    if (birth >= spec->to_ticks) return ANALYSIS_EXPLAIN_INTERVALS - 1;
    uint64_t span = spec->to_ticks - spec->from_ticks;
    return (double)(uint64_t)((histogram_sum)(birth - spec->from_ticks) * ANALYSIS_EXPLAIN_INTERVALS / span);
}

uint64_t analysis_explain_interval(const struct analysis_explain_spec *spec, double number)
{
    if (spec->to_ticks <= spec->from_ticks) return spec->from_ticks;
    histogram_sum ticks = (histogram_sum)(spec->to_ticks - spec->from_ticks) * (uint64_t)number;
    return spec->from_ticks +
           (uint64_t)((ticks + ANALYSIS_EXPLAIN_INTERVALS - 1) / ANALYSIS_EXPLAIN_INTERVALS);
}

static bool say_task(struct analysis_explain *explain, const struct analysis_detail *detail)
{
    struct analysis_facts *facts = &explain->facts;
    const struct analysis_task *task = detail->task;
    bool failed = task->status == ANALYSIS_FAILED;
    return say_site(explain, ANALYSIS_FACT_TYPE, task->id.site) &&
           say_site(explain, ANALYSIS_FACT_PARENT, detail->parent_site) &&
           say_site(explain, ANALYSIS_FACT_OUTCOME, failed ? task->end_site : 0) &&
           say_index(facts, ANALYSIS_FACT_BEGUN_ON, task->begin_thread, task->begin_thread) &&
           say_index(facts, ANALYSIS_FACT_ENDED_ON, task->end_thread, task->end_thread) &&
           analysis_facts_number(facts, ANALYSIS_FACT_LOG_COUNT, 0, (double)detail->log_total) &&
           analysis_facts_number(facts, ANALYSIS_FACT_CONCURRENT, 0, detail->concurrent) &&
           analysis_facts_number(facts, ANALYSIS_FACT_BEGIN, 0,
                                 interval_of(&explain->spec, task->id.birth)) &&
           analysis_facts_share(facts, ANALYSIS_FACT_SELF_SHARE, 0, task->self_ticks,
                                analysis_task_latency(task));
}

/* ---- All tasks ------------------------------------------------------------------------------------- */

static bool is_meant(const struct analysis_explain *explain, const struct analysis_task *task)
{
    const char *type = explain->spec.type;
    return task->status != ANALYSIS_UNFINISHED &&
           (!type || strcmp(type, analysis_type_of_task(explain->info, &task->id)) == 0);
}

static bool take_task(void *data, const struct analysis_detail *detail)
{
    struct analysis_explain *explain = data;
    const struct analysis_task *task = detail->task;
    if (explain->alongside.is_broken) return false;
    if (!is_meant(explain, task)) return true;
    uint64_t latency = analysis_task_latency(task);
    bool is_slow = latency >= explain->spec.min_ticks && latency <= explain->spec.max_ticks;
    explain->slow += is_slow;
    explain->rest += !is_slow;
    explain->details_left_out += detail->left_out;
    analysis_facts_begin(&explain->facts, is_slow);
    if (!say_task(explain, detail) || !say_lists(explain, detail)) return false;
    struct analysis_sampled_task sampled = {.id = task->id, .latency = latency, .is_slow = is_slow};
    sampled.facts.items = explain->facts.of_task.items;
    sampled.facts.count = explain->facts.of_task.count;
    return analysis_task_sample_add(&explain->sample, &sampled);
}

bool analysis_explain_init(struct analysis_explain *explain, const struct trace_info *info,
                           struct analysis_filter *filter, const struct analysis_explain_spec *spec)
{
    *explain = (struct analysis_explain){.spec = *spec, .info = info};
    analysis_facts_init(&explain->facts, info);
    unsigned wanted = ANALYSIS_DETAIL_ATTRS | ANALYSIS_DETAIL_LOGS | ANALYSIS_DETAIL_SUBTASKS |
                      ANALYSIS_DETAIL_REGIONS | ANALYSIS_DETAIL_THREADS;
    explain->quiet_info = *info;
    explain->quiet_info.diagnostics = &explain->unheard;
    bool done = analysis_details_init(&explain->details, &explain->quiet_info, filter, wanted);
    analysis_alongside_init(&explain->alongside, info);
    explain->details.each = take_task;
    explain->details.each_data = explain;
    explain->details.mark = analysis_alongside_mark;
    explain->details.mark_data = &explain->alongside;
    return done;
}

void analysis_explain_free(struct analysis_explain *explain)
{
    analysis_details_free(&explain->details);
    analysis_facts_free(&explain->facts);
    analysis_task_sample_free(&explain->sample);
    analysis_findings_free(&explain->findings);
    analysis_alongside_free(&explain->alongside);
    free(explain->unheard.items);
}

bool analysis_explain_rank(struct analysis_explain *explain)
{
    return analysis_findings_make(&explain->findings, &explain->facts, explain->slow, explain->rest) &&
           analysis_headlines_find(&explain->findings, &explain->facts, &explain->sample);
}
