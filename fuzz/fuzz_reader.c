/* The library for other programs, cairn/reader.h: a trace is asked everything, in any order.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Properties: what is handed out is as the header says, texts terminated and indices in their tables; a pass says the same
 * whatever passes came before it; tasks and regions one by one add up to the tables; an expression and its opposite share
 * all of them; a callback that has enough is obeyed.
 *
 * options.query of a case: 0 the expression; 1 details; 2 after how many a callback has enough; 3 to 6 passes that go before. */
#include "cairn/reader.h"
#include "memfile.h"
#include "property.h"
#include "tracecase.h"

#include <string.h>

/* What a pass has come to. */
struct answer {
    uint64_t count, finished, unfinished, errors, min_ns, max_ns, hash;
};

/* ---- What is handed out ------------------------------------------------------------------------------------ */

static void add_bytes(struct answer *answer, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        answer->hash = (answer->hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void add_number(struct answer *answer, uint64_t number)
{
    add_bytes(answer, &number, sizeof number);
}

static void take_text(struct answer *answer, const char *text)
{
    PROPERTY(text);
    add_bytes(answer, text, strlen(text) + 1);
}

static void take_site(struct answer *answer, const cairn_reader_site *site)
{
    PROPERTY(site);
    take_text(answer, site->text), take_text(answer, site->format);
    take_text(answer, site->file), take_text(answer, site->function);
    add_number(answer, site->line);
}

static void take_value(struct answer *answer, const cairn_reader_value *value)
{
    bool is_text = value->type == CAIRN_READER_VALUE_TEXT;
    PROPERTY(value->text && !value->text[value->text_bytes] && (is_text || !value->text_bytes));
    PROPERTY(value->text_bytes <= value->text_bytes_full || !is_text);
    add_number(answer, is_text ? value->text_bytes_full : value->number.u);
    add_bytes(answer, value->text, value->text_bytes);
}

static void take_id(struct answer *answer, cairn_reader *reader, cairn_reader_task_id id, const char *type)
{
    char text[48];
    PROPERTY(id.process < cairn_reader_info_get(reader)->process_count && !id.reserved);
    PROPERTY(cairn_reader_id_text(reader, id, text, sizeof text) == text);
    take_text(answer, text), take_text(answer, type);
}

static void take_thread(struct answer *answer, cairn_reader *reader, uint32_t index)
{
    const cairn_reader_thread *thread = cairn_reader_thread_get(reader, index);
    PROPERTY(!thread == (index == CAIRN_READER_NO_INDEX));
    if (!thread) return;
    PROPERTY(cairn_reader_process_get(reader, thread->process));
    take_text(answer, thread->name);
}

static void count(struct answer *answer, bool is_finished, bool is_error, uint64_t time_ns)
{
    answer->count++;
    answer->errors += is_error;
    answer->unfinished += !is_finished;
    if (!is_finished) return;
    if (!answer->finished || time_ns < answer->min_ns) answer->min_ns = time_ns;
    if (time_ns > answer->max_ns) answer->max_ns = time_ns;
    answer->finished++;
}

/* ---- Passes ------------------------------------------------------------------------------------------------- */

struct asking {
    cairn_reader *reader;
    struct answer answer;
    unsigned details;
    uint64_t enough; /* a callback asks for no more after so many; 0: never */
};

static int go_on(const struct asking *ask)
{
    return ask->enough && ask->answer.count >= ask->enough ? 7 : 0;
}

static void take_parts(struct answer *answer, const cairn_reader_part *const *parts, size_t part_count)
{
    for (size_t i = 0; i < part_count; i++) {
        PROPERTY(parts[i]->count);
        take_text(answer, parts[i]->type), take_site(answer, parts[i]->site);
        add_number(answer, parts[i]->time_ns);
    }
}

static void take_details(struct asking *ask, const cairn_reader_task *task)
{
    struct answer *answer = &ask->answer;
    uint64_t logs = 0;
    PROPERTY(!task->attr_count || ask->details & CAIRN_READER_DETAIL_ATTRS);
    PROPERTY(!task->log_count || ask->details & CAIRN_READER_DETAIL_LOGS);
    PROPERTY(!task->subtask_count || ask->details & CAIRN_READER_DETAIL_SUBTASKS);
    PROPERTY(!task->region_count || ask->details & CAIRN_READER_DETAIL_REGIONS);
    PROPERTY(!task->thread_count || ask->details & CAIRN_READER_DETAIL_THREADS);
    for (size_t i = 0; i < task->attr_count; i++) {
        take_text(answer, task->attrs[i]->key), take_site(answer, task->attrs[i]->site);
        take_value(answer, &task->attrs[i]->value);
    }
    for (size_t i = 0; i < task->log_count; i++) {
        const cairn_reader_log *log = task->logs[i];
        PROPERTY(log->text && log->text_bytes <= 200 && !log->text[log->text_bytes] && log->count);
        take_text(answer, log->category), take_site(answer, log->site);
        logs += log->count;
    }
    PROPERTY(logs <= task->log_total);
    take_parts(answer, task->subtasks, task->subtask_count);
    take_parts(answer, task->regions, task->region_count);
    for (size_t i = 0; i < task->thread_count; i++) take_thread(answer, ask->reader, task->threads[i]);
}

static int take_task(void *data, const cairn_reader_task *task)
{
    struct asking *ask = data;
    struct answer *answer = &ask->answer;
    take_id(answer, ask->reader, task->id, task->type);
    take_id(answer, ask->reader, task->parent, task->parent_type);
    take_site(answer, task->begin_site), take_site(answer, task->end_site);
    take_thread(answer, ask->reader, task->begin_thread);
    take_thread(answer, ask->reader, task->end_thread);
    PROPERTY(task->begin != CAIRN_READER_BEGIN_OFF || task->begin_ns == CAIRN_READER_NO_TIME);
    PROPERTY(task->status == CAIRN_READER_FAILED || !task->reason[0]);
    PROPERTY(task->self_ns <= task->latency_ns && task->weight);
    take_details(ask, task);
    count(answer, task->status != CAIRN_READER_UNFINISHED, task->status == CAIRN_READER_FAILED,
          task->latency_ns);
    return go_on(ask);
}

static int take_region(void *data, const cairn_reader_region *region)
{
    struct asking *ask = data;
    struct answer *answer = &ask->answer;
    PROPERTY(!region->id.reserved);
    take_text(answer, region->type);
    take_id(answer, ask->reader, region->task, region->task_type);
    take_site(answer, region->begin_site), take_site(answer, region->end_site);
    take_thread(answer, ask->reader, region->begin_thread);
    take_thread(answer, ask->reader, region->end_thread);
    PROPERTY(region->self_ns <= region->duration_ns && region->weight);
    count(answer, region->is_finished, region->is_wrong, region->duration_ns);
    return go_on(ask);
}

/* Tasks, or regions, one by one. False if memory ran out. */
static bool ask_each(struct asking *ask, bool regions, const char *where)
{
    cairn_reader_query query = {.size = sizeof query, .where = where, .details = ask->details};
    cairn_reader_error error = {0};
    ask->answer = (struct answer){0};
    int result = regions ? cairn_reader_regions_each(ask->reader, &query, &error, take_region, ask)
                         : cairn_reader_tasks_each(ask->reader, &query, &error, take_task, ask);
    PROPERTY(result < 0 ? error.code && error.text[0] : result == (ask->answer.count ? go_on(ask) : 0));
    return result >= 0;
}

static void take_event(struct asking *ask, const cairn_reader_event *event)
{
    struct answer *answer = &ask->answer;
    bool has_region = event->region.place != 0;
    PROPERTY(event->kind >= CAIRN_READER_TASK_BEGIN && event->kind <= CAIRN_READER_COUNTER);
    take_thread(answer, ask->reader, event->thread), take_site(answer, event->site);
    take_id(answer, ask->reader, event->task, event->task_type);
    take_id(answer, ask->reader, event->other, event->other_type);
    PROPERTY(has_region == (event->region_begin_ns != CAIRN_READER_NO_TIME));
    PROPERTY(has_region || event->kind != CAIRN_READER_REGION_AT);
    take_text(answer, event->region_type), take_value(answer, &event->value);
    add_number(answer, (uint64_t)event->time_ns);
    answer->count += event->kind != CAIRN_READER_TASK_OPEN && event->kind != CAIRN_READER_REGION_OPEN;
}

static bool ask_events(struct asking *ask, uint64_t count_max)
{
    const cairn_reader_event *event;
    int result = 1;
    ask->answer = (struct answer){0};
    while (count_max-- > 0 && (result = cairn_reader_next(ask->reader, &event, NULL)) > 0)
        take_event(ask, event);
    if (result == 0) PROPERTY(!event);
    return result == 0;
}

/* The rows together, as if one by one. */
static void take_rows(struct answer *answer, const cairn_reader_row *const *rows, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        const cairn_reader_row *row = rows[i];
        take_text(answer, row->type);
        PROPERTY(row->count == row->finished + row->unfinished);
        PROPERTY(cairn_reader_percentile(row, 0) <= cairn_reader_percentile(row, 0.5) &&
                 cairn_reader_percentile(row, 0.5) <= cairn_reader_percentile(row, 1));
        if (row->finished && (!answer->finished || row->min_ns < answer->min_ns))
            answer->min_ns = row->min_ns;
        if (row->max_ns > answer->max_ns) answer->max_ns = row->max_ns;
        answer->count += row->count, answer->errors += row->errors;
        answer->finished += row->finished, answer->unfinished += row->unfinished;
        if (row->site) take_site(answer, row->site);
    }
}

static bool ask_table(struct asking *ask, bool regions, const char *where)
{
    cairn_reader_query query = {.size = sizeof query, .where = where};
    struct answer sites = {0};
    cairn_reader_table *table = regions ? cairn_reader_region_table(ask->reader, &query, NULL)
                                        : cairn_reader_task_table(ask->reader, &query, NULL);
    ask->answer = (struct answer){0};
    if (!table) return false;
    take_rows(&ask->answer, table->types, table->type_count);
    take_rows(&sites, table->sites, table->site_count);
    PROPERTY(sites.count == (regions ? ask->answer.count : 0));
    cairn_reader_table_destroy(table);
    return true;
}

static void take_findings(struct asking *ask)
{
    const cairn_reader_finding *finding;
    for (uint32_t i = 0; (finding = cairn_reader_finding_get(ask->reader, i)); i++) {
        PROPERTY(finding->count && finding->name[0]);
        take_text(&ask->answer, finding->name);
        take_text(&ask->answer, finding->advice), take_text(&ask->answer, finding->example);
        add_number(&ask->answer, finding->count);
    }
}

/* ---- What must hold ----------------------------------------------------------------------------------------- */

static const char *const wheres[2][4] = {{"log ~ e or subtasks > 1 or has attr.size",
                                          "type ~ e and not (thread = main)", "failed or self < 3ns", "root"},
                                         {"task.failed or task.log ~ e",
                                          "self > 1ns and not task.parent.type = order", "finished",
                                          "task.subtasks > 0"}};

/* Any pass, of which nothing is asked but that it leaves nothing behind. */
static void ask_something(struct asking *ask, uint8_t what)
{
    bool regions = what & 1;
    switch (what >> 1 & 3) {
    case 0: (void)ask_each(ask, regions, wheres[regions][what >> 3 & 3]); break;
    case 1: (void)ask_table(ask, regions, wheres[regions][what >> 3 & 3]); break;
    case 2: (void)ask_events(ask, what >> 3); break;
    default: cairn_reader_rewind(ask->reader); break;
    }
}

/* But for missing begins: where a task ends before it begins, a scan takes that begin for the missing one. */
static void check_sums(struct asking *ask, bool regions, const char *where)
{
    if (!ask_each(ask, regions, where)) return;
    struct answer one_by_one = ask->answer;
    if (!ask_table(ask, regions, where)) return;
    one_by_one.hash = ask->answer.hash = 0;
    PROPERTY(!memcmp(&one_by_one, &ask->answer, sizeof one_by_one));
}

static void check_halves(struct asking *ask, bool regions, const char *where)
{
    char opposite[100];
    uint64_t halves = 0;
    snprintf(opposite, sizeof opposite, "not (%s)", where);
    if (!ask_each(ask, regions, where)) return;
    halves += ask->answer.count;
    if (!ask_each(ask, regions, opposite)) return;
    halves += ask->answer.count;
    if (ask_each(ask, regions, NULL)) PROPERTY(halves == ask->answer.count);
}

/* Each pass twice, with others between. */
static void check_repeated(struct asking *ask, const uint8_t *between)
{
    struct answer answers[2][3];
    bool good = true;
    for (int i = 0; i < 2; i++) {
        for (int pass = 0; pass < 3; pass++) {
            ask_something(ask, between[2 * i]), ask_something(ask, between[2 * i + 1]);
            cairn_reader_rewind(ask->reader);
            good = (pass == 2 ? ask_events(ask, UINT64_MAX) : ask_each(ask, pass, NULL)) && good;
            if (good && pass == 2)
                PROPERTY(cairn_reader_info_get(ask->reader)->recovered == ask->answer.count);
            take_findings(ask);
            answers[i][pass] = ask->answer;
        }
    }
    if (good) PROPERTY(!memcmp(answers[0], answers[1], sizeof answers[0]));
}

static void check_enough(struct asking *ask, uint8_t enough)
{
    ask->enough = 1 + enough % 8u;
    (void)ask_each(ask, false, NULL);
    PROPERTY(ask->answer.count <= ask->enough);
    ask->enough = 0;
}

static void check_all(cairn_reader *reader, const uint8_t *query)
{
    static struct asking ask;
    ask = (struct asking){.reader = reader, .details = query[1] & 31u};
    bool regions = query[0] & 1;
    const char *where = wheres[regions][query[0] >> 1 & 3];
    check_enough(&ask, query[2]);
    check_repeated(&ask, query + 3);
    check_sums(&ask, regions, query[0] & 8 ? where : NULL);
    check_halves(&ask, regions, where);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    struct trace_case made;
    cairn_reader_error error = {0};
    if (!case_expand(&made, bytes, byte_count, MEMFILE_LIVE)) return -1;
    case_to_memory(&made);
    cairn_reader *reader = cairn_reader_open(MEMFILE_TRACE, &error);
    PROPERTY(reader || (error.code && error.text[0]));
    if (reader) check_all(reader, made.options.query);
    cairn_reader_close(reader);
    return 0;
}
