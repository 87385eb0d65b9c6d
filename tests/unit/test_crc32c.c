/* CRC-32C against its definition, bit by bit, and published values. SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

static uint32_t by_definition(const uint8_t *bytes, size_t count)
{
    uint32_t crc = ~(uint32_t)0;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    }
    return ~crc;
}

static void equals_published_values(void **state)
{
    (void)state;
    uint8_t bytes[32];
    assert_int_equal(cairn__crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(cairn__crc32c(0, "", 0), 0);
    /* RFC 3720, B.4 */
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(cairn__crc32c(0, bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(cairn__crc32c(0, bytes, sizeof bytes), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++) bytes[i] = i;
    assert_int_equal(cairn__crc32c(0, bytes, sizeof bytes), 0x46dd794e);
}

static void equals_its_definition_at_every_length_and_split(void **state)
{
    (void)state;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 181 ^ i >> 3);
    for (size_t count = 0; count <= sizeof bytes; count++) {
        uint32_t expected = by_definition(bytes, count);
        size_t split = count * 7 % (count + 1);
        assert_int_equal(cairn__crc32c(0, bytes, count), expected);
        assert_int_equal(cairn__crc32c(cairn__crc32c(0, bytes, split), bytes + split, count - split),
                         expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_published_values),
        cmocka_unit_test(equals_its_definition_at_every_length_and_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
