/* How the rules of --fail-if came out, for people and for programs. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_FAILOUTCOME_H
#define CAIRN_CLI_FAILOUTCOME_H

#include "cli/failrules.h"
#include "codec/json.h"

/* Tells on stderr, after what is on stdout, which rules are broken, and which are not known to be kept. CLI_TROUBLE if one is
 * broken, or matches no type; else CLI_OK. */
int failoutcome_tell(const struct fail_rules *rules, const struct analysis_compare *result, double level);
/* The member "fail_if" of the innermost object: each rule with each type that it matches. */
void failoutcome_write(struct json *json, const struct fail_rules *rules,
                       const struct analysis_compare *result, double level);

#endif
