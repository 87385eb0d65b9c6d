/* From a trace to text and back, in memory. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_FUZZ_ROUNDTRIP_H
#define CAIRN_FUZZ_ROUNDTRIP_H

#include "trace/textform.h"

/* Assembles text, as trace_assemble does. NULL, or what is wrong with it. The output stays in the assembler. */
const char *roundtrip_assemble(struct text_assembler *assembler, const char *text, size_t count);

/* MEMFILE_TRACE is dumped and assembled: that must give `bytes` again. False if it cannot be dumped. */
bool roundtrip_check(const uint8_t *bytes, size_t count);

#endif
