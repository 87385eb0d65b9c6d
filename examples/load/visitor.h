/* What a visitor of the shop asks, and whether the answer is right. SPDX-License-Identifier: Apache-2.0 */
#ifndef LOAD_VISITOR_H
#define LOAD_VISITOR_H

#include "client.h"

enum visit_kind { VISIT_PRODUCT, VISIT_SEARCH, VISIT_ORDER, VISIT_REPORT, VISIT_KINDS };

/* As the shop's tasks are called. */
extern const char *const visit_names[VISIT_KINDS];

struct visit {
    enum visit_kind kind;
    uint64_t product; /* of PRODUCT; VISIT_NO_PRODUCT: one that the shop does not have */
    size_t request_bytes;
    char request[512];
};

enum { VISIT_NO_PRODUCT = 999999 };

/* Makes up the next request. The same seed makes the same sequence. */
void visit_make(struct visit *visit, uint64_t *random, bool last);

/* NULL if the answer is right, else what is wrong with it. */
const char *visit_check(const struct visit *visit, const struct client *client);

#endif
