/* What the programs that put the recorder into real trouble share: limits.c, meddling.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Full disks are in disks.c, and faults that cannot be had for real in faults.c. Each case runs in a child of its own,
 * because limits and mounts are for the whole process. */
#ifndef CAIRN_TESTS_TROUBLE_H
#define CAIRN_TESTS_TROUBLE_H

#include "../record/readback.h"
#include "../record/testing.h"

#include <cairn/cairn.h>

enum { SKIPPED = 42, ROUNDS = 3000 };

/* Runs a function in a child; if that exits with SKIPPED, it could not do its work. */
void in_child(void (*function)(void), const char *why_skipped);
int start(const char *path, const char *live_dir); /* what cairn_start returns */
void annotate(void);                               /* 3 * ROUNDS events */
/* Whether a trace has what one call of `annotate` made, all of it. */
void check_complete(const char *path);
/* What comes after is not disturbed by what went before. */
void record_undisturbed(void);
const char *live_folder(void); /* made if need be */
unsigned count_in(const char *folder);

#endif
