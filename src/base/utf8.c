/* See utf8.h. SPDX-License-Identifier: Apache-2.0
 *
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include "utf8.h"

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The length that a first byte announces, 0 if it can be none. */
static size_t announced(char byte)
{
    unsigned char first = (unsigned char)byte;
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t cairn__utf8_cut(const char *text, size_t limit)
{
    if (!continues(text[limit])) return limit;
    for (size_t back = 1; back <= 3 && back <= limit; back++) {
        char byte = text[limit - back];
        if (continues(byte)) continue;
        return announced(byte) > back ? limit - back : limit;
    }
    return limit;
}

size_t cairn__utf8_next(const char *text, size_t bytes, uint32_t *code_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t length = bytes ? announced(*text) : 0;
    if (!length || length > bytes) return 0;
    uint32_t value = (unsigned char)*text & mask[length];
    for (size_t i = 1; i < length; i++) {
        if (!continues(text[i])) return 0;
        value = value << 6 | ((unsigned char)text[i] & 0x3f);
    }
    if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
    if (code_point) *code_point = value;
    return length;
}

size_t cairn__utf8_put(char *out, uint32_t code_point)
{
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) code_point = 0xfffd;
    size_t length = code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; code_point >>= 6) out[i] = (char)(0x80 | (code_point & 0x3f));
    out[0] = (char)(lead[length] | code_point);
    return length;
}
