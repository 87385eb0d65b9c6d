/* The face of src/format: what the writer and the readers of traces share. SPDX-License-Identifier: Apache-2.0
 * Nothing in it allocates. */
#ifndef CAIRN_FORMAT_FORMAT_H
#define CAIRN_FORMAT_FORMAT_H

#include "format/layout.h"
#include "format/logformat.h"
#include "format/walk.h"

#endif
