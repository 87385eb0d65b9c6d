/* See failoutcome.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/failoutcome.h"

#include "cli/cli.h"
#include "cli/print/comparerows.h"
#include "cli/print/show.h"

#include <string.h>

/* ---- For people ------------------------------------------------------------------------------------- */

static void tell_outcome(const struct fail_rule *rule, const struct analysis_compared *type,
                         enum fail_outcome outcome)
{
    static const char *const words[] = {[FAIL_BROKEN] = "FAILED",
                                        [FAIL_UNSOUND] = "passed: exceeded, but not beyond chance",
                                        [FAIL_TOO_FEW] = "passed: too few to tell"};
    const struct analysis_difference *difference = &type->metrics[rule->metric];
    char a[COMPAREROWS_BYTES], b[COMPAREROWS_BYTES], change[COMPAREROWS_BYTES];
    fprintf(stderr, "cairn compare: %s: %s: ", words[outcome], rule->text);
    show_text(stderr, type->type, strlen(type->type));
    fprintf(stderr, ": %s, then %s (%s", comparerows_value(a, rule->metric, difference->a),
            comparerows_value(b, rule->metric, difference->b),
            comparerows_change(change, analysis_difference_effect(difference)));
    if (difference->p <= 1) fprintf(stderr, ", p = %.4f", difference->p);
    fprintf(stderr, ")\n");
}

/* What is not known to be fine is told; what is broken, and a rule that speaks of nothing, fails. */
static int tell_rule(const struct fail_rule *rule, const struct analysis_compare *result, double level)
{
    bool is_asked = false;
    int code = CLI_OK;
    for (size_t i = 0; i < result->types.count; i++) {
        const struct analysis_compared *type = &result->types.items[i];
        if (!fail_rule_matches(rule, type)) continue;
        enum fail_outcome outcome = fail_rule_ask(rule, type, level);
        is_asked = true;
        if (outcome == FAIL_BROKEN) code = CLI_TROUBLE;
        if (outcome != FAIL_KEPT) tell_outcome(rule, type, outcome);
    }
    if (is_asked) return code;
    fprintf(stderr, "cairn compare: FAILED: %s: no type on either side is '%s'\n", rule->text, rule->type);
    return CLI_TROUBLE;
}

int failoutcome_tell(const struct fail_rules *rules, const struct analysis_compare *result, double level)
{
    int code = CLI_OK;
    fflush(stdout);
    for (size_t i = 0; i < rules->items.count; i++)
        if (tell_rule(&rules->items.items[i], result, level) != CLI_OK) code = CLI_TROUBLE;
    return code;
}

/* ---- For programs ----------------------------------------------------------------------------------- */

static const char *outcome_word(enum fail_outcome outcome)
{
    static const char *const words[] = {[FAIL_KEPT] = "kept",
                                        [FAIL_BROKEN] = "broken",
                                        [FAIL_UNSOUND] = "not_sound",
                                        [FAIL_TOO_FEW] = "too_few"};
    return words[outcome];
}

void failoutcome_write(struct json *json, const struct fail_rules *rules,
                       const struct analysis_compare *result, double level)
{
    json_key(json, "fail_if");
    json_array(json);
    for (size_t i = 0; i < rules->items.count; i++) {
        const struct fail_rule *rule = &rules->items.items[i];
        for (size_t k = 0; k < result->types.count; k++) {
            const struct analysis_compared *type = &result->types.items[k];
            if (!fail_rule_matches(rule, type)) continue;
            json_object(json);
            json_key(json, "rule"), json_text(json, rule->text);
            json_key(json, "type"), json_text(json, type->type);
            json_key(json, "outcome"), json_text(json, outcome_word(fail_rule_ask(rule, type, level)));
            json_end(json);
        }
    }
    json_end(json);
}
