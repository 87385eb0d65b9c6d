/* SQL sessions: what the catalogue must hold, interruption at any moment, what joins keep and for how long.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tracetext.h"

#include "sql/sqlsession.h"
#include "sql/sqltable.h"

/* ---- A session over a made-up trace ---------------------------------------------------------------------- */

enum { TASKS = 4000 };

/* Tasks one after the other, each with a region and two logs; every tenth has the former as parent. */
static const char *make_trace(void)
{
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    fprintf(out, "cairn-text 1\nhead clock=monotonic start=1000,1000,1700000000000001000 "
                 "last=9001000,9001000,1700000000009001000\n"
                 "site number=1 role=task text=\"order\"\nsite number=2 role=log text=\"l\"\n"
                 "site number=3 role=region text=\"r\"\n");
    for (int i = 0; i < TASKS; i++) {
        int at = 2000 + i * 100;
        if (i % 400 == 0)
            fprintf(out, "block events number=%d begin=%d sequence=%d\n", i / 400 + 1, at, i / 400);
        if (i % 10 || !i)
            fprintf(out, "  task_begin site=1 time=%d id=1:1:%d\n", at, i + 1);
        else
            fprintf(out, "  task_child site=1 time=%d id=1:1:%d parent_id=1:1:%d parent_birth=%d\n", at,
                    i + 1, i, at - 100);
        fprintf(out, "  task id=1:1:%d birth=%d\n  region_begin site=3 time=%d\n", i + 1, at, at + 1);
        fprintf(out, "  log site=2 time=%d text=\"a\"\n  log site=2 time=%d text=\"b\"\n", at + 10, at + 20);
        fprintf(out, "  region_end site=0 time=%d\n  task_end site=0 time=%d id=1:1:%d birth=%d\n", at + 30,
                at + 40, i + 1, at);
    }
    fclose(out);
    const char *path = assemble(text);
    free(text);
    return path;
}

static char *show(char *text, uint64_t ns)
{
    sprintf(text, "%llu", (unsigned long long)ns);
    return text;
}

struct stop { /* interrupts at the nth report of progress */
    struct sql_session *session;
    unsigned reports, at;
};

static bool count_reports(void *data, double fraction)
{
    struct stop *stop = data;
    assert_true(fraction >= 0 && fraction <= 1);
    if (++stop->reports == stop->at) sql_interrupt(stop->session);
    return true;
}

static struct sql_session *open_session(struct stop *stop, uint64_t memory_bytes)
{
    struct cairn_error error = {0};
    char *path = (char *)make_trace();
    struct sql_options options = {.memory_bytes = memory_bytes,
                                  .show_duration = show,
                                  .progress = count_reports,
                                  .progress_data = stop};
    struct sql_session *session = sql_open(&path, 1, &options, &error);
    if (!session) fail_msg("%s", error.text);
    stop->session = session;
    return session;
}

static void close_session(struct sql_session *session)
{
    sql_close(session);
    unlink(own_path("trace"));
}

static char last_problem[512];

/* Runs to the end; *answer is the first number of the last row. */
static enum sql_step run(struct sql_session *session, const char *text, int64_t *answer)
{
    struct sql_statement *statement;
    const char *rest;
    enum sql_step result = sql_prepare(session, text, &statement, &rest) ? SQL_ROW : SQL_FAILED;
    assert_int_equal(result, SQL_ROW);
    while ((result = sql_step(statement)) == SQL_ROW) *answer = sql_value(statement, 0).i;
    if (result == SQL_FAILED)
        snprintf(last_problem, sizeof last_problem, "%s", sql_problem_of(session).message);
    sql_finish(session, statement);
    return result;
}

static void expect(struct sql_session *session, const char *text, int64_t expected)
{
    int64_t answer = INT64_MIN;
    if (run(session, text, &answer) != SQL_DONE) fail_msg("%s: %s", text, last_problem);
    if (answer != expected) fail_msg("%s: %lld", text, (long long)answer);
}

/* ---- Tests ------------------------------------------------------------------------------------------------- */

static void the_catalogue_is_sound(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sql_table_count; i++) {
        const struct sql_table *table = &sql_tables[i];
        const struct sql_table_kind *kind = table->kind;
        unsigned arguments = 0;
        assert_true(table->column_count <= 63); /* a bit each, and SQLite's last stands for all that follow */
        assert_true(!kind->whole == (kind->begin && kind->event));
        assert_int_equal(sql_table_column(table, SQL_TRACE), table->column_count - 1);
        for (unsigned j = 0; j < table->column_count; j++) {
            enum sql_role role = table->columns[j].role;
            bool is_argument = role == SQL_ARGUMENT || role == SQL_NEEDED;
            arguments += is_argument;
            if (arguments && j + 1 < table->column_count) assert_true(is_argument); /* they stand together */
            assert_true(strlen(table->columns[j].doc) > 2);
            for (unsigned k = 0; k < j; k++)
                assert_string_not_equal(table->columns[j].name, table->columns[k].name);
        }
        assert_true(arguments <= SQL_ARGUMENTS_MAX);
    }
}

static void every_table_can_be_asked_for_all_and_for_nothing(void **state)
{
    (void)state;
    struct stop stop = {0};
    struct sql_session *session = open_session(&stop, 1 << 30);
    for (unsigned i = 0; i < sql_table_count; i++) {
        char text[256];
        const char *call = sql_table_column(&sql_tables[i], SQL_NEEDED) >= 0 ? "('*')" : "";
        if (sql_tables[i].kind == &sql_kind_critical_path) call = "('1')";
        if (sql_tables[i].kind == &sql_kind_compare) call = "(1, 1)";
        int64_t answer;
        snprintf(text, sizeof text, "SELECT trace, * FROM %s%s", sql_tables[i].name, call);
        assert_int_equal(run(session, text, &answer), SQL_DONE);
        snprintf(text, sizeof text, "SELECT count(*) FROM %s%s WHERE trace = 2", sql_tables[i].name, call);
        expect(session, text, 0);
    }
    close_session(session);
}

static void a_query_is_stopped_wherever_it_is_and_the_session_goes_on(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "SELECT count(*) FROM tasks",
        "SELECT count(*) FROM tasks t JOIN logs l ON l.task_key = t.task_key",
        "SELECT count(*) FROM (SELECT * FROM logs ORDER BY message, time_ns)",
        "SELECT sum((SELECT count(*) FROM regions r WHERE r.task_key = t.task_key)) FROM tasks t",
        "SELECT count(*) FROM diagnostics",
        "SELECT count(*) FROM task_stats",
        "SELECT count(*) FROM explain",
        "SELECT count(*) FROM compare('begin < 100us', 'begin >= 100us')",
        "SELECT count(*) FROM region_stats",

        "SELECT count(*) FROM slowest(NULL, 100000) s JOIN histogram(s.type) WHERE s.id = '1'",
    };
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        struct stop stop = {0};
        int64_t answer, right = 0;
        struct sql_session *session = open_session(&stop, 1 << 30);
        assert_int_equal(run(session, queries[i], &right), SQL_DONE);
        unsigned all = stop.reports;
        assert_true(all > 3);
        for (stop.at = 1; stop.at <= all; stop.at++) {
            stop.reports = 0;
            assert_int_equal(run(session, queries[i], &answer), SQL_STOPPED);
            assert_int_equal(stop.reports, stop.at); /* at once */
            assert_int_equal(session->kept_bytes, 0);
        }
        stop.at = 0;
        expect(session, queries[i], right);
        close_session(session);
    }
}

static void joins_read_a_trace_a_few_times_and_keep_nothing(void **state)
{
    (void)state;
    struct stop stop = {0};
    struct sql_session *session = open_session(&stop, 1 << 30);
    expect(session, "SELECT count(*) FROM logs", 2 * TASKS);
    unsigned once = stop.reports;
    stop.reports = 0;
    expect(session, "SELECT count(*) FROM tasks t JOIN logs l ON l.task_key = t.task_key", 2 * TASKS);
    assert_true(stop.reports <= 4 * once); /* tasks, the first log, the store, and once more at most */
    assert_int_equal(session->kept_bytes, 0);
    stop.reports = 0; /* each outer row twice with equal values: what looked fixed varies */
    expect(session, "SELECT count(*) FROM logs l JOIN tasks t ON t.task_key = l.task_key", 2 * TASKS);
    assert_true(stop.reports <= 5 * once);
    expect(session, "SELECT count(*) FROM tasks a JOIN tasks b ON b.task_key = a.parent_key", TASKS / 10 - 1);
    expect(session,
           "SELECT sum(n) FROM (SELECT (SELECT count(*) FROM logs l WHERE l.task_key = t.task_key AND "
           "l.time_ns > t.begin_ns + 15 AND l.category = 'l') AS n FROM tasks t)",
           TASKS);
    expect(session, "SELECT count(*) FROM logs a JOIN logs b USING (task_key) JOIN logs c USING (task_key)",
           8 * TASKS);
    assert_int_equal(session->kept_bytes, 0);
    close_session(session);
}

static void what_joins_keep_is_bounded(void **state)
{
    (void)state;
    struct stop stop = {0};
    int64_t answer;
    struct sql_session *session = open_session(&stop, 100000);
    assert_int_equal(run(session, "SELECT count(*) FROM tasks JOIN logs USING (task_key)", &answer),
                     SQL_FAILED);
    assert_non_null(strstr(last_problem, "--memory"));
    assert_int_equal(session->kept_bytes, 0);
    expect(session, "SELECT count(*) FROM logs", 2 * TASKS);
    expect(session, "SELECT count(*) FROM slowest(NULL, 5) a JOIN slowest(NULL, 9) b USING (task_key)", 5);
    close_session(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_catalogue_is_sound),
        cmocka_unit_test(every_table_can_be_asked_for_all_and_for_nothing),
        cmocka_unit_test(a_query_is_stopped_wherever_it_is_and_the_session_goes_on),
        cmocka_unit_test(joins_read_a_trace_a_few_times_and_keep_nothing),
        cmocka_unit_test(what_joins_keep_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
