/* Facts: what is true of a task, counted for slow ones and for the rest. SPDX-License-Identifier: Apache-2.0
 *
 *     topic   attribute "size"     one thing that can be told of a task: kind and name
 *     fact    size in 4096..4159   one value of it, or a bucket of numbers: how many slow ones have it, and how many others
 *
 * Numbers get buckets, so that any limit between two of them can be tried afterwards: 64 to a power of two, whole numbers
 * below 128 each their own. Of a topic with numbers a task has one fact at most.
 *
 * Memory is bounded: beyond ANALYSIS_FACT_VALUES values of one topic, or ANALYSIS_FACTS_MAX facts in all, no new ones are
 * taken up, and that is told. The counts of those that were are exact all the same.
 */
#ifndef CAIRN_ANALYSIS_FACTS_H
#define CAIRN_ANALYSIS_FACTS_H

#include "base/base.h"
#include "trace/trace.h"

enum {
    ANALYSIS_FACTS_MAX = 1 << 16,
    ANALYSIS_FACT_VALUES = 4096,
    ANALYSIS_FACT_TEXT_BYTES = 200 /* of a text that is kept to be shown; all of it tells it from others */
};

/* Of two facts that mark the same tasks, the one that stands first here is named. */
enum analysis_fact_kind {
    ANALYSIS_FACT_ATTR,         /* the attribute has this value */
    ANALYSIS_FACT_ATTR_NUMBER,  /* its number */
    ANALYSIS_FACT_ATTR_SET,     /* it is there */
    ANALYSIS_FACT_TYPE,         /* of the task, if there are several */
    ANALYSIS_FACT_PARENT,       /* the parent's type */
    ANALYSIS_FACT_BEGUN_ON,     /* the thread that began it */
    ANALYSIS_FACT_THREAD,       /* the thread did anything for it */
    ANALYSIS_FACT_ENDED_ON,     /* the thread that ended it */
    ANALYSIS_FACT_LOG,          /* a log of this category with this format or text */
    ANALYSIS_FACT_LOG_CATEGORY, /* a log of this category */
    ANALYSIS_FACT_SUBTASK,      /* a subtask of this type */
    ANALYSIS_FACT_REGION,       /* a region of this type */
    ANALYSIS_FACT_SUBTASK_COUNT,
    ANALYSIS_FACT_REGION_COUNT,
    ANALYSIS_FACT_LOG_COUNT,
    ANALYSIS_FACT_CONCURRENT, /* tasks of its type that were open when it began */
    ANALYSIS_FACT_ALONGSIDE,  /* a task of this other type was open when it began */
    ANALYSIS_FACT_BEGIN,      /* when it began: number of the interval of the trace */
    ANALYSIS_FACT_OUTCOME,    /* the reason of a failure; none: it finished */
    /* Where its time went, in percent of its latency. These are not causes: being slow is made of them. */
    ANALYSIS_FACT_SELF_SHARE, /* in no subtask */
    ANALYSIS_FACT_SUBTASK_SHARE,
    ANALYSIS_FACT_REGION_SHARE,
    ANALYSIS_FACT_KINDS
};

enum analysis_fact_form {
    ANALYSIS_FORM_PRESENCE, /* one fact: it is so */
    ANALYSIS_FORM_VALUE,
    ANALYSIS_FORM_NUMBER,
    ANALYSIS_FORM_AMOUNT, /* a number; who has no such fact has 0 */
    ANALYSIS_FORM_SHARE,  /* likewise; only much of it is of interest: little of one is much of another */
    ANALYSIS_FORM_TIME    /* a number of which intervals are of interest, not limits */
};

enum analysis_fact_form analysis_fact_form(enum analysis_fact_kind kind);
bool analysis_fact_is_share(enum analysis_fact_kind kind);

struct analysis_topic {
    enum analysis_fact_kind kind;
    uint32_t name;     /* a site, whose text it is, or for THREAD the thread; 0: the kind says all */
    uint32_t values;   /* facts of it, as far as they were taken up */
    bool is_cut_short; /* it has more than were taken up: of numbers, limits can then not be judged */
};

struct analysis_fact {
    uint32_t topic;
    uint64_t order; /* of numbers: rises with them; else tells values apart */
    uint64_t slow, rest;
    double min, max;                 /* of numbers: the least and the greatest seen */
    uint64_t slow_ticks, rest_ticks; /* of shares: the time that is meant, of all tasks together */
    struct trace_value
        value; /* of values; a thread or a site as UINT; type 0: none. Text lives as long as the facts */
    uint64_t last_task; /* private: that was counted */
};

struct analysis_facts {
    VECTOR(struct analysis_topic) topics;
    VECTOR(struct analysis_fact) facts;
    VECTOR(uint32_t) of_task; /* the present task's */
    uint64_t left_out;        /* times that a fact was not taken up because there were too many */
    /* Private. */
    const struct trace_info *info;
    struct map topic_by_key, fact_by_key;
    struct arena memory;
    uint64_t tasks;
    bool is_slow;
};

/* Keeps info. Free it with analysis_facts_free. */
void analysis_facts_init(struct analysis_facts *facts, const struct trace_info *info);
void analysis_facts_free(struct analysis_facts *facts);

/* What follows is of one task. */
void analysis_facts_begin(struct analysis_facts *facts, bool is_slow);
/* Each says one thing of the present task; what has been said of it counts once. False if memory ran out. `name` is as
 * in struct analysis_topic; `identity` tells values apart, and `value` is how to show them. */
bool analysis_facts_presence(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name);
bool analysis_facts_value(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name,
                          uint64_t identity, const struct trace_value *value);
bool analysis_facts_number(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name,
                           double number);
/* A part of the latency, as a number of whole percents, rounded down so that a limit "≥ 99 %" is true of the task that set it;
 * finer ones tell nothing more. */
bool analysis_facts_share(struct analysis_facts *facts, enum analysis_fact_kind kind, uint32_t name,
                          uint64_t part_ticks, uint64_t latency);

#endif
