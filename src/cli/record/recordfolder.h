/* The folder that `cairn record` fills. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_RECORDFOLDER_H
#define CAIRN_CLI_RECORDFOLDER_H

#include "base/base.h"

/* The absolute path of the folder for a name: "demo" and "demo.cairn" give ".../demo.cairn"; NULL gives the
 * program's own name. To be freed. NULL with *error set. */
char *record_folder_path(const char *name, const char *program, struct cairn_error *error);

/* Makes the folder, with mode 0700, or empties it if it holds nothing but an older recording that is over.
 * Returns 0, or -1 with *error set, and then everything is as it was. */
int record_folder_make(const char *path, struct cairn_error *error);

#endif
