/* A file that appears whole or not at all. SPDX-License-Identifier: Apache-2.0
 *
 * What is written goes into a file of another name beside it, which takes the final name in the end and is
 * removed if that does not come: also when SIGINT, SIGTERM or SIGHUP ends the tool. What is no regular
 * file ("-" for stdout, a device, a FIFO) is written directly. A trace is never replaced. One at a time.
 */
#ifndef CAIRN_CLI_OUTPUTFILE_H
#define CAIRN_CLI_OUTPUTFILE_H

#include "base/base.h"

#include <stdio.h>

struct output_file {
    FILE *out;
    char *path;      /* the final name, links resolved; NULL if written directly */
    char *part_path; /* where it is written meanwhile */
};

/* Returns 0, or -1 with *error set. */
int output_file_open(struct output_file *file, const char *path, struct cairn_error *error);
/* Gives the file its name. Returns 0, or -1 with *error set, and nothing remains. */
int output_file_finish(struct output_file *file, struct cairn_error *error);
/* Throws away what was written. */
void output_file_abandon(struct output_file *file);

#endif
