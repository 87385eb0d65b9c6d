/* The ways to leave a region that ends by itself. Part of semantics.c. SPDX-License-Identifier: Apache-2.0
 * Cancellation is asked for by the thread itself before a point where it takes effect, so no time is involved. */

static int leave_by_return(cairn_task task, int early)
{
    CAIRN_REGION(task, "left by return");
    CAIRN_REGION(task, "second of the same scope");
    if (early) return 1;
    cairn_log(task, "not", "early");
    return 0;
}

static void leave_by_goto(cairn_task task)
{
    int rounds = 0;
again : {
    CAIRN_REGION(task, "left by goto");
    if (++rounds < 3) goto again;
}
    cairn_log(task, "behind", "the scope");
}

static void leave_by_break(cairn_task task)
{
    for (int i = 0; i < 4; i++) {
        CAIRN_REGION(task, "left by continue or break");
        if (i == 2) break;
        if (i < 2) continue;
        cairn_log(task, "never", "here");
    }
}

static void case_leave_scope(void)
{
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    leave_by_return(task, 1);
    leave_by_return(task, 0);
    leave_by_goto(task);
    leave_by_break(task);
    cairn_task_end(task);
}

/* ---- cairn_with_region ------------------------------------------------------------------------------------ */

static void log_inside(void *argument)
{
    cairn_log(*(cairn_task *)argument, "inside", "the function");
}

static void nest(void *argument)
{
    cairn_task task = *(cairn_task *)argument;
    cairn_with_region(task, "inner", log_inside, argument);
}

static void case_leave_with_region(void)
{
    char type[] = "made at run time";
    cairn_task task = cairn_task_begin(CAIRN_BACKGROUND, "task");
    cairn_with_region(task, "outer", nest, &task);
    cairn_with_region_dyn(task, type, log_inside, &task);
    cairn_task_end(task);
}

static void exit_thread(void *argument)
{
    pthread_exit(argument);
}

static void be_cancelled(void *argument)
{
    pthread_cancel(pthread_self());
    pthread_testcancel();
    (void)argument;
}

static void *exit_in_region(void *argument)
{
    cairn_with_region(CAIRN_BACKGROUND, "left by pthread_exit", exit_thread, argument);
    return NULL;
}

static void *cancel_in_region(void *argument)
{
    cairn_with_region(CAIRN_BACKGROUND, "left by cancellation", be_cancelled, argument);
    return NULL;
}

static void case_leave_thread_in_with_region(void)
{
    CHECK(!on_thread(exit_in_region, NULL));
    CHECK(on_thread(cancel_in_region, NULL));
}

/* ---- Threads that end within a scope: needs -fexceptions ---------------------------------------------------- */

#if defined(__EXCEPTIONS)
static void *exit_in_scope(void *argument)
{
    CAIRN_REGION(CAIRN_BACKGROUND, "left by pthread_exit");
    CAIRN_REGION(CAIRN_BACKGROUND, "inner");
    exit_thread(argument);
    return NULL;
}

static void *cancel_in_scope(void *argument)
{
    CAIRN_REGION(CAIRN_BACKGROUND, "left by cancellation");
    CAIRN_REGION(CAIRN_BACKGROUND, "inner");
    be_cancelled(argument);
    return NULL;
}

static void case_leave_thread_in_scope(void)
{
    CHECK(!on_thread(exit_in_scope, NULL));
    CHECK(on_thread(cancel_in_scope, NULL));
}
#endif

#ifdef __cplusplus
static void throw_it(void *argument)
{
    throw *static_cast<int *>(argument);
}

static void throw_in_scope(int number)
{
    CAIRN_REGION(CAIRN_BACKGROUND, "left by an exception");
    cairn_with_region(CAIRN_BACKGROUND, "function left by an exception", throw_it, &number);
}

static void case_leave_by_exception(void)
{
    int caught = 0;
    try {
        throw_in_scope(7);
    } catch (int number) {
        caught = number;
    }
    CHECK(caught == 7);
    cairn_log(CAIRN_BACKGROUND, "behind", "the exception");
}
#endif

/* ---- Places: those of the caller ------------------------------------------------------------------------------ */

/* Each log has the line of the annotation before it, and list_trace compares. */
#define LOG_LINE(line) cairn_logf(CAIRN_BACKGROUND, "line", "%d", line)

static void nothing(void *argument)
{
    (void)argument;
}

/* While it runs, the last annotation is the begin. */
static void look_at_line(void *argument)
{
    LOG_LINE(*(int *)argument + 1);
}

static void case_leave_places(void)
{
    int line = __LINE__;
    cairn_region region = cairn_region_begin(CAIRN_BACKGROUND, "a pair");
    LOG_LINE(line + 1);
    cairn_region_end(region);
    LOG_LINE(line + 3);
    line = __LINE__;
    cairn_with_region(CAIRN_BACKGROUND, "a function", nothing, NULL);
    LOG_LINE(line + 1);
    line = __LINE__;
    cairn_with_region(CAIRN_BACKGROUND, "a function that looks", look_at_line, &line);
    LOG_LINE(line + 1);
}
