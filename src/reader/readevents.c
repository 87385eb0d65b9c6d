/* Events, one by one. SPDX-License-Identifier: Apache-2.0 */
#include "reader/reading.h"

#include <string.h>

static const cairn_reader_kind kinds[] = {
    [TRACE_TASK_BEGIN] = CAIRN_READER_TASK_BEGIN,
    [TRACE_TASK_OPEN] = CAIRN_READER_TASK_OPEN,
    [TRACE_TASK_END] = CAIRN_READER_TASK_END,
    [TRACE_TASK_FAIL] = CAIRN_READER_TASK_FAIL,
    [TRACE_REGION_BEGIN] = CAIRN_READER_REGION_BEGIN,
    [TRACE_REGION_END] = CAIRN_READER_REGION_END,
    [TRACE_REGION_AT] = CAIRN_READER_REGION_AT,
    [TRACE_REGION_OPEN] = CAIRN_READER_REGION_OPEN,
    [TRACE_LOG] = CAIRN_READER_LOG,
    [TRACE_ATTR] = CAIRN_READER_ATTR,
    [TRACE_LINK] = CAIRN_READER_LINK,
    [TRACE_COUNTER] = CAIRN_READER_COUNTER,
};

static bool has_other(enum trace_kind kind)
{
    return kind == TRACE_TASK_BEGIN || kind == TRACE_TASK_OPEN || kind == TRACE_LINK;
}

static void turn_tasks(struct cairn_reader *reader, const struct trace_event *event)
{
    cairn_reader_event *to = &reader->event;
    const struct trace_task_id *task = event->region.place ? &event->region.task : &event->task;
    to->task = reader_task_id(task);
    to->task_type = reader_task_type(reader, task);
    to->task_begin_ns = reader_task_begin(reader, task);
    bool any_other = has_other(event->kind) && event->other.id;
    to->other = any_other ? reader_task_id(&event->other) : (cairn_reader_task_id){0};
    to->other_type = any_other ? reader_task_type(reader, &event->other) : "";
}

static void turn_region(struct cairn_reader *reader, const struct trace_event *event)
{
    cairn_reader_event *to = &reader->event;
    const struct trace_region_id *region = &event->region;
    bool is_whole = event->kind == TRACE_REGION_AT;
    to->region = reader_region_id(region, reader_process_of(reader, event->thread));
    to->region_type = region->place ? analysis_type_of_site(reader->info, region->site) : "";
    to->region_begin_ns = region->place ? reader_instant(reader, region->birth) : CAIRN_READER_NO_TIME;
    to->region_end_ns = is_whole ? reader_instant(reader, event->end_ticks) : CAIRN_READER_NO_TIME;
}

/* With a zero behind it. False if memory ran out. */
static bool keep_text(struct cairn_reader *reader, const struct trace_value *value)
{
    size_t bytes = value->type == CAIRN_I_VALUE_TEXT ? value->text_bytes : 0;
    if (!vector_reserve(&reader->text, bytes + 1)) return false;
    if (bytes) memcpy(reader->text.items, value->text, bytes);
    reader->text.items[bytes] = 0;
    return true;
}

static void turn_event(struct cairn_reader *reader, const struct trace_event *event)
{
    reader->event = (cairn_reader_event){.kind = kinds[event->kind],
                                         .thread = reader_thread(reader, event->thread),
                                         .time_ns = reader_instant(reader, event->time),
                                         .site = reader_site(reader, event->site),
                                         .value = reader_value(&event->value, reader->text.items),
                                         .in_signal_handler = event->in_signal_handler,
                                         .after_gap = event->after_gap};
    turn_tasks(reader, event);
    turn_region(reader, event);
}

int cairn_reader_next(cairn_reader *reader, const cairn_reader_event **event, cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    struct trace_event next;
    *event = NULL;
    if (!reader->is_stepping) reader_start(reader);
    reader->is_stepping = true;
    int result = reader->source->next(reader->source, &next, &trouble);
    if (result < 0) return reader_fail(error, &trouble);
    if (result == 0) return 0;
    if (!keep_text(reader, &next.value)) return reader_out_of_memory(error);
    turn_event(reader, &next);
    *event = &reader->event;
    return 1;
}
