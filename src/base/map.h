/* A hash map from a key of three 64-bit words to a 64-bit value, for the tool.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Open addressing with linear probing, at most 3/4 full; deletion shifts back, so there are no tombstones.
 * Values are usually indices into a vector. Not for several threads at once. Zero-initialise.
 */
#ifndef CAIRN_BASE_MAP_H
#define CAIRN_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_key {
    uint64_t a, b, c;
};

struct map_entry {
    struct map_key key;
    uint64_t value;
    bool used;
};

struct map {
    struct map_entry *entries;
    size_t count, capacity; /* capacity: a power of two, or 0 */
};

/* The value of a key, or NULL. Valid until the next put or remove. */
uint64_t *map_get(const struct map *map, struct map_key key);
/* The value of a key, added as 0 if it was missing (*added tells). NULL if memory ran out. */
uint64_t *map_put(struct map *map, struct map_key key, bool *added);
/* True if the key was there. */
bool map_remove(struct map *map, struct map_key key);
void map_free(struct map *map);

/* A 64-bit hash of bytes, for keys made of text. Not for input that attacks. */
uint64_t map_hash_bytes(const void *bytes, size_t count);

#endif
