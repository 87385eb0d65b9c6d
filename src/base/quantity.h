/* Numbers with units, as people write them: "1.5s", "64M". SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_BASE_QUANTITY_H
#define CAIRN_BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

/* "1.5s" in nanoseconds (units: ns us ms s m min h; a bare "0" needs none), "64M" in bytes (powers of 1024; no unit is
 * bytes). False if the text is none, is too large or has another unit; *result is then as before. Pure. */
bool quantity_duration(const char *text, uint64_t *ns);
bool quantity_bytes(const char *text, uint64_t *bytes);

#endif
