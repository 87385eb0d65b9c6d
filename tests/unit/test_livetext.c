/* Live files as text and back, and with any bytes in them. SPDX-License-Identifier: Apache-2.0 */
#include "killedflight.h"

/* ---- As text --------------------------------------------------------------------------------------------- */

static char *dump(const char *path)
{
    char *text = NULL;
    size_t count = 0;
    struct cairn_error error = {0};
    FILE *out = open_memstream(&text, &count);
    if (trace_dump(path, out, &error) != 0) fail_msg("%s", error.text);
    fclose(out);
    return text;
}

static void dumps_the_same(const char *path)
{
    size_t count, again_count;
    char *text = dump(path), *bytes = read_file(path, &count);
    char *again = read_file(assemble_as(own_path("again"), text), &again_count);
    assert_int_equal(again_count, count);
    assert_memory_equal(again, bytes, count);
    unlink(own_path("again"));
    free(text), free(bytes), free(again);
}

static void the_areas_of_a_live_file_are_text(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "\narea sites bytes=8192 # 4096\n  site number=1 role=task text=\"job\"\n",
        "\n  thread index=1 tid=11 overwritten=task_begin:2,log:7 overwritten_until=5000\n",
        "\narea tasks bytes=8192 # 16384\n  zeros 80\n  open_task id=1:1:5 birth=1500 flags=2\n",
        "\n  open_task id=1:1:3 birth=1200 parent=1:1:2 parent_birth=1100\n",
        "\nslot slot_bytes=4096 state=sealed # 24576\nblock events bytes=96 flags=0 number=4 thread=1 ",
        "\n  log site=2 time=6100 text=\"five\" # 28784\n"};
    make_killed(&(struct killed){.retiring = "retiring_number=4 retiring_thread=1 retiring_before=log:6"});
    char *text = dump(own_path("live"));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(text, lines[i])) fail_msg("\"%s\" is not in: %s", lines[i], text);
    assert_null(strstr(text, "words"));
    dumps_the_same(own_path("live"));
    free(text);
    forget_files();
}

static void what_areas_hold_besides_comes_back_too(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "area tasks\nopen_task id=1:1:5\nwords 0 77\n", "area tasks\narea none\nraw\nwords 1 2 3\nat 24576\n",
        "area tasks bytes=4096\nbytes \"odd\"\n",
        "area tasks\narea slots bytes=32768\nat 20480\nslot slot_bytes=8192\nwords 5 6 7\n"
        "slot state=free\nblock events flags=0 bytes=80 open_count=3\nwords 9 9\nzeros 90\nwords 4\n"
        "raw\nwords 1\nzeros 100\nbytes \"x\"\n",
        /* padding that is not zero */
        ("area tasks\narea slots bytes=32768\nslot\nblock events flags=0\nlog site=2 text=abc\n"
         "patch 88 0x4100636261000003\n")};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        make_killed(&(struct killed){.tasks = odd[i], .slots = i >= 3 ? "" : NULL});
        dumps_the_same(own_path("live"));
        forget_files();
    }
}

static void random_live_files_come_back(void **state)
{
    (void)state;
    make_killed(&(struct killed){0});
    size_t count;
    char *bytes = read_file(own_path("live"), &count);
    uint32_t random = 815;
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 4; i++) {
            random = random * 1664525 + 1013904223;
            size_t begin = i % 2 ? 4096 : 24576, end = i % 2 ? 24576 : 33000;
            bytes[begin + (random >> 8) % (end - begin)] = (char)random;
        }
        write_file(own_path("live"), bytes, count);
        dumps_the_same(own_path("live"));
    }
    free(bytes);
    forget_files();
}

/* ---- Hostile input --------------------------------------------------------------------------------------- */

static void random_bytes_are_survived(void **state)
{
    (void)state;
    const char *trace = make_killed(&(struct killed){.retiring = "retiring_number=4 retiring_thread=1"});
    size_t count;
    char *bytes = read_file(own_path("live"), &count);
    uint32_t random = 4711;
    for (int round = 0; round < 1500; round++) {
        char *copy = malloc(count);
        const char *found;
        memcpy(copy, bytes, count);
        for (int i = 0; i <= round % 4; i++) {
            random = random * 1664525 + 1013904223;
            /* In turn: the head's new fields, records and open tasks, slots. */
            size_t begin = round % 3 == 0 ? 360 : round % 3 == 1 ? 4096 : 24576;
            size_t end = round % 3 == 0 ? 640 : round % 3 == 1 ? 24576 : 33000;
            copy[begin + (random >> 8) % (end - begin)] = (char)random;
        }
        write_file(own_path("live"), copy, count);
        survive(trace, &found);
        free(copy);
    }
    free(bytes);
    forget_files();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_areas_of_a_live_file_are_text),
        cmocka_unit_test(what_areas_hold_besides_comes_back_too),
        cmocka_unit_test(random_live_files_come_back),
        cmocka_unit_test(random_bytes_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
