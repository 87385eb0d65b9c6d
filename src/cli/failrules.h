/* The rules of `cairn compare --fail-if`: which changes are to fail a build. SPDX-License-Identifier: Apache-2.0
 *
 *     rules  = rule { ("," | "or") rule }
 *     rule   = metric "(" type ")" (">" | "<") amount        p99(checkout) > +10%      rate(*) < -5%
 *     metric = mean p50 p90 p99 p999 max total count rate errors
 *     type   = pattern with * and ?, in quotes if it holds ) or begins with one
 *     amount = sign number ("%" | a unit of time | nothing)
 *
 * The amount is of the difference, B less A: in per cent of A, or in the metric's own unit. A rule is broken by a type
 * whose difference exceeds the amount and is sound: its adjusted p is at most the level. One of `max` has no p: the
 * numbers decide.
 */
#ifndef CAIRN_CLI_FAILRULES_H
#define CAIRN_CLI_FAILRULES_H

#include "analysis/compare/compare.h"

struct fail_rule {
    const char *text; /* as written */
    const char *type; /* pattern */
    enum analysis_metric metric;
    bool is_less;     /* "<" */
    bool is_relative; /* `amount` is a fraction of A, else ns, or a plain number */
    double amount;    /* of the difference, signed */
};

/* Zero-initialise. */
struct fail_rules {
    VECTOR(struct fail_rule) items;
    struct arena memory;
};

/* Reads rules; `text` may be NULL: none. False: *problem says what is wrong, *at where in the text; NULL if memory
 * ran out. */
bool fail_rules_parse(struct fail_rules *rules, const char *text, const char **problem, size_t *at);
void fail_rules_free(struct fail_rules *rules);

enum fail_outcome {
    FAIL_KEPT,
    FAIL_BROKEN,
    FAIL_UNSOUND, /* exceeded, but chance may explain it */
    FAIL_TOO_FEW  /* exceeded, or not known, and too few to test */
};

/* What a type says to a rule that matches it. */
enum fail_outcome fail_rule_ask(const struct fail_rule *rule, const struct analysis_compared *type,
                                double level);
bool fail_rule_matches(const struct fail_rule *rule, const struct analysis_compared *type);

#endif
