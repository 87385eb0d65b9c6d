/* See roundtrip.h. SPDX-License-Identifier: Apache-2.0 */
#include "roundtrip.h"

#include "memfile.h"
#include "property.h"
#include "trace/trace.h"

#include <string.h>

const char *roundtrip_assemble(struct text_assembler *assembler, const char *text, size_t count)
{
    const char *wrong = NULL;
    char *line =
        malloc(count + 1); /* is cut in place; of its own size, so that what is read beyond is seen */
    for (size_t at = 0; line && !wrong && at < count;) {
        const char *end = memchr(text + at, '\n', count - at);
        size_t length = end ? (size_t)(end - text) - at + 1 : count - at;
        memcpy(line, text + at, length);
        line[length] = 0;
        wrong = text_assembler_line(assembler, line);
        at += length;
    }
    free(line);
    return wrong ? wrong : text_assembler_finish(assembler);
}

static void differ(const uint8_t *made, const uint8_t *wanted, size_t count)
{
    size_t at = 0;
    while (at < count && made[at] == wanted[at]) at++;
    if (at < count) fprintf(stderr, "differ at offset %zu\n", at);
}

static void check_text(const char *text, size_t text_bytes, const uint8_t *bytes, size_t count)
{
    struct text_assembler *assembler = text_assembler_create();
    if (!assembler) return;
    const char *wrong = roundtrip_assemble(assembler, text, text_bytes);
    if (wrong) fprintf(stderr, "what was dumped is not understood: %s\n", wrong);
    PROPERTY(!wrong);
    size_t made_count;
    const uint8_t *made = text_assembler_bytes(assembler, &made_count);
    if (made_count != count) fprintf(stderr, "%zu bytes instead of %zu\n", made_count, count);
    PROPERTY(made_count == count);
    differ(made, bytes, count);
    PROPERTY(!memcmp(made, bytes, count));
    text_assembler_destroy(assembler);
}

bool roundtrip_check(const uint8_t *bytes, size_t count)
{
    char *text = NULL;
    size_t text_bytes = 0;
    FILE *out = open_memstream(&text, &text_bytes);
    if (!out) return false;
    bool good = trace_dump(MEMFILE_TRACE, out, NULL) == 0;
    fclose(out);
    if (good) check_text(text, text_bytes, bytes, count);
    free(text);
    return good;
}
