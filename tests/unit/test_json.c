/* The JSON writer. SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/json.h"

#include <math.h>

static char *text;
static size_t bytes;

static struct json begin(void)
{
    struct json json = {.out = open_memstream(&text, &bytes), .compact = true};
    assert_non_null(json.out);
    return json;
}

static void expect(struct json *json, const char *wanted)
{
    fclose(json->out);
    assert_string_equal(text, wanted);
    free(text);
}

static void nesting_and_commas(void **state)
{
    (void)state;
    struct json json = begin();
    json_object(&json);
    json_key(&json, "a"), json_array(&json);
    json_uint(&json, 1), json_array(&json), json_end(&json), json_object(&json), json_end(&json);
    json_end(&json);
    json_key(&json, "b"), json_null(&json);
    json_key(&json, "c"), json_bool(&json, true);
    json_end(&json);
    expect(&json, "{\"a\":[1,[],{}],\"b\":null,\"c\":true}");
}

static void indented_form(void **state)
{
    (void)state;
    struct json json = begin();
    json.compact = false;
    json_object(&json);
    json_key(&json, "a"), json_array(&json), json_int(&json, -1), json_int(&json, 2), json_end(&json);
    json_key(&json, "b"), json_object(&json), json_end(&json);
    json_end(&json);
    expect(&json, "{\n  \"a\": [\n    -1,\n    2\n  ],\n  \"b\": {}\n}\n");
}

static void deep_nesting(void **state)
{
    (void)state;
    struct json json = begin();
    for (int i = 0; i < JSON_DEPTH_MAX; i++)
        i % 2 ? (json_object(&json), json_key(&json, "k")) : json_array(&json);
    json_uint(&json, 1);
    for (int i = 0; i < JSON_DEPTH_MAX; i++) json_end(&json);
    fclose(json.out);
    assert_int_equal(bytes, 30 * strlen("[{\"k\":") + 1 + 60);
    free(text);
}

static void numbers_are_exact(void **state)
{
    (void)state;
    struct json json = begin();
    json_array(&json);
    json_uint(&json, UINT64_MAX), json_int(&json, INT64_MIN);
    json_double(&json, 0.1), json_double(&json, 1.0 / 3), json_double(&json, -0.0),
        json_double(&json, 5e-324);
    json_double(&json, NAN), json_double(&json, -INFINITY);
    json_end(&json);
    expect(&json,
           "[18446744073709551615,-9223372036854775808,0.1,0.3333333333333333,-0,4.94065645841247e-324,"
           "null,null]");
}

static void any_bytes_become_a_valid_string(void **state)
{
    (void)state;
    struct json json = begin();
    json_array(&json);
    json_text(&json, "a\"b\\c\n\t\r\x01\x7f");
    json_text(&json, "Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80");
    json_text(&json, "\xff\xc3(\xed\xa0\x80");
    json_text_bytes(&json, "a\0b", 3);
    json_text(&json, NULL);
    json_end(&json);
    expect(&json, "[\"a\\\"b\\\\c\\n\\t\\u000d\\u0001\\u007f\",\"Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x98\x80\","
                  "\"\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\",\"a\\u0000b\",null]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_and_commas),
        cmocka_unit_test(indented_form),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(any_bytes_become_a_valid_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
