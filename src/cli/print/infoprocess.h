/* What `cairn info` tells of one process. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_INFOPROCESS_H
#define CAIRN_CLI_INFOPROCESS_H

#include "codec/json.h"
#include "trace/trace.h"

/* "process   " and the like, as a line of `cairn info` begins. */
void info_print_label(const char *label);
/* Prints the process. `task_end_ticks`: of the task that a snapshot was taken for; 0 if its end is not known. */
void info_print_process(const struct trace_info *info, uint32_t index, uint64_t task_end_ticks);
void info_write_process(struct json *json, const struct trace_info *info,
                        const struct trace_process *process);
/* An instant since the start of the trace; null if `ticks` is 0. */
void info_write_instant(struct json *json, const struct trace_info *info, const char *key, uint64_t ticks);

#endif
