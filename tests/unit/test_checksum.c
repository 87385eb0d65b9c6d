/* The CRC-32C by instruction equals the portable one. SPDX-License-Identifier: Apache-2.0 */
#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static uint8_t bytes[20000];

static void equals_portable_for_every_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 131 ^ i >> 5);
    for (size_t count = 0; count < sizeof bytes - 8; count += count < 7000 ? 1 : 997) {
        const uint8_t *at = bytes + count % 8;
        assert_int_equal(cairn__os_crc32c(0, at, count), cairn__crc32c(0, at, count));
    }
}

static void continues(void **state)
{
    (void)state;
    uint32_t whole = cairn__os_crc32c(0, bytes, 10000);
    assert_int_equal(cairn__os_crc32c(cairn__os_crc32c(0, bytes, 3333), bytes + 3333, 6667), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_portable_for_every_length),
        cmocka_unit_test(continues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
