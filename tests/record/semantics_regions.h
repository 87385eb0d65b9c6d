/* Regions, but for the ways to leave them. Part of semantics.c. SPDX-License-Identifier: Apache-2.0 */

#include <time.h>

static void case_region_plain(void)
{
    char type[] = "made at run time";
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_region outer = cairn_region_begin(task, "outer");
    cairn_region inner = cairn_region_begin(task, "inner");
    cairn_region dynamic = cairn_region_begin_dyn(task, type);
    cairn_log(task, "in", "the innermost");
    cairn_region_end(dynamic);
    cairn_region_end(inner);
    cairn_region again = cairn_region_begin(task, "inner");
    cairn_region_end(again);
    cairn_region_end(outer);
    cairn_task_end(task);
}

/* Each region belongs to its own task, also where tasks take turns. */
static void case_region_tasks(void)
{
    cairn_task a = cairn_task_begin(CAIRN_BACKGROUND, "a");
    cairn_task b = cairn_task_begin(CAIRN_BACKGROUND, "b");
    for (int i = 0; i < 3; i++) {
        cairn_region of_a = cairn_region_begin(a, "of a");
        cairn_region of_b = cairn_region_begin(b, "of b");
        cairn_region of_none = cairn_region_begin(CAIRN_BACKGROUND, "of none");
        cairn_log(b, "turn", "b");
        cairn_region_end(of_none);
        cairn_region_end(of_b);
        cairn_log(a, "turn", "a");
        cairn_region_end(of_a);
    }
    cairn_task_end(b);
    cairn_task_end(a);
}

static void end_outer(cairn_region outer)
{
    cairn_region_end(outer);
}

static void case_region_misnested(void)
{
    cairn_region outer = cairn_region_begin(CAIRN_BACKGROUND, "outer");
    cairn_region middle = cairn_region_begin(CAIRN_BACKGROUND, "middle");
    cairn_region inner = cairn_region_begin(CAIRN_BACKGROUND, "inner");
    end_outer(outer);
    cairn_region_end(inner);
    cairn_region_end(middle);
    cairn_region after = cairn_region_begin(CAIRN_BACKGROUND, "after");
    cairn_region_end(after);
}

static void log_many(int count)
{
    for (int i = 0; i < count; i++) cairn_log(CAIRN_BACKGROUND, "many", "fill some chunks");
}

/* What is open is known in every chunk, what has ended is not, in whichever order. */
static void case_region_over_chunks(void)
{
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_region outer = cairn_region_begin(task, "outer");
    cairn_region middle = cairn_region_begin(CAIRN_BACKGROUND, "middle");
    cairn_region inner = cairn_region_begin(task, "inner");
    log_many(10000);
    cairn_region_end(middle);
    log_many(10000);
    cairn_attr(inner, "key", 1);
    cairn_region_end(inner);
    log_many(10000);
    cairn_attr(outer, "key", 2);
    cairn_log(task, "still", "the same");
    cairn_region_end(outer);
    cairn_task_end(task);
}

static void *end_region_on_thread(void *argument)
{
    cairn_region own = cairn_region_begin(CAIRN_BACKGROUND, "own");
    cairn_region_end(*(cairn_region *)argument);
    cairn_region_end(own);
    return NULL;
}

static void case_region_other_thread(void)
{
    cairn_region outer = cairn_region_begin(CAIRN_BACKGROUND, "outer");
    cairn_region handed_over = cairn_region_begin(CAIRN_BACKGROUND, "handed over");
    on_thread(end_region_on_thread, &handed_over);
    cairn_region inner = cairn_region_begin(CAIRN_BACKGROUND, "inner");
    cairn_region_end(inner);
    cairn_region_end(outer);
}

static void *never_end(void *argument)
{
    cairn_region_begin(CAIRN_BACKGROUND, "never ended on a thread that is gone");
    return argument;
}

static void case_region_never_ended(void)
{
    cairn_region_begin(CAIRN_BACKGROUND, "never ended");
    cairn_region ended = cairn_region_begin(CAIRN_BACKGROUND, "ended");
    cairn_region_end(ended);
    on_thread(never_end, NULL);
}

static void case_region_twice(void)
{
    cairn_region outer = cairn_region_begin(CAIRN_BACKGROUND, "outer");
    cairn_region twice = cairn_region_begin(CAIRN_BACKGROUND, "ended twice");
    cairn_region_end(twice);
    cairn_region_end(twice);
    cairn_region inner = cairn_region_begin(CAIRN_BACKGROUND, "inner");
    cairn_region_end(inner);
    cairn_region_end(outer);
}

enum { DEEP = 100 };

static void case_region_deep(void)
{
    cairn_region regions[DEEP];
    for (int i = 0; i < DEEP; i++) regions[i] = cairn_region_begin(CAIRN_BACKGROUND, "level");
    cairn_log(CAIRN_BACKGROUND, "at", "the bottom");
    for (int i = DEEP; i-- > 0;) cairn_region_end(regions[i]);
}

/* More regions are begun within it than a thread's list remembers. */
static void case_region_late(void)
{
    cairn_region regions[DEEP];
    cairn_region late = cairn_region_begin(CAIRN_BACKGROUND, "late");
    for (int i = 0; i < DEEP; i++) regions[i] = cairn_region_begin(CAIRN_BACKGROUND, "level");
    cairn_region_end(late);
    for (int i = 0; i < DEEP; i++) cairn_region_end(regions[i]);
    cairn_region after = cairn_region_begin(CAIRN_BACKGROUND, "after");
    cairn_region_end(after);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void case_region_at(void)
{
    const uint64_t second = 1000000000;
    char type[] = "made at run time";
    uint64_t now = now_ns();
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_region around = cairn_region_begin(task, "around");
    cairn_region_at(task, "device", now - 3 * second, now - 3 * second + 1500000);
    cairn_region_at(CAIRN_BACKGROUND, "empty", now - second, now - second);
    cairn_region_at(task, "end before begin", now - second, now - 2 * second);
    cairn_region_at_dyn(task, type, now - 5 * second, now - 4 * second);
    cairn_region_end(around);
    cairn_task_end(task);
}
