/* Recording goes off and on. Part of semantics.c. SPDX-License-Identifier: Apache-2.0 */

/* The birth that the program knows, for list_trace to compare. */
static void log_birth(cairn_task task)
{
    cairn_logf(task, "birth", "%llu", (unsigned long long)task.birth);
}

static void case_round_task(void)
{
    start("round_task-1");
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "of round 1");
    cairn_task ended = cairn_task_begin(CAIRN_BACKGROUND, "ended in round 1");
    log_birth(task);
    cairn_task_end(ended);
    stop();
    start("round_task-2");
    cairn_log(task, "used", "again");
    log_birth(task);
    cairn_region region = cairn_region_begin(task, "in round 2");
    cairn_task child = cairn_task_begin(task, "child in round 2");
    cairn_attr(task, "late", 2);
    cairn_task_end(child);
    cairn_region_end(region);
    cairn_link(ended, task);
    cairn_task own = cairn_task_begin(CAIRN_BACKGROUND, "of round 1");
    log_birth(own);
    cairn_task_end(own);
    cairn_task_end(task);
    cairn_task_end(ended);
    stop();
    start("round_task-3");
    cairn_task_fail(task, "ends once more");
    stop();
}

/* A pair is decided at its begin: an end in another round is not written. */
static void case_round_region(void)
{
    start("round_region-1");
    cairn_region outer = cairn_region_begin(CAIRN_BACKGROUND, "open at the stop");
    cairn_region inner = cairn_region_begin(CAIRN_BACKGROUND, "open at the stop");
    cairn_region_end(inner);
    stop();
    start("round_region-2");
    cairn_region own = cairn_region_begin(CAIRN_BACKGROUND, "of round 2");
    cairn_attr(outer, "late", 1);
    cairn_attr(outer, "late", "text");
    cairn_region_end(outer);
    cairn_region_end(inner);
    cairn_region_end(own);
    stop();
}

/* The same where they come before the thread has done anything else in the round. */
static void case_round_region_first(void)
{
    start("round_region_first-1");
    cairn_region region = cairn_region_begin(CAIRN_BACKGROUND, "open at the stop");
    cairn_region innermost = cairn_region_begin(CAIRN_BACKGROUND, "open at the stop");
    stop();
    start("round_region_first-2");
    cairn_attr(innermost, "late", 1);
    region = cairn_region_begin(CAIRN_BACKGROUND, "open at the stop");
    stop();
    start("round_region_first-3");
    cairn_region_end(region);
    cairn_region_end(innermost);
    stop();
}

/* Begun while off: tasks are known as one, regions as none. */
static void case_round_off(void)
{
    char type[] = "made at run time";
    CHECK(!cairn_enabled());
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "begun while off");
    cairn_task dynamic = cairn_task_begin_dyn(task, type);
    cairn_region region = cairn_region_begin(task, "begun while off");
    cairn_log(task, "while", "off");
    start("round_off");
    CHECK(IS_DISABLED || cairn_enabled());
    cairn_log(task, "under", "begun while off");
    cairn_log(dynamic, "under", "the same");
    cairn_attr(task, "key", 1);
    cairn_region inner = cairn_region_begin(task, "region under it");
    cairn_region_end(inner);
    cairn_task child = cairn_task_begin(task, "child of it");
    cairn_link(task, child);
    cairn_link(child, task);
    cairn_attr(region, "never", 1);
    cairn_region_end(region);
    cairn_task_end(child);
    cairn_task_end(task);
    cairn_task_fail(dynamic, "never");
    stop();
    CHECK(!cairn_enabled());
}

static void case_round_after_stop(void)
{
    start("round_after_stop");
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "ended after the stop");
    cairn_region region = cairn_region_begin(task, "ended after the stop");
    stop();
    cairn_region_end(region);
    cairn_task_end(task);
    cairn_log(task, "after", "the stop");
    stop();
}

/* The same content is the same type, however often and wherever it is made. */
static void case_round_dyn(void)
{
    char type[32];
    for (int round = 1; round <= 2; round++) {
        start(round == 1 ? "round_dyn-1" : "round_dyn-2");
        for (int i = 0; i < 6; i++) {
            snprintf(type, sizeof type, "type %d", i % 3);
            cairn_task_end(cairn_task_begin_dyn(CAIRN_BACKGROUND, type));
            cairn_region_end(cairn_region_begin_dyn(CAIRN_BACKGROUND, type));
        }
        cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "type 1"));
        stop();
    }
}
