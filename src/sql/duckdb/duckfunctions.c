/* Functions that DuckDB lacks: duration, hist, percentile. SPDX-License-Identifier: Apache-2.0 */
#include "sql/duckdb/duckengine.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_null(const duck_validity *validity, uint64_t row)
{
    return validity && !(validity[row / 64] >> row % 64 & 1);
}

/* ---- duration(ns) ------------------------------------------------------------------------------------------- */

/* Of a DOUBLE, so that sums and means, which are of other types than the times, can be shown. */
static void duration(duck_call call, duck_chunk arguments, duck_vector results)
{
    const struct sql_session *session = duck.scalar_function_get_extra_info(call);
    duck_vector vector = duck.data_chunk_get_vector(arguments, 0);
    const double *ns = duck.vector_get_data(vector);
    const duck_validity *validity = duck.vector_get_validity(vector);
    uint64_t count = duck.data_chunk_get_size(arguments);
    duck.vector_ensure_validity_writable(results);
    duck_validity *known = duck.vector_get_validity(results);
    for (uint64_t i = 0; i < count; i++) {
        char text[64] = "-";
        if (is_null(validity, i)) {
            known[i / 64] &= ~((duck_validity)1 << i % 64);
            continue;
        }
        bool is_negative = ns[i] <= -1;
        double whole = fabs(ns[i]);
        session->options.show_duration(text + is_negative, whole < 0x1p63 ? (uint64_t)whole : INT64_MAX);
        duck.vector_assign_string_element_len(results, i, text, strlen(text));
    }
}

static int register_duration(struct sql_session *session)
{
    duck_scalar_function function = duck.create_scalar_function();
    duck_type number = duck.create_logical_type(DUCK_DOUBLE), text = duck.create_logical_type(DUCK_VARCHAR);
    duck.scalar_function_set_name(function, "duration");
    duck.scalar_function_add_parameter(function, number);
    duck.scalar_function_set_return_type(function, text);
    duck.scalar_function_set_extra_info(function, session, NULL);
    duck.scalar_function_set_function(function, duration);
    int state = duck.register_scalar_function(session->duck->connection, function);
    duck.destroy_logical_type(&number);
    duck.destroy_logical_type(&text);
    duck.destroy_scalar_function(&function);
    return state;
}

/* ---- hist(x) ------------------------------------------------------------------------------------------------ */

/* DuckDB's memory for a state is not aligned for a histogram: there is only a pointer in it, NULL of no values. */
static struct histogram **histogram_of(duck_state state)
{
    return (struct histogram **)(void *)state;
}

static uint64_t hist_bytes(duck_call call)
{
    (void)call;
    return sizeof(struct histogram *);
}

static void hist_begin(duck_call call, duck_state state)
{
    (void)call;
    *histogram_of(state) = NULL;
}

static bool has_histogram(duck_state state)
{
    struct histogram **histogram = histogram_of(state);
    if (!*histogram) *histogram = calloc(1, sizeof **histogram);
    return *histogram != NULL;
}

static void hist_update(duck_call call, duck_chunk arguments, duck_state *states)
{
    duck_vector vector = duck.data_chunk_get_vector(arguments, 0);
    const int64_t *values = duck.vector_get_data(vector);
    const duck_validity *validity = duck.vector_get_validity(vector);
    uint64_t count = duck.data_chunk_get_size(arguments);
    bool done = true;
    for (uint64_t i = 0; i < count; i++) {
        if (is_null(validity, i)) continue;
        done &= has_histogram(states[i]) &&
                histogram_add(*histogram_of(states[i]), values[i] > 0 ? (uint64_t)values[i] : 0);
    }
    if (!done) duck.aggregate_function_set_error(call, "Out of memory.");
}

static void hist_combine(duck_call call, duck_state *from, duck_state *into, uint64_t count)
{
    bool done = true;
    for (uint64_t i = 0; i < count; i++) {
        const struct histogram *other = *histogram_of(from[i]);
        if (other) done &= has_histogram(into[i]) && histogram_merge(*histogram_of(into[i]), other);
    }
    if (!done) duck.aggregate_function_set_error(call, "Out of memory.");
}

static void put_buckets(FILE *out, const struct histogram *histogram)
{
    const char *comma = "";
    fprintf(out, "[");
    for (unsigned i = 0; histogram && histogram->buckets && i < HISTOGRAM_BUCKETS; i++) {
        if (!histogram->buckets[i]) continue;
        fprintf(out, "%s{\"low\":%" PRIu64 ",\"high\":%" PRIu64 ",\"count\":%" PRIu64 "}", comma,
                histogram_bucket_low(i), histogram_bucket_low(i + 1), histogram->buckets[i]);
        comma = ",";
    }
    fprintf(out, "]");
}

static void hist_finish(duck_call call, duck_state *states, duck_vector results, uint64_t count,
                        uint64_t first)
{
    for (uint64_t i = 0; i < count; i++) {
        char *text = NULL;
        size_t bytes;
        FILE *out = open_memstream(&text, &bytes);
        if (out) put_buckets(out, *histogram_of(states[i]));
        if (out && fclose(out) == 0)
            duck.vector_assign_string_element_len(results, first + i, text, bytes);
        else
            duck.aggregate_function_set_error(call, "Out of memory.");
        free(text);
    }
}

static void hist_free(duck_state *states, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        struct histogram *histogram = *histogram_of(states[i]);
        if (histogram) histogram_free(histogram);
        free(histogram);
    }
}

static int register_hist(struct sql_session *session)
{
    duck_aggregate_function function = duck.create_aggregate_function();
    duck_type number = duck.create_logical_type(DUCK_BIGINT), text = duck.create_logical_type(DUCK_VARCHAR);
    duck.aggregate_function_set_name(function, "hist");
    duck.aggregate_function_add_parameter(function, number);
    duck.aggregate_function_set_return_type(function, text);
    duck.aggregate_function_set_functions(function, hist_bytes, hist_begin, hist_update, hist_combine,
                                          hist_finish);
    duck.aggregate_function_set_destructor(function, hist_free);
    int state = duck.register_aggregate_function(session->duck->connection, function);
    duck.destroy_logical_type(&number);
    duck.destroy_logical_type(&text);
    duck.destroy_aggregate_function(&function);
    return state;
}

/* ---- Together ----------------------------------------------------------------------------------------------- */

int duck_register_functions(struct sql_session *session, struct cairn_error *error)
{
    if (register_duration(session) != 0 || register_hist(session) != 0)
        return cairn__error_set(error, CAIRN_ENOTSUP, NULL, CAIRN_ERROR_NOWHERE,
                                "DuckDB takes no functions.");
    return duck_do(session, "CREATE MACRO percentile(x, p) AS quantile_disc(x, p)", error);
}
