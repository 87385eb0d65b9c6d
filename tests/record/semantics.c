/* Every annotation, in every way it may be used. SPDX-License-Identifier: Apache-2.0
 *
 *     semantics FOLDER       records one trace per case into FOLDER/1, then all again into FOLDER/2; prints the names
 *                            of the cases
 *
 * It only records; what must be in the traces stands in expected/. Each is recorded twice because the first use of a
 * call site goes another way than all later ones. The same source is compiled as C and as C++,
 * with and without CAIRN_DISABLE, against every form of the library. The parts are included, so that a build is one
 * command, and so that all annotations are in one translation unit, where their names could clash. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "semantics.h"

#include "semantics_tasks.h"

#include "semantics_regions.h"

#include "semantics_leaving.h"

#include "semantics_values.h"

#include "semantics_logs.h"

#include "semantics_rounds.h"

#include "semantics_threads.h"

/* Cases marked with 1 start and stop by themselves. */
static const struct {
    const char *name;
    void (*run)(void);
    int by_itself;
} cases[] = {
    {"task_plain", case_task_plain, 0},
    {"task_in_argument", case_task_in_argument, 0},
    {"task_double_end", case_task_double_end, 0},
    {"task_ended_elsewhere", case_task_ended_elsewhere, 0},
    {"task_parent_first", case_task_parent_first, 0},
    {"task_background", case_task_background, 0},
    {"task_unfinished", case_task_unfinished, 0},
    {"task_used_after_end", case_task_used_after_end, 0},
    {"task_link", case_task_link, 0},
    {"region_plain", case_region_plain, 0},
    {"region_tasks", case_region_tasks, 0},
    {"region_misnested", case_region_misnested, 0},
    {"region_over_chunks", case_region_over_chunks, 0},
    {"region_other_thread", case_region_other_thread, 0},
    {"region_never_ended", case_region_never_ended, 0},
    {"region_twice", case_region_twice, 0},
    {"region_deep", case_region_deep, 0},
    {"region_late", case_region_late, 0},
    {"region_at", case_region_at, 0},
    {"leave_scope", case_leave_scope, 0},
    {"leave_with_region", case_leave_with_region, 0},
    {"leave_thread_in_with_region", case_leave_thread_in_with_region, 0},
    {"leave_places", case_leave_places, 0},
#if defined(__EXCEPTIONS)
    {"leave_thread_in_scope", case_leave_thread_in_scope, 0},
#endif
#ifdef __cplusplus
    {"leave_by_exception", case_leave_by_exception, 0},
#endif
    {"values_of_tasks", case_values_of_tasks, 0},
    {"values_of_regions", case_values_of_regions, 0},
    {"values_until_the_end", case_values_until_the_end, 0},
    {"counters", case_counters, 0},
    {"log_plain", case_log_plain, 0},
    {"log_lengths", case_log_lengths, 0},
    {"log_bytes", case_log_bytes, 0},
    {"logf_conversions", case_logf_conversions, 0},
    {"logf_strings", case_logf_strings, 0},
    {"logf_refused", case_logf_refused, 0},
    {"logf_limits", case_logf_limits, 0},
    {"not_evaluated", case_not_evaluated, 1},
    {"errno_is_kept", case_errno_is_kept, 0},
    {"round_task", case_round_task, 1},
    {"round_region", case_round_region, 1},
    {"round_region_first", case_round_region_first, 1},
    {"round_off", case_round_off, 1},
    {"round_after_stop", case_round_after_stop, 1},
    {"round_dyn", case_round_dyn, 1},
    {"thread_names", case_thread_names, 1},
    {"ambient", case_ambient, 1},
    {"control", case_control, 1},
};

static void run_all(const char *parent, int pass)
{
    snprintf(folder, sizeof folder, "%s/%d", parent, pass);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (!cases[i].by_itself) start(cases[i].name);
        cases[i].run();
        if (!cases[i].by_itself) stop();
        puts(cases[i].name);
    }
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: semantics FOLDER\n");
        return 2;
    }
    cairn_thread_name("main");
    run_all(arguments[1], 1);
    run_all(arguments[1], 2);
    return failures != 0;
}
