/* One recording, and the proof that nothing of it was lost. SPDX-License-Identifier: Apache-2.0
 *
 * Speed without the events is worth nothing, so each recording is checked: the bench counts what it emitted,
 * stops, asks the tool what is in the file, and compares kind by kind. A difference never stops the run; it is
 * printed at once and ends the program with status 1.
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned failures;
static uint64_t checked_events;

enum { INFO_BYTES = 1 << 20 };

/* More than any of the measures by repetitions emits. */
static uint64_t ample_bytes(const struct bench_options *options)
{
    return ((uint64_t)1 << 30) + options->repetitions * ((uint64_t)8 << 20);
}

static void begin(struct session *session, const struct bench_options *options, uint64_t limit_bytes,
                  uint64_t window_bytes)
{
    static unsigned serial;
    memset(session, 0, sizeof *session);
    session->options = options;
    session->is_flight = window_bytes != 0;
    snprintf(session->path, sizeof session->path, "%s/bench-%ld-%u.cairn", options->directory, (long)getpid(),
             serial++);
    const cairn_options how = {
        .size = sizeof how, .path = session->path, .limit_bytes = limit_bytes, .window_bytes = window_bytes};
    machine_unpin();
    const int result = cairn_start(&how);
    if (result == 0) return;
    fprintf(stderr, "bench: cannot record to %s: %s\n", session->path, cairn_strerror(result));
    exit(1);
}

void session_begin(struct session *session, const struct bench_options *options, uint64_t limit_bytes)
{
    begin(session, options, limit_bytes != 0 ? limit_bytes : ample_bytes(options), 0);
}

void session_begin_flight(struct session *session, const struct bench_options *options)
{
    begin(session, options, 0, FLIGHT_WINDOW_BYTES);
}

void session_prepare(struct loop_context *context, const struct loop *loop)
{
    memset(context, 0, sizeof *context);
    context->task = cairn_task_begin(CAIRN_BACKGROUND, "bench background");
    context->other = cairn_task_begin(CAIRN_BACKGROUND, "bench foreground");
    if ((loop->flags & LOOP_NEEDS_ALIVE) == 0) return;
    context->alive = bench_allocate(LOOP_ALIVE, sizeof *context->alive);
    for (size_t i = 0; i < LOOP_ALIVE; i++)
        context->alive[i] = cairn_task_begin(CAIRN_BACKGROUND, "bench alive");
}

void session_unprepare(struct session *session, struct loop_context *context, const struct loop *loop)
{
    const uint64_t tasks = 2 + ((loop->flags & LOOP_NEEDS_ALIVE) != 0 ? LOOP_ALIVE : 0);
    for (size_t i = 0; i + 2 < tasks; i++) cairn_task_end(context->alive[i]);
    cairn_task_end(context->task);
    cairn_task_end(context->other);
    free(context->alive);
    session->emitted[LOOP_TASK_BEGIN] += tasks;
    session->emitted[LOOP_TASK_END] += tasks;
}

void session_count(struct session *session, const struct loop *loop, uint64_t n)
{
    for (int tally = 0; tally < LOOP_TALLIES; tally++) session->emitted[tally] += n * loop->emits[tally];
}

uint64_t session_events(const struct session *session)
{
    uint64_t events = 0;
    for (int tally = 0; tally < LOOP_TALLIES; tally++) events += session->emitted[tally];
    return events;
}

void session_fail(void)
{
    failures++;
}

/* The number behind "name" within the flat JSON object behind "object"; false if it is not there. Enough of
 * JSON for the tool's own output, in which neither name occurs as a value before. */
static bool read_count(const char *json, const char *object, const char *name, uint64_t *count)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\"", object);
    const char *at = strstr(json, key);
    if (at == NULL || (at = strchr(at, '{')) == NULL) return false;
    const char *const end = strchr(at, '}');
    snprintf(key, sizeof key, "\"%s\"", name);
    at = strstr(at, key);
    if (at == NULL || end == NULL || at > end) return false;
    at += strlen(key);
    at += strspn(at, " \t\r\n:");
    char *stop;
    *count = strtoull(at, &stop, 10);
    return stop != at;
}

static void check_counts(const struct session *session, const char *json)
{
    for (int tally = 0; tally < LOOP_TALLIES; tally++) {
        const char *const name = loop_tally_names[tally];
        uint64_t recovered, lost, overwritten = 0;
        if (!read_count(json, "recovered", name, &recovered) || !read_count(json, "lost", name, &lost) ||
            (session->is_flight && !read_count(json, "overwritten", name, &overwritten))) {
            fprintf(stderr, "bench: `cairn info --json %s` does not tell of %s\n", session->path, name);
            session_fail();
            return;
        }
        if (recovered + overwritten == session->emitted[tally] && lost == 0) continue;
        fprintf(
            stderr,
            "bench: LOST: %llu %s emitted, %llu in the trace, %llu reported overwritten, %llu lost (%s)\n",
            (unsigned long long)session->emitted[tally], name, (unsigned long long)recovered,
            (unsigned long long)overwritten, (unsigned long long)lost, session->path);
        session_fail();
    }
}

void session_end(struct session *session)
{
    const int result = cairn_stop();
    machine_unpin();
    struct stat status;
    if (result != 0 || stat(session->path, &status) != 0) {
        fprintf(stderr, "bench: cannot finish %s: %s\n", session->path,
                result != 0 ? cairn_strerror(result) : strerror(errno));
        session_fail();
        (void)unlink(session->path);
        return;
    }
    session->file_bytes = (uint64_t)status.st_size;
    char *const json = bench_allocate(INFO_BYTES, 1);
    const char *const command[] = {session->options->cairn, "info", "--json", session->path, NULL};
    if (children_capture(command, json, INFO_BYTES))
        check_counts(session, json);
    else
        session_fail();
    checked_events += session_events(session);
    free(json);
    (void)unlink(session->path);
}

uint64_t session_checked_events(void)
{
    return checked_events;
}

unsigned session_failures(void)
{
    return failures;
}

void session_add_checked(uint64_t events)
{
    checked_events += events;
}
