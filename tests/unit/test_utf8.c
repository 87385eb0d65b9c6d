/* UTF-8: what is valid, where to cut, both ways. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static void every_code_point_goes_out_and_in(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        char bytes[4];
        uint32_t back = 0;
        size_t count = cairn__utf8_put(bytes, point);
        bool surrogate = point >= 0xd800 && point < 0xe000;
        assert_int_equal(cairn__utf8_next(bytes, count, &back), count);
        assert_int_equal(back, surrogate ? 0xfffd : point);
        for (size_t shorter = 0; shorter < count; shorter++) {
            assert_int_equal(cairn__utf8_next(bytes, shorter, &back), 0);
        }
    }
    char bytes[4];
    assert_int_equal(cairn__utf8_put(bytes, 0x110000), 3);
    assert_memory_equal(bytes, "\xef\xbf\xbd", 3);
}

static void refuses_what_is_not_valid(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "\x80",         "\xbf\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
        "\xe2\x82",     "\xe2\x28\xa1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(cairn__utf8_next(wrong[i], strlen(wrong[i]), NULL), 0);
    }
}

static void cuts_between_characters(void **state)
{
    (void)state;
    const char *text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"; /* a, ae, euro, a face, z */
    static const size_t cut[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t limit = 0; limit < sizeof cut / sizeof *cut; limit++) {
        assert_int_equal(cairn__utf8_cut(text, limit), cut[limit]);
    }
}

static void cuts_other_bytes_anywhere(void **state)
{
    (void)state;
    assert_int_equal(cairn__utf8_cut("\x80\x80\x80\x80\x80\x80", 5), 5);
    assert_int_equal(cairn__utf8_cut("\xc3\x80\x80\x80\x80", 4), 4);
    assert_int_equal(cairn__utf8_cut("\xff\x80\x80", 2), 2);
    assert_int_equal(cairn__utf8_cut("a\x80", 1), 1);
    assert_int_equal(cairn__utf8_cut("\x80\x80", 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_goes_out_and_in),
        cmocka_unit_test(refuses_what_is_not_valid),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(cuts_other_bytes_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
