/* A path of names in one line, as flame graphs have it: "outer;inner". SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_FOLDEDPATH_H
#define CAIRN_CLI_FOLDEDPATH_H

#include "base/base.h"

/* Zero-initialise; vector_free(&path.text) frees it. */
struct folded_path {
    VECTOR(char) text;
    bool has_name;
};

void folded_path_clear(struct folded_path *path);
/* Adds a name, behind a ';' if it is not the first: in it ';' becomes ':' and a control character a space. False if memory
 * ran out. */
bool folded_path_add(struct folded_path *path, const char *name);
/* Valid until the next change; NULL if memory ran out. */
const char *folded_path_text(struct folded_path *path);

#endif
