/* What `cairn record` and `cairn stop` say when a recording has ended. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_RECORDSUMMARY_H
#define CAIRN_CLI_RECORDSUMMARY_H

#include "base/base.h"

/* Reads a recording, a folder or a file, and prints a summary to stderr. Returns 0, or -1 with *error set. */
int record_summary(const char *path, struct cairn_error *error);

#endif
