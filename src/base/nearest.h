/* The name that was probably meant, when one was mistyped. SPDX-License-Identifier: Apache-2.0
 *
 *     struct nearest nearest = nearest_to("taks");
 *     for (...) nearest_consider(&nearest, names[i]);
 *     if (nearest.name) printf("did you mean '%s'?", nearest.name);
 *
 * Near is what some edits (a character changed, added or left out; case does not count) make of the other: one for names of up
 * to 3 characters, 2 up to 7, else 3, and fewer than the name has. A name that begins with what was typed counts as one
 * edit away, however long it is: latency, latency_ns. Of equals the first stays.
 */
#ifndef CAIRN_BASE_NEAREST_H
#define CAIRN_BASE_NEAREST_H

#include <stdbool.h>

struct nearest {
    const char *wanted;
    const char *name;   /* borrowed; NULL: none was near */
    unsigned edits_max; /* what differs by more is not meant */
};

/* `wanted` is borrowed; of one of 64 bytes or more nothing is near. */
struct nearest nearest_to(const char *wanted);
/* True if `name` is nearer than all before. Cost: the product of the lengths. Pure. */
bool nearest_consider(struct nearest *nearest, const char *name);

#endif
