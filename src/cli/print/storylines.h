/* The lines of a task's story, for people and for programs. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_STORYLINES_H
#define CAIRN_CLI_STORYLINES_H

#include "analysis/analysis.h"
#include "cli/print/records.h"

/* Prints all lines with time since the task's begin, time since the line before, and thread. */
void storylines_print(const struct analysis_story *story, const struct trace_info *info);
/* Writes the row of a line; an index behind the last one is for CSV's head. */
void storylines_record(struct records *records, const struct analysis_story *story, size_t index,
                       const struct trace_info *info);
/* A value as text: "12", "0.5", "true", "\"text\"". */
void storylines_print_value(FILE *out, const struct trace_value *value);
/* The same as JSON, with its type; CSV gets text. */
void storylines_record_value(struct records *records, const char *name, const struct trace_value *value);

#endif
