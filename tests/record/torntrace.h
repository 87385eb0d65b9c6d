/* Traces whose last write was cut short. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_TORNTRACE_H
#define CAIRN_TESTS_TORNTRACE_H

#include <stdbool.h>
#include <stddef.h>

/* Leaves the trace of a process that is dead, and has written no chunk, as a death amid its first write would have:
 * with so many bytes of a chunk that lies in the live file. False if that is not possible. */
bool torn_trace_make(const char *path, size_t bytes);

#endif
