/* See livefolder.h. SPDX-License-Identifier: Apache-2.0 */
#include "livefolder.h"

#include "testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[160];

const char *live_folder_create(void)
{
    snprintf(folder, sizeof folder, "/dev/shm/test-live-XXXXXX");
    if (mkdtemp(folder)) return folder;
    snprintf(folder, sizeof folder, "%s/live-XXXXXX", testing_folder());
    return mkdtemp(folder);
}

unsigned live_folder_clear(void)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (entry->d_name[0] != '.') count += unlinkat(dirfd(entries), entry->d_name, 0) == 0;
    if (entries) closedir(entries);
    return count;
}

void live_folder_destroy(void)
{
    live_folder_clear();
    rmdir(folder);
}
