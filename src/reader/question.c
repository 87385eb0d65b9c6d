/* What a query means: the filter of analysis, made ready. SPDX-License-Identifier: Apache-2.0 */
#include "reader/reading.h"

#include <string.h>

#define DETAILS                                                                                              \
    (unsigned)(CAIRN_READER_DETAIL_ATTRS | CAIRN_READER_DETAIL_LOGS | CAIRN_READER_DETAIL_SUBTASKS |         \
               CAIRN_READER_DETAIL_REGIONS | CAIRN_READER_DETAIL_THREADS)

/* The caller's header may be older, then what it does not have is 0, or newer, then what we do not have must be 0: to
 * overlook a condition would be a wrong answer. */
static bool copy_query(cairn_reader_query *copy, const cairn_reader_query *given)
{
    *copy = (cairn_reader_query){.size = sizeof *copy};
    if (!given) return true;
    if (given->size < sizeof given->size) return false;
    for (size_t i = sizeof *copy; i < given->size; i++)
        if (((const char *)given)[i]) return false;
    memcpy(copy, given, given->size < sizeof *copy ? given->size : sizeof *copy);
    return (copy->details & ~DETAILS) == 0;
}

static int refuse(cairn_reader_error *error)
{
    struct cairn_error wrong;
    cairn__error_set(
        &wrong, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
        "The query has no size, which must be sizeof(cairn_reader_query), or it asks for what this "
        "version of the library does not know.");
    return reader_fail(error, &wrong);
}

static int select_first(struct reader_question *question, struct cairn_reader *reader,
                        cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    int result = analysis_selection_run(&question->filter, reader->source, NULL, NULL, &trouble);
    reader_start(reader);
    return result == 0 ? 0 : reader_fail(error, &trouble);
}

int reader_question_begin(struct reader_question *question, struct cairn_reader *reader,
                          enum analysis_subject subject, const cairn_reader_query *query,
                          cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    if (!copy_query(&question->query, query)) return refuse(error);
    question->spec = (struct analysis_spec){
        .where = question->query.where, .where_name = "where", .type = question->query.type};
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
    return analysis_spec_is_set(&question->spec) ? &question->filter : NULL;
}
