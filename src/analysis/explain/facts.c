/* See facts.h. SPDX-License-Identifier: Apache-2.0
 *
 * One look-up finds a fact: its key is kind and name, value, and the value's type. A topic is looked up only for a fact that
 * is new. Names are compared by the number of their text, which is the same for all call sites.
 */
#include "analysis/explain/facts.h"

#include <math.h>
#include <string.h>

/* Of a double: sign, exponent and 6 bits of the fraction make the bucket. */
enum { BUCKET_SHIFT = 46 };

enum analysis_fact_form analysis_fact_form(enum analysis_fact_kind kind)
{
    static const enum analysis_fact_form forms[ANALYSIS_FACT_KINDS] = {
        [ANALYSIS_FACT_ATTR] = ANALYSIS_FORM_VALUE,
        [ANALYSIS_FACT_ATTR_NUMBER] = ANALYSIS_FORM_NUMBER,
        [ANALYSIS_FACT_ATTR_SET] = ANALYSIS_FORM_PRESENCE,
        [ANALYSIS_FACT_TYPE] = ANALYSIS_FORM_VALUE,
        [ANALYSIS_FACT_PARENT] = ANALYSIS_FORM_VALUE,
        [ANALYSIS_FACT_BEGUN_ON] = ANALYSIS_FORM_VALUE,
        [ANALYSIS_FACT_THREAD] = ANALYSIS_FORM_PRESENCE,
        [ANALYSIS_FACT_ENDED_ON] = ANALYSIS_FORM_VALUE,
        [ANALYSIS_FACT_LOG] = ANALYSIS_FORM_VALUE,
        [ANALYSIS_FACT_LOG_CATEGORY] = ANALYSIS_FORM_PRESENCE,
        [ANALYSIS_FACT_SUBTASK] = ANALYSIS_FORM_PRESENCE,
        [ANALYSIS_FACT_REGION] = ANALYSIS_FORM_PRESENCE,
        [ANALYSIS_FACT_SUBTASK_COUNT] = ANALYSIS_FORM_AMOUNT,
        [ANALYSIS_FACT_REGION_COUNT] = ANALYSIS_FORM_AMOUNT,
        [ANALYSIS_FACT_LOG_COUNT] = ANALYSIS_FORM_NUMBER,
        [ANALYSIS_FACT_CONCURRENT] = ANALYSIS_FORM_NUMBER,
        [ANALYSIS_FACT_ALONGSIDE] = ANALYSIS_FORM_PRESENCE,
        [ANALYSIS_FACT_BEGIN] = ANALYSIS_FORM_TIME,
        [ANALYSIS_FACT_OUTCOME] = ANALYSIS_FORM_VALUE,
        [ANALYSIS_FACT_SELF_SHARE] = ANALYSIS_FORM_SHARE,
        [ANALYSIS_FACT_SUBTASK_SHARE] = ANALYSIS_FORM_SHARE,
        [ANALYSIS_FACT_REGION_SHARE] = ANALYSIS_FORM_SHARE,
    };
    return forms[kind];
}

bool analysis_fact_is_share(enum analysis_fact_kind kind)
{
    return analysis_fact_form(kind) == ANALYSIS_FORM_SHARE;
}

void analysis_facts_init(struct analysis_facts *facts, const struct trace_info *info)
{
    *facts = (struct analysis_facts){.info = info};
}

void analysis_facts_free(struct analysis_facts *facts)
{
    vector_free(&facts->topics);
    vector_free(&facts->facts);
    vector_free(&facts->of_task);
    map_free(&facts->topic_by_key);
    map_free(&facts->fact_by_key);
    arena_free(&facts->memory);
}

void analysis_facts_begin(struct analysis_facts *facts, bool is_slow)
{
    facts->tasks++;
    facts->is_slow = is_slow;
    facts->of_task.count = 0;
}

/* Kind and name, names by their text. */
static uint64_t topic_key(const struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name)
{
    bool is_site = kind != ANALYSIS_FACT_THREAD && name && name < facts->info->site_count;
    return (uint64_t)kind << 33 | (uint64_t)is_site << 32 | (is_site ? facts->info->sites[name].type : name);
}

/* Its index; UINT32_MAX if memory ran out. */
static uint32_t topic_of(struct analysis_facts *facts, uint64_t key, enum analysis_fact_kind kind,
                         uint32_t name)
{
    bool added;
    uint64_t *index = map_put(&facts->topic_by_key, (struct map_key){.a = key}, &added);
    if (!index) return UINT32_MAX;
    if (!added) return (uint32_t)*index;
    struct analysis_topic topic = {.kind = kind, .name = name};
    *index = facts->topics.count;
    return vector_push(&facts->topics, topic) ? (uint32_t)*index : UINT32_MAX;
}

static bool is_full(struct analysis_facts *facts, struct analysis_topic *topic)
{
    bool too_many_values =
        analysis_fact_form(topic->kind) == ANALYSIS_FORM_VALUE && topic->values == ANALYSIS_FACT_VALUES;
    if (!too_many_values && facts->facts.count < ANALYSIS_FACTS_MAX) return false;
    topic->is_cut_short = true;
    facts->left_out++;
    return true;
}

static bool keep_text(struct analysis_facts *facts, struct trace_value *value)
{
    if (!value->text) return true;
    if (value->text_bytes > ANALYSIS_FACT_TEXT_BYTES) value->text_bytes = ANALYSIS_FACT_TEXT_BYTES;
    value->text = arena_text(&facts->memory, value->text, value->text_bytes);
    return value->text != NULL;
}

/* Takes a fact up. *index: where, or UINT32_MAX if there are too many. */
static bool new_fact(struct analysis_facts *facts, struct map_key key, struct analysis_fact fact,
                     uint32_t *index)
{
    *index = UINT32_MAX;
    struct analysis_topic *topic = &facts->topics.items[fact.topic];
    if (is_full(facts, topic)) return true;
    uint64_t *place = keep_text(facts, &fact.value) ? map_put(&facts->fact_by_key, key, NULL) : NULL;
    if (!place) return false;
    *place = facts->facts.count;
    *index = (uint32_t)*place;
    topic->values++;
    return vector_push(&facts->facts, fact);
}

static bool count(struct analysis_facts *facts, uint32_t index)
{
    struct analysis_fact *fact = &facts->facts.items[index];
    if (fact->last_task == facts->tasks) return true;
    fact->last_task = facts->tasks;
    fact->slow += facts->is_slow;
    fact->rest += !facts->is_slow;
    return vector_push(&facts->of_task, index);
}

/* Counts the fact; *index tells which, UINT32_MAX if it was not taken up. */
static bool take(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name,
                 struct analysis_fact fact, uint32_t *index)
{
    struct map_key key = {topic_key(facts, kind, name), fact.order, fact.value.type};
    const uint64_t *known = map_get(&facts->fact_by_key, key);
    if (known) return count(facts, *index = (uint32_t)*known);
    fact.topic = topic_of(facts, key.a, kind, name);
    if (fact.topic == UINT32_MAX || !new_fact(facts, key, fact, index)) return false;
    return *index == UINT32_MAX || count(facts, *index);
}

bool analysis_facts_presence(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name)
{
    uint32_t index;
    return take(facts, kind, name, (struct analysis_fact){0}, &index);
}

bool analysis_facts_value(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name,
                          uint64_t identity, const struct trace_value *value)
{
    uint32_t index;
    return take(facts, kind, name, (struct analysis_fact){.order = identity, .value = *value}, &index);
}

/* The order of the bits of a double is that of its values, once negative ones are turned round. */
static uint64_t bucket_of(double number)
{
    uint64_t bits;
    number += 0.0; /* -0 and 0 are the same */
    memcpy(&bits, &number, sizeof bits);
    return (bits >> 63 ? ~bits : bits | UINT64_C(1) << 63) >> BUCKET_SHIFT;
}

/* *index as in take. */
static bool take_number(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name,
                        double number, uint32_t *index)
{
    struct analysis_fact fact = {.order = bucket_of(number), .min = number, .max = number};
    if (!take(facts, kind, name, fact, index)) return false;
    if (*index == UINT32_MAX) return true;
    struct analysis_fact *known = &facts->facts.items[*index];
    known->min = fmin(known->min, number);
    known->max = fmax(known->max, number);
    return true;
}

bool analysis_facts_number(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name,
                           double number)
{
    uint32_t index;
    return isnan(number) || take_number(facts, kind, name, number, &index);
}

bool analysis_facts_share(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name,
                          uint64_t part_ticks, uint64_t latency)
{
    uint32_t index;
    double percent = latency ? floor(100 * (double)part_ticks / (double)latency) : 0;
    if (!take_number(facts, kind, name, percent, &index)) return false;
    if (index == UINT32_MAX) return true;
    struct analysis_fact *known = &facts->facts.items[index];
    *(facts->is_slow ? &known->slow_ticks : &known->rest_ticks) += part_ticks;
    return true;
}
