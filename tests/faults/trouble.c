/* See trouble.h. SPDX-License-Identifier: Apache-2.0 */
#include "trouble.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

void in_child(void (*function)(void), const char *why_skipped)
{
    int status = testing_in_child(function);
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        testing_skip(why_skipped);
    else
        CHECK_EQUAL(status, 0);
}

int start(const char *path, const char *live_dir)
{
    cairn_options options = {
        .size = sizeof options, .path = path, .live_dir = live_dir, .limit_bytes = 16 << 20};
    return cairn_start(&options);
}

void annotate(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        cairn_region region = cairn_region_begin(CAIRN_BACKGROUND, "region");
        cairn_logf(CAIRN_BACKGROUND, "log", "%u %s", i, "with some text that takes room");
        cairn_region_end(region);
    }
}

void check_complete(const char *path)
{
    struct readback trace = readback(path);
    CHECK_EQUAL(trace.recovered_all, 3 * ROUNDS);
    CHECK_EQUAL(trace.lost_all, 0);
    CHECK_EQUAL(trace.state, CAIRN_STATE_STOPPED);
}

unsigned count_in(const char *folder)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) count += entry->d_name[0] != '.';
    if (entries) closedir(entries);
    return count;
}

const char *live_folder(void)
{
    const char *folder = testing_path("live");
    if (mkdir(folder, 0700)) CHECK(errno == EEXIST);
    return folder;
}

void record_undisturbed(void)
{
    const char *path = testing_path("after.cairn");
    CHECK_EQUAL(start(path, NULL), 0);
    annotate();
    CHECK_EQUAL(cairn_stop(), 0);
    check_complete(path);
}
