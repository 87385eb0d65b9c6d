/* See missingname.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter/missingname.h"

#include "analysis/filter/glob.h"
#include "analysis/filter/wherecondition.h"
#include "analysis/stats.h"
#include "cairn/cairn.h"

#include <string.h>

static bool matches(uint8_t role, const char *name, const char *text)
{
    return role == CAIRN_I_ROLE_ATTR ? strcmp(name, text) == 0 : analysis_glob(name, text);
}

static bool has_name(const struct trace_info *info, uint8_t role, const char *name)
{
    for (uint32_t i = 0; i < info->site_count; i++)
        if (info->sites[i].role == role && matches(role, name, analysis_site_text(info, i))) return true;
    return false;
}

bool analysis_missing_name(struct analysis_missing *missing, const struct trace_info *info, uint8_t role,
                           const char *name)
{
    bool is_given_here = *name == '('; /* such as (background): no name that the program gave */
    if (is_given_here || has_name(info, role, name)) return false;
    struct nearest nearest = nearest_to(name);
    for (uint32_t i = 0; i < info->site_count; i++)
        if (info->sites[i].role == role) nearest_consider(&nearest, analysis_site_text(info, i));
    *missing = (struct analysis_missing){.role = role, .name = name, .like = nearest.name};
    if (role == CAIRN_I_ROLE_TASK) missing->is_elsewhere = has_name(info, CAIRN_I_ROLE_REGION, name);
    if (role == CAIRN_I_ROLE_REGION) missing->is_elsewhere = has_name(info, CAIRN_I_ROLE_TASK, name);
    return true;
}

/* Of the sites that have a field's names; 0: they are no sites'. */
static uint8_t role_of(enum where_what what)
{
    switch (what) {
    case WHERE_TASK_TYPE:
    case WHERE_TASK_PARENT_TYPE: return CAIRN_I_ROLE_TASK;
    case WHERE_REGION_TYPE:
    case WHERE_TASK_REGION: return CAIRN_I_ROLE_REGION;
    case WHERE_TASK_CATEGORY:
    case WHERE_LOG_CATEGORY: return CAIRN_I_ROLE_LOG;
    case WHERE_TASK_REASON: return CAIRN_I_ROLE_END;
    case WHERE_TASK_ATTR: return CAIRN_I_ROLE_ATTR;
    default: return 0;
    }
}

static bool value_fits(const struct where_condition *condition, const struct where_value *value, uint8_t type)
{
    if (type == CAIRN_I_VALUE_TEXT) return value->kind == WHERE_IS_TEXT || condition->sign == WHERE_CONTAINS;
    if (type == CAIRN_I_VALUE_BOOL) return value->kind == WHERE_IS_BOOL;
    return value->kind == WHERE_IS_NUMBER;
}

/* Whether no attribute of that key could be equal to any of the values: its own kind is another one. */
static bool kind_differs(struct analysis_missing *missing, const struct trace_info *info,
                         const struct where_condition *condition)
{
    *missing = (struct analysis_missing){.role = CAIRN_I_ROLE_ATTR, .name = condition->key};
    for (uint32_t i = 0; i < info->site_count; i++) {
        const struct trace_site *site = &info->sites[i];
        if (site->role != CAIRN_I_ROLE_ATTR || strcmp(analysis_site_text(info, i), condition->key) != 0)
            continue;
        for (size_t k = 0; k < condition->value_count; k++)
            if (value_fits(condition, &condition->values[k], site->value_type)) return false;
        missing->value_type = site->value_type;
    }
    return missing->value_type != 0;
}

static bool missing_of_condition(struct analysis_missing *missing, const struct analysis_where *where,
                                 const struct where_condition *condition)
{
    uint8_t role = role_of(condition->field->what);
    if (condition->key)
        return analysis_missing_name(missing, where->info, role, condition->key) ||
               (condition->value_count && kind_differs(missing, where->info, condition));
    if (!role || (condition->sign != WHERE_EQUAL && condition->sign != WHERE_IN)) return false;
    for (size_t i = 0; i < condition->value_count; i++)
        if (analysis_missing_name(missing, where->info, role, condition->values[i].text)) return true;
    return false;
}

bool analysis_missing_of(struct analysis_missing *missing, const struct analysis_where *where)
{
    for (size_t i = 0; i < where->conditions.count; i++)
        if (missing_of_condition(missing, where, &where->conditions.items[i])) return true;
    return false;
}
