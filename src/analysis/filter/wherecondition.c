/* See wherecondition.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter/wherecondition.h"

#include "analysis/filter/glob.h"
#include "analysis/onetask.h"
#include "cairn/cairn.h"

#include <stdarg.h>
#include <string.h>

bool where_fault_set(struct where_fault *fault, int code, size_t at, const char *format, ...)
{
    *fault = (struct where_fault){.code = code, .at = at};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    for (char *c = fault->text; *c; c++) /* what is quoted may hold anything, and goes to a terminal */
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
    return false;
}

int where_quoted_bytes(const char *text)
{
    enum { QUOTED_BYTES_MAX = 40 };
    size_t bytes = strlen(text);
    return (int)(bytes > QUOTED_BYTES_MAX ? cairn__utf8_cut(text, QUOTED_BYTES_MAX) : bytes);
}

static bool out_of_memory(struct where_fault *fault)
{
    return where_fault_set(fault, CAIRN_ENOMEM, 0, "Out of memory.");
}

/* ---- Comparing --------------------------------------------------------------------------------------- */

enum { UNORDERED = 2 };

static int order_of(uint64_t one, uint64_t other)
{
    return one < other ? -1 : one > other;
}

/* -1, 0, 1, or UNORDERED, which no comparison but != is true for. A double is compared as one: 0.1 is what 0.1 is stored
 * as. */
static int order_of_numbers(const struct trace_value *value, long double wanted)
{
    long double number = value->type == CAIRN_I_VALUE_INT    ? (long double)value->i
                         : value->type == CAIRN_I_VALUE_UINT ? (long double)value->u
                                                             : (long double)value->f;
    if (value->type == CAIRN_I_VALUE_FLOAT) wanted = (double)wanted;
    return number < wanted ? -1 : number > wanted ? 1 : number == wanted ? 0 : UNORDERED;
}

static bool order_passes(enum where_sign sign, int order)
{
    switch (sign) {
    case WHERE_LESS: return order == -1;
    case WHERE_AT_MOST: return order == -1 || order == 0;
    case WHERE_MORE: return order == 1;
    case WHERE_AT_LEAST: return order == 1 || order == 0;
    case WHERE_UNEQUAL: return order != 0;
    default: return order == 0;
    }
}

bool where_text_passes(const struct where_condition *condition, const char *text, size_t bytes)
{
    if (condition->sign == WHERE_HAS) return true;
    const struct where_value *values = condition->values;
    if (condition->sign == WHERE_CONTAINS)
        return memmem(text, bytes, values->text, strlen(values->text)) != NULL;
    bool equal = false;
    for (size_t i = 0; !equal && i < condition->value_count; i++)
        equal = analysis_glob_bytes(values[i].text, text, bytes);
    return equal != (condition->sign == WHERE_UNEQUAL);
}

bool where_ticks_pass(const struct where_condition *condition, uint64_t ticks)
{
    bool passes = condition->sign == WHERE_HAS;
    for (size_t i = 0; !passes && i < condition->value_count; i++)
        passes = order_passes(condition->sign, order_of(ticks, condition->values[i].ticks));
    return passes;
}

bool where_count_passes(const struct where_condition *condition, uint64_t count)
{
    const struct trace_value value = {.type = CAIRN_I_VALUE_UINT, .u = count};
    bool passes = condition->sign == WHERE_HAS;
    for (size_t i = 0; !passes && i < condition->value_count; i++)
        passes = order_passes(condition->sign, order_of_numbers(&value, condition->values[i].number));
    return passes;
}

bool where_id_passes(const struct where_condition *condition, const struct trace_task_id *id)
{
    if (condition->sign == WHERE_HAS) return true;
    bool equal = false;
    for (size_t i = 0; !equal && i < condition->value_count; i++)
        equal = analysis_id_equal(id, &condition->values[i].id);
    return equal != (condition->sign == WHERE_UNEQUAL);
}

bool where_flag_passes(const struct where_condition *condition, bool flag)
{
    if (condition->value_count == 0) return condition->sign == WHERE_HAS || flag;
    return (flag == condition->values->flag) != (condition->sign == WHERE_UNEQUAL);
}

static bool attr_equals(const struct trace_value *value, const struct where_value *wanted)
{
    switch (value->type) {
    case CAIRN_I_VALUE_TEXT:
        return wanted->kind == WHERE_IS_TEXT &&
               analysis_glob_bytes(wanted->text, value->text, value->text_bytes);
    case CAIRN_I_VALUE_BOOL: return wanted->kind == WHERE_IS_BOOL && (value->u != 0) == wanted->flag;
    default: return wanted->kind == WHERE_IS_NUMBER && order_of_numbers(value, wanted->number) == 0;
    }
}

bool where_attr_passes(const struct where_condition *condition, const struct trace_value *value)
{
    const struct where_value *values = condition->values;
    bool is_text = value->type == CAIRN_I_VALUE_TEXT, equal = false;
    bool is_number = !is_text && value->type != CAIRN_I_VALUE_BOOL;
    switch (condition->sign) {
    case WHERE_HAS: return true;
    case WHERE_CONTAINS: return is_text && where_text_passes(condition, value->text, value->text_bytes);
    case WHERE_EQUAL:
    case WHERE_UNEQUAL:
    case WHERE_IN:
        for (size_t i = 0; !equal && i < condition->value_count; i++) equal = attr_equals(value, &values[i]);
        return equal != (condition->sign == WHERE_UNEQUAL);
    default: return is_number && order_passes(condition->sign, order_of_numbers(value, values->number));
    }
}

/* ---- Names ------------------------------------------------------------------------------------------- */

static bool name_text_passes(const struct where_condition *condition, const char *name)
{
    return where_text_passes(condition, name, strlen(name));
}

/* Types of tasks have two names more than there are sites. */
enum { NAME_BACKGROUND, NAME_OFF, NAMES_MORE };

uint32_t where_name_of_type(const struct trace_info *info, const struct trace_task_id *task)
{
    if (task->id == 0) return info->site_count + NAME_BACKGROUND;
    if (task->id == CAIRN_ID_OFF) return info->site_count + NAME_OFF;
    return task->site < info->site_count ? task->site : 0;
}

static bool type_passes(const struct where_condition *condition, const struct trace_info *info,
                        uint32_t number)
{
    struct trace_task_id task = {.id = UINT64_MAX, .site = number};
    if (number == info->site_count + NAME_BACKGROUND) task.id = 0;
    if (number == info->site_count + NAME_OFF) task.id = CAIRN_ID_OFF;
    return name_text_passes(condition, analysis_type_of_task(info, &task));
}

/* One of two names of the same thing. Different from both is what is equal to neither. */
static bool either_passes(const struct where_condition *condition, const char *one, const char *other)
{
    bool passes = name_text_passes(condition, one), other_passes = name_text_passes(condition, other);
    return condition->sign == WHERE_UNEQUAL ? passes && other_passes : passes || other_passes;
}

static bool thread_passes(const struct where_condition *condition, const struct trace_thread *thread)
{
    char tid[16];
    snprintf(tid, sizeof tid, "%u", (unsigned)thread->tid);
    return either_passes(condition, thread->name ? thread->name : "", tid);
}

bool where_thread_is(const struct trace_thread *thread, const char *wanted)
{
    struct where_value value = {.kind = WHERE_IS_TEXT, .text = wanted};
    return thread_passes(&(struct where_condition){.sign = WHERE_EQUAL, .values = &value, .value_count = 1},
                         thread);
}

static bool text_of_site_passes(const struct where_condition *condition, const struct trace_info *info,
                                uint32_t site)
{
    const struct trace_site *at = &info->sites[site];
    const char *file = at->file ? at->file : "";
    switch (condition->field->what) {
    case WHERE_REGION_TYPE:
    case WHERE_TASK_REGION: return name_text_passes(condition, analysis_type_of_site(info, site));
    case WHERE_REGION_FUNCTION:
    case WHERE_LOG_FUNCTION: return name_text_passes(condition, at->function ? at->function : "");
    case WHERE_REGION_FILE:
    case WHERE_LOG_FILE: return either_passes(condition, file, analysis_base_name(file));
    default: return name_text_passes(condition, analysis_site_text(info, site));
    }
}

static uint32_t names_of(enum where_what what, const struct trace_info *info)
{
    switch (what) {
    case WHERE_TASK_STATUS: return ANALYSIS_STATUSES;
    case WHERE_TASK_TYPE:
    case WHERE_TASK_PARENT_TYPE: return info->site_count + NAMES_MORE;
    case WHERE_TASK_THREAD:
    case WHERE_TASK_BEGIN_THREAD:
    case WHERE_TASK_END_THREAD:
    case WHERE_REGION_THREAD:
    case WHERE_LOG_THREAD: return info->thread_count;
    default: return info->site_count;
    }
}

static bool name_passes(const struct where_condition *condition, const struct trace_info *info,
                        uint32_t number)
{
    switch (condition->field->what) {
    case WHERE_TASK_STATUS: return name_text_passes(condition, analysis_status_name(number));
    case WHERE_TASK_TYPE:
    case WHERE_TASK_PARENT_TYPE: return type_passes(condition, info, number);
    case WHERE_TASK_THREAD:
    case WHERE_TASK_BEGIN_THREAD:
    case WHERE_TASK_END_THREAD:
    case WHERE_REGION_THREAD:
    case WHERE_LOG_THREAD: return thread_passes(condition, &info->threads[number]);
    default: return text_of_site_passes(condition, info, number);
    }
}

/* ---- Making ------------------------------------------------------------------------------------------ */

static const char *kind_name(enum where_kind kind)
{
    switch (kind) {
    case WHERE_SPAN: return "a duration";
    case WHERE_INSTANT: return "a time since the start of the trace";
    case WHERE_COUNT: return "a number";
    case WHERE_ID: return "the id of a task";
    case WHERE_FLAG: return "true or false";
    default: return "a text";
    }
}

static bool sign_fits(enum where_kind kind, enum where_sign sign)
{
    bool orders = sign >= WHERE_LESS && sign <= WHERE_AT_LEAST;
    if (kind == WHERE_NAME || kind == WHERE_TEXT) return !orders;
    if (kind == WHERE_FLAG) return sign == WHERE_HAS || sign == WHERE_EQUAL || sign == WHERE_UNEQUAL;
    if (kind == WHERE_ID) return !orders && sign != WHERE_CONTAINS;
    return kind == WHERE_ATTR || sign != WHERE_CONTAINS;
}

static bool check_sign(const struct where_condition *condition, size_t at, struct where_fault *fault)
{
    enum where_kind kind = condition->field->kind;
    if (sign_fits(kind, condition->sign)) return true;
    return where_fault_set(fault, CAIRN_EINVAL, at, "'%s' is %s: compare it by %s", condition->field->name,
                           kind_name(kind),
                           kind == WHERE_NAME || kind == WHERE_TEXT ? "=, !=, ~ or in"
                           : kind == WHERE_FLAG                     ? "= or !="
                           : kind == WHERE_ID                       ? "=, != or in"
                                                                    : "=, !=, <, <=, >, >= or in");
}

static bool wrong_value(const struct where_condition *condition, const struct where_value *value,
                        const char *wanted, struct where_fault *fault)
{
    return where_fault_set(fault, CAIRN_EINVAL, value->at, "'%s' is %s, and '%.*s' is none: write %s",
                           condition->field->name, kind_name(condition->field->kind),
                           where_quoted_bytes(value->text), value->text, wanted);
}

static bool make_status(const struct where_condition *condition, const struct where_value *value,
                        struct where_fault *fault)
{
    for (size_t i = 0; i < ANALYSIS_STATUSES; i++)
        if (condition->sign == WHERE_CONTAINS || analysis_glob(value->text, analysis_status_name(i)))
            return true;
    return where_fault_set(fault, CAIRN_EINVAL, value->at,
                           "there is no status '%.*s', only ok, failed and unfinished",
                           where_quoted_bytes(value->text), value->text);
}

static bool make_attr(const struct where_condition *condition, const struct where_value *value,
                      struct where_fault *fault)
{
    bool orders = condition->sign >= WHERE_LESS && condition->sign <= WHERE_AT_LEAST;
    if (value->kind == WHERE_IS_DURATION && condition->sign != WHERE_CONTAINS)
        return where_fault_set(
            fault, CAIRN_EINVAL, value->at,
            "attributes are numbers without a unit, or texts: quote '%.*s' if it is a text",
            where_quoted_bytes(value->text), value->text);
    if (!orders || value->kind == WHERE_IS_NUMBER) return true;
    return where_fault_set(fault, CAIRN_EINVAL, value->at,
                           "'%.*s' is no number: what has no order is compared by =, != "
                           "or ~",
                           where_quoted_bytes(value->text), value->text);
}

static bool make_ticks(const struct where_condition *condition, struct where_value *value,
                       const struct trace_info *info, struct where_fault *fault)
{
    bool is_zero = value->kind == WHERE_IS_NUMBER && value->number == 0;
    if (value->kind != WHERE_IS_DURATION && !is_zero)
        return wrong_value(condition, value, "a number with its unit, as in 10ms (ns us ms s m h)", fault);
    value->ticks = trace_clock_ticks(&info->clock, value->ns);
    if (condition->field->kind == WHERE_INSTANT &&
        __builtin_add_overflow(value->ticks, info->clock.base_ticks, &value->ticks))
        value->ticks = UINT64_MAX;
    return true;
}

static bool make_id(struct where_value *value, const struct trace_info *info, struct where_fault *fault)
{
    struct cairn_error error;
    if (analysis_id_parse(value->text, info, &value->id, &error) == 0) return true;
    return where_fault_set(fault, CAIRN_EINVAL, value->at, "%.250s", error.text);
}

static bool make_value(const struct where_condition *condition, struct where_value *value,
                       const struct trace_info *info, struct where_fault *fault)
{
    switch (condition->field->kind) {
    case WHERE_SPAN:
    case WHERE_INSTANT: return make_ticks(condition, value, info, fault);
    case WHERE_COUNT:
        return value->kind == WHERE_IS_NUMBER || wrong_value(condition, value, "one, as in 3", fault);
    case WHERE_FLAG:
        return value->kind == WHERE_IS_BOOL || wrong_value(condition, value, "one of these", fault);
    case WHERE_ID: return make_id(value, info, fault);
    case WHERE_ATTR: return make_attr(condition, value, fault);
    default: return condition->field->what != WHERE_TASK_STATUS || make_status(condition, value, fault);
    }
}

static bool make_passes(struct where_condition *condition, const struct trace_info *info,
                        struct arena *memory)
{
    bool is_attr = condition->field->kind == WHERE_ATTR;
    condition->pass_count = is_attr ? info->site_count : names_of(condition->field->what, info);
    condition->passes = arena_alloc(memory, condition->pass_count + 1);
    for (uint32_t i = 0; condition->passes && i < condition->pass_count; i++)
        condition->passes[i] = is_attr ? strcmp(analysis_site_text(info, i), condition->key) == 0
                                       : name_passes(condition, info, i);
    return condition->passes != NULL;
}

bool where_condition_make(struct where_condition *condition, size_t at, const struct trace_info *info,
                          struct arena *memory, struct where_fault *fault)
{
    enum where_kind kind = condition->field->kind;
    if (!check_sign(condition, at, fault)) return false;
    for (size_t i = 0; i < condition->value_count; i++)
        if (!make_value(condition, &condition->values[i], info, fault)) return false;
    if (kind != WHERE_NAME && kind != WHERE_ATTR) return true;
    return make_passes(condition, info, memory) || out_of_memory(fault);
}
