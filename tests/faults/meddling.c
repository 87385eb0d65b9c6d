/* What others do to the files of a recording: the program runs on, cairn_stop tells, and so does the trace.
 * SPDX-License-Identifier: Apache-2.0 */
#include "trouble.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The only file of a folder. */
static const char *file_in(const char *folder)
{
    static char path[600];
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        if (entry->d_name[0] != '.') snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    }
    if (entries) closedir(entries);
    return path;
}

static const char *trace_name; /* of the present child */

static const char *trace_path(void)
{
    return testing_path("%s", trace_name);
}

enum { LONGER_THAN_THE_HELPER_SLEEPS_US = 250000 };

/* Starts, annotates, lets `interfere` do its work when the file has grown and is not being written to (what is cut off
 * within a write goes unnoticed), annotates on. */
static int record_disturbed(void (*interfere)(void))
{
    struct stat status = {0};
    CHECK_EQUAL(start(trace_path(), live_folder()), 0);
    annotate();
    usleep(LONGER_THAN_THE_HELPER_SLEEPS_US);
    CHECK(stat(trace_path(), &status) == 0 && status.st_size >= 20000);
    interfere();
    annotate();
    usleep(LONGER_THAN_THE_HELPER_SLEEPS_US);
    annotate();
    return cairn_stop();
}

static void cut_to(off_t bytes)
{
    CHECK(truncate(trace_path(), bytes) == 0);
}

static void cut_all(void)
{
    cut_to(0);
}

static void cut_within_head(void)
{
    cut_to(1000);
}

static void cut_to_half(void)
{
    cut_to(12000);
}

struct seen {
    uint64_t events;
    int32_t error;
};

static void see(void *data, const struct trace_info *info, const struct trace_event *event)
{
    struct seen *seen = data;
    (void)event;
    seen->events++;
    seen->error = info->processes[0].error;
}

/* What is gone is gone, but that is told, and what is there can be read. Without its head a file is no trace. */
static void trace_truncated(const char *name, void (*cut)(void))
{
    struct seen seen = {0};
    trace_name = name;
    CHECK_EQUAL(record_disturbed(cut), -CAIRN_EIO);
    if (cut != cut_all) {
        readback_events(trace_path(), see, &seen);
        CHECK_EQUAL(seen.error, CAIRN_EIO);
        CHECK(seen.events > 0 && seen.events < 9 * ROUNDS);
    }
    record_undisturbed();
}

static void trace_cut_all(void)
{
    trace_truncated("cut_all.cairn", cut_all);
}

static void trace_cut_within_head(void)
{
    trace_truncated("cut_within_head.cairn", cut_within_head);
}

static void trace_cut_to_half(void)
{
    trace_truncated("cut_to_half.cairn", cut_to_half);
}

static void case_trace_truncated(void)
{
    in_child(trace_cut_all, NULL);
    in_child(trace_cut_within_head, NULL);
    in_child(trace_cut_to_half, NULL);
}

static void remove_trace(void)
{
    CHECK(unlink(trace_path()) == 0);
}

static void replace_trace(void)
{
    remove_trace();
    FILE *file = fopen(trace_path(), "w");
    CHECK(file && fputs("somebody's", file) >= 0 && fclose(file) == 0);
}

static void trace_removed(void)
{
    trace_name = "removed.cairn";
    CHECK_EQUAL(record_disturbed(remove_trace), -CAIRN_EIO);
    CHECK_EQUAL(count_in(live_folder()), 0);
    CHECK_EQUAL(count_in(testing_folder()), 1);
    record_undisturbed();
}

static void trace_replaced(void)
{
    char text[32] = "";
    trace_name = "replaced.cairn";
    CHECK_EQUAL(record_disturbed(replace_trace), -CAIRN_EIO);
    CHECK_EQUAL(count_in(live_folder()), 0);
    FILE *file = fopen(trace_path(), "r");
    CHECK(file && fgets(text, sizeof text, file));
    if (file) fclose(file);
    CHECK(strcmp(text, "somebody's") == 0);
    record_undisturbed();
}

static void rename_trace(void)
{
    CHECK(rename(trace_path(), testing_path("renamed.cairn")) == 0);
}

static void trace_renamed(void)
{
    trace_name = "original.cairn";
    CHECK_EQUAL(record_disturbed(rename_trace), 0);
    struct readback trace = readback(testing_path("renamed.cairn"));
    CHECK_EQUAL(trace.recovered_all, 9 * ROUNDS);
    CHECK_EQUAL(count_in(live_folder()), 0);
}

static void case_trace_removed(void)
{
    in_child(trace_removed, NULL);
    in_child(trace_replaced, NULL);
    in_child(trace_renamed, NULL);
}

static void remove_live(void)
{
    CHECK(unlink(file_in(live_folder())) == 0);
}

static void live_removed(void)
{
    trace_name = "a.cairn";
    CHECK_EQUAL(record_disturbed(remove_live), 0);
    struct readback trace = readback(trace_path());
    CHECK_EQUAL(trace.recovered_all, 9 * ROUNDS);
    CHECK_EQUAL(trace.lost_all, 0);
    record_undisturbed();
}

static void case_live_removed(void)
{
    in_child(live_removed, NULL);
}

/* ---- The live file truncated: SIGBUS ---------------------------------------------------------------------------- */

static void cut_live(void)
{
    CHECK(truncate(file_in(live_folder()), 0) == 0);
}

/* What was in the live file is gone with it. The trace has what was written before, and is told to be incomplete. */
static void live_cut(void)
{
    struct sigaction before, after;
    CHECK(sigaction(SIGBUS, NULL, &before) == 0);
    trace_name = "a.cairn";
    CHECK_EQUAL(record_disturbed(cut_live), -CAIRN_EIO);
    CHECK(sigaction(SIGBUS, NULL, &after) == 0 && after.sa_handler == before.sa_handler);
    CHECK_EQUAL(count_in(live_folder()), 0);
    record_undisturbed();
}

static sigjmp_buf out_of_handler;
static unsigned own_errors;

static void handle_own(int number)
{
    (void)number;
    own_errors++;
    siglongjmp(out_of_handler, 1);
}

/* A SIGBUS of the program's own making goes to its own handler, also while recording. */
static void make_own_error(void)
{
    int fd = open(testing_path("own"), O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0 && ftruncate(fd, 4096) == 0);
    volatile char *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(own != MAP_FAILED && ftruncate(fd, 0) == 0);
    if (sigsetjmp(out_of_handler, 1) == 0) own[0] = 1;
    munmap((void *)(uintptr_t)own, 4096);
    close(fd);
}

static void cut_live_amid_own_errors(void)
{
    make_own_error();
    cut_live();
}

static void live_cut_with_handler(void)
{
    struct sigaction own = {.sa_handler = handle_own}, after;
    CHECK(sigaction(SIGBUS, &own, NULL) == 0);
    trace_name = "b.cairn";
    CHECK_EQUAL(record_disturbed(cut_live_amid_own_errors), -CAIRN_EIO);
    CHECK_EQUAL(own_errors, 1);
    CHECK(sigaction(SIGBUS, NULL, &after) == 0 && after.sa_handler == handle_own);
    make_own_error();
    CHECK_EQUAL(own_errors, 2);
    CHECK_EQUAL(count_in(live_folder()), 0);
    record_undisturbed();
}

static void case_live_truncated(void)
{
    in_child(live_cut, NULL);
    in_child(live_cut_with_handler, NULL);
}

static const struct testing_case cases[] = {
    {"trace truncated", case_trace_truncated},
    {"trace removed, replaced, renamed", case_trace_removed},
    {"live file removed", case_live_removed},
    {"live file truncated", case_live_truncated},
};

int main(int argc, char **argv)
{
    return testing_main(cases, sizeof cases / sizeof cases[0], argc, argv);
}
