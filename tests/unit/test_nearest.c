/* What was probably meant. SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static const char *nearest_of(const char *wanted, const char *const *names)
{
    struct nearest nearest = nearest_to(wanted);
    for (; *names; names++) nearest_consider(&nearest, *names);
    return nearest.name;
}

static void the_fewest_edits_win_and_of_equals_the_first(void **state)
{
    (void)state;
    static const char *const names[] = {"task", "tasks", "tree", "types", "latency_ns", "to", NULL};
    static const struct {
        const char *wanted, *found;
    } cases[] = {{"taks", "tasks"},          {"taskz", "task"}, {"TASKS", "tasks"},    {"tre", "tree"},
                 {"tpyes", "types"},         {"typ", "types"},  {"lat", "latency_ns"}, {"tp", "to"},
                 {"latncy_n", "latency_ns"}, {"zebra", NULL},   {"xy", NULL},          {"", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = nearest_of(cases[i].wanted, names);
        if (cases[i].found ? !found || strcmp(found, cases[i].found) != 0 : found != NULL)
            fail_msg("%s: %s", cases[i].wanted, found ? found : "nothing");
    }
}

static void long_names_are_near_to_nothing(void **state)
{
    (void)state;
    char name[65], other[65];
    memset(name, 'a', 64), name[64] = 0;
    strcpy(other, name);
    assert_null(nearest_of(name, (const char *const[]){other, "a", NULL}));
    assert_null(nearest_of("aaa", (const char *const[]){other, NULL}));
    name[63] = other[63] = 0;
    assert_ptr_equal(nearest_of(name, (const char *const[]){other, NULL}), other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fewest_edits_win_and_of_equals_the_first),
        cmocka_unit_test(long_names_are_near_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
