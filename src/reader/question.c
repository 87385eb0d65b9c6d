/* What a query means: the filter of analysis, made ready. SPDX-License-Identifier: Apache-2.0 */
#include "reader/reading.h"

#include <string.h>

/* As much of it as the caller knows of; what is beyond is 0. */
static bool copy_query(cairn_reader_query *copy, const cairn_reader_query *given)
{
    *copy = (cairn_reader_query){.size = sizeof *copy};
    if (!given) return true;
    if (given->size < sizeof given->size || given->size > sizeof *copy) return false;
    memcpy(copy, given, given->size);
    return true;
}

static int wrong_size(cairn_reader_error *error)
{
    struct cairn_error wrong;
    cairn__error_set(&wrong, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                     "The query's size is not one that this version of the library knows: set it to "
                     "sizeof(cairn_reader_query), and do not use a newer header than the library's.");
    return reader_fail(error, &wrong);
}

static int select_first(struct reader_question *question, struct cairn_reader *reader,
                        cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    int result = trace_run(reader->source, &question->filter.selection, NULL, NULL, &trouble);
    reader_start(reader);
    return result == 0 ? 0 : reader_fail(error, &trouble);
}

int reader_question_begin(struct reader_question *question, struct cairn_reader *reader,
                          enum analysis_subject subject, const cairn_reader_query *query,
                          cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    if (!copy_query(&question->query, query)) return wrong_size(error);
    question->spec = (struct analysis_spec){
        .type = question->query.type, .min_ns = question->query.min_ns, .max_ns = question->query.max_ns};
    reader_start(reader);
    if (analysis_filter_init(&question->filter, subject, &question->spec, reader->info, &trouble) != 0)
        return reader_fail(error, &trouble);
    return analysis_filter_needs_selection(&question->filter) ? select_first(question, reader, error) : 0;
}

void reader_question_end(struct reader_question *question)
{
    analysis_filter_free(&question->filter);
}

struct analysis_filter *reader_question_filter(struct reader_question *question)
{
    const struct analysis_spec *spec = &question->spec;
    return spec->type || spec->min_ns || spec->max_ns ? &question->filter : NULL;
}
