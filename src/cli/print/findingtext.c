/* See findingtext.h. SPDX-License-Identifier: Apache-2.0
 *
 * One table has, for each kind of fact, the words before the name and those after a number. */
#include "cli/print/findingtext.h"

#include "cairn/cairn.h"
#include "cli/print/show.h"
#include "cli/print/storylines.h"

#include <stdlib.h>
#include <string.h>

static const struct wording {
    const char *before; /* the name */
    const char *unit;   /* after a number */
} wordings[ANALYSIS_FACT_KINDS] = {
    [ANALYSIS_FACT_ATTR] = {"attribute ", ""},
    [ANALYSIS_FACT_ATTR_NUMBER] = {"attribute ", ""},
    [ANALYSIS_FACT_ATTR_SET] = {"an attribute ", ""},
    [ANALYSIS_FACT_TYPE] = {"type", ""},
    [ANALYSIS_FACT_PARENT] = {"parent", ""},
    [ANALYSIS_FACT_BEGUN_ON] = {"begun by thread", ""},
    [ANALYSIS_FACT_THREAD] = {"work on thread ", ""},
    [ANALYSIS_FACT_ENDED_ON] = {"ended by thread", ""},
    [ANALYSIS_FACT_LOG] = {"log ", ""},
    [ANALYSIS_FACT_LOG_CATEGORY] = {"a log of category ", ""},
    [ANALYSIS_FACT_SUBTASK] = {"a subtask ", ""},
    [ANALYSIS_FACT_REGION] = {"a region ", ""},
    [ANALYSIS_FACT_SUBTASK_COUNT] = {"number of subtasks ", ""},
    [ANALYSIS_FACT_REGION_COUNT] = {"number of regions ", ""},
    [ANALYSIS_FACT_LOG_COUNT] = {"number of logs", ""},
    [ANALYSIS_FACT_CONCURRENT] = {"others of its type open when it began", ""},
    [ANALYSIS_FACT_ALONGSIDE] = {"begun during a task of type ", ""},
    [ANALYSIS_FACT_BEGIN] = {"begun", ""},
    [ANALYSIS_FACT_OUTCOME] = {"outcome", ""},
    [ANALYSIS_FACT_SELF_SHARE] = {"share of its time in no subtask", " %"},
    [ANALYSIS_FACT_SUBTASK_SHARE] = {"share of its time in subtask ", " %"},
    [ANALYSIS_FACT_REGION_SHARE] = {"share of its time in region ", " %"},
};

/* ---- For people ------------------------------------------------------------------------------------ */

static void print_value(FILE *out, const struct analysis_explain *explain,
                        const struct analysis_finding *finding)
{
    char text[ANALYSIS_THREAD_BYTES];
    const char *known = analysis_finding_value_text(explain, finding, text);
    bool is_quoted = !known && finding->value.type == CAIRN_I_VALUE_TEXT;
    bool is_reason = analysis_finding_topic(explain, finding)->kind == ANALYSIS_FACT_OUTCOME &&
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
        fprintf(out, " between %s s and %s s",
                show_instant(low, analysis_finding_interval_ns(explain, finding->low)),
                show_instant(high, analysis_finding_interval_ns(explain, finding->high + 1)));
        break;
    }
}

void findingtext_print(FILE *out, const struct analysis_explain *explain,
                       const struct analysis_finding *finding)
{
    char text[ANALYSIS_THREAD_BYTES];
    const struct wording *wording = &wordings[analysis_finding_topic(explain, finding)->kind];
    const char *name = analysis_finding_name(explain, finding, text);
    if (finding->relation == ANALYSIS_HAS_NOT) fprintf(out, "not: ");
    fprintf(out, "%s", wording->before);
    if (name && !*name) name = "\"\"";
    if (name) show_text(out, name, strlen(name));
    print_relation(out, explain, finding, wording->unit);
}

/* ---- For programs ---------------------------------------------------------------------------------- */

static void record_value(struct records *records, const struct analysis_explain *explain,
                         const struct analysis_finding *finding)
{
    char text[ANALYSIS_THREAD_BYTES];
    bool has_value = analysis_finding_has_value(finding);
    const char *known = has_value ? analysis_finding_value_text(explain, finding, text) : NULL;
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
    bool is_within = finding->relation == ANALYSIS_WITHIN;
    records_text(records, "fact", analysis_finding_fact(explain, finding));
    records_text(records, "name", analysis_finding_name(explain, finding, text));
    records_text(records, "relation", analysis_finding_relation(finding));
    record_value(records, explain, finding);
    record_limit(records, "low", finding->relation == ANALYSIS_AT_LEAST, finding->low);
    record_limit(records, "high", finding->relation == ANALYSIS_AT_MOST, finding->high);
    record_instant(records, "from_ns", is_within,
                   is_within ? analysis_finding_interval_ns(explain, finding->low) : 0);
    record_instant(records, "to_ns", is_within,
                   is_within ? analysis_finding_interval_ns(explain, finding->high + 1) : 0);
    record_words(records, explain, finding);
}
