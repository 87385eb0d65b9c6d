/* A growing array of any type, for the tool. SPDX-License-Identifier: Apache-2.0
 *
 *     VECTOR(int) numbers = {0};
 *     if (!vector_push(&numbers, 7)) return out_of_memory();
 *     for (size_t i = 0; i < numbers.count; i++) use(numbers.items[i]);
 *     vector_free(&numbers);
 *
 * Pushing may move the items: keep indices, not pointers. Not for several threads at once.
 */
#ifndef CAIRN_BASE_VECTOR_H
#define CAIRN_BASE_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define VECTOR(type)                                                                                         \
    struct {                                                                                                 \
        type *items;                                                                                         \
        size_t count, capacity;                                                                              \
    }

/* True, or false if memory ran out (the vector is then as before). Amortised constant. */
#define vector_push(vector, item)                                                                            \
    (vector_reserve((vector), (vector)->count + 1) ? ((vector)->items[(vector)->count++] = (item), true)     \
                                                   : false)

/* Room for `wanted` items in all. True, or false if memory ran out. */
#define vector_reserve(vector, wanted)                                                                       \
    cairn__vector_grow((void **)&(vector)->items, &(vector)->capacity, (wanted), sizeof *(vector)->items)

#define vector_free(vector)                                                                                  \
    (free((vector)->items), (vector)->items = NULL, (vector)->count = (vector)->capacity = 0)

static inline bool cairn__vector_grow(void **items, size_t *capacity, size_t wanted, size_t item_bytes)
{
    if (wanted <= *capacity) return true;
    size_t next = *capacity ? *capacity * 2 : 16;
    if (next < wanted) next = wanted;
    if (next > SIZE_MAX / item_bytes) return false;
    void *grown = realloc(*items, next * item_bytes);
    if (!grown) return false;
    *items = grown;
    *capacity = next;
    return true;
}

#endif
