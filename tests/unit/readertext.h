/* What cairn/reader.h hands out, as lines of text, for its tests. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_READERTEXT_H
#define CAIRN_TESTS_READERTEXT_H

#include "tracetext.h"

#include "cairn/reader.h"

static inline const char *assembled(const char *name)
{
    struct cairn_error error = {0};
    if (trace_assemble(source_path(name), own_path(name), &error) != 0) fail_msg("%s", error.text);
    return own_path(name);
}

static inline cairn_reader *open_trace(const char *name)
{
    cairn_reader_error error = {0};
    cairn_reader *reader = cairn_reader_open(assembled(name), &error);
    if (!reader) fail_msg("%s: %s", error.path, error.text);
    unlink(own_path(name));
    return reader;
}

static inline void print_id(FILE *out, const cairn_reader *reader, const char *name, cairn_reader_task_id id,
                            const char *type)
{
    char text[48];
    if (id.number != CAIRN_READER_TASK_NONE)
        fprintf(out, " %s=%s %s", name, type, cairn_reader_id_text(reader, id, text, sizeof text));
}

static inline void print_number(FILE *out, const cairn_reader_value *value)
{
    switch (value->type) {
    case CAIRN_READER_VALUE_NONE: break;
    case CAIRN_READER_VALUE_INT: fprintf(out, " %" PRId64, value->number.i); break;
    case CAIRN_READER_VALUE_FLOAT: fprintf(out, " %g", value->number.f); break;
    case CAIRN_READER_VALUE_TEXT: fprintf(out, " '%s' %zu", value->text, value->text_bytes); break;
    default: fprintf(out, " %" PRIu64, value->number.u); break;
    }
}

static inline void print_line(FILE *out, const cairn_reader *reader, const cairn_reader_event *event)
{
    static const char *const names[] = {"?",     "task begin", "task open", "task end",    "task fail",
                                        "begin", "end",        "at",        "region open", "log",
                                        "attr",  "link",       "counter"};
    const cairn_reader_thread *thread = cairn_reader_thread_get(reader, event->thread);
    fprintf(out, "%" PRId64 " %s%s: %s '%s' %" PRIu32, event->time_ns, thread ? thread->name : "",
            event->in_signal_handler ? " (handler)" : "", names[event->kind], event->site->text,
            event->site->line);
    print_id(out, reader, "task", event->task, event->task_type);
    print_id(out, reader, "other", event->other, event->other_type);
    if (event->region.place) fprintf(out, " %s %" PRId64, event->region_type, event->region_begin_ns);
    if (event->region_end_ns != CAIRN_READER_NO_TIME) fprintf(out, " to %" PRId64, event->region_end_ns);
    print_number(out, &event->value);
    putc('\n', out);
}

static inline char *print_events(cairn_reader *reader, size_t count_max)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    const cairn_reader_event *event;
    cairn_reader_error error = {0};
    int result = 1;
    for (size_t i = 0; i < count_max && (result = cairn_reader_next(reader, &event, &error)) > 0; i++)
        print_line(out, reader, event);
    assert_true(result >= 0);
    fclose(out);
    return text;
}

#endif
