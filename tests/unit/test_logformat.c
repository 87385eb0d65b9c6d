/* Formats of deferred logs: parsed as printf does, rendered as printf does, hostile ones bounded.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cairn/cairn.h"
#include "format/format.h"
#include "trace/logtext.h"

/* ---- Arguments as the recorder stores them --------------------------------------------------------- */

static uint8_t stored[4096];
static size_t stored_bytes;

static void begin(void)
{
    stored_bytes = 0;
}

static void add(const void *bytes, size_t count)
{
    memcpy(stored + stored_bytes, bytes, count);
    stored_bytes += count;
}

static void add_int(int32_t value)
{
    add(&value, 4);
}

static void add_long(int64_t value)
{
    add(&value, 8);
}

static void add_double(double value)
{
    add(&value, 8);
}

static void add_text(const char *text)
{
    uint32_t size = text ? (uint32_t)strlen(text) : CAIRN_LOG_NULL;
    add(&size, 4);
    if (text) add(text, size);
}

static struct trace_text *rendered(const char *format)
{
    static struct trace_text text;
    assert_true(trace_text_ready(&text));
    assert_true(trace_log_render(&text, format, stored, stored_bytes));
    assert_true(text.count < TRACE_TEXT_BYTES_MAX);
    text.bytes[text.count] = 0;
    return &text;
}

/* ---- As printf -------------------------------------------------------------------------------------- */

#define AS_PRINTF(format, store, ...)                                                                        \
    do {                                                                                                     \
        char expected[2048];                                                                                 \
        begin();                                                                                             \
        store;                                                                                               \
        snprintf(expected, sizeof expected, format, __VA_ARGS__);                                            \
        assert_string_equal(rendered(format)->bytes, expected);                                              \
    } while (0)

static void numbers_come_out_as_printf_has_them(void **state)
{
    (void)state;
    static const int32_t ints[] = {0, 1, -1, 255, -129, 65536, INT32_MAX, INT32_MIN};
    static const int64_t longs[] = {0, -1, INT64_MAX, INT64_MIN, 1234567890123};
    static const double doubles[] = {0.0, -0.0, 1.5, -2.25e300, 1e-310, 3.14159, HUGE_VAL, 1e15};
    for (size_t i = 0; i < sizeof ints / sizeof *ints; i++) {
        int v = ints[i];
        AS_PRINTF("%d|%i|%u|%x|%X|%o", for (int n = 0; n < 6; n++) add_int(v), v, v, v, v, v, v);
        AS_PRINTF("%5d|%-7d|%07d|%+d|% d", for (int n = 0; n < 5; n++) add_int(v), v, v, v, v, v);
        AS_PRINTF("%hd|%hhd|%hu|%hhx", for (int n = 0; n < 4; n++) add_int(v), (short)v, (signed char)v,
                  (unsigned short)v, (unsigned char)v);
        AS_PRINTF("%.3d|%8.5d|%#x|%#o|%-#12x|", for (int n = 0; n < 5; n++) add_int(v), v, v, v, v, v);
        AS_PRINTF("%*d|%.*d|%-*.*d|", add_int(9); add_int(v); add_int(4); add_int(v); add_int(8); add_int(3);
                  add_int(v), 9, v, 4, v, 8, 3, v);
        AS_PRINTF("%*d|%.*d|", add_int(-9); add_int(v); add_int(-1); add_int(v), -9, v, -1, v);
    }
    for (size_t i = 0; i < sizeof longs / sizeof *longs; i++) {
        int64_t v = longs[i];
        AS_PRINTF("%ld|%lld|%jd|%zu|%td|%lx", for (int n = 0; n < 6; n++) add_long(v), (long)v, (long long)v,
                  (intmax_t)v, (size_t)v, (ptrdiff_t)v, (long)v);
        AS_PRINTF("%p|%20p|", add_long(v); add_long(v), (void *)(intptr_t)v, (void *)(intptr_t)v);
    }
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        double v = doubles[i];
        AS_PRINTF("%f|%e|%g|%a|%F|%E|%G|%A", for (int n = 0; n < 8; n++) add_double(v), v, v, v, v, v, v, v,
                  v);
        AS_PRINTF("%.2f|%12.4e|%-15g|%+.0f|%#.0f|%010.3f", for (int n = 0; n < 6; n++) add_double(v), v, v, v,
                  v, v, v);
    }
}

static void text_comes_out_as_printf_has_it(void **state)
{
    (void)state;
    AS_PRINTF("%s", add_text("milk"), "milk");
    AS_PRINTF("[%8s] [%-8s]", add_text("milk"); add_text("milk"), "milk", "milk");
    AS_PRINTF("%c%c", add_int('a'); add_int('%'), 'a', '%');
    AS_PRINTF("[%3c] [%-3c]", add_int('a'); add_int('b'), 'a', 'b');
    AS_PRINTF("%d%%, %s", add_int(50); add_text(""), 50, "");
    AS_PRINTF("%s%s", add_text("no "); add_text("blanks"), "no ", "blanks");
    begin();
    add_text(NULL);
    assert_string_equal(rendered("%s!")->bytes, "(null)!");
    begin();
    add_int(ENOENT);
    assert_string_equal(rendered("open: %m")->bytes, "open: No such file or directory");
    begin();
    add_int(0x20ac);
    assert_string_equal(rendered("%lc")->bytes, "\xe2\x82\xac");
    begin();
    assert_string_equal(rendered("100%% of it")->bytes, "100% of it");
}

static void formats_that_were_refused_come_out_as_they_are(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "%n", "a %1$d b", "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d", "%", "%5", "%y %d", "%l", "%-"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        begin();
        assert_string_equal(rendered(refused[i])->bytes, refused[i]);
    }
}

static void a_cut_string_tells_its_full_length(void **state)
{
    (void)state;
    uint32_t size = (8 + 4) | CAIRN_SIZE_CUT;
    uint64_t full = 1000;
    begin();
    add(&size, 4);
    add(&full, 8);
    add("milk", 4);
    struct trace_text *text = rendered("<%s>");
    assert_string_equal(text->bytes, "<milk>");
    assert_int_equal(text->full, 1002);
}

/* ---- Hostile ------------------------------------------------------------------------------------------ */

static void arguments_that_are_missing_are_told(void **state)
{
    (void)state;
    static struct trace_text text;
    assert_true(trace_text_ready(&text));
    begin();
    add_int(7);
    assert_false(trace_log_render(&text, "%d and %s", stored, stored_bytes));
    assert_memory_equal(text.bytes, "7 and ", text.count);
    uint32_t size = 100;
    begin();
    add(&size, 4);
    add("abc", 3);
    assert_false(trace_log_render(&text, "%s", stored, stored_bytes));
    size = 4 | CAIRN_SIZE_CUT;
    begin();
    add(&size, 4);
    add("abcd", 4);
    assert_false(trace_log_render(&text, "%s", stored, stored_bytes));
}

static void widths_and_lengths_are_bounded(void **state)
{
    (void)state;
    static struct trace_text text;
    assert_true(trace_text_ready(&text));
    begin();
    for (int i = 0; i < 4; i++) add_int(INT_MAX), add_int(INT_MIN), add_int(1);
    assert_true(trace_log_render(&text, "%*.*d%*.*d%*.*d%*.*d", stored, stored_bytes));
    assert_int_equal(text.count, TRACE_TEXT_BYTES_MAX);
    assert_true(text.full > text.count);
    begin();
    add_double(1e308);
    assert_true(trace_log_render(&text, "%999999.999999f", stored, stored_bytes));
    assert_true(text.count <= TRACE_TEXT_BYTES_MAX);
}

/* ---- Arguments one by one ---------------------------------------------------------------------------- */

static struct trace_value values[CAIRN_LOG_ARGUMENTS_MAX];

static unsigned taken(const char *format)
{
    return trace_log_arguments(values, format, stored, stored_bytes);
}

static void expect_int(unsigned at, uint8_t type, int64_t value)
{
    assert_int_equal(values[at].type, type);
    assert_int_equal(values[at].i, value);
}

static void arguments_have_the_types_of_their_conversions(void **state)
{
    (void)state;
    begin();
    add_int(-1), add_int(-1), add_int(300), add_int(-1), add_int('x'), add_int(0x20ac), add_long(-1),
        add_long(-1);
    assert_int_equal(taken("%d %u%% %hhd %hx %c %lc %ld %zu"), 8);
    expect_int(0, CAIRN_I_VALUE_INT, -1);
    expect_int(1, CAIRN_I_VALUE_INT, UINT32_MAX);
    expect_int(2, CAIRN_I_VALUE_INT, 300 - 256);
    expect_int(3, CAIRN_I_VALUE_INT, 0xffff);
    expect_int(4, CAIRN_I_VALUE_INT, 'x');
    expect_int(5, CAIRN_I_VALUE_INT, 0x20ac);
    expect_int(6, CAIRN_I_VALUE_INT, -1);
    expect_int(7, CAIRN_I_VALUE_UINT, -1);
    begin();
    add_int(5), add_int(2), add_double(1.5), add_text("abc"), add_text(NULL), add_int(ENOENT);
    assert_int_equal(taken("%*.*f %s %s %m"), 6);
    expect_int(0, CAIRN_I_VALUE_INT, 5);
    expect_int(1, CAIRN_I_VALUE_INT, 2);
    assert_int_equal(values[2].type, CAIRN_I_VALUE_FLOAT);
    assert_true(values[2].f == 1.5);
    assert_int_equal(values[3].type, CAIRN_I_VALUE_TEXT);
    assert_int_equal(values[3].text_bytes, 3);
    assert_memory_equal(values[3].text, "abc", 3);
    assert_int_equal(values[4].type, CAIRN_I_VALUE_NONE);
    expect_int(5, CAIRN_I_VALUE_INT, ENOENT);
}

static void arguments_that_do_not_fit_are_left_out(void **state)
{
    (void)state;
    begin();
    add_int(7);
    assert_int_equal(taken("%d and %s"), 1);
    assert_int_equal(taken("%ld"), 0);
    assert_int_equal(taken("%n"), 0);
    assert_int_equal(taken("nothing %%"), 0);
    uint32_t size = (8 + 3) | CAIRN_SIZE_CUT;
    begin();
    add(&size, 4), add_long(100), add("abc", 3);
    assert_int_equal(taken("%s"), 1);
    assert_int_equal(values[0].text_bytes, 3);
    assert_int_equal(values[0].text_bytes_full, 100);
    stored_bytes--;
    assert_int_equal(taken("%s"), 0);
}

static void expect_within(unsigned count, const uint8_t *bytes, size_t byte_count)
{
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *text = (const uint8_t *)values[i].text;
        if (values[i].type == CAIRN_I_VALUE_TEXT)
            assert_true(text >= bytes && text + values[i].text_bytes <= bytes + byte_count);
    }
}

static void any_format_with_any_bytes_is_survived(void **state)
{
    (void)state;
    static struct trace_text text;
    assert_true(trace_text_ready(&text));
    static const char letters[] = "%%%%dsfcpxmlhjzLtq-+ #0'*.123456789I$nSCaGE";
    uint32_t random = 7;
    for (int round = 0; round < 20000; round++) {
        char format[24] = "";
        uint8_t bytes[40];
        for (size_t i = 0; i < sizeof format - 1; i++) {
            random = random * 1664525 + 1013904223;
            format[i] = letters[(random >> 8) % (sizeof letters - 1)];
        }
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1664525 + 1013904223;
            bytes[i] = random >> 30 ? (uint8_t)(random >> 9 & 7) : (uint8_t)(random >> 9);
        }
        uint8_t kinds[CAIRN_LOG_ARGUMENTS_MAX];
        assert_in_range(cairn__log_kinds(format, strlen(format), kinds) + 1, 0, CAIRN_LOG_ARGUMENTS_MAX + 1);
        (void)trace_log_render(&text, format, bytes,
                               (size_t)round % sizeof bytes); /* either answer is right */
        assert_true(text.count <= TRACE_TEXT_BYTES_MAX && text.full >= text.count);
        unsigned count = trace_log_arguments(values, format, bytes, (size_t)round % sizeof bytes);
        assert_in_range(count, 0, CAIRN_LOG_ARGUMENTS_MAX);
        expect_within(count, bytes, (size_t)round % sizeof bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_out_as_printf_has_them),
        cmocka_unit_test(text_comes_out_as_printf_has_it),
        cmocka_unit_test(formats_that_were_refused_come_out_as_they_are),
        cmocka_unit_test(a_cut_string_tells_its_full_length),
        cmocka_unit_test(arguments_that_are_missing_are_told),
        cmocka_unit_test(widths_and_lengths_are_bounded),
        cmocka_unit_test(arguments_have_the_types_of_their_conversions),
        cmocka_unit_test(arguments_that_do_not_fit_are_left_out),
        cmocka_unit_test(any_format_with_any_bytes_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
