/* See crc32c.h. SPDX-License-Identifier: Apache-2.0
 *
 * Slicing by 8: eight tables, one per byte of a word, so that a word costs eight independent look-ups.
 * tables[k][b] is the checksum of byte b followed by k zero bytes. The CRC is linear over GF(2): an entry is
 * the xor of the entries for the bits of its index. So 64 constants make all 2048 entries, at compile time,
 * and there is nothing to initialise at run time.
 */
#include "crc32c.h"

#include <string.h>

/* clang-format off */
#define BIT(index, n, entry) ((index) >> (n) & 1 ? (entry) : 0u)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                                     \
    (BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^                                             \
     BIT(i, 4, e) ^ BIT(i, 5, f) ^ BIT(i, 6, g) ^ BIT(i, 7, h))
#define ROW4(i, ...) ENTRY(i, __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__),                                     \
                     ENTRY((i) + 2, __VA_ARGS__), ENTRY((i) + 3, __VA_ARGS__)
#define ROW16(i, ...) ROW4(i, __VA_ARGS__), ROW4((i) + 4, __VA_ARGS__),                                      \
                      ROW4((i) + 8, __VA_ARGS__), ROW4((i) + 12, __VA_ARGS__)
#define ROW64(i, ...) ROW16(i, __VA_ARGS__), ROW16((i) + 16, __VA_ARGS__),                                   \
                      ROW16((i) + 32, __VA_ARGS__), ROW16((i) + 48, __VA_ARGS__)
#define ROWS(...) {ROW64(0, __VA_ARGS__), ROW64(64, __VA_ARGS__),                                            \
                   ROW64(128, __VA_ARGS__), ROW64(192, __VA_ARGS__)}

static const uint32_t tables[8][256] = {
    ROWS(0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu, 0x417b1dbcu, 0x82f63b78u),
    ROWS(0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u, 0xff17c604u, 0xfbc3faf9u),
    ROWS(0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u, 0xc76580d9u, 0x8b277743u),
    ROWS(0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu, 0xaba65fe7u, 0x52a0c93fu),
    ROWS(0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u, 0x37516aaeu, 0x6ea2d55cu),
    ROWS(0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du, 0x0e045bebu, 0x1c08b7d6u),
    ROWS(0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu, 0x7ab7077au, 0xf56e0ef4u),
    ROWS(0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u, 0x1a00cb32u, 0x34019664u),
};
/* clang-format on */

static uint32_t of_word(uint32_t crc, const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    word ^= crc;
    return tables[7][word & 0xff] ^ tables[6][word >> 8 & 0xff] ^ tables[5][word >> 16 & 0xff] ^
           tables[4][word >> 24 & 0xff] ^ tables[3][word >> 32 & 0xff] ^ tables[2][word >> 40 & 0xff] ^
           tables[1][word >> 48 & 0xff] ^ tables[0][word >> 56];
}

uint32_t cairn__crc32c(uint32_t crc, const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    crc = ~crc;
    for (; count >= 8; at += 8, count -= 8) crc = of_word(crc, at);
    for (; count; at++, count--) crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xff];
    return ~crc;
}
