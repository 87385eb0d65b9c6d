/* A reader: opened, asked about the whole, closed. SPDX-License-Identifier: Apache-2.0 */
#include "reader/reading.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- Errors ------------------------------------------------------------------------------------------ */

int reader_fail(cairn_reader_error *to, const struct cairn_error *error)
{
    int code = error->code ? error->code : CAIRN_EIO;
    if (!to) return -code;
    *to = (cairn_reader_error){.code = code, .offset = error->offset};
    memcpy(to->path, error->path, sizeof to->path - 1);
    memcpy(to->text, error->text, sizeof to->text - 1);
    return -code;
}

int reader_out_of_memory(cairn_reader_error *to)
{
    struct cairn_error error;
    cairn__error_set(&error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
    return reader_fail(to, &error);
}

/* ---- What lives as long as the reader ---------------------------------------------------------------- */

/* Of an instant that is 0 where it is not known. */
static int64_t instant_if_known(const struct cairn_reader *reader, uint64_t ticks)
{
    return ticks ? reader_instant(reader, ticks) : CAIRN_READER_NO_TIME;
}

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

static void turn_site(cairn_reader_site *to, const struct trace_site *from)
{
    *to = (cairn_reader_site){.text = text_or_none(from->text),
                              .format = text_or_none(from->format),
                              .file = text_or_none(from->file),
                              .function = text_or_none(from->function),
                              .line = from->line};
}

static void turn_thread(const struct cairn_reader *reader, cairn_reader_thread *to,
                        const struct trace_thread *from)
{
    *to = (cairn_reader_thread){.process = from->process,
                                .tid = from->tid,
                                .name = text_or_none(from->name),
                                .begin_ns = instant_if_known(reader, from->begin_ticks),
                                .end_ns = instant_if_known(reader, from->end_ticks),
                                .lost = trace_tally_sum(from->lost),
                                .overwritten = trace_tally_sum(from->overwritten)};
}

static_assert((int)CAIRN_READER_RECORDING == (int)CAIRN_STATE_RECORDING &&
                  (int)CAIRN_READER_STOPPED == (int)CAIRN_STATE_STOPPED &&
                  (int)CAIRN_READER_JOINED == (int)CAIRN_STATE_JOINED &&
                  (int)CAIRN_READER_SNAPSHOT == (int)CAIRN_STATE_SNAPSHOT,
              "states are handed out as they are stored");

static void turn_process(const struct cairn_reader *reader, cairn_reader_process *to,
                         const struct trace_process *from)
{
    *to = (cairn_reader_process){.pid = from->pid,
                                 .parent_pid = from->parent_pid,
                                 .path = text_or_none(from->path),
                                 .executable = text_or_none(from->executable),
                                 .command = text_or_none(from->command),
                                 .host = text_or_none(from->host),
                                 .begin_ns = instant_if_known(reader, from->begin_ticks),
                                 .end_ns = instant_if_known(reader, from->end_ticks),
                                 .state = (cairn_reader_state)from->state};
}

static void turn_info(struct cairn_reader *reader)
{
    const struct trace_info *info = reader->info;
    uint64_t span = info->end_ticks > info->begin_ticks ? info->end_ticks - info->begin_ticks : 0;
    reader->face = (cairn_reader_info){.start_realtime_ns =
                                           trace_clock_realtime_ns(&info->clock, info->clock.base_ticks),
                                       .begin_ns = reader_instant(reader, info->begin_ticks),
                                       .duration_ns = reader_duration(reader, span),
                                       .process_count = info->process_count,
                                       .thread_count = info->thread_count,
                                       .lost = trace_tally_sum(info->lost),
                                       .first_lost_ns = instant_if_known(reader, info->first_lost_ticks),
                                       .last_lost_ns = instant_if_known(reader, info->last_lost_ticks),
                                       .overwritten = trace_tally_sum(info->overwritten),
                                       .window_begin_ns = instant_if_known(reader, info->window_begin_ticks)};
}

static bool turn_all(struct cairn_reader *reader)
{
    const struct trace_info *info = reader->info;
    reader->sites = calloc((size_t)info->site_count + 1, sizeof *reader->sites);
    reader->threads = calloc((size_t)info->thread_count + 1, sizeof *reader->threads);
    reader->processes = calloc((size_t)info->process_count + 1, sizeof *reader->processes);
    if (!reader->sites || !reader->threads || !reader->processes) return false;
    for (uint32_t i = 0; i < info->site_count; i++) turn_site(&reader->sites[i], &info->sites[i]);
    for (uint32_t i = 0; i < info->thread_count; i++)
        turn_thread(reader, &reader->threads[i], &info->threads[i]);
    for (uint32_t i = 0; i < info->process_count; i++)
        turn_process(reader, &reader->processes[i], &info->processes[i]);
    turn_info(reader);
    return true;
}

/* ---- Open and close ----------------------------------------------------------------------------------- */

cairn_reader *cairn_reader_open(const char *path, cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    struct cairn_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return reader_out_of_memory(error), NULL;
    reader->source = trace_open(path, &trouble);
    if (!reader->source) {
        reader_fail(error, &trouble);
        cairn_reader_close(reader);
        return NULL;
    }
    reader->info = reader->source->info;
    if (trace_mark_set(&reader->opened, reader->source) && turn_all(reader)) return reader;
    reader_out_of_memory(error);
    cairn_reader_close(reader);
    return NULL;
}

void cairn_reader_close(cairn_reader *reader)
{
    if (!reader) return;
    vector_free(&reader->text);
    free(reader->processes);
    free(reader->threads);
    free(reader->sites);
    trace_mark_free(&reader->opened);
    if (reader->source) reader->source->close(reader->source);
    free(reader);
}

void reader_start(struct cairn_reader *reader)
{
    reader->source->rewind(reader->source);
    reader->source->no_text = false;
    trace_mark_return(&reader->opened, reader->source);
    reader->is_stepping = false;
}

void cairn_reader_rewind(cairn_reader *reader)
{
    reader_start(reader);
}

/* ---- Questions about the whole ------------------------------------------------------------------------ */

const cairn_reader_info *cairn_reader_info_get(cairn_reader *reader)
{
    reader->face.recovered = trace_tally_sum(reader->info->recovered);
    return &reader->face;
}

const cairn_reader_process *cairn_reader_process_get(const cairn_reader *reader, uint32_t index)
{
    return index < reader->info->process_count ? &reader->processes[index] : NULL;
}

const cairn_reader_thread *cairn_reader_thread_get(const cairn_reader *reader, uint32_t index)
{
    return index < reader->info->thread_count ? &reader->threads[index] : NULL;
}

static_assert((int)CAIRN_READER_NOTE == (int)TRACE_NOTE && (int)CAIRN_READER_WARNING == (int)TRACE_WARNING &&
                  (int)CAIRN_READER_DAMAGE == (int)TRACE_DAMAGE,
              "severities are handed out as they are");

const cairn_reader_finding *cairn_reader_finding_get(cairn_reader *reader, uint32_t index)
{
    const struct trace_diagnostics *found = reader->info->diagnostics;
    if (index >= found->count) return NULL;
    const struct trace_diagnostic *item = &found->items[index];
    reader->finding = (cairn_reader_finding){.name = item->name,
                                             .severity = (cairn_reader_severity)item->severity,
                                             .count = item->count,
                                             .advice = item->advice,
                                             .example = item->example};
    return &reader->finding;
}

#define TEXT2(number) #number
#define TEXT(number) TEXT2(number)

const char *cairn_reader_version(void)
{
    return TEXT(CAIRN_VERSION_MAJOR) "." TEXT(CAIRN_VERSION_MINOR) "." TEXT(CAIRN_VERSION_PATCH);
}
