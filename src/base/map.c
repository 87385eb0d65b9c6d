/* See map.h. SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    x ^= x >> 32;
    x *= 0xd6e8feb86659fd93u;
    return x ^ x >> 32;
}

static size_t home(const struct map *map, struct map_key key)
{
    return (size_t)mix(key.a ^ mix(key.b ^ mix(key.c))) & (map->capacity - 1);
}

static bool equal(struct map_key x, struct map_key y)
{
    return x.a == y.a && x.b == y.b && x.c == y.c;
}

/* The slot of the key, or the free slot where it belongs. The map is never full. */
static struct map_entry *find(const struct map *map, struct map_key key)
{
    size_t at = home(map, key);
    while (map->entries[at].used && !equal(map->entries[at].key, key)) at = (at + 1) & (map->capacity - 1);
    return &map->entries[at];
}

static bool grow(struct map *map)
{
    struct map bigger = {.count = map->count, .capacity = map->capacity ? map->capacity * 2 : 64};
    bigger.entries = calloc(bigger.capacity, sizeof *bigger.entries);
    if (!bigger.entries) return false;
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entries[i].used) *find(&bigger, map->entries[i].key) = map->entries[i];
    }
    free(map->entries);
    *map = bigger;
    return true;
}

uint64_t *map_get(const struct map *map, struct map_key key)
{
    if (!map->count) return NULL;
    struct map_entry *entry = find(map, key);
    return entry->used ? &entry->value : NULL;
}

uint64_t *map_put(struct map *map, struct map_key key, bool *added)
{
    if (map->count >= map->capacity / 4 * 3 && !grow(map)) return NULL;
    struct map_entry *entry = find(map, key);
    if (added) *added = !entry->used;
    if (!entry->used) {
        *entry = (struct map_entry){.key = key, .used = true};
        map->count++;
    }
    return &entry->value;
}

bool map_remove(struct map *map, struct map_key key)
{
    if (!map->count) return false;
    struct map_entry *entry = find(map, key);
    if (!entry->used) return false;
    size_t mask = map->capacity - 1;
    size_t hole = (size_t)(entry - map->entries);
    for (size_t at = (hole + 1) & mask; map->entries[at].used; at = (at + 1) & mask) {
        /* An entry may fill the hole if its home does not lie cyclically between hole and itself. */
        size_t start = home(map, map->entries[at].key);
        if (((at - start) & mask) >= ((at - hole) & mask)) {
            map->entries[hole] = map->entries[at];
            hole = at;
        }
    }
    map->entries[hole].used = false;
    map->count--;
    return true;
}

void map_free(struct map *map)
{
    free(map->entries);
    *map = (struct map){0};
}

uint64_t map_hash_bytes(const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    uint64_t hash = 0x9e3779b97f4a7c15u ^ count;
    for (; count >= 8; at += 8, count -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = mix(hash ^ word);
    }
    uint64_t rest = 0;
    memcpy(&rest, at, count);
    return mix(hash ^ rest);
}
