/* A set of ids that lie close together, such as the places of regions: a bit or a few each.
 * SPDX-License-Identifier: Apache-2.0
 * A map from the upper bits to pages of 512 bits. Zero-initialise. Not for several threads at once. */
#ifndef CAIRN_EXPORT_IDSET_H
#define CAIRN_EXPORT_IDSET_H

#include "base/base.h"

struct idset_page {
    uint64_t bits[8];
};

struct idset {
    struct map index; /* {space, upper bits} to a page */
    VECTOR(struct idset_page) pages;
};

/* Adds an id; `space` keeps ids of different processes apart. False if memory ran out. */
bool idset_add(struct idset *set, uint32_t space, uint64_t id);
bool idset_has(const struct idset *set, uint32_t space, uint64_t id);
void idset_free(struct idset *set);

#endif
