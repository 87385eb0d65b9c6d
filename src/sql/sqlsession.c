/* See sql.h. SPDX-License-Identifier: Apache-2.0 */
#include "sql/sqlsession.h"

#include "cairn/cairn.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    PROCESSES_MAX = 1 << 18, /* of all traces: sql_task_key */
    PROCESSES_SPARE = 1024   /* of each trace: a folder that is still recorded into may get more */
};

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int out_of_memory(struct cairn_error *error)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
}

/* ---- Stopping -------------------------------------------------------------------------------------------- */

bool sql_should_stop(struct sql_session *session)
{
    /* Relaxed: it only says that, nothing is read by it. */
    if (atomic_load_relaxed(&session->is_interrupted)) return true;
    if (session->deadline_ns && now_ns() > session->deadline_ns)
        atomic_store_relaxed(&session->timed_out, true);
    return atomic_load_relaxed(&session->timed_out);
}

void sql_interrupt(struct sql_session *session)
{
    atomic_store_relaxed(&session->is_interrupted, 1); /* see sql_should_stop */
    if (session->engine->interrupt) session->engine->interrupt(session);
}

bool sql_timed_out(const struct sql_session *session)
{
    return atomic_load_relaxed(&session->timed_out);
}

/* ---- Statements ------------------------------------------------------------------------------------------ */

bool sql_prepare(struct sql_session *session, const char *text, struct sql_statement **statement,
                 const char **rest)
{
    atomic_store_relaxed(&session->is_interrupted, 0); /* see sql_should_stop */
    atomic_store_relaxed(&session->timed_out, false);
    session->deadline_ns = session->options.timeout_ns ? now_ns() + session->options.timeout_ns : 0;
    *statement = NULL;
    return session->engine->prepare(session, text, statement, rest);
}

enum sql_step sql_step(struct sql_statement *statement)
{
    return statement->session->engine->step(statement);
}

unsigned sql_column_count(const struct sql_statement *statement)
{
    return statement->session->engine->column_count(statement);
}

const char *sql_column_name(const struct sql_statement *statement, unsigned column)
{
    return statement->session->engine->column_name(statement, column);
}

struct sql_value sql_value(const struct sql_statement *statement, unsigned column)
{
    return statement->session->engine->value(statement, column);
}

void sql_finish(struct sql_session *session, struct sql_statement *statement)
{
    session->engine->finish(session, statement);
    session->deadline_ns = 0;
}

struct sql_problem sql_problem_of(const struct sql_session *session)
{
    return session->problem;
}

bool sql_is_complete(const struct sql_session *session, const char *text)
{
    return session->engine->is_complete(text);
}

/* ---- Traces ---------------------------------------------------------------------------------------------- */

static int open_traces(struct sql_session *session, char *const *paths, unsigned count,
                       struct cairn_error *error)
{
    int64_t processes = 0;
    session->traces = calloc(count, sizeof *session->traces);
    if (!session->traces) return out_of_memory(error);
    for (unsigned i = 0; i < count; i++, session->trace_count++) {
        struct trace_source *source = trace_open(paths[i], error);
        if (!source) return -1;
        session->traces[i] =
            (struct sql_trace){.path = paths[i], .source = source, .first_process = processes};
        processes += (int64_t)source->info->process_count + PROCESSES_SPARE;
    }
    if (processes < PROCESSES_MAX) return 0;
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                            "These are too many traces for one session; give fewer, or one folder.");
}

static bool is_known(const struct trace_diagnostics *known, const char *name)
{
    for (uint32_t i = 0; i < known->count; i++)
        if (strcmp(known->items[i].name, name) == 0) return true;
    return false;
}

void sql_gather(struct sql_session *session, unsigned trace, const struct trace_info *info)
{
    struct trace_diagnostics *known = session->traces[trace].source->info->diagnostics;
    pthread_mutex_lock(&session->lock);
    for (uint32_t i = 0; i < info->diagnostics->count; i++) {
        const struct trace_diagnostic *found = &info->diagnostics->items[i];
        if (!is_known(known, found->name))
            trace_diagnose(known, found->name, found->severity, found->advice, "%s", found->example);
    }
    pthread_mutex_unlock(&session->lock);
}

unsigned sql_trace_count(const struct sql_session *session)
{
    return session->trace_count;
}

const char *sql_trace_path(const struct sql_session *session, unsigned index)
{
    return session->traces[index].path;
}

const struct trace_info *sql_trace_info(const struct sql_session *session, unsigned index)
{
    return session->traces[index].source->info;
}

/* ---- Opening --------------------------------------------------------------------------------------------- */

const struct sql_engine *sql_engine_find(const char *name)
{
    static const struct sql_engine *const engines[] = {&sql_engine_sqlite, &sql_engine_duckdb};
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (strcmp(engines[i]->name, name) == 0) return engines[i];
    return NULL;
}

struct sql_session *sql_open(char *const *paths, unsigned count, const struct sql_options *options,
                             struct cairn_error *error)
{
    struct sql_session *session = calloc(1, sizeof *session);
    if (!session) return out_of_memory(error), NULL;
    session->options = *options;
    session->engine = options->engine ? options->engine : &sql_engine_sqlite;
    pthread_mutex_init(&session->lock, NULL);
    if (open_traces(session, paths, count, error) == 0 && session->engine->open(session, error) == 0)
        return session;
    sql_close(session);
    return NULL;
}

void sql_close(struct sql_session *session)
{
    if (!session) return;
    session->engine->close(session);
    for (unsigned i = 0; i < session->trace_count; i++)
        session->traces[i].source->close(session->traces[i].source);
    pthread_mutex_destroy(&session->lock);
    free(session->traces);
    free(session);
}
