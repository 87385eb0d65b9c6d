/* Threads, the ambient task, and control as far as it leaves nothing behind. Part of semantics.c.
 * SPDX-License-Identifier: Apache-2.0 */

static void *named(void *argument)
{
    cairn_thread_name((const char *)argument);
    cairn_log(CAIRN_BACKGROUND, "name", argument ? (const char *)argument : "none");
    return NULL;
}

static void *renamed(void *argument)
{
    cairn_log(CAIRN_BACKGROUND, "name", "not yet");
    cairn_thread_name("first name");
    cairn_log(CAIRN_BACKGROUND, "name", "first");
    cairn_thread_name("second name");
    return argument;
}

static void *named_by_system(void *argument)
{
    pthread_setname_np(pthread_self(), "system's name");
    cairn_log(CAIRN_BACKGROUND, "name", "system's");
    return argument;
}

/* 31 bytes are kept; the character at the end of the last would be cut in two. */
static void case_thread_names(void)
{
    char exact[] = "1234567890123456789012345678901", umlaut[] = "123456789012345678901234567890\xc3\xa4";
    char longer[] = "12345678901234567890123456789012", plain[] = "a worker";
    start("thread_names");
    cairn_log(CAIRN_BACKGROUND, "name", "set before the start");
    on_thread(named, plain);
    on_thread(named, exact);
    on_thread(named, longer);
    on_thread(named, umlaut);
    on_thread(renamed, NULL);
    on_thread(named_by_system, NULL);
    stop();
}

static void *ambient_of_new_thread(void *argument)
{
    cairn_log(cairn_current(), "ambient", "a new thread starts with none");
    cairn_task former = cairn_attach(*(cairn_task *)argument);
    cairn_log(cairn_current(), "ambient", "handed over");
    cairn_attach(former);
    cairn_log(cairn_current(), "ambient", "given back");
    return NULL;
}

static void case_ambient(void)
{
    cairn_task off = cairn_task_begin(CAIRN_BACKGROUND, "begun while off");
    cairn_attach(off);
    start("ambient");
    cairn_log(cairn_current(), "ambient", "attached while off");
    cairn_task a = cairn_task_begin(CAIRN_BACKGROUND, "a");
    cairn_task b = cairn_task_begin(a, "b");
    cairn_attach(a);
    cairn_log(cairn_current(), "ambient", "a");
    cairn_log(CAIRN_BACKGROUND, "ambient", "never meant by the background");
    cairn_region region = cairn_region_begin(CAIRN_BACKGROUND, "of no task");
    cairn_region_end(region);
    cairn_task_end(cairn_task_begin(CAIRN_BACKGROUND, "root"));
    cairn_task former = cairn_attach(b);
    CHECK(IS_DISABLED || (former.id == a.id && former.birth == a.birth));
    cairn_log(cairn_current(), "ambient", "b");
    on_thread(ambient_of_new_thread, &a);
    cairn_task_end(b);
    cairn_log(cairn_current(), "ambient", "b, which has ended");
    cairn_attach(former);
    cairn_log(cairn_current(), "ambient", "a again");
    stop();
    CHECK(IS_DISABLED || cairn_current().id == a.id);
    cairn_attach(CAIRN_BACKGROUND);
    CHECK(cairn_current().id == 0);
    cairn_task_end(a);
}

static void case_control(void)
{
    char version[32];
    cairn_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    CHECK(cairn_stop() == 0);
    CHECK(!cairn_enabled());
    start("control");
    CHECK(cairn_enabled() == !IS_DISABLED);
    CHECK(cairn_start(&options) == (IS_DISABLED ? 0 : -CAIRN_EBUSY));
    CHECK(cairn_start(NULL) == (IS_DISABLED ? 0 : -CAIRN_EBUSY));
    CHECK(cairn_snapshot("never-made.cairn") == (IS_DISABLED ? 0 : -CAIRN_ENOTSUP));
    cairn_log(CAIRN_BACKGROUND, "still", "on");
    CHECK(cairn_enabled() == !IS_DISABLED);
    stop();
    stop();
    CHECK(!cairn_enabled());
    snprintf(version, sizeof version, "%d.%d.%d", CAIRN_VERSION_MAJOR, CAIRN_VERSION_MINOR,
             CAIRN_VERSION_PATCH);
    CHECK(strcmp(cairn_version(), version) == 0);
    CHECK(strcmp(cairn_strerror(0), cairn_strerror(-CAIRN_EBUSY)) != 0 || IS_DISABLED);
    for (int error = 1; error <= CAIRN_EOFF + 1; error++) {
        CHECK(cairn_strerror(error)[0] && strcmp(cairn_strerror(error), cairn_strerror(-error)) == 0);
        CHECK(IS_DISABLED || strcmp(cairn_strerror(error), cairn_strerror(error - 1)) != 0);
    }
    CHECK(cairn_strerror(1 << 30)[0] && cairn_strerror(-2147483647 - 1)[0]);
}
