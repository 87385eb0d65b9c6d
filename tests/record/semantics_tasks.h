/* Tasks. Part of semantics.c. SPDX-License-Identifier: Apache-2.0 */

static void case_task_plain(void)
{
    char type[] = "made at run time", reason[] = "no milk, at run time";
    cairn_task order = cairn_task_begin(CAIRN_BACKGROUND, "order");
    cairn_task milk = cairn_task_begin(order, "milk");
    cairn_task dynamic = cairn_task_begin_dyn(milk, type);
    cairn_task other = cairn_task_begin_dyn(CAIRN_BACKGROUND, type);
    cairn_task second = cairn_task_begin(CAIRN_BACKGROUND, "order");
    cairn_task_end(other);
    cairn_task_fail_dyn(dynamic, reason);
    cairn_task_fail(milk, "out of milk");
    cairn_task_end(order);
    cairn_task_end(second);
    CHECK(IS_DISABLED || (order.id != second.id && order.birth <= second.birth));
}

static cairn_task pass_on(cairn_task task)
{
    cairn_log(task, "passed", "on");
    return task;
}

/* Each is evaluated once, wherever it stands. */
static void case_task_in_argument(void)
{
    int begun = 0;
    cairn_task parent = cairn_task_begin(CAIRN_BACKGROUND, "outer");
    cairn_task_end(cairn_task_begin(cairn_task_begin(pass_on(parent), "middle"), "inner"));
    cairn_task_end((begun++, parent));
    CHECK(begun == 1);
}

static void end_once_more(cairn_task task)
{
    cairn_task_end(task);
}

static void case_task_double_end(void)
{
    cairn_task first = cairn_task_begin(CAIRN_BACKGROUND, "ended twice");
    cairn_task second = cairn_task_begin(CAIRN_BACKGROUND, "ended, then failed");
    cairn_task third = cairn_task_begin(CAIRN_BACKGROUND, "failed, then ended");
    cairn_task_end(first);
    end_once_more(first);
    cairn_task_end(second);
    cairn_task_fail(second, "too late");
    cairn_task_fail(third, "counts");
    end_once_more(third);
}

static void *end_on_thread(void *argument)
{
    cairn_task_end(*(cairn_task *)argument);
    return NULL;
}

static void *begin_on_thread(void *argument)
{
    *(cairn_task *)argument = cairn_task_begin(*(cairn_task *)argument, "begun elsewhere");
    return NULL;
}

static void case_task_ended_elsewhere(void)
{
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "ended elsewhere");
    cairn_task child = task;
    on_thread(begin_on_thread, &child);
    on_thread(end_on_thread, &task);
    cairn_task_end(child);
}

static void case_task_parent_first(void)
{
    cairn_task parent = cairn_task_begin(CAIRN_BACKGROUND, "parent");
    cairn_task child = cairn_task_begin(parent, "child");
    cairn_task_end(parent);
    cairn_task late = cairn_task_begin(parent, "child of an ended parent");
    cairn_task_end(late);
    cairn_task_end(child);
}

/* The background has neither begin nor end; what belongs to no task stands under it. */
static void case_task_background(void)
{
    cairn_task_end(CAIRN_BACKGROUND);
    cairn_task_fail(CAIRN_BACKGROUND, "never");
    cairn_log(CAIRN_BACKGROUND, "of", "no task");
    cairn_attr(CAIRN_BACKGROUND, "of", "no task");
    cairn_region region = cairn_region_begin(CAIRN_BACKGROUND, "of no task");
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "root");
    cairn_link(CAIRN_BACKGROUND, task);
    cairn_region_end(region);
    end_once_more(task); /* so that its call site is known */
    end_once_more(CAIRN_BACKGROUND);
}

static void case_task_unfinished(void)
{
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "never ended");
    cairn_task child = cairn_task_begin(task, "ended");
    cairn_task_end(child);
}

static void case_task_used_after_end(void)
{
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "used after its end");
    cairn_task_end(task);
    cairn_log(task, "late", "message");
    cairn_attr(task, "late", 1);
    cairn_region region = cairn_region_begin(task, "late");
    cairn_region_end(region);
}

static void case_task_link(void)
{
    cairn_task batch = cairn_task_begin(CAIRN_BACKGROUND, "batch");
    cairn_task first = cairn_task_begin(CAIRN_BACKGROUND, "request");
    cairn_task second = cairn_task_begin(CAIRN_BACKGROUND, "request");
    cairn_link(first, batch);
    cairn_link(second, batch);
    cairn_link(batch, batch);
    cairn_link(batch, CAIRN_BACKGROUND);
    cairn_task_end(first);
    cairn_link(first, second);
    cairn_task_end(second);
    cairn_task_end(batch);
}
