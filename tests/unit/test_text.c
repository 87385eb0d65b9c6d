/* The text form: there and back without loss, defaults, mistakes. SPDX-License-Identifier: Apache-2.0 */
#include "tracetext.h"

/* What assembling the dump of a trace gives; to be freed. */
static char *there_and_back(const char *path, size_t *count)
{
    const char *text = own_path("dumped"), *again = own_path("again");
    struct cairn_error error = {0};
    FILE *out = fopen(text, "w");
    assert_non_null(out);
    if (trace_dump(path, out, &error) != 0) fail_msg("%s", error.text);
    assert_int_equal(fclose(out), 0);
    if (trace_assemble(text, again, &error) != 0) fail_msg("%s: %s", text, error.text);
    char *bytes = read_file(again, count);
    unlink(text), unlink(again);
    return bytes;
}

static void comes_back_the_same(const char *path)
{
    size_t count, again_count;
    char *bytes = read_file(path, &count), *again = there_and_back(path, &again_count);
    assert_int_equal(again_count, count);
    for (size_t i = 0; i < count; i++) {
        if (again[i] != bytes[i]) fail_msg("byte %zu differs", i);
    }
    free(bytes), free(again);
}

static void golden_traces_come_back_the_same(void **state)
{
    (void)state;
    static const char *const names[] = {"everything.txt", "open-region.txt", "damage.txt", "killed.txt",
                                        "times.txt"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *text = read_file(source_path(names[i]), NULL);
        const char *path = assemble(text);
        comes_back_the_same(path);
        unlink(path);
        free(text);
    }
}

/* Whatever a file holds, its text makes it again. */
static void damaged_traces_come_back_the_same(void **state)
{
    (void)state;
    char *text = read_file(source_path("everything.txt"), NULL);
    const char *path = assemble(text), *damaged = own_path("damaged");
    size_t count;
    char *bytes = read_file(path, &count);
    uint32_t random = 5;
    for (int round = 0; round < 300; round++) {
        char *copy = malloc(count);
        memcpy(copy, bytes, count);
        for (int i = 0; i <= round % 4; i++) {
            random = random * 1664525 + 1013904223;
            size_t at = (random >> 8) % count;
            copy[at < 8 ? 8 : at] = (char)random;
        }
        write_file(damaged, copy, round % 5 ? count : 4096 + (random >> 4) % (count - 4096));
        comes_back_the_same(damaged);
        free(copy);
    }
    unlink(path), unlink(damaged);
    free(bytes), free(text);
}

static void says_what_is_in_the_trace(void **state)
{
    (void)state;
    const char *path =
        assemble("head pid=5\nsite number=3 role=log text=\"a \\\"b\\\"\"\nblock events thread=4 begin=10\n"
                 "task id=2:3:4 birth=7 time=11\nlog site=3 time=12 text=\"line\\n\\x01\\xff\\t\" full=99\n");
    char *text = NULL;
    size_t count;
    struct cairn_error error = {0};
    FILE *out = open_memstream(&text, &count);
    assert_int_equal(trace_dump(path, out, &error), 0);
    fclose(out);
    assert_non_null(strstr(text, "site number=3 role=log text=\"a \\\"b\\\"\"\n"));
    assert_non_null(strstr(text, "block events number=1 thread=4 sequence=0 begin=10 end=12 #"));
    assert_non_null(strstr(text, "  task time=11 id=2:3:4 birth=7 #"));
    assert_non_null(strstr(text, "  log site=3 time=12 full=99 text=\"line\\n\\x01\\xff\\x09\" #"));
    unlink(path);
    free(text);
}

static void what_is_left_out_has_sensible_values(void **state)
{
    (void)state;
    const char *path = assemble("head\nblock events\ncounter time=5\nblock events\ncounter time=+3\n"
                                "block events thread=2\nblock anchors\nanchor ticks=1\n");
    size_t count;
    char *bytes = read_file(path, &count);
    const struct cairn_file_head *head = (const void *)bytes;
    assert_int_equal(head->data_bytes, count - 4096);
    const struct cairn_chunk_head *first = (const void *)(bytes + 4096);
    const struct cairn_chunk_head *second = (const void *)((const char *)first + first->block.bytes);
    const struct cairn_chunk_head *third = (const void *)((const char *)second + second->block.bytes);
    assert_int_equal(first->block.bytes, 96);
    assert_int_equal(first->end_ticks, 5);
    assert_int_equal(second->begin_ticks, 5);
    assert_int_equal(second->end_ticks, 8);
    assert_int_equal(second->sequence, 1);
    assert_int_equal(second->block.number, 2);
    assert_int_equal(third->sequence, 0);
    assert_int_equal(third->block.number, 3);
    struct trace_diagnostics found = {0};
    struct cairn_error error = {0};
    assert_int_equal(trace_check(path, &found, &error), 0);
    for (uint32_t i = 0; i < found.count; i++) assert_string_not_equal(found.items[i].name, "checksum");
    unlink(path);
    free(found.items), free(bytes);
}

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"", "no head"},
        {"block events\n", "begin with its head"},
        {"head\nhead\n", "line 2"},
        {"head\ntask_begin site=1\n", "stand in a block"},
        {"head\nblock\n", "needs its kind"},
        {"head\nblock events\nnonsense\n", "unknown keyword"},
        {"head\nblock events\nlog text=\"open\n", "not closed"},
        {"head\nblock events\nlog text=\"\\q\"\n", "escape"},
        {"head\nblock events\nlog text=\"a\"b\n", "goes on"},
        {"head\nblock events\nlog size=x\n", "size"},
        {"head\nblock events\nlog colour=red\n", "colour"},
        {"head\nblock events\ntask_begin id=1:2:3:4\n", "id"},
        {"head\nblock events\nlogf_1 int=1 int=2 int=3\n", "more than"},
        {"head round=abc\n", "round"},
        {"head pid=99999999999\n", "pid"},
        {"head\nat 100\n", "passed already"},
        {"head\nzeros 99999999999\n", "too large"},
        {"head\npatch 4096 1\n", "beyond"},
        {"head\narea sofa\n", "one of"},
        {"head\nkey=value\n", "keyword"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *text = own_path("wrong"), *trace = own_path("none");
        struct cairn_error error = {0};
        write_file(text, wrong[i][0], strlen(wrong[i][0]));
        assert_int_equal(trace_assemble(text, trace, &error), -1);
        if (!strstr(error.text, wrong[i][1])) fail_msg("\"%s\" does not say \"%s\"", error.text, wrong[i][1]);
        assert_int_equal(access(trace, F_OK), -1);
        unlink(text);
    }
}

static void a_live_file_can_be_made(void **state)
{
    (void)state;
    const char *path =
        assemble("head flags=live state=recording\narea sites\nsite number=1 role=task text=a\n"
                 "area threads\nthread index=1\narea slots bytes=12288\nslot slot_bytes=8192\n"
                 "block events flags=0\ncounter time=5\n");
    size_t count;
    char *bytes = read_file(path, &count);
    const struct cairn_file_head *head = (const void *)bytes;
    assert_int_equal(count, 4096 * 6);
    assert_int_equal(head->sites_offset, 4096);
    assert_int_equal(head->threads_offset, 8192);
    assert_int_equal(head->slots_offset, 12288);
    assert_int_equal(head->slots_bytes, 12288);
    const struct cairn_slot_head *slot = (const void *)(bytes + 12288);
    assert_int_equal(slot->slot_bytes, 8192);
    assert_int_equal(slot->state, CAIRN_SLOT_OPEN);
    assert_int_equal(((const struct cairn_chunk_head *)(slot + 1))->block.bytes, 0);
    unlink(path);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_traces_come_back_the_same),
        cmocka_unit_test(damaged_traces_come_back_the_same),
        cmocka_unit_test(says_what_is_in_the_trace),
        cmocka_unit_test(what_is_left_out_has_sensible_values),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(a_live_file_can_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
