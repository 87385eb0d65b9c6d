/* See glob.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/filter/glob.h"

bool analysis_glob_bytes(const char *pattern, const char *text, size_t bytes)
{
    const char *retry_pattern = NULL, *retry_text = NULL, *end = text + bytes; /* retry: after the last * */
    while (text < end) {
        if (*pattern == '*') {
            retry_pattern = ++pattern;
            retry_text = text;
        } else if (*pattern && (*pattern == *text || *pattern == '?')) {
            pattern++;
            text++;
        } else if (retry_pattern) {
            pattern = retry_pattern;
            text = ++retry_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*') pattern++;
    return *pattern == 0;
}
