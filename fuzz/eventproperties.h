/* What must hold of every event that the reader hands out, whatever the file. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_FUZZ_EVENTPROPERTIES_H
#define CAIRN_FUZZ_EVENTPROPERTIES_H

#include "trace/trace.h"

/* What a reading of a trace has come to. */
struct events_read {
    uint64_t tallies[CAIRN_TALLY_SLOTS]; /* events handed out */
    uint64_t count;
    uint64_t hash;   /* of what all events say, whatever their order; not of where they stand in the file */
    uint32_t damage; /* findings of that severity */
    uint32_t file_damage; /* those among them that concern where blocks and records are */
    bool has_no_blocks;   /* a part of the file is no block */
};

/* Reads to the end and checks: indices are in their tables, text can be read, the counts are those of `info`, and no
 * place of a file is handed out twice. `sink` gets each event if it is not NULL, without its end. Memory that runs out
 * is no failure; the result is false then. */
bool events_read(struct trace_source *source, struct trace_sink *sink, struct events_read *read);

/* Checks the tables of `info`: every text is terminated, every index is within. */
void events_check_info(const struct trace_info *info);

#endif
