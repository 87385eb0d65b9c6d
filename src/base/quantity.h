/* Numbers, and numbers with units, as people write them: "1.5", "1.5s", "64M". SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_BASE_QUANTITY_H
#define CAIRN_BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

/* "1.5s" in nanoseconds (units: ns us ms s m min h; a bare "0" needs none), "64M" in bytes (powers of 1024; no unit is
 * bytes). False if the text is none, is too large or has another unit; *result is then as before. Pure. */
bool quantity_duration(const char *text, uint64_t *ns);
bool quantity_bytes(const char *text, uint64_t *bytes);

/* The number that a text begins with: decimal and without a sign, as "5", ".5" or "1e3"; not "0x10", not "inf". Returns where it
 * ends; NULL if there is none, or it is too large. Pure. */
const char *quantity_number(const char *text, double *number);

#endif
