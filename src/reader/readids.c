/* Ids, types and values as they are handed out. SPDX-License-Identifier: Apache-2.0 */
#include "reader/reading.h"

#include <assert.h>
#include <string.h>

static_assert(CAIRN_READER_TASK_OFF == CAIRN_ID_OFF, "all that is begun while off is one task");

/* The key, because the type and the mark of sampling, which are in an id too, do not tell tasks apart. */
cairn_reader_task_id reader_task_id(const struct trace_task_id *task)
{
    if (!trace_task_is_known(task)) return (cairn_reader_task_id){.number = CAIRN_READER_TASK_UNKNOWN};
    return (cairn_reader_task_id){.number = analysis_id_key(task->id), .process = task->process};
}

cairn_reader_region_id reader_region_id(const struct trace_region_id *region, uint32_t process)
{
    if (!region->place) return (cairn_reader_region_id){0};
    return (cairn_reader_region_id){.place = region->place, .process = process};
}

const char *reader_task_type(const struct cairn_reader *reader, const struct trace_task_id *task)
{
    return trace_task_is_known(task) ? analysis_type_of_task(reader->info, task) : ANALYSIS_TYPE_UNKNOWN;
}

int64_t reader_task_begin(const struct cairn_reader *reader, const struct trace_task_id *task)
{
    bool has_begin = trace_task_is_known(task) && task->id > CAIRN_ID_OFF;
    return has_begin ? reader_instant(reader, task->birth) : CAIRN_READER_NO_TIME;
}

uint32_t reader_process_of(const struct cairn_reader *reader, uint32_t thread)
{
    return thread < reader->info->thread_count ? reader->info->threads[thread].process
                                               : CAIRN_READER_NO_INDEX;
}

char *cairn_reader_id_text(const cairn_reader *reader, cairn_reader_task_id task, char *text,
                           size_t text_bytes)
{
    char whole[ANALYSIS_ID_TEXT_BYTES] = "unknown";
    struct trace_task_id id = {.id = task.number, .process = task.process};
    if (task.number != CAIRN_READER_TASK_UNKNOWN) analysis_id_text(whole, reader->info, &id);
    if (text_bytes) snprintf(text, text_bytes, "%s", whole);
    return text;
}

static_assert((int)CAIRN_READER_VALUE_NONE == (int)CAIRN_I_VALUE_NONE &&
                  (int)CAIRN_READER_VALUE_INT == (int)CAIRN_I_VALUE_INT &&
                  (int)CAIRN_READER_VALUE_UINT == (int)CAIRN_I_VALUE_UINT &&
                  (int)CAIRN_READER_VALUE_FLOAT == (int)CAIRN_I_VALUE_FLOAT &&
                  (int)CAIRN_READER_VALUE_BOOL == (int)CAIRN_I_VALUE_BOOL &&
                  (int)CAIRN_READER_VALUE_TEXT == (int)CAIRN_I_VALUE_TEXT,
              "types of values are handed out as they are stored");

cairn_reader_value reader_value(const struct trace_value *value, const char *text)
{
    cairn_reader_value turned = {.type = (cairn_reader_value_type)value->type, .text = text};
    if (value->type == CAIRN_I_VALUE_TEXT) {
        turned.text_bytes = value->text_bytes;
        turned.text_bytes_full = value->text_bytes_full;
    } else {
        turned.number.u = value->u;
    }
    return turned;
}
