/* One condition of a filter expression: a field, a comparison, values. SPDX-License-Identifier: Apache-2.0
 *
 * What can be worked out once is worked out when it is made: durations become ticks, ids are looked up, and of names (types,
 * threads, files, ...), which a trace has few of, it is known of each whether it passes.
 */
#ifndef CAIRN_ANALYSIS_WHERECONDITION_H
#define CAIRN_ANALYSIS_WHERECONDITION_H

#include "analysis/filter/wherefields.h"

enum where_sign {
    WHERE_HAS,
    WHERE_EQUAL,
    WHERE_UNEQUAL,
    WHERE_LESS,
    WHERE_AT_MOST,
    WHERE_MORE,
    WHERE_AT_LEAST,
    WHERE_CONTAINS,
    WHERE_IN
};

struct where_value {
    enum { WHERE_IS_TEXT, WHERE_IS_NUMBER, WHERE_IS_DURATION, WHERE_IS_BOOL } kind;
    const char *text; /* as written, without quotes; terminated */
    size_t at;        /* in the expression, for messages */
    /* As the kind says. A long double holds every 64-bit integer on the processors cairn is made for. */
    long double number;
    uint64_t ns;
    bool flag;
    /* Worked out: */
    uint64_t ticks;
    struct trace_task_id id;
};

struct where_condition {
    const struct where_field *field;
    const char *key; /* ATTR: whose */
    enum where_sign sign;
    struct where_value *values; /* none for HAS; several for IN */
    size_t value_count;
    bool *passes; /* NAME: by number of the name; ATTR: by site, whether it has the key */
    uint32_t pass_count;
    bool is_deferred;
    unsigned outcome; /* of a deferred one: its number */
    uint64_t mark;    /* of a deferred one that is about events: its bit */
};

/* What is wrong. */
struct where_fault {
    int code;
    size_t at; /* in the expression */
    char text[256];
};

/* Sets a fault and returns false. */
bool where_fault_set(struct where_fault *fault, int code, size_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* How much of a text that is wrong a message quotes: whole characters, for "%.*s". */
int where_quoted_bytes(const char *text);

/* Completes a condition that has its field, key, sign and values. False with *fault set if they do not fit. Memory comes from
 * the arena. */
bool where_condition_make(struct where_condition *condition, size_t at, const struct trace_info *info,
                          struct arena *memory, struct where_fault *fault);

/* The number of a task's type, among names; statuses are numbered as in enum analysis_status. Sites and threads have
 * their own numbers. */
uint32_t where_name_of_type(const struct trace_info *info, const struct trace_task_id *task);

/* Whether a value that is there passes. */
static inline bool where_name_passes(const struct where_condition *condition, uint32_t number)
{
    return number < condition->pass_count && condition->passes[number];
}
bool where_text_passes(const struct where_condition *condition, const char *text, size_t bytes);
bool where_ticks_pass(const struct where_condition *condition, uint64_t ticks);
bool where_count_passes(const struct where_condition *condition, uint64_t count);
bool where_id_passes(const struct where_condition *condition, const struct trace_task_id *id);
bool where_flag_passes(const struct where_condition *condition, bool flag);
bool where_attr_passes(const struct where_condition *condition, const struct trace_value *value);

/* Whether a thread has a name that matches, or that number. */
bool where_thread_is(const struct trace_thread *thread, const char *wanted);

#endif
