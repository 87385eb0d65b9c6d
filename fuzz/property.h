/* What the fuzz targets state. SPDX-License-Identifier: Apache-2.0
 *
 * A property that does not hold ends the program, so that a fuzzer keeps the input and a plain run fails. */
#ifndef CAIRN_FUZZ_PROPERTY_H
#define CAIRN_FUZZ_PROPERTY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PROPERTY(condition) ((condition) ? (void)0 : property_broken(__FILE__, __LINE__, #condition))

static inline void property_broken(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: property does not hold: %s\n", file, line, condition);
    abort();
}

/* One execution of a target; the interface of libFuzzer. 0: it may become part of the corpus; -1: not. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#endif
