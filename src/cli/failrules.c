/* See failrules.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/failrules.h"

#include "analysis/filter/glob.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#define ROUNDING 1e-9 /* 110 is not more than 10 % above 100 */

struct reader {
    struct fail_rules *rules;
    const char *text, *at;
    const char *problem; /* the first */
    bool has_failed;
};

static bool fail(struct reader *reader, const char *problem)
{
    if (!reader->has_failed) reader->problem = problem;
    reader->has_failed = true;
    return false;
}

static void skip_blanks(struct reader *reader)
{
    while (isspace((unsigned char)*reader->at)) reader->at++;
}

static const char *keep(struct reader *reader, const char *text, size_t bytes)
{
    const char *kept = arena_text(&reader->rules->memory, text, bytes);
    if (!kept) fail(reader, NULL);
    return kept;
}

static bool read_metric(struct reader *reader, struct fail_rule *rule)
{
    size_t length = 0;
    while (isalnum((unsigned char)reader->at[length])) length++;
    for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++) {
        const char *name = analysis_metric_name(metric);
        if (strlen(name) != length || strncmp(name, reader->at, length) != 0) continue;
        rule->metric = metric;
        reader->at += length;
        return true;
    }
    return fail(reader, "there should be one of: mean p50 p90 p99 p999 max total count rate errors");
}

static bool read_type(struct reader *reader, struct fail_rule *rule)
{
    skip_blanks(reader);
    if (*reader->at != '(') return fail(reader, "there should be a type in parentheses, (*) for all");
    reader->at++;
    skip_blanks(reader);
    char quote = *reader->at == '"' || *reader->at == '\'' ? *reader->at++ : ')';
    const char *end = strchr(reader->at, quote);
    if (!end) return fail(reader, quote == ')' ? "the ) is missing" : "the closing quote is missing");
    size_t length = (size_t)(end - reader->at);
    while (quote == ')' && length && isspace((unsigned char)reader->at[length - 1])) length--;
    if (length == 0) return fail(reader, "there should be a type, * for all");
    rule->type = keep(reader, reader->at, length);
    reader->at = end;
    if (quote != ')') reader->at++, skip_blanks(reader);
    if (*reader->at != ')') return fail(reader, "there should be a )");
    reader->at++;
    return rule->type != NULL;
}

static bool read_sign(struct reader *reader, struct fail_rule *rule)
{
    skip_blanks(reader);
    if (*reader->at != '>' && *reader->at != '<') return fail(reader, "there should be > or <");
    rule->is_less = *reader->at++ == '<';
    skip_blanks(reader);
    if (rule->is_less ? *reader->at != '-' : *reader->at == '-')
        return fail(reader, "more is written > +10%, less is written < -10%");
    if (*reader->at == '-' || *reader->at == '+') reader->at++;
    return true;
}

/* In nanoseconds where the metric is a time, else a plain number. */
static bool read_absolute(struct reader *reader, struct fail_rule *rule, const char *word)
{
    uint64_t ns;
    if (analysis_metric_is_duration(rule->metric) || rule->metric == ANALYSIS_TOTAL) {
        if (!quantity_duration(word, &ns))
            return fail(reader, "there should be a share as 10% or a time as 5ms");
        rule->amount = (double)ns;
        return true;
    }
    const char *end = quantity_number(word, &rule->amount);
    return !end || *end ? fail(reader, "there should be a share as 10% or a number as 0.5") : true;
}

static bool read_amount(struct reader *reader, struct fail_rule *rule)
{
    char word[32];
    size_t length = strcspn(reader->at, " \t\n,");
    snprintf(word, sizeof word, "%.*s", (int)(length < sizeof word ? length : 0), reader->at);
    const char *end = quantity_number(word, &rule->amount);
    if (!end) return fail(reader, "there should be an amount, as +10% or +5ms");
    rule->is_relative = strcmp(end, "%") == 0;
    if (rule->is_relative)
        rule->amount /= 100;
    else if (!read_absolute(reader, rule, word))
        return false;
    if (rule->is_less) rule->amount = -rule->amount;
    reader->at += length;
    return true;
}

static bool read_rule(struct reader *reader)
{
    struct fail_rule rule = {0};
    skip_blanks(reader);
    const char *begin = reader->at;
    if (!read_metric(reader, &rule) || !read_type(reader, &rule) || !read_sign(reader, &rule) ||
        !read_amount(reader, &rule))
        return false;
    rule.text = keep(reader, begin, (size_t)(reader->at - begin));
    if (!rule.text || !vector_push(&reader->rules->items, rule)) return fail(reader, NULL);
    skip_blanks(reader);
    return true;
}

/* Steps over what stands between two rules. False at the end, or if it is something else. */
static bool read_separator(struct reader *reader)
{
    if (*reader->at == 0) return false;
    if (*reader->at == ',') return reader->at++, true;
    if (strncmp(reader->at, "or", 2) == 0 && !isalnum((unsigned char)reader->at[2]))
        return reader->at += 2, true;
    return fail(reader, "there should be a comma, 'or', or the end");
}

bool fail_rules_parse(struct fail_rules *rules, const char *text, const char **problem, size_t *at)
{
    struct reader reader = {.rules = rules, .text = text, .at = text};
    if (!text) return true;
    while (read_rule(&reader) && read_separator(&reader)) {
    }
    *problem = reader.problem;
    *at = (size_t)(reader.at - text);
    return !reader.has_failed;
}

void fail_rules_free(struct fail_rules *rules)
{
    vector_free(&rules->items);
    arena_free(&rules->memory);
}

/* ---- Asking ------------------------------------------------------------------------------------------ */

bool fail_rule_matches(const struct fail_rule *rule, const struct analysis_compared *type)
{
    return analysis_glob(rule->type, type->type);
}

enum fail_outcome fail_rule_ask(const struct fail_rule *rule, const struct analysis_compared *type,
                                double level)
{
    const struct analysis_difference *difference = &type->metrics[rule->metric];
    double size =
        rule->is_relative ? analysis_difference_effect(difference) : analysis_difference_amount(difference);
    if (isnan(size)) return FAIL_TOO_FEW;
    double beyond = rule->is_less ? rule->amount - size : size - rule->amount;
    if (!(beyond > ROUNDING)) return FAIL_KEPT;
    if (rule->metric == ANALYSIS_MAX) return FAIL_BROKEN;
    if (isnan(difference->p)) return FAIL_TOO_FEW;
    return analysis_difference_is_sound(difference, level) ? FAIL_BROKEN : FAIL_UNSOUND;
}
