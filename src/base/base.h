/* The face of src/base: pure helpers, no OS, no policy. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_BASE_BASE_H
#define CAIRN_BASE_BASE_H

#include "arena.h"
#include "atomic.h"
#include "crc32c.h"
#include "error.h"
#include "histogram.h"
#include "lines.h"
#include "map.h"
#include "nearest.h"
#include "quantity.h"
#include "splitmix.h"
#include "utf8.h"
#include "vector.h"

#endif
