/* The text form, from text: whatever is assembled, is dumped and assembled to the same file again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines that only make the file large (zeros 2000000000) are not run: SIZE_MAX_OF_TEXT. */
#include "base/base.h"
#include "memfile.h"
#include "property.h"
#include "roundtrip.h"

#include <string.h>

enum { NUMBER_MAX = 1 << 16 };

/* Whether a line makes a gap, an area or a slot of more than NUMBER_MAX bytes. */
static bool is_large_line(char *text)
{
    static const char *const makers[] = {"zeros", "at", "area", "slot"};
    struct text_line line;
    uint64_t number;
    if (text_line_split(&line, text)) return false;
    bool makes = false;
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) makes |= !strcmp(line.keyword, makers[i]);
    for (uint32_t i = 1; makes && i < line.count; i++)
        if (text_number(line.pairs[i].value, &number) && number > NUMBER_MAX) return true;
    return false;
}

static bool is_large(const char *text)
{
    char *copy = strdup(text);
    bool large = !copy;
    for (char *line = copy, *next; line && !large; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        large = is_large_line(line);
    }
    free(copy);
    return large;
}

static int run(const char *text, size_t count)
{
    struct text_assembler *assembler = text_assembler_create();
    if (!assembler) return 0;
    size_t made_count;
    if (!roundtrip_assemble(assembler, text, count)) {
        const uint8_t *made = text_assembler_bytes(assembler, &made_count);
        memfile_set(MEMFILE_TRACE, made, made_count);
        roundtrip_check(made, made_count);
    }
    text_assembler_destroy(assembler);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    char *text = malloc(count + 1);
    if (!text) return -1;
    memcpy(text, bytes, count);
    text[count] = 0;
    for (size_t i = 0; i < count; i++)
        if (!text[i]) text[i] = ' '; /* a line ends at a zero, and a value is the same behind it */
    int result = is_large(text) ? -1 : run(text, count);
    free(text);
    return result;
}
