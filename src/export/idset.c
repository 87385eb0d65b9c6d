/* A set of dense ids. SPDX-License-Identifier: Apache-2.0 */
#include "export/idset.h"

enum { PAGE_BITS = 9 };

static struct map_key page_key(uint32_t space, uint64_t id)
{
    return (struct map_key){space, id >> PAGE_BITS, 0};
}

static uint64_t *word_of(struct idset_page *page, uint64_t id)
{
    return &page->bits[(id & ((1u << PAGE_BITS) - 1)) / 64];
}

bool idset_add(struct idset *set, uint32_t space, uint64_t id)
{
    struct idset_page empty = {{0}};
    if (!vector_reserve(&set->pages, set->pages.count + 1)) return false;
    bool added;
    uint64_t *page = map_put(&set->index, page_key(space, id), &added);
    if (!page) return false;
    if (added) {
        *page = set->pages.count;
        set->pages.items[set->pages.count++] = empty;
    }
    *word_of(&set->pages.items[*page], id) |= (uint64_t)1 << (id % 64);
    return true;
}

bool idset_has(const struct idset *set, uint32_t space, uint64_t id)
{
    const uint64_t *page = map_get(&set->index, page_key(space, id));
    return page && (*word_of(&set->pages.items[*page], id) >> (id % 64) & 1);
}

void idset_free(struct idset *set)
{
    map_free(&set->index);
    vector_free(&set->pages);
}
