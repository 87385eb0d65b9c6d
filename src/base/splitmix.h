/* Random numbers that are the same each time: splitmix64 (Steele, Lea and Flood 2014). SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_BASE_SPLITMIX_H
#define CAIRN_BASE_SPLITMIX_H

#include <stdint.h>

/* The next one; *state is the seed at first. Every state is good, 0 too. Not for secrets. */
static inline uint64_t splitmix_next(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

#endif
