/* See nearest.h. SPDX-License-Identifier: Apache-2.0 */
#include "nearest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { NAME_BYTES = 64 };

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned both = a < b ? a : b;
    return both < c ? both : c;
}

static bool is_same(char one, char other)
{
    return tolower((unsigned char)one) == tolower((unsigned char)other);
}

/* Levenshtein's distance, by rows. Both are shorter than NAME_BYTES. */
static unsigned distance(const char *one, const char *other)
{
    unsigned row[NAME_BYTES];
    size_t columns = strlen(other);
    for (size_t j = 0; j <= columns; j++) row[j] = (unsigned)j;
    for (size_t i = 0; one[i]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < columns; j++) {
            unsigned above = row[j + 1];
            row[j + 1] = least(above + 1, row[j] + 1, diagonal + !is_same(one[i], other[j]));
            diagonal = above;
        }
    }
    return row[columns];
}

struct nearest nearest_to(const char *wanted)
{
    size_t length = strlen(wanted);
    return (struct nearest){.wanted = wanted, .edits_max = length < 4 ? 1 : length < 8 ? 2 : 3};
}

bool nearest_consider(struct nearest *nearest, const char *name)
{
    size_t length = strlen(nearest->wanted), name_length = strlen(name);
    if (length >= NAME_BYTES || name_length >= NAME_BYTES) return false;
    bool begins = length >= 3 && name_length > length && strncasecmp(name, nearest->wanted, length) == 0;
    unsigned edits = begins ? 1 : distance(nearest->wanted, name);
    if (edits > nearest->edits_max || edits >= name_length || (nearest->name && edits == nearest->edits_max))
        return false;
    nearest->edits_max = edits;
    nearest->name = name;
    return true;
}
