/* See faultrun.h. SPDX-License-Identifier: Apache-2.0
 *
 * In the present case's folder: run/ is where the host runs; live/ is a live folder of its own; older/ has what a
 * killed program left, of which each run gets links. */
#include "faultrun.h"

#include "../record/readback.h"
#include "../record/testing.h"
#include "faulttable.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_S = 60, POLL_NS = 500000 };

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    if (!value) testing_fail(__FILE__, __LINE__, "%s is not set: it names a program of the build", name);
    return value ? value : "";
}

/* ---- Running the host ----------------------------------------------------------------------------------------- */

static void set_number(const char *name, long number)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", number);
    setenv(name, text, 1);
}

/* In the child. */
static void set_environment(const struct fault_scenario *scenario, const struct fault *fault)
{
    setenv("LD_PRELOAD", environment("FAULT_INJECTOR"), 1);
    setenv("FAULT_REPORT", testing_path("report"), 1);
    /* The injector comes before the sanitizer's library, which would have itself first. */
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    if (scenario->old_kernel) setenv("FAULT_OLD_KERNEL", "1", 1);
    if (scenario->own_live_dir) setenv("CAIRN_LIVE_DIR", testing_path("live"), 1);
    if (!fault->point) return;
    setenv("FAULT_POINT", fault->point, 1);
    set_number("FAULT_AT", fault->at);
    set_number("FAULT_ERRNO", fault_errno(fault->error_name));
    if (fault->onwards) setenv("FAULT_ONWARDS", "1", 1);
}

static const char *path_argument(const struct fault_scenario *scenario)
{
    return scenario->folder ? "traces/" : "trace.cairn";
}

static void become_host(const struct fault_scenario *scenario, const struct fault *fault)
{
    char *arguments[8] = {(char *)(uintptr_t)environment("FAULT_HOST"),
                          (char *)(uintptr_t)path_argument(scenario)};
    for (int i = 0; i < 4 && scenario->arguments[i]; i++)
        arguments[2 + i] = (char *)(uintptr_t)scenario->arguments[i];
    int out = open(testing_path("output"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int errors = open(testing_path("errors"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (dup2(out, STDOUT_FILENO) < 0 || dup2(errors, STDERR_FILENO) < 0) _exit(4);
    close(out);
    close(errors);
    set_environment(scenario, fault);
    if (chdir(testing_path("run")) == 0) execv(arguments[0], arguments);
    _exit(4);
}

/* Its status; a host that hangs is killed, which fails the test. */
static int await(pid_t host)
{
    uint64_t deadline_ns = testing_now_ns() + (uint64_t)PATIENCE_S * 1000000000u;
    int status;
    while (waitpid(host, &status, WNOHANG) == 0) {
        if (testing_now_ns() > deadline_ns) {
            testing_fail(__FILE__, __LINE__, "the program hangs");
            kill(host, SIGKILL);
            waitpid(host, &status, 0);
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    return status;
}

/* ---- What it says --------------------------------------------------------------------------------------------- */

static void read_numbers(uint64_t *numbers, const char *text)
{
    char *at = (char *)(uintptr_t)text;
    for (int i = 0; i < CAIRN_TALLIES; i++) numbers[i] = strtoull(at, &at, 10);
}

static void read_line(struct fault_run *run, const char *line)
{
    if (strncmp(line, "emitted ", 8) == 0) read_numbers(run->emitted, line + 8);
    if (strncmp(line, "before ", 7) == 0) read_numbers(run->before, line + 7);
    (void)sscanf(line, "start %d", &run->start);
    (void)sscanf(line, "stop %d", &run->stop);
    (void)sscanf(line, "snapshot %d", &run->snapshot);
    (void)sscanf(line, "again %d %d", &run->again[0], &run->again[1]);
    (void)sscanf(line, "work %" SCNu64, &run->work);
    (void)sscanf(line, "harm %u", &run->harm);
    (void)sscanf(line, "open %d", &run->open);
}

static void read_output(struct fault_run *run)
{
    char line[512];
    FILE *file = fopen(testing_path("output"), "r");
    while (file && fgets(line, sizeof line, file)) read_line(run, line);
    if (file) fclose(file);
}

static void read_report(struct fault_run *run)
{
    FILE *file = fopen(testing_path("report"), "r");
    if (!file || fscanf(file, "%u fired", &run->fired) != 1) {
        testing_fail(__FILE__, __LINE__, "the injector made no report");
    }
    struct fault_count *next = run->counts;
    while (file && run->points < FAULT_POINTS_MAX &&
           fscanf(file, "%u %63s", &next->count, next->point) == 2) {
        run->points++;
        next++;
    }
    if (file) fclose(file);
}

static void show_errors(void)
{
    char line[256];
    FILE *file = fopen(testing_path("errors"), "r");
    while (file && fgets(line, sizeof line, file)) fprintf(stderr, "# %s", line);
    if (file) fclose(file);
}

/* ---- The folders ---------------------------------------------------------------------------------------------- */

/* The only file of a folder whose name ends so; "" if there is none. */
static void find_file(const char *folder, const char *ending, char *path, size_t bytes)
{
    path[0] = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        size_t length = strlen(entry->d_name), ending_length = strlen(ending);
        if (length > ending_length && strcmp(entry->d_name + length - ending_length, ending) == 0)
            snprintf(path, bytes, "%s/%s", folder, entry->d_name);
    }
    if (entries) closedir(entries);
}

/* Files whose names begin so are removed, and counted; but not those that were there before `since`. */
static unsigned sweep(const char *folder, const char *beginning, time_t since)
{
    struct stat status;
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        bool begins_so = strncmp(entry->d_name, beginning, strlen(beginning)) == 0;
        if (begins_so && stat(path, &status) == 0 && status.st_ctime >= since && unlink(path) == 0) count++;
    }
    if (entries) closedir(entries);
    return count;
}

static void link_into(const char *folder, const char *path)
{
    const char *name = strrchr(path, '/');
    CHECK(name && link(path, testing_path("%s%s", folder, name)) == 0);
}

static const struct fault_scenario killed = {.name = "killed", .arguments = {"die"}, .own_live_dir = true};
static const struct fault none = {0};
static uint64_t older_events; /* in what the killed program left */

void fault_make_older(void)
{
    char path[600];
    CHECK(mkdir(testing_path("run"), 0700) == 0 && mkdir(testing_path("older"), 0700) == 0);
    CHECK(mkdir(testing_path("live"), 0700) == 0);
    pid_t host = fork();
    if (host == 0) become_host(&killed, &none);
    int status = await(host);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    older_events = readback(testing_path("run/trace.cairn")).recovered_all;
    CHECK(older_events > 0);
    find_file(testing_path("live"), ".live", path, sizeof path);
    link_into("older", path);
    link_into("older", testing_path("run/trace.cairn"));
}

static void prepare(const struct fault_scenario *scenario)
{
    char path[600];
    sweep(testing_path("run/traces"), "", 0);
    rmdir(testing_path("run/traces"));
    sweep(testing_path("run"), "", 0);
    sweep(testing_path("live"), "", 0);
    unlink(testing_path("report"));
    if (!scenario->older) return;
    find_file(testing_path("older"), ".live", path, sizeof path);
    link_into("live", path);
    link_into("run", testing_path("older/trace.cairn"));
}

/* ---- What became of it ---------------------------------------------------------------------------------------- */

/* readback.h does not tell, and no event may be left that would. */
static void read_overwritten(const char *path, uint64_t *overwritten)
{
    struct cairn_error error;
    struct trace_source *source = trace_open(path, &error);
    CHECK(source);
    if (!source) return;
    memcpy(overwritten, source->info->overwritten, sizeof source->info->overwritten);
    source->close(source);
}

static void check_counts(const char *path, const struct readback *trace, const uint64_t *emitted)
{
    uint64_t overwritten[CAIRN_TALLY_SLOTS] = {0};
    read_overwritten(path, overwritten);
    for (int i = 0; i < CAIRN_TALLIES; i++) {
        if (trace->recovered[i] + trace->lost[i] + overwritten[i] != emitted[i])
            testing_fail(__FILE__, __LINE__,
                         "tally %d: %" PRIu64 " recovered, %" PRIu64 " lost, %" PRIu64
                         " overwritten, of %" PRIu64,
                         i, trace->recovered[i], trace->lost[i], overwritten[i], emitted[i]);
    }
    CHECK_EQUAL(trace->damage, 0);
}

static void add(struct fault_run *run, const char *format, const char *text)
{
    size_t used = strlen(run->outcome);
    snprintf(run->outcome + used, sizeof run->outcome - used, format, text);
}

/* What the trace of a recording says that has ended. What is still in the live file can be joined, and then all must be
 * in the one file. */
static void examine_trace(struct fault_run *run, const char *path)
{
    struct cairn_error error = {0};
    struct readback trace = readback(path);
    bool counted = trace.lost_all || trace.sites_overflow;
    check_counts(path, &trace, run->emitted);
    CHECK_EQUAL(trace.error, -run->stop);
    if (run->stop)
        add(run, "stop=%s", fault_result_name(run->stop));
    else
        add(run, "%s", counted ? "counted" : "silent");
    if (trace.state != CAIRN_STATE_STOPPED) {
        add(run, "%s", "+live");
        CHECK_EQUAL(trace_join(path, &error), 1);
        trace = readback(path);
        check_counts(path, &trace, run->emitted);
        CHECK_EQUAL(trace.error, -run->stop);
    }
}

/* It is whole or not there. */
static void examine_snapshot(struct fault_run *run, const struct fault_scenario *scenario)
{
    struct trace_diagnostics findings = {0};
    struct cairn_error error;
    const char *path = testing_path("run/%s.snapshot", scenario->folder ? "traces" : "trace.cairn");
    if (run->snapshot) {
        add(run, "+snapshot=%s", fault_result_name(run->snapshot));
        CHECK(access(path, F_OK) != 0);
        return;
    }
    struct readback trace = readback(path);
    check_counts(path, &trace, run->before);
    CHECK_EQUAL(trace.state, CAIRN_STATE_SNAPSHOT);
    CHECK(trace_check(path, &findings, &error) == 0);
    for (uint32_t i = 0; i < findings.count; i++) CHECK(findings.items[i].severity != TRACE_DAMAGE);
    free(findings.items);
    CHECK(unlink(path) == 0);
}

static void examine_recording(struct fault_run *run, const struct fault_scenario *scenario)
{
    char path[600];
    snprintf(path, sizeof path, "%s", testing_path("run/trace.cairn"));
    if (scenario->folder) find_file(testing_path("run/traces"), ".cairn", path, sizeof path);
    CHECK(path[0]);
    if (path[0]) examine_trace(run, path);
    CHECK(unlink(path) == 0);
    if (scenario->window) examine_snapshot(run, scenario);
}

/* Nothing was recorded, and what stood there stands there. */
static void examine_refusal(struct fault_run *run, const struct fault_scenario *scenario)
{
    add(run, "start=%s", fault_result_name(run->start));
    CHECK_EQUAL(run->stop, 0);
    if (!scenario->older) return;
    CHECK_EQUAL(readback(testing_path("run/trace.cairn")).recovered_all, older_events);
    sweep(testing_path("live"), "", 0);
    CHECK(unlink(testing_path("run/trace.cairn")) == 0);
}

/* The recording that followed it. It is undisturbed, but for what was refused once for all. */
static void examine_again(const struct fault_run *run, const struct fault_scenario *scenario,
                          const struct fault *fault)
{
    if (run->start && strstr(fault->point, "/load")) {
        CHECK_EQUAL(run->again[0], run->start);
        return;
    }
    const char *path = testing_path("run/%s.again", scenario->folder ? "traces" : "trace.cairn");
    CHECK_EQUAL(run->again[0], 0);
    CHECK_EQUAL(run->again[1], 0);
    CHECK_EQUAL(readback(path).recovered_all, 1);
    CHECK(unlink(path) == 0);
}

/* Everything that is expected has been taken away by now. In the common folder there may be older files, of a process
 * that died and had the same pid. */
static void examine_leftovers(struct fault_run *run, pid_t host, time_t started)
{
    char live_name[64];
    snprintf(live_name, sizeof live_name, "cairn-%u-%u-", (unsigned)getuid(), (unsigned)host);
    unsigned left = sweep(testing_path("run/traces"), "", 0) + sweep(testing_path("live"), "", 0);
    rmdir(testing_path("run/traces"));
    left += sweep(testing_path("run"), "", 0) + sweep("/dev/shm", live_name, started);
    if (left) add(run, "%s", "+left");
    if (run->open) add(run, "%s", "+open");
}

struct fault_run fault_run(const struct fault_scenario *scenario, const struct fault *fault)
{
    struct fault_run run = {.start = 1, .stop = 1};
    prepare(scenario);
    time_t started = time(NULL) - 1; /* times of files are of a coarser clock */
    pid_t host = fork();
    if (host == 0) become_host(scenario, fault);
    int status = await(host);
    CHECK_EQUAL(status, 0);
    if (status == 0) {
        read_output(&run);
        read_report(&run);
        if (run.start == 0)
            examine_recording(&run, scenario);
        else
            examine_refusal(&run, scenario);
        examine_again(&run, scenario, fault);
        CHECK_EQUAL(run.harm, 0);
    }
    if (status || run.harm) show_errors();
    examine_leftovers(&run, host, started);
    return run;
}
