/* Critical paths as text, for tests that make events by hand. SPDX-License-Identifier: Apache-2.0
 *
 * A path is compared as a line per step:
 *
 *     BEGIN-END KIND THREAD[>TO_THREAD] TASK[ NAME, or linked task]
 */
#ifndef CAIRN_TESTS_PATHTEXT_H
#define CAIRN_TESTS_PATHTEXT_H

#include "handmade.h"

#include "analysis/story/criticalpath.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture {
    struct handmade made;
    struct analysis_story story;
    struct analysis_critical_path path;
    struct trace_site sites[SITES];
    struct trace_thread threads[3];
    struct trace_process process;
};

enum { HELPER = 2 }; /* a third thread */

static inline void begin(struct fixture *fixture, struct trace_task_id task)
{
    *fixture = (struct fixture){0};
    handmade_begin(&fixture->made);
    memcpy(fixture->sites, handmade_sites, sizeof handmade_sites);
    for (uint32_t i = 0; i < SITES; i++) fixture->sites[i].type = i;
    memcpy(fixture->threads, handmade_threads, sizeof handmade_threads);
    fixture->threads[HELPER] = (struct trace_thread){.tid = 102, .name = "helper"};
    fixture->process = handmade_processes[0];
    fixture->made.info.sites = fixture->sites;
    fixture->made.info.threads = fixture->threads;
    fixture->made.info.thread_count = 3;
    fixture->made.info.processes = &fixture->process;
    assert_true(analysis_story_init(&fixture->story, &fixture->made.info, &task));
    fixture->made.sink = &fixture->story.sink;
}

static inline void end(struct fixture *fixture)
{
    analysis_critical_path_free(&fixture->path);
    analysis_story_free(&fixture->story);
    handmade_end(&fixture->made);
}

/* A region from begin to end; the place makes it unique. */
static inline void feed_whole(struct handmade *made, uint32_t site, uint32_t thread, uint64_t from,
                              uint64_t to, struct trace_task_id task)
{
    struct trace_region_id region = region_id(site, from * 1000 + to, from, thread, task);
    feed_region(made, region);
    feed_region_end(made, to, thread, region, HERE);
}

static inline void feed_link(struct handmade *made, uint64_t time, uint32_t thread, struct trace_task_id from,
                             struct trace_task_id to)
{
    feed(made,
         (struct trace_event){
             .time = time, .kind = TRACE_LINK, .thread = thread, .site = HERE, .task = from, .other = to});
}

static inline void print_step(FILE *out, struct fixture *fixture, const struct analysis_step *step)
{
    static const char *const kinds[] = {"region", "self", "gap", "handover", "link", "unseen"};
    const struct analysis_task *task = &fixture->story.tasks.items[step->task].task;
    const struct trace_thread *threads = fixture->threads;
    fprintf(out, "%" PRIu64 "-%" PRIu64 " %s", step->begin, step->end, kinds[step->kind]);
    fprintf(out, " %s", step->thread == UINT32_MAX ? "?" : threads[step->thread].name);
    if (step->to_thread != UINT32_MAX) fprintf(out, ">%s", threads[step->to_thread].name);
    fprintf(out, " %" PRIu64, task->id.id & 0xffff);
    if (step->stack != UINT32_MAX)
        fprintf(out, " %s", path_stack_name(&fixture->path.stacks, &fixture->made.info, step->stack));
    if (step->kind == ANALYSIS_STEP_LINK) fprintf(out, " %" PRIu64, step->other.id & 0xffff);
    fprintf(out, "\n");
}

/* Whatever the path: its steps follow each other from the begin to the end, and its totals sum up to it. */
static inline void check_sums(const struct fixture *fixture)
{
    const struct analysis_critical_path *path = &fixture->path;
    uint64_t at = fixture->story.begin_ticks, sum = 0, count = 0;
    for (size_t i = 0; i < path->steps.count; i++) {
        assert_int_equal(path->steps.items[i].begin, at);
        assert_true(path->steps.items[i].end > at);
        at = path->steps.items[i].end;
    }
    if (path->steps.count) assert_int_equal(at, fixture->story.end_ticks);
    for (size_t i = 0; i < path->totals.count; i++) {
        if (i) assert_true(path->totals.items[i].ticks <= path->totals.items[i - 1].ticks);
        sum += path->totals.items[i].ticks;
        count += path->totals.items[i].count;
    }
    assert_int_equal(sum, at - fixture->story.begin_ticks);
    assert_int_equal(count, path->steps.count);
}

static inline void expect(struct fixture *fixture, const char *wanted)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    feed_done(&fixture->made);
    assert_true(analysis_critical_path_find(&fixture->path, &fixture->story));
    for (size_t i = 0; i < fixture->path.steps.count; i++)
        print_step(out, fixture, &fixture->path.steps.items[i]);
    fclose(out);
    assert_string_equal(text, wanted);
    free(text);
    if (fixture->path.steps.count) check_sums(fixture);
    end(fixture);
}

#endif
