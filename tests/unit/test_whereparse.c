/* Filter expressions that are refused: what the message says, and the place it points at. SPDX-License-Identifier: Apache-2.0 */
#include "handmade.h"

#include "analysis/filter/filter.h"
#include "analysis/filter/wherefields.h"
#include "analysis/filter/wherelex.h"

#include <stdlib.h>

static struct handmade made;

struct refusal {
    const char *expression, *message;
    int column; /* of the sign that points at the place */
};

static int column_of(const char *text)
{
    const char *line = strrchr(text, '\n');
    return line && line[strlen(line) - 1] == '^' ? (int)strlen(line) - 4 : -1;
}

static int init_with(const char *expression, enum analysis_subject subject, struct cairn_error *error)
{
    struct analysis_filter filter;
    const struct analysis_spec spec = {.where = expression};
    handmade_begin(&made);
    int result = analysis_filter_init(&filter, subject, &spec, &made.info, error);
    analysis_filter_free(&filter);
    handmade_end(&made);
    return result;
}

static void errors_name_what_is_wrong_and_where(void **state)
{
    (void)state;
    const struct refusal refusals[] = {
        {"latncy > 10ms", "--where: there is no field 'latncy' of tasks; did you mean 'latency'?", 0},
        {"type = x and duration > 1ms", "there is no field 'duration' of tasks; `cairn help", 13},
        {"task.type = x", "did you mean 'type'?", 0},
        {"", "the expression ends where a condition is due", 0},
        {"type", "the expression ends where a comparison", 4},
        {"type =", "the expression ends where a value is due", 6},
        {"type = a b", "'and', 'or' or the end is due here, not 'b'", 9},
        {"type = a and", "ends where a condition is due", 12},
        {"(type = a", "this parenthesis is not closed", 0},
        {"type = a)", "this parenthesis was not opened", 8},
        {"type = \"a", "has no end quote", 7},
        {"type = \"", "has no end quote", 7},
        {"type = '", "has no end quote", 7},
        {"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzé = 1",
         "there is no field 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz' of", 0},
        {"type = a ; b", "not ';'", 9},
        {"type > a", "'type' is a text: compare it by =, !=, ~ or in", 5},
        {"latency ~ a", "'latency' is a duration: compare it by", 8},
        {"latency > 10", "'10' is none: write a number with its unit", 10},
        {"begin > now", "is a time since the start of the trace, and 'now' is none", 8},
        {"logs > many", "'logs' is a number, and 'many' is none", 7},
        {"logs > 1e9999", "is none", 7},
        {"logs > nan", "is none", 7},
        {"failed = 1", "'failed' is true or false, and '1' is none", 9},
        {"failed ~ true", "compare it by = or !=", 7},
        {"id < 5", "compare it by =, != or in", 3},
        {"id = zzz", "'zzz' is not a task id", 5},
        {"status = well", "there is no status 'well'", 9},
        {"attr.size < big", "'big' is no number", 12},
        {"attr.size = 10ms", "numbers without a unit", 12},
        {"attr. = 1", "the key of the attribute is due here", 6},
        {"attr. \"x\" = 1", "the key of the attribute is due here", 6},
        {"type in a", "a list, as in (a, b), is due here, not 'a'", 8},
        {"type in ()", "a value is due here, not ')'", 9},
        {"type in (a b)", "',' or ')' is due here, not 'b'", 11},
        {"has", "ends where a condition is due", 3},
        {"not", "ends where a condition is due", 3},
        {"has type = a", "'and', 'or' or the end is due here", 9},
        {"type = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" and nothing",
         "there is no field 'nothing'", 33},
        {"type = 'ééé' and nothing", "there is no field 'nothing'", 17},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct refusal *refusal = &refusals[i];
        struct cairn_error error;
        assert_int_equal(init_with(refusal->expression, ANALYSIS_TASKS, &error), -1);
        assert_int_equal(error.code, CAIRN_EINVAL);
        if (!strstr(error.text, refusal->message) || column_of(error.text) != refusal->column)
            fail_msg("%s:\n%s", refusal->expression, error.text);
    }
}

static char *repeated(const char *begin, const char *part, unsigned count, const char *end)
{
    char *text = calloc(1, strlen(begin) + strlen(part) * count + strlen(end) + 1);
    assert_non_null(text);
    strcpy(text, begin);
    for (unsigned i = 0; i < count; i++) memcpy(text + strlen(begin) + i * strlen(part), part, strlen(part));
    return strcat(text, end);
}

static void check_bound(char *text, const char *message)
{
    struct cairn_error error = {0};
    int result = init_with(text, ANALYSIS_TASKS, &error);
    free(text);
    assert_int_equal(result, message ? -1 : 0);
    if (message && !strstr(error.text, message)) fail_msg("%s", error.text);
}

static void length_and_nesting_are_bounded(void **state)
{
    (void)state;
    check_bound(repeated("", "(", 64, "id=1 or id=2"), "nested too deeply");
    check_bound(repeated("", "not ", 64, "id=1"), NULL);
    check_bound(repeated("", "not ", 65, "id=1"), "nested too deeply");
    check_bound(repeated("id=1", " and id=1", 63, ""), NULL);
    check_bound(repeated("id=1", " and id=1", 64, ""), "one condition too many");
    check_bound(repeated("log~a", " or log~a", 63, ""), NULL); /* each has its mark */
    check_bound(repeated("id in (1", ",2", 255, ")"), NULL);
    check_bound(repeated("id in (1", ",2", 256, ")"), "the list is too long");
    check_bound(repeated("type = '", "a", 4096 - 9, "'"), NULL);
    check_bound(repeated("type = '", "a", 4096 - 8, "'"), "too long");
}

static void what_a_message_is_called_can_be_said(void **state)
{
    (void)state;
    struct cairn_error error;
    struct analysis_filter filter;
    const struct analysis_spec spec = {.where = "x", .where_name = "--a"};
    handmade_begin(&made);
    assert_int_equal(analysis_filter_init(&filter, ANALYSIS_LOGS, &spec, &made.info, &error), -1);
    assert_ptr_equal(strstr(error.text, "--a: there is no field 'x' of logs"), error.text);
    analysis_filter_free(&filter);
    handmade_end(&made);
}

static void strings_hold_anything(void **state)
{
    (void)state;
    const struct {
        const char *expression, *text;
    } cases[] = {{"\"it's\"", "it's"},
                 {"'say \"x\"'", "say \"x\""},
                 {"\"a\\\"b\"", "a\"b"},
                 {"'a\\\\'", "a\\"},
                 {"'C:\\new'", "C:\\new"},
                 {"'a and (b'", "a and (b"},
                 {"'\n\t\x01'", "\n\t\x01"},
                 {"''", ""},
                 {"Zo\xc3\xab-*:?", "Zo\xc3\xab-*:?"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena memory = {0};
        struct where_lexer lexer = {.text = cases[i].expression, .memory = &memory};
        struct where_token token, end;
        assert_true(where_lexer_next(&lexer, &token) && where_lexer_next(&lexer, &end));
        if (strcmp(token.text, cases[i].text) != 0 || end.kind != WHERE_END)
            fail_msg("%s", cases[i].expression);
        arena_free(&memory);
    }
}

static void misspelt_names_are_guessed(void **state)
{
    (void)state;
    const struct {
        enum analysis_subject subject;
        const char *name, *meant;
    } cases[] = {{ANALYSIS_TASKS, "typ", "type"},
                 {ANALYSIS_TASKS, "endthread", "end_thread"},
                 {ANALYSIS_TASKS, "zebra", NULL},
                 {ANALYSIS_REGIONS, "task.latncy", "task.latency"},
                 {ANALYSIS_REGIONS, "durations", "duration"},
                 {ANALYSIS_LOGS, "failed", "task.failed"},
                 {ANALYSIS_LOGS, "mesage", "message"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[WHERE_NAME_BYTES];
        const char *name = where_field_suggest(cases[i].subject, cases[i].name, text);
        if (cases[i].meant ? !name || strcmp(name, cases[i].meant) != 0 : name != NULL)
            fail_msg("%s: %s", cases[i].name, name ? name : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_name_what_is_wrong_and_where),
        cmocka_unit_test(length_and_nesting_are_bounded),
        cmocka_unit_test(what_a_message_is_called_can_be_said),
        cmocka_unit_test(strings_hold_anything),
        cmocka_unit_test(misspelt_names_are_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
