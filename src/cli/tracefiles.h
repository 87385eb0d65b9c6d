/* The trace files that a TRACE argument names: itself, or what lies in the folder.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_TRACEFILES_H
#define CAIRN_CLI_TRACEFILES_H

#include "base/base.h"

struct trace_files {
    VECTOR(char *) paths;      /* sorted by name */
    VECTOR(char *) live_paths; /* live files; they lie there if there is no tmpfs */
    size_t others;             /* entries of the folder that are neither */
};

/* Lists them. A folder without traces is no error here: `paths` is empty. What is no folder is listed
 * unseen. Returns 0, or -1 with *error set; free in either case. */
int trace_files_list(struct trace_files *files, const char *path, struct cairn_error *error);
void trace_files_free(struct trace_files *files);

#endif
