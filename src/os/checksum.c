/* CRC-32C by instruction. SPDX-License-Identifier: Apache-2.0
 *
 * The instruction takes a word each cycle but delivers after three, so three lanes are computed side by side and
 * put together: appending n zero bytes to a message multiplies its remainder by x^(8n), which carry-less
 * multiplication does; the instruction itself then reduces the product.
 */
#include "os/os.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

enum {
    LANE_BYTES = 1024,
    /* x^(8n - 33) modulo the polynomial, reflected: the reduction of a 64-bit product adds the missing 33. */
    SHIFT_ONE_LANE = 0x170076fa,
};
#define SHIFT_TWO_LANES 0xa51b6135u
#define WITH_INSTRUCTIONS __attribute__((target("sse4.2,pclmul")))

static uint64_t word_at(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, 8);
    return word;
}

WITH_INSTRUCTIONS static uint64_t shifted(uint64_t crc, uint32_t factor)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi64_si128(factor), 0);
    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

WITH_INSTRUCTIONS static uint64_t three_lanes(uint64_t crc, const uint8_t *at)
{
    uint64_t second = 0, third = 0;
    for (const uint8_t *end = at + LANE_BYTES; at < end; at += 8) {
        crc = _mm_crc32_u64(crc, word_at(at));
        second = _mm_crc32_u64(second, word_at(at + LANE_BYTES));
        third = _mm_crc32_u64(third, word_at(at + 2 * LANE_BYTES));
    }
    return shifted(crc, SHIFT_TWO_LANES) ^ shifted(second, SHIFT_ONE_LANE) ^ third;
}

WITH_INSTRUCTIONS static uint32_t by_instruction(uint32_t crc, const uint8_t *at, size_t count)
{
    uint64_t state = ~crc;
    for (; count >= 3 * LANE_BYTES; at += 3 * LANE_BYTES, count -= 3 * LANE_BYTES) {
        state = three_lanes(state, at);
    }
    for (; count >= 8; at += 8, count -= 8) state = _mm_crc32_u64(state, word_at(at));
    uint32_t rest = (uint32_t)state;
    while (count--) rest = _mm_crc32_u8(rest, *at++);
    return ~rest;
}

uint32_t cairn__os_crc32c(uint32_t crc, const void *bytes, size_t count)
{
    bool can = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
    return can ? by_instruction(crc, bytes, count) : cairn__crc32c(crc, bytes, count);
}
#else
uint32_t cairn__os_crc32c(uint32_t crc, const void *bytes, size_t count)
{
    return cairn__crc32c(crc, bytes, count);
}
#endif
