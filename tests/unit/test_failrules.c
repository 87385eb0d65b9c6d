/* The rules of `cairn compare --fail-if`: what they mean, what is refused and where. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/failrules.h"

#include <math.h>

static void rules_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *type;
        enum analysis_metric metric;
        bool is_less, is_relative;
        double amount;
    } cases[] = {
        {"p99(checkout) > +10%", "checkout", ANALYSIS_P99, false, true, 0.1},
        {"p99(checkout)>10%", "checkout", ANALYSIS_P99, false, true, 0.1},
        {" mean ( GET /product ) > +1.5ms ", "GET /product", ANALYSIS_MEAN, false, false, 1.5e6},
        {"p50(\"a (b)\") > 200us", "a (b)", ANALYSIS_P50, false, false, 2e5},
        {"max('x\"y') > 0", "x\"y", ANALYSIS_MAX, false, false, 0},
        {"rate(*) < -5%", "*", ANALYSIS_RATE, true, true, -0.05},
        {"errors(*) > +0.01", "*", ANALYSIS_ERRORS, false, false, 0.01},
        {"count(sql) > 2", "sql", ANALYSIS_COUNT, false, false, 2},
        {"total(*) > +1s", "*", ANALYSIS_TOTAL, false, false, 1e9},
        {"p999(a,b) < -50%", "a,b", ANALYSIS_P999, true, true, -0.5},
        {"p90(or) > 300%", "or", ANALYSIS_P90, false, true, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fail_rules rules = {0};
        const char *problem = "";
        size_t at = 0;
        if (!fail_rules_parse(&rules, cases[i].text, &problem, &at))
            fail_msg("%s: %s at %zu", cases[i].text, problem, at);
        assert_int_equal(rules.items.count, 1);
        const struct fail_rule *rule = rules.items.items;
        assert_string_equal(rule->type, cases[i].type);
        assert_int_equal(rule->metric, cases[i].metric);
        assert_int_equal(rule->is_less, cases[i].is_less);
        assert_int_equal(rule->is_relative, cases[i].is_relative);
        assert_true(fabs(rule->amount - cases[i].amount) < 1e-9);
        fail_rules_free(&rules);
    }
}

static void several_rules_are_separated_by_comma_or_or(void **state)
{
    (void)state;
    struct fail_rules rules = {0};
    const char *problem;
    size_t at;
    assert_true(
        fail_rules_parse(&rules, "p99(a) > 1%, p50(b) > 2ms or rate(*) < -3%,mean(c)>4%", &problem, &at));
    assert_int_equal(rules.items.count, 4);
    assert_string_equal(rules.items.items[0].text, "p99(a) > 1%");
    assert_string_equal(rules.items.items[1].text, "p50(b) > 2ms");
    assert_string_equal(rules.items.items[3].text, "mean(c)>4%");
    fail_rules_free(&rules);
    assert_true(fail_rules_parse(&rules, NULL, &problem, &at));
    assert_int_equal(rules.items.count, 0);
    fail_rules_free(&rules);
}

static void what_is_wrong_is_named_and_pointed_at(void **state)
{
    (void)state;
    static const struct {
        const char *text, *problem;
        size_t at;
    } cases[] = {
        {"", "there should be one of: mean", 0},
        {"p98(a) > 1%", "there should be one of: mean", 0},
        {"p999x(a) > 1%", "there should be one of: mean", 0},
        {"p99 > 1%", "a type in parentheses", 4},
        {"p99() > 1%", "there should be a type", 4},
        {"p99(a > 1%", "the ) is missing", 4},
        {"p99(\"a) > 1%", "closing quote", 5},
        {"p99(\"a\" b) > 1%", "there should be a )", 8},
        {"p99(a) = 1%", "> or <", 7},
        {"p99(a) > -1%", "more is written", 9},
        {"p99(a) < 1%", "more is written", 9},
        {"p99(a) >", "an amount", 8},
        {"p99(a) > fast", "an amount", 9},
        {"p99(a) > 10 ms", "a share as 10% or a time", 9},
        {"p99(a) > 5", "a share as 10% or a time", 9},
        {"rate(a) > 5ms", "a share as 10% or a number", 10},
        {"p99(a) > 1%%", "a share as 10% or a time", 9},
        {"rate(a) > 1e999", "an amount", 10},
        {"rate(a) > 0x10", "an amount", 10},
        {"p99(a) > 1% p50(a) > 1%", "a comma, 'or', or the end", 12},
        {"p99(a) > 1%, ", "there should be one of: mean", 13},
        {"p99(a) > 1% order", "a comma, 'or', or the end", 12},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fail_rules rules = {0};
        const char *problem = NULL;
        size_t at = 0;
        if (fail_rules_parse(&rules, cases[i].text, &problem, &at))
            fail_msg("'%s' is accepted", cases[i].text);
        if (!strstr(problem, cases[i].problem) || at != cases[i].at)
            fail_msg("'%s': %s, at %zu", cases[i].text, problem, at);
        fail_rules_free(&rules);
    }
}

static enum fail_outcome ask(const char *text, double a, double b, double p)
{
    struct fail_rules rules = {0};
    struct analysis_compared type = {.type = "checkout"};
    const char *problem;
    size_t at;
    double ratio = a != 0 ? b / a : b > 0 ? INFINITY : 1;
    for (unsigned metric = 0; metric < ANALYSIS_METRICS; metric++)
        type.metrics[metric] =
            (struct analysis_difference){.a = a, .b = b, .ratio = ratio, .high = INFINITY, .p = p};
    assert_true(fail_rules_parse(&rules, text, &problem, &at));
    assert_true(fail_rule_matches(rules.items.items, &type));
    enum fail_outcome outcome = fail_rule_ask(rules.items.items, &type, 0.05);
    fail_rules_free(&rules);
    return outcome;
}

static void a_rule_is_broken_by_what_exceeds_it_and_is_sound(void **state)
{
    (void)state;
    assert_int_equal(ask("p99(check*) > +10%", 100, 111, 0.01), FAIL_BROKEN);
    assert_int_equal(ask("p99(*) > +10%", 100, 110, 0.01), FAIL_KEPT);
    assert_int_equal(ask("p99(*) > +10%", 100, 50, 0.01), FAIL_KEPT);
    assert_int_equal(ask("p99(*) > +10%", 100, 150, 0.06), FAIL_UNSOUND);
    assert_int_equal(ask("p99(*) > +10%", 100, 150, NAN), FAIL_TOO_FEW);
    assert_int_equal(ask("p99(*) > +10%", 100, 105, NAN), FAIL_KEPT);
    assert_int_equal(ask("p99(*) > +10%", NAN, 105, NAN), FAIL_TOO_FEW);
    assert_int_equal(ask("max(*) > +10%", 100, 150, NAN), FAIL_BROKEN);
    assert_int_equal(ask("p99(*) > +5us", 100, 5101, 0.01), FAIL_BROKEN);
    assert_int_equal(ask("p99(*) > +5us", 100, 5100, 0.01), FAIL_KEPT);
    assert_int_equal(ask("rate(*) < -10%", 100, 89, 0.01), FAIL_BROKEN);
    assert_int_equal(ask("rate(*) < -10%", 100, 90, 0.01), FAIL_KEPT);
    assert_int_equal(ask("errors(*) > 100%", 0, 0.1, 0.01), FAIL_BROKEN);
    assert_int_equal(ask("errors(*) > 100%", 0, 0, NAN), FAIL_KEPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read),
        cmocka_unit_test(several_rules_are_separated_by_comma_or_or),
        cmocka_unit_test(what_is_wrong_is_named_and_pointed_at),
        cmocka_unit_test(a_rule_is_broken_by_what_exceeds_it_and_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
