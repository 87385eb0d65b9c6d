/* The hash map against a plain array, with deletions. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

enum { KEYS = 500, STEPS = 200000 };

static struct map_key key_of(unsigned i)
{
    return (struct map_key){i % 7, (uint64_t)i << 40, ~(uint64_t)i};
}

static void behaves_like_an_array(void **state)
{
    (void)state;
    static uint64_t model[KEYS]; /* 0: not there */
    struct map map = {0};
    size_t count = 0;
    uint32_t random = 1;
    for (int step = 0; step < STEPS; step++) {
        random = random * 1664525 + 1013904223;
        unsigned i = (random >> 8) % KEYS;
        if (random >> 31) {
            bool added;
            uint64_t *value = map_put(&map, key_of(i), &added);
            assert_non_null(value);
            assert_int_equal(added, model[i] == 0);
            assert_int_equal(*value, model[i]);
            count += added;
            *value = model[i] = (uint64_t)step + 1;
        } else {
            assert_int_equal(map_remove(&map, key_of(i)), model[i] != 0);
            count -= model[i] != 0;
            model[i] = 0;
        }
        assert_int_equal(map.count, count);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        uint64_t *value = map_get(&map, key_of(i));
        assert_int_equal(value ? *value : 0, model[i]);
    }
    map_free(&map);
    assert_null(map_get(&map, key_of(1)));
    assert_false(map_remove(&map, key_of(1)));
}

static void every_word_of_the_key_counts(void **state)
{
    (void)state;
    struct map map = {0};
    *map_put(&map, (struct map_key){1, 2, 3}, NULL) = 9;
    assert_null(map_get(&map, (struct map_key){0, 2, 3}));
    assert_null(map_get(&map, (struct map_key){1, 0, 3}));
    assert_null(map_get(&map, (struct map_key){1, 2, 0}));
    assert_int_equal(*map_get(&map, (struct map_key){1, 2, 3}), 9);
    map_free(&map);
}

static void hashes_of_bytes_differ_by_content_and_length(void **state)
{
    (void)state;
    assert_int_equal(map_hash_bytes("abcdefghij", 10), map_hash_bytes("abcdefghij", 10));
    assert_true(map_hash_bytes("abcdefghij", 10) != map_hash_bytes("abcdefghik", 10));
    assert_true(map_hash_bytes("abcdefgh", 8) != map_hash_bytes("bbcdefgh", 8));
    assert_true(map_hash_bytes("\0", 1) != map_hash_bytes("\0\0", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_an_array),
        cmocka_unit_test(every_word_of_the_key_counts),
        cmocka_unit_test(hashes_of_bytes_differ_by_content_and_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
