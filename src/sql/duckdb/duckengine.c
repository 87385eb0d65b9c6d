/* See duckengine.h. SPDX-License-Identifier: Apache-2.0
 *
 * 1. A statement is taken from the text and parsed. What is no SELECT is refused, by its first word and by what DuckDB says it
 *    is. It runs in a transaction that may only read, so what both overlook fails.
 * 2. Columns of types that are read here (duckvalues.c) are handed on. Others are converted by DuckDB: the statement is prepared
 *    once more, within SELECT #1, #2::VARCHAR FROM (statement).
 * 3. Rows come in chunks while DuckDB runs; only one chunk is kept.
 */
#include "sql/duckdb/duckengine.h"

#include "cairn/cairn.h"
#include "sql/duckdb/duckvalues.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WATCH_NS 20000000
#define IDLE_NS 200000
enum { MEMORY_BYTES_MIN = 32 << 20 }; /* for DuckDB to be able to do anything */

struct duck_statement {
    struct sql_statement base;
    char *text; /* without its semicolon */
    duck_prepared prepared;
    duck_pending pending;
    struct duck_result result;
    bool has_result;
    duck_chunk chunk;
    uint64_t row, row_count; /* in the chunk */
    unsigned column_count;
    struct duck_column *columns;
};

static struct duck_statement *of(const struct sql_statement *statement)
{
    return (struct duck_statement *)statement;
}

/* ---- Problems ---------------------------------------------------------------------------------------------- */

/* What a table says is wrong has DuckDB's word before it, which tells nothing. */
static bool fail(struct sql_session *session, const char *message)
{
    static const char prefix[] = "Invalid Input Error: ";
    struct duck_session *state = session->duck;
    if (!message) message = "DuckDB does not say why";
    if (strncmp(message, prefix, sizeof prefix - 1) == 0) message += sizeof prefix - 1;
    snprintf(state->problem, sizeof state->problem, "%s", message);
    session->problem = (struct sql_problem){.message = state->problem, .offset = -1};
    return false;
}

static bool refuse(struct sql_session *session)
{
    session->problem = (struct sql_problem){.message = "", .offset = -1, .is_refused = true};
    return false;
}

/* ---- Opening ----------------------------------------------------------------------------------------------- */

static int not_started(struct cairn_error *error, const char *reason)
{
    return cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "DuckDB could not be started: %s",
                            reason ? reason : "it does not say why");
}

int duck_do(struct sql_session *session, const char *text, struct cairn_error *error)
{
    struct duck_result result = {0};
    int state = duck.query(session->duck->connection, text, &result);
    if (state != 0) not_started(error, duck.result_error(&result));
    duck.destroy_result(&result);
    return state == 0 ? 0 : -1;
}

/* No files, no extensions, no memory beyond the limit, and no way to change that. And where DuckDB can be told to do as SQLite
 * does, so that a statement means the same with both, it is. */
static int configure(const struct sql_session *session, duck_config config, struct cairn_error *error)
{
    char memory[32];
    uint64_t bytes = session->options.memory_bytes;
    snprintf(memory, sizeof memory, "%" PRIu64 "B", bytes < MEMORY_BYTES_MIN ? MEMORY_BYTES_MIN : bytes);
    const char *const settings[][2] = {
        {"temp_directory", ""},
        {"memory_limit", memory},
        {"enable_external_access", "false"},
        {"autoload_known_extensions", "false"},
        {"autoinstall_known_extensions", "false"},
        {"allow_community_extensions", "false"},
        {"default_null_order", "nulls_first_on_asc_last_on_desc"},
        {"integer_division", "true"},
        {"lock_configuration", "true"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (duck.set_config(config, settings[i][0], settings[i][1]) != 0)
            return not_started(error, settings[i][0]);
    return 0;
}

/* Threads that are made until quiet_end get no signals: those are for the main thread, which may be waiting for input. */
static void quiet_begin(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGBUS); /* a trace that is cut while it is read */
    pthread_sigmask(SIG_SETMASK, &all, before);
}

static void quiet_end(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

static int open_database(struct duck_session *state, duck_config config, struct cairn_error *error)
{
    sigset_t before;
    char *reason = NULL;
    quiet_begin(&before);
    int result = duck.open_ext(NULL, &state->database, config, &reason);
    quiet_end(&before);
    if (result != 0) not_started(error, reason);
    duck.free(reason);
    return result == 0 ? 0 : -1;
}

static int open_with_config(struct sql_session *session, struct cairn_error *error)
{
    struct duck_session *state = session->duck;
    duck_config config = NULL;
    if (duck.create_config(&config) != 0) return not_started(error, NULL);
    int result = configure(session, config, error);
    if (result == 0) result = open_database(state, config, error);
    duck.destroy_config(&config);
    if (result == 0 && duck.connect(state->database, &state->connection) != 0)
        return not_started(error, NULL);
    return result;
}

static int open_duck(struct sql_session *session, struct cairn_error *error)
{
    struct duck_session *state = session->duck = calloc(1, sizeof *state);
    if (!state) return sql_out_of_memory(error);
    pthread_mutex_init(&state->watch_lock, NULL);
    pthread_cond_init(&state->watch_end, NULL);
    if (duck_api_load(error) != 0) return -1;
    if (open_with_config(session, error) != 0) return -1;
    if (duck_register_tables(session, error) != 0) return -1;
    return duck_register_functions(session, error);
}

static void close_duck(struct sql_session *session)
{
    struct duck_session *state = session->duck;
    if (!state) return;
    if (state->connection) duck.disconnect(&state->connection);
    if (state->database) duck.close(&state->database);
    pthread_mutex_destroy(&state->watch_lock);
    pthread_cond_destroy(&state->watch_end);
    free(state->tables);
    free(state);
    session->duck = NULL;
}

/* ---- Stopping ---------------------------------------------------------------------------------------------- */

/* Nothing in DuckDB looks at a clock, and a signal handler must not call it. */
static void *watch(void *data)
{
    struct sql_session *session = data;
    struct duck_session *state = session->duck;
    pthread_mutex_lock(&state->watch_lock);
    while (state->is_watched) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += WATCH_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&state->watch_end, &state->watch_lock, &until);
        if (sql_should_stop(session)) duck.interrupt(state->connection);
    }
    pthread_mutex_unlock(&state->watch_lock);
    return NULL;
}

static bool watch_begin(struct sql_session *session)
{
    struct duck_session *state = session->duck;
    sigset_t before;
    state->is_watched = true; /* there is no thread yet */
    quiet_begin(&before);
    if (pthread_create(&state->watch, NULL, watch, session) != 0) state->is_watched = false;
    quiet_end(&before);
    return state->is_watched || fail(session, "A thread could not be made.");
}

static void watch_end(struct duck_session *state)
{
    if (!state->is_watched) return; /* only this thread changes it */
    pthread_mutex_lock(&state->watch_lock);
    state->is_watched = false;
    pthread_cond_signal(&state->watch_end);
    pthread_mutex_unlock(&state->watch_lock);
    pthread_join(state->watch, NULL);
}

/* ---- Preparing --------------------------------------------------------------------------------------------- */

static bool prepare_text(struct sql_session *session, const char *text, duck_prepared *prepared)
{
    duck_extracted extracted = NULL;
    uint64_t count = duck.extract_statements(session->duck->connection, text, &extracted);
    bool done = false;
    if (count == 0)
        fail(session, duck.extract_statements_error(extracted));
    else if (!duck_text_may_run(text))
        refuse(session);
    else if (count > 1)
        fail(session, "This makes several statements, which DuckDB cannot run as one.");
    else if (duck.prepare_extracted_statement(session->duck->connection, extracted, 0, prepared) != 0)
        fail(session, duck.prepare_error(*prepared));
    else
        done = true;
    duck.destroy_extracted(&extracted);
    return done;
}

static void put_name(FILE *out, const char *name)
{
    fputc('"', out);
    for (; *name; name++) {
        if (*name == '"') fputc('"', out);
        fputc(*name, out);
    }
    fputc('"', out);
}

/* SELECT #1 AS "name", #2::VARCHAR AS "other" FROM (text). NULL if memory ran out. */
static char *converting_text(const struct duck_statement *statement)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    if (!out) return NULL;
    fprintf(out, "SELECT ");
    for (unsigned i = 0; i < statement->column_count; i++) {
        char *name = duck.prepared_statement_column_name(statement->prepared, i);
        fprintf(out, "%s#%u%s AS ", i ? ", " : "", i + 1,
                duck_conversion(statement->columns[i].type, statement->columns[i].is_any));
        put_name(out, name ? name : "");
        duck.free(name);
    }
    fprintf(out, " FROM (%s\n)", statement->text); /* it may end with a comment */
    if (fclose(out) != 0) return free(text), NULL;
    return text;
}

/* Takes down the types. True: some must be converted. */
static bool look_at_columns(struct duck_statement *statement)
{
    bool is_conversion_needed = false;
    for (unsigned i = 0; i < statement->column_count; i++) {
        struct duck_column *column = &statement->columns[i];
        duck_type type = duck.prepared_statement_column_logical_type(statement->prepared, i);
        column->type = duck.get_type_id(type);
        column->is_any = duck_is_any(type);
        duck.destroy_logical_type(&type);
        is_conversion_needed |= *duck_conversion(column->type, column->is_any) != 0;
    }
    return is_conversion_needed;
}

static bool convert(struct duck_statement *statement)
{
    struct sql_session *session = statement->base.session;
    char *text = converting_text(statement);
    if (!text) return fail(session, "Out of memory.");
    duck.destroy_prepare(&statement->prepared);
    bool done = prepare_text(session, text, &statement->prepared);
    free(text);
    if (done) look_at_columns(statement);
    return done;
}

static bool prepare_statement(struct duck_statement *statement)
{
    struct sql_session *session = statement->base.session;
    if (!prepare_text(session, statement->text, &statement->prepared)) return false;
    int type = duck.prepared_statement_type(statement->prepared);
    if (type != DUCK_SELECT && type != DUCK_EXPLAIN) return refuse(session);
    uint64_t count = duck.prepared_statement_column_count(statement->prepared);
    if (count > SQL_COLUMNS_MAX) return fail(session, "too many columns in result set");
    statement->column_count = (unsigned)count;
    statement->columns = calloc(statement->column_count + 1, sizeof *statement->columns);
    if (!statement->columns) return fail(session, "Out of memory.");
    return !look_at_columns(statement) || type == DUCK_EXPLAIN || convert(statement);
}

/* ---- Statements -------------------------------------------------------------------------------------------- */

static void free_statement(struct duck_statement *statement)
{
    if (statement->chunk) duck.destroy_data_chunk(&statement->chunk);
    if (statement->has_result) duck.destroy_result(&statement->result);
    if (statement->pending) duck.destroy_pending(&statement->pending);
    if (statement->prepared) duck.destroy_prepare(&statement->prepared);
    for (unsigned i = 0; i < statement->column_count && statement->columns; i++)
        free(statement->columns[i].name);
    free(statement->columns);
    free(statement->text);
    free(statement);
}

static bool prepare(struct sql_session *session, const char *text, struct sql_statement **made,
                    const char **rest)
{
    const char *begin = duck_text_skip(text);
    bool is_ended;
    size_t bytes = duck_text_bytes(begin, &is_ended);
    *rest = begin + bytes;
    if (!*begin) return true;
    struct duck_statement *statement = calloc(1, sizeof *statement);
    if (!statement) return fail(session, "Out of memory.");
    statement->base.session = session;
    *made = &statement->base; /* freed by finish */
    statement->text = strndup(begin, bytes - is_ended);
    if (!statement->text) return fail(session, "Out of memory.");
    struct cairn_error error = {0};
    if (duck_do(session, "BEGIN TRANSACTION READ ONLY", &error) != 0) return fail(session, error.text);
    return watch_begin(session) && prepare_statement(statement);
}

static void finish(struct sql_session *session, struct sql_statement *statement)
{
    struct cairn_error error = {0};
    if (!statement) return;
    watch_end(session->duck);
    free_statement(of(statement));
    duck_do(session, "ROLLBACK", &error); /* there may have been none: then this fails, and nothing is lost */
}

static enum sql_step failed(struct sql_session *session, const char *message)
{
    if (sql_should_stop(session)) return SQL_STOPPED;
    fail(session, message);
    return SQL_FAILED;
}

/* Works until there are rows, and sleeps where only other threads have work: DuckDB itself would spin. False: it failed. */
static bool work(duck_pending pending)
{
    int progress;
    while ((progress = duck.pending_execute_task(pending)) == DUCK_NOT_READY || progress == DUCK_NO_TASK)
        if (progress == DUCK_NO_TASK) nanosleep(&(struct timespec){.tv_nsec = IDLE_NS}, NULL);
    return progress == DUCK_READY;
}

static enum sql_step begin_result(struct duck_statement *statement)
{
    struct sql_session *session = statement->base.session;
    if (duck.pending_prepared_streaming(statement->prepared, &statement->pending) != 0)
        return failed(session, duck.pending_error(statement->pending));
    if (!work(statement->pending)) return failed(session, duck.pending_error(statement->pending));
    statement->has_result = true;
    if (duck.execute_pending(statement->pending, &statement->result) != 0)
        return failed(session, duck.result_error(&statement->result));
    return SQL_ROW;
}

/* The next chunk that has rows. */
static enum sql_step next_chunk(struct duck_statement *statement)
{
    do {
        if (statement->chunk) duck.destroy_data_chunk(&statement->chunk);
        statement->chunk = duck.fetch_chunk(statement->result);
        const char *message = statement->chunk ? NULL : duck.result_error(&statement->result);
        if (message) return failed(statement->base.session, message);
        if (!statement->chunk) return SQL_DONE;
        statement->row_count = duck.data_chunk_get_size(statement->chunk);
    } while (statement->row_count == 0);
    statement->row = 0;
    for (unsigned i = 0; i < statement->column_count; i++)
        duck_column_take(&statement->columns[i], duck.data_chunk_get_vector(statement->chunk, i));
    return SQL_ROW;
}

static enum sql_step step(struct sql_statement *base)
{
    struct duck_statement *statement = of(base);
    if (sql_should_stop(base->session)) return SQL_STOPPED;
    if (!statement->has_result) {
        enum sql_step begun = begin_result(statement);
        if (begun != SQL_ROW) return begun;
    } else if (++statement->row < statement->row_count) {
        return SQL_ROW;
    }
    return next_chunk(statement);
}

static unsigned column_count(const struct sql_statement *statement)
{
    return of(statement)->column_count;
}

static const char *column_name(const struct sql_statement *statement, unsigned number)
{
    struct duck_column *column = &of(statement)->columns[number];
    if (column->name) return column->name;
    char *name = duck.prepared_statement_column_name(of(statement)->prepared, number);
    column->name = name ? strdup(name) : NULL;
    duck.free(name);
    return column->name;
}

static struct sql_value value(const struct sql_statement *statement, unsigned column)
{
    return duck_column_value(&of(statement)->columns[column], of(statement)->row);
}

static bool is_complete(const char *text)
{
    bool is_ended = false;
    while (*(text = duck_text_skip(text))) text += duck_text_bytes(text, &is_ended);
    return is_ended;
}

const struct sql_engine sql_engine_duckdb = {
    .name = "duckdb",
    .open = open_duck,
    .close = close_duck,
    .is_complete = is_complete,
    .prepare = prepare,
    .step = step,
    .column_count = column_count,
    .column_name = column_name,
    .value = value,
    .finish = finish,
};
