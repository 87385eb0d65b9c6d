/* Task ids: as users see them, and sets of them. SPDX-License-Identifier: Apache-2.0
 *
 * An id as printed is short and stable: [PROCESS:]SERIAL[rROUND], the serial number in hexadecimal, as in
 * "7f3", "2:7f3" (the second process of a trace of several) and "7f3r1" (begun in round 1 of a recording
 * that is another round). "off" stands for all that was begun while recording was off, "background" for
 * what works for no task. What is printed is accepted back, and so is a whole id as "0x...".
 *
 * A set keeps four flags per task, and of those that are given one, a number. Serial numbers are dense, so it is made of
 * pages of 128 neighbours: about six bits per task, for as many tasks as there are. Numbers are kept for the pages that
 * have any: up to 512 bytes for a task that has one and no neighbour with one.
 */
#ifndef CAIRN_ANALYSIS_IDS_H
#define CAIRN_ANALYSIS_IDS_H

#include "base/base.h"
#include "trace/trace.h"

enum { ANALYSIS_ID_TEXT_BYTES = 48 };

/* Writes the short id; returns `text`. */
char *analysis_id_text(char text[ANALYSIS_ID_TEXT_BYTES], const struct trace_info *info,
                       const struct trace_task_id *task);
/* Reads one: sets id and process (birth and site stay 0). 0, or -1 with *error set: not an id, no such
 * process, or the process is missing though there are several. */
int analysis_id_parse(const char *text, const struct trace_info *info, struct trace_task_id *task,
                      struct cairn_error *error);

/* What is left of an id when the type is left out: round and serial number. Equal keys in one process
 * mean the same task. */
static inline uint64_t analysis_id_key(uint64_t id)
{
    const uint64_t site_bits = (UINT64_C(1) << CAIRN_ID_ROUND_SHIFT) - (UINT64_C(1) << CAIRN_ID_SERIAL_BITS);
    return id & ~site_bits;
}
bool analysis_id_equal(const struct trace_task_id *one, const struct trace_task_id *other);
/* The same as a key of maps by task. */
static inline struct map_key analysis_id_map_key(const struct trace_task_id *task)
{
    return (struct map_key){analysis_id_key(task->id), task->process, 0};
}

/* Zero-initialise. Not for several threads at once. */
enum { ANALYSIS_IDS_RECENT = 64 };
struct analysis_ids {
    struct map pages;
    struct arena memory;
    struct analysis_ids_recent { /* pages used last: each thread's tasks are neighbours */
        struct map_key key;
        struct analysis_ids_page *page;
    } recent[ANALYSIS_IDS_RECENT];
    union analysis_ids_numbers *free_numbers;
};

/* The flags of a task, 0 if none was ever set. */
unsigned analysis_ids_get(struct analysis_ids *ids, const struct trace_task_id *task);
/* Adds flags (1 to 15). False if memory ran out. */
bool analysis_ids_add(struct analysis_ids *ids, const struct trace_task_id *task, unsigned flags);
/* Both in one: of a task without flags, adds these. *had: those it had. False if memory ran out. */
bool analysis_ids_add_new(struct analysis_ids *ids, const struct trace_task_id *task, unsigned flags,
                          unsigned *had);
/* Gives a task a number, in place of the one it has; 0 takes it away. False if memory ran out. */
bool analysis_ids_number(struct analysis_ids *ids, const struct trace_task_id *task, uint32_t number);
/* The number of a task, 0 if it has none. */
uint32_t analysis_ids_number_of(struct analysis_ids *ids, const struct trace_task_id *task);
void analysis_ids_free(struct analysis_ids *ids);

#endif
