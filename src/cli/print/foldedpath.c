/* See foldedpath.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/print/foldedpath.h"

void folded_path_clear(struct folded_path *path)
{
    path->text.count = 0;
    path->has_name = false;
}

bool folded_path_add(struct folded_path *path, const char *name)
{
    if (path->has_name && !vector_push(&path->text, ';')) return false;
    path->has_name = true;
    for (; *name; name++) {
        char plain = *name == ';' ? ':' : (unsigned char)*name < ' ' ? ' ' : *name;
        if (!vector_push(&path->text, plain)) return false;
    }
    return true;
}

const char *folded_path_text(struct folded_path *path)
{
    if (!vector_reserve(&path->text, path->text.count + 1)) return NULL;
    path->text.items[path->text.count] = 0;
    return path->text.items;
}
