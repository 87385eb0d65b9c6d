/* The critical path of a task, for people and for programs. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_PATHROWS_H
#define CAIRN_CLI_PATHROWS_H

#include "analysis/analysis.h"
#include "cli/print/records.h"

/* The documented names, for the details of the command. */
#define PATHROWS_FIELDS                                                                                      \
    "kind (region, self: no region is open, gap: likewise and nothing recorded, handover: between threads, " \
    "link: waiting for a linked task, before_window), at_ns (since the begin), duration_ns, share (of the "  \
    "latency), thread, to_thread (of a hand-over), task, type (of the task), name (of a region, inside "     \
    "those it is nested in; of a link the other task's type), other (the linked task), file, line (of the "  \
    "region's begin)"

/* Prints a short table: the steps if they are few, else what they sum up to by name. With `all`, every step. */
void pathrows_print(const struct path_steps *rows, bool all);
/* Writes a row per step. `is_head`: the one empty row for CSV's head. */
void pathrows_record_steps(struct records *records, const struct path_steps *rows, bool is_head);
/* Writes a row per total: kind, type, name, count (of steps), duration_ns, share. */
void pathrows_record_totals(struct records *records, const struct path_steps *rows);

#endif
