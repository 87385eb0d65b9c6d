/* See findingtext.h. SPDX-License-Identifier: Apache-2.0
 *
 * One table has, for each kind of fact, the words before the name, those after it, and what a program is told. */
#include "cli/findingtext.h"

#include "cairn/cairn.h"
#include "cli/show.h"
#include "cli/storylines.h"

#include <stdlib.h>
#include <string.h>

static const struct wording {
    const char *word;   /* for programs */
    const char *before; /* the name */
    const char *unit;   /* after a number */
} wordings[ANALYSIS_FACT_KINDS] = {
    [ANALYSIS_FACT_ATTR] = {"attribute", "attribute ", ""},
    [ANALYSIS_FACT_ATTR_NUMBER] = {"attribute_number", "attribute ", ""},
    [ANALYSIS_FACT_ATTR_SET] = {"attribute_set", "an attribute ", ""},
    [ANALYSIS_FACT_TYPE] = {"type", "type", ""},
    [ANALYSIS_FACT_PARENT] = {"parent", "parent", ""},
    [ANALYSIS_FACT_BEGUN_ON] = {"begin_thread", "begun by thread", ""},
    [ANALYSIS_FACT_THREAD] = {"thread", "work on thread ", ""},
    [ANALYSIS_FACT_ENDED_ON] = {"end_thread", "ended by thread", ""},
    [ANALYSIS_FACT_LOG] = {"log", "log ", ""},
    [ANALYSIS_FACT_LOG_CATEGORY] = {"log_category", "a log of category ", ""},
    [ANALYSIS_FACT_SUBTASK] = {"subtask", "a subtask ", ""},
    [ANALYSIS_FACT_REGION] = {"region", "a region ", ""},
    [ANALYSIS_FACT_SUBTASK_COUNT] = {"subtask_count", "number of subtasks ", ""},
    [ANALYSIS_FACT_REGION_COUNT] = {"region_count", "number of regions ", ""},
    [ANALYSIS_FACT_LOG_COUNT] = {"log_count", "number of logs", ""},
    [ANALYSIS_FACT_CONCURRENT] = {"concurrent", "others of its type open when it began", ""},
    [ANALYSIS_FACT_ALONGSIDE] = {"alongside", "begun during a task of type ", ""},
    [ANALYSIS_FACT_BEGIN] = {"begin", "begun", ""},
    [ANALYSIS_FACT_OUTCOME] = {"outcome", "outcome", ""},
    [ANALYSIS_FACT_SELF_SHARE] = {"self_share", "share of its time in no subtask", " %"},
    [ANALYSIS_FACT_SUBTASK_SHARE] = {"subtask_share", "share of its time in subtask ", " %"},
    [ANALYSIS_FACT_REGION_SHARE] = {"region_share", "share of its time in region ", " %"},
};

static const char *const relation_words[] = {
    [ANALYSIS_HAS] = "has",       [ANALYSIS_HAS_NOT] = "has_not",   [ANALYSIS_IS] = "is",
    [ANALYSIS_IS_NOT] = "is_not", [ANALYSIS_AT_LEAST] = "at_least", [ANALYSIS_AT_MOST] = "at_most",
    [ANALYSIS_WITHIN] = "within",
};

static const struct analysis_topic *topic_of(const struct analysis_explain *explain,
                                             const struct analysis_finding *finding)
{
    return &explain->facts.topics.items[finding->topic];
}

/* ---- Names and values ------------------------------------------------------------------------------ */

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

/* NULL: the topic has no name. */
static const char *name_of(const struct analysis_explain *explain, const struct analysis_topic *topic,
                           char text[ANALYSIS_THREAD_BYTES])
{
    if (topic->kind == ANALYSIS_FACT_THREAD) return thread_text(text, explain->info, topic->name);
    return topic->name ? analysis_site_text(explain->info, topic->name) : NULL;
}

/* What stands for a value that is a thread or a site; NULL: the value is to be shown as it is. */
static const char *value_text(const struct analysis_explain *explain, const struct analysis_finding *finding,
                              char text[ANALYSIS_THREAD_BYTES])
{
    bool is_none = finding->value.type == CAIRN_I_VALUE_NONE;
    switch (topic_of(explain, finding)->kind) {
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

/* The begin of an interval of the trace. */
static int64_t interval_ns(const struct analysis_explain *explain, double number)
{
    return trace_clock_since_start_ns(&explain->info->clock,
                                      analysis_explain_interval(&explain->spec, number));
}

/* ---- For people ------------------------------------------------------------------------------------ */

static void print_value(FILE *out, const struct analysis_explain *explain,
                        const struct analysis_finding *finding)
{
    char text[ANALYSIS_THREAD_BYTES];
    const char *known = value_text(explain, finding, text);
    bool is_quoted = !known && finding->value.type == CAIRN_I_VALUE_TEXT;
    bool is_reason = topic_of(explain, finding)->kind == ANALYSIS_FACT_OUTCOME &&
                     finding->value.type != CAIRN_I_VALUE_NONE;
    if (is_reason) fprintf(out, *known ? "failed: " : "failed");
    if (is_quoted) putc('"', out);
    if (known)
        show_text(out, known, strlen(known));
    else
        storylines_print_value(out, &finding->value);
    if (is_quoted) putc('"', out);
}

static void print_relation(FILE *out, const struct analysis_explain *explain,
                           const struct analysis_finding *finding, const char *unit)
{
    char low[SHOW_BYTES], high[SHOW_BYTES];
    switch (finding->relation) {
    case ANALYSIS_HAS:
    case ANALYSIS_HAS_NOT: break;
    case ANALYSIS_IS: fprintf(out, " = "), print_value(out, explain, finding); break;
    case ANALYSIS_IS_NOT: fprintf(out, " ≠ "), print_value(out, explain, finding); break;
    case ANALYSIS_AT_LEAST: fprintf(out, " ≥ %.10g%s", finding->low, unit); break;
    case ANALYSIS_AT_MOST: fprintf(out, " ≤ %.10g%s", finding->high, unit); break;
    case ANALYSIS_WITHIN:
        fprintf(out, " between %s s and %s s", show_instant(low, interval_ns(explain, finding->low)),
                show_instant(high, interval_ns(explain, finding->high + 1)));
        break;
    }
}

void findingtext_print(FILE *out, const struct analysis_explain *explain,
                       const struct analysis_finding *finding)
{
    char text[ANALYSIS_THREAD_BYTES];
    const struct analysis_topic *topic = topic_of(explain, finding);
    const char *name = name_of(explain, topic, text);
    if (finding->relation == ANALYSIS_HAS_NOT) fprintf(out, "not: ");
    fprintf(out, "%s", wordings[topic->kind].before);
    if (name && !*name) name = "\"\"";
    if (name) show_text(out, name, strlen(name));
    print_relation(out, explain, finding, wordings[topic->kind].unit);
}

/* ---- For programs ---------------------------------------------------------------------------------- */

static void record_value(struct records *records, const struct analysis_explain *explain,
                         const struct analysis_finding *finding)
{
    char text[ANALYSIS_THREAD_BYTES];
    bool has_value = finding->relation == ANALYSIS_IS || finding->relation == ANALYSIS_IS_NOT;
    const char *known = has_value ? value_text(explain, finding, text) : NULL;
    if (known)
        records_text(records, "value", known);
    else if (has_value)
        storylines_record_value(records, "value", &finding->value);
    else
        records_none(records, "value");
}

static void record_limit(struct records *records, const char *name, bool is_set, double limit)
{
    if (is_set)
        records_double(records, name, limit);
    else
        records_none(records, name);
}

static void record_instant(struct records *records, const char *name, bool is_set, int64_t ns)
{
    if (is_set)
        records_int(records, name, ns);
    else
        records_none(records, name);
}

static void record_words(struct records *records, const struct analysis_explain *explain,
                         const struct analysis_finding *finding)
{
    char *words = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&words, &bytes);
    if (out) findingtext_print(out, explain, finding);
    bool done = out && fclose(out) == 0;
    records_text(records, "text", done ? words : NULL);
    free(words);
}

void findingtext_record(struct records *records, const struct analysis_explain *explain,
                        const struct analysis_finding *finding)
{
    static const char *const fields[] = {"fact", "name",    "relation", "value", "low",
                                         "high", "from_ns", "to_ns",    "text"};
    if (!finding) {
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) records_none(records, fields[i]);
        return;
    }
    char text[ANALYSIS_THREAD_BYTES];
    const struct analysis_topic *topic = topic_of(explain, finding);
    bool is_within = finding->relation == ANALYSIS_WITHIN;
    records_text(records, "fact", wordings[topic->kind].word);
    records_text(records, "name", name_of(explain, topic, text));
    records_text(records, "relation", relation_words[finding->relation]);
    record_value(records, explain, finding);
    record_limit(records, "low", finding->relation == ANALYSIS_AT_LEAST, finding->low);
    record_limit(records, "high", finding->relation == ANALYSIS_AT_MOST, finding->high);
    record_instant(records, "from_ns", is_within, is_within ? interval_ns(explain, finding->low) : 0);
    record_instant(records, "to_ns", is_within, is_within ? interval_ns(explain, finding->high + 1) : 0);
    record_words(records, explain, finding);
}
