/* What `cairn record` says when the program has ended. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_RECORDSUMMARY_H
#define CAIRN_CLI_RECORDSUMMARY_H

#include "base/base.h"

/* Reads the recording and prints a summary to stderr. Returns 0, or -1 with *error set. */
int record_summary(const char *folder, size_t file_count, struct cairn_error *error);

#endif
