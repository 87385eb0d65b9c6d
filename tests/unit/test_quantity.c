/* Numbers with units. SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

struct reading {
    const char *text;
    uint64_t value;
};

static void durations_are_read_in_nanoseconds(void **state)
{
    (void)state;
    const struct reading good[] = {{"0", 0},
                                   {"1ns", 1},
                                   {"1.5us", 1500},
                                   {"2µs", 2000},
                                   {"10ms", 10000000},
                                   {".5s", 500000000},
                                   {"1m", 60000000000},
                                   {"1min", 60000000000},
                                   {"2h", 7200000000000},
                                   {"1e3ms", 1000000000},
                                   {"0.4ns", 0},
                                   {"0.5ns", 1}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t ns = 77;
        if (!quantity_duration(good[i].text, &ns) || ns != good[i].value) fail_msg("%s", good[i].text);
    }
}

static void sizes_are_read_in_bytes(void **state)
{
    (void)state;
    const struct reading good[] = {{"0", 0},         {"12", 12},        {"3B", 3},         {"1K", 1024},
                                   {"1.5KiB", 1536}, {"64M", 67108864}, {"2G", 2147483648}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        uint64_t bytes = 77;
        if (!quantity_bytes(good[i].text, &bytes) || bytes != good[i].value) fail_msg("%s", good[i].text);
    }
}

static void what_is_none_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    const char *const bad[] = {"",    "10",   "ms",    "-1ms", "+1ms",    "0x10ns", "1 ms", "1msx",
                               "nan", "infs", "1e99s", "1d",   "1e400ms", "ns",     ".",    ".s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t ns = 77;
        if (quantity_duration(bad[i], &ns) || ns != 77) fail_msg("%s", bad[i]);
    }
    uint64_t bytes = 77;
    assert_false(quantity_bytes("1ms", &bytes) || quantity_bytes("-1", &bytes) ||
                 quantity_bytes("1e30", &bytes));
    assert_int_equal(bytes, 77);
}

static void numbers_are_decimal_and_end_where_they_end(void **state)
{
    (void)state;
    const struct {
        const char *text, *rest; /* NULL: it is none */
        double value;
    } cases[] = {{"5", "", 5},          {".5x", "x", 0.5},  {"1e3%", "%", 1000}, {"1.", "", 1},
                 {"0x10", NULL, 0},     {"-1", NULL, 0},    {"+1", NULL, 0},     {" 1", NULL, 0},
                 {"infinity", NULL, 0}, {"1e999", NULL, 0}, {"", NULL, 0},       {".", NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double value = 0;
        const char *rest = quantity_number(cases[i].text, &value);
        bool agrees =
            cases[i].rest ? rest && strcmp(rest, cases[i].rest) == 0 && value == cases[i].value : !rest;
        if (!agrees) fail_msg("%s", cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read_in_nanoseconds),
        cmocka_unit_test(sizes_are_read_in_bytes),
        cmocka_unit_test(what_is_none_is_refused_and_changes_nothing),
        cmocka_unit_test(numbers_are_decimal_and_end_where_they_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
