/* See quantity.h. SPDX-License-Identifier: Apache-2.0 */
#include "quantity.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    double factor;
};

const char *quantity_number(const char *text, double *number)
{
    if (!isdigit((unsigned char)*text) && *text != '.') return NULL;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) return NULL;
    char *end;
    *number = strtod(text, &end);
    return end == text || !isfinite(*number) ? NULL : end;
}

/* A number with a unit, as a whole count of the smallest unit. */
static bool parse_with_unit(const char *text, const struct unit *units, uint64_t *result)
{
    double number;
    const char *end = quantity_number(text, &number);
    if (!end) return false;
    for (; units->name; units++) {
        if (strcmp(end, units->name) != 0) continue;
        double value = number * units->factor;
        if (value >= 18446744073709551615.0) return false;
        *result = (uint64_t)(value + 0.5);
        return true;
    }
    return false;
}

bool quantity_duration(const char *text, uint64_t *ns)
{
    static const struct unit units[] = {{"ns", 1},  {"us", 1e3}, {"µs", 1e3},   {"μs", 1e3},   {"ms", 1e6},
                                        {"s", 1e9}, {"m", 6e10}, {"min", 6e10}, {"h", 3.6e12}, {NULL, 0}};
    if (strcmp(text, "0") == 0) return *ns = 0, true;
    return parse_with_unit(text, units, ns);
}

bool quantity_bytes(const char *text, uint64_t *bytes)
{
    static const struct unit units[] = {
        {"", 1},          {"B", 1},          {"K", 1024},         {"KiB", 1024}, {"M", 1048576},
        {"MiB", 1048576}, {"G", 1073741824}, {"GiB", 1073741824}, {NULL, 0}};
    return parse_with_unit(text, units, bytes);
}
