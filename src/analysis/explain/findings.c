/* See findings.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Facts are put in the order of topics and, within a topic with numbers, of values.
 * 2. Each topic is looked at. A look is a span of the order and its table; the candidates are the spans that slow ones
 *    have more often. Limits and stretches are compared by the G statistic; the best is tested exactly.
 * 3. When all looks are known, so is the correction; what stays significant is kept.
 */
#include "analysis/explain/findings.h"

#include <math.h>
#include <stdlib.h>

/* Facts `first` to `last` of the order; negated: none of them. */
struct span {
    uint32_t first, last;
    bool is_negated;
    struct analysis_contingency table;
};

struct search {
    struct analysis_findings *findings;
    const struct analysis_facts *facts;
    uint64_t slow, rest;
};

/* ---- Looks ----------------------------------------------------------------------------------------- */

static const struct analysis_fact *fact_at(const struct search *search, uint32_t place)
{
    return &search->facts->facts.items[search->findings->order[place]];
}

static bool is_over(const struct analysis_contingency *table)
{
    return (double)table->slow_with * (double)table->rest > (double)table->rest_with * (double)table->slow;
}

static void negate(struct span *span)
{
    span->is_negated = !span->is_negated;
    span->table.slow_with = span->table.slow - span->table.slow_with;
    span->table.rest_with = span->table.rest - span->table.rest_with;
}

static bool count_look(struct search *search, const struct analysis_contingency *table)
{
    search->findings->looks++;
    return vector_push(&search->findings->minima, analysis_fisher_log_p_min(table));
}

static struct span span_of(const struct search *search, uint32_t first, uint32_t last, uint64_t slow_with,
                           uint64_t rest_with)
{
    return (struct span){first, last, false, {slow_with, rest_with, search->slow, search->rest}};
}

static void add_span(struct span *span, const struct analysis_fact *fact)
{
    span->table.slow_with += fact->slow;
    span->table.rest_with += fact->rest;
}

/* The better one, if slow ones have it more often at all. */
static bool look(struct search *search, struct span *best, double *best_g, const struct span *span)
{
    if (!count_look(search, &span->table)) return false;
    double g = is_over(&span->table) ? analysis_g_statistic(&span->table) : 0;
    if (g > *best_g) *best = *span, *best_g = g;
    return true;
}

/* ---- Candidates ------------------------------------------------------------------------------------ */

static double likelihood_of(const struct analysis_contingency *table)
{
    double with = (double)table->slow_with + (double)table->rest_with;
    double all = (double)table->slow + (double)table->rest;
    double slow_without = (double)table->slow - (double)table->slow_with;
    return slow_without > 0 ? (double)table->slow_with / with * (all - with) / slow_without : INFINITY;
}

/* The time that all facts of the topic mean, on average. */
static void add_time(const struct search *search, const struct span *span, struct analysis_finding *finding)
{
    uint64_t slow = 0, rest = 0;
    for (uint32_t i = 0; i < search->facts->facts.count; i++) {
        const struct analysis_fact *fact = &search->facts->facts.items[i];
        slow += fact->topic == finding->topic ? fact->slow_ticks : 0;
        rest += fact->topic == finding->topic ? fact->rest_ticks : 0;
    }
    finding->slow_ticks = span->table.slow ? slow / span->table.slow : 0;
    finding->rest_ticks = span->table.rest ? rest / span->table.rest : 0;
}

/* How a span is said. What is not above a limit is at most what stands just below it. */
static void describe(const struct search *search, const struct span *span, struct analysis_finding *finding)
{
    const struct analysis_fact *first = fact_at(search, span->first), *last = fact_at(search, span->last);
    switch (analysis_fact_form(search->facts->topics.items[first->topic].kind)) {
    case ANALYSIS_FORM_PRESENCE:
        finding->relation = span->is_negated ? ANALYSIS_HAS_NOT : ANALYSIS_HAS;
        break;
    case ANALYSIS_FORM_VALUE:
        finding->relation = span->is_negated ? ANALYSIS_IS_NOT : ANALYSIS_IS;
        finding->value = first->value;
        break;
    case ANALYSIS_FORM_TIME:
        finding->relation = ANALYSIS_WITHIN;
        finding->low = first->min;
        finding->high = last->max;
        break;
    case ANALYSIS_FORM_SHARE:
        finding->relation = ANALYSIS_AT_LEAST;
        finding->low = first->min;
        add_time(search, span, finding);
        break;
    default: {
        bool is_first = span->first == 0 || fact_at(search, span->first - 1)->topic != first->topic;
        finding->relation = span->is_negated || is_first ? ANALYSIS_AT_MOST : ANALYSIS_AT_LEAST;
        finding->low = first->min;
        finding->high = span->is_negated ? fact_at(search, span->first - 1)->max : last->max;
    }
    }
}

/* What is not significant alone will not be when corrected. */
static bool propose(struct search *search, const struct span *span)
{
    struct analysis_finding finding = {.topic = fact_at(search, span->first)->topic,
                                       .table = span->table,
                                       .log_p = analysis_fisher_log_p(&span->table),
                                       .likelihood = likelihood_of(&span->table),
                                       .first = span->first,
                                       .last = span->last,
                                       .is_negated = span->is_negated};
    if (finding.log_p > log(ANALYSIS_FINDINGS_LEVEL)) return true;
    describe(search, span, &finding);
    return vector_push(&search->findings->items, finding);
}

static bool try_value(struct search *search, uint32_t place)
{
    const struct analysis_fact *fact = fact_at(search, place);
    struct span span = span_of(search, place, place, fact->slow, fact->rest);
    if (!count_look(search, &span.table)) return false;
    if (!is_over(&span.table)) negate(&span);
    return propose(search, &span);
}

/* Every limit: above it and below. Below an amount are those that have none, too. */
static bool try_limits(struct search *search, uint32_t begin, uint32_t end, bool is_amount)
{
    struct span best, all = span_of(search, begin, end - 1, 0, 0), below;
    double best_g = 0;
    for (uint32_t i = begin; i < end; i++) add_span(&all, fact_at(search, i));
    below = span_of(search, begin, begin, 0, 0);
    for (uint32_t i = begin; i + 1 < end; i++) {
        add_span(&below, fact_at(search, i));
        below.last = i;
        struct span above = span_of(search, i + 1, end - 1, all.table.slow_with - below.table.slow_with,
                                    all.table.rest_with - below.table.rest_with);
        struct span not_above = above;
        negate(&not_above);
        if (!look(search, &best, &best_g, &above) ||
            !look(search, &best, &best_g, is_amount ? &not_above : &below))
            return false;
    }
    return best_g <= 0 || propose(search, &best);
}

/* Every limit, above it: the lowest tells from those that have no share at all, or one that rounds to 0. */
static bool try_shares(struct search *search, uint32_t begin, uint32_t end)
{
    struct span best, above = span_of(search, end - 1, end - 1, 0, 0);
    double best_g = 0;
    for (uint32_t i = end; i-- > begin && fact_at(search, i)->max > 0;) {
        add_span(&above, fact_at(search, i));
        above.first = i;
        if (!look(search, &best, &best_g, &above)) return false;
    }
    return best_g <= 0 || propose(search, &best);
}

/* Every stretch but the whole. */
static bool try_stretches(struct search *search, uint32_t begin, uint32_t end)
{
    struct span best;
    double best_g = 0;
    for (uint32_t i = begin; i < end; i++) {
        struct span stretch = span_of(search, i, i, 0, 0);
        for (uint32_t j = i; j < end && (i > begin || j + 1 < end); j++) {
            add_span(&stretch, fact_at(search, j));
            stretch.last = j;
            if (!look(search, &best, &best_g, &stretch)) return false;
        }
    }
    return best_g <= 0 || propose(search, &best);
}

/* The facts `begin` to before `end` of the order are those of one topic. */
static bool try_topic(struct search *search, uint32_t begin, uint32_t end)
{
    const struct analysis_topic *topic = &search->facts->topics.items[fact_at(search, begin)->topic];
    enum analysis_fact_form form = analysis_fact_form(topic->kind);
    if (form == ANALYSIS_FORM_PRESENCE || form == ANALYSIS_FORM_VALUE) {
        for (uint32_t i = begin; i < end; i++)
            if (!try_value(search, i)) return false;
        return true;
    }
    if (topic->is_cut_short) return true;
    if (form == ANALYSIS_FORM_SHARE) return try_shares(search, begin, end);
    return form == ANALYSIS_FORM_TIME ? try_stretches(search, begin, end)
                                      : try_limits(search, begin, end, form == ANALYSIS_FORM_AMOUNT);
}

/* ---- All of them ----------------------------------------------------------------------------------- */

static int by_topic(const void *one, const void *other, void *facts)
{
    const struct analysis_fact *a = (const struct analysis_fact *)facts + *(const uint32_t *)one;
    const struct analysis_fact *b = (const struct analysis_fact *)facts + *(const uint32_t *)other;
    if (a->topic != b->topic) return a->topic < b->topic ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

static bool put_in_order(struct analysis_findings *findings, const struct analysis_facts *facts)
{
    size_t count = facts->facts.count;
    findings->order = malloc((count + 1) * sizeof *findings->order);
    if (!findings->order) return false;
    for (size_t i = 0; i < count; i++) findings->order[i] = (uint32_t)i;
    qsort_r(findings->order, count, sizeof *findings->order, by_topic, facts->facts.items);
    return true;
}

/* Of equal ones, that which says most comes first. */
static int by_chance(const void *one, const void *other, void *topics)
{
    const struct analysis_finding *a = one, *b = other;
    const struct analysis_topic *topic = topics;
    if (a->log_p != b->log_p) return a->log_p < b->log_p ? -1 : 1;
    if (a->is_negated != b->is_negated) return a->is_negated ? 1 : -1;
    enum analysis_fact_kind kind = topic[a->topic].kind, other_kind = topic[b->topic].kind;
    if (kind != other_kind) return kind < other_kind ? -1 : 1;
    return (a->first > b->first) - (a->first < b->first);
}

static void keep_significant(struct analysis_findings *findings, const struct analysis_facts *facts)
{
    double correction = log(findings->factor), level = log(ANALYSIS_FINDINGS_LEVEL);
    if (findings->items.count)
        qsort_r(findings->items.items, findings->items.count, sizeof *findings->items.items, by_chance,
                facts->topics.items);
    while (findings->significant < findings->items.count &&
           findings->items.items[findings->significant].log_p + correction <= level)
        findings->items.items[findings->significant++].log_p += correction;
    findings->items.count =
        findings->significant < ANALYSIS_FINDINGS_MAX ? findings->significant : ANALYSIS_FINDINGS_MAX;
}

bool analysis_findings_make(struct analysis_findings *findings, const struct analysis_facts *facts,
                            uint64_t slow, uint64_t rest)
{
    struct search search = {findings, facts, slow, rest};
    uint32_t count = (uint32_t)facts->facts.count;
    if (!put_in_order(findings, facts)) return false;
    for (uint32_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count; end++)
            if (fact_at(&search, end)->topic != fact_at(&search, begin)->topic) break;
        if (!try_topic(&search, begin, end)) return false;
    }
    findings->factor =
        analysis_tarone_factor(findings->minima.items, findings->minima.count, ANALYSIS_FINDINGS_LEVEL);
    keep_significant(findings, facts);
    return true;
}

void analysis_findings_free(struct analysis_findings *findings)
{
    vector_free(&findings->items);
    vector_free(&findings->minima);
    free(findings->order);
    findings->order = NULL;
}
