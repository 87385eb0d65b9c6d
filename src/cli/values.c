/* What values of options may be besides durations and sizes (base/quantity.h): counts. SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

bool cli_parse_count(const char *text, uint64_t *count)
{
    if (!isdigit((unsigned char)*text)) return false;
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end || errno) return false;
    *count = value;
    return true;
}
