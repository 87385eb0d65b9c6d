/* See eventproperties.h. SPDX-License-Identifier: Apache-2.0 */
#include "eventproperties.h"

#include "base/base.h"
#include "cairn/cairn.h"
#include "format/format.h"
#include "property.h"

#include <string.h>

/* ---- Tables ---------------------------------------------------------------------------------------------- */

static void check_text(const char *text)
{
    PROPERTY(text);
    PROPERTY(strlen(text) < 1 << 20);
}

void events_check_info(const struct trace_info *info)
{
    PROPERTY(info->clock.ns_per_tick > 0);
    PROPERTY(info->site_count >= 1 && info->process_count >= 1);
    for (uint32_t i = 0; i < info->site_count; i++) {
        const struct trace_site *site = &info->sites[i];
        check_text(site->text), check_text(site->file), check_text(site->function);
        if (site->format) check_text(site->format);
        PROPERTY(site->type < info->site_count);
    }
    for (uint32_t i = 0; i < info->thread_count; i++) {
        check_text(info->threads[i].name);
        PROPERTY(info->threads[i].process < info->process_count);
    }
    for (uint32_t i = 0; i < info->process_count; i++) {
        const struct trace_process *process = &info->processes[i];
        check_text(process->path), check_text(process->host);
        check_text(process->executable), check_text(process->command);
    }
}

/* ---- Events ---------------------------------------------------------------------------------------------- */

static void check_task(const struct trace_info *info, const struct trace_task_id *task)
{
    PROPERTY(task->process < info->process_count);
    PROPERTY(task->site < info->site_count);
    PROPERTY(task->id > CAIRN_ID_OFF || task->site == 0);
}

static void check_event(const struct trace_info *info, const struct trace_event *event)
{
    PROPERTY(event->kind <= TRACE_COUNTER);
    PROPERTY(event->thread < info->thread_count || event->kind == TRACE_TASK_OPEN);
    PROPERTY(event->site < info->site_count);
    check_task(info, &event->task);
    check_task(info, &event->other);
    PROPERTY(event->region.site < info->site_count);
    uint32_t thread = event->region.place ? event->region.thread : UINT32_MAX;
    PROPERTY(thread < info->thread_count || thread == UINT32_MAX);
    check_task(info, &event->region.task);
    PROPERTY(event->value.type != CAIRN_I_VALUE_TEXT || event->value.text);
    PROPERTY(event->value.text_bytes <= event->value.text_bytes_full);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    return map_hash_bytes(&word, sizeof word) ^ (hash << 7 | hash >> 57);
}

static uint64_t hash_of_task(uint64_t hash, const struct trace_task_id *task)
{
    return mix(mix(hash, task->id), task->birth);
}

/* What an event says, by content, because tables may be in another order elsewhere. */
static uint64_t hash_of(const struct trace_info *info, const struct trace_event *event)
{
    const struct trace_site *site = &info->sites[event->site];
    uint64_t hash = mix(event->kind, event->time);
    hash = mix(hash, event->thread < info->thread_count ? info->threads[event->thread].tid : 0);
    hash = mix(hash, map_hash_bytes(site->text, strlen(site->text)));
    hash = hash_of_task(hash, &event->task);
    hash = hash_of_task(hash, &event->other);
    /* Explicit times depend on the clock, which may be known better or worse elsewhere. */
    bool explicit = event->kind == TRACE_REGION_AT;
    hash = mix(mix(hash, event->region.place), explicit ? 0 : event->region.birth);
    hash = hash_of_task(hash, &event->region.task);
    hash = mix(hash, event->in_signal_handler);
    hash = mix(mix(hash, event->value.type), event->value.type == CAIRN_I_VALUE_TEXT ? 0 : event->value.u);
    return event->value.text ? mix(hash, map_hash_bytes(event->value.text, event->value.text_bytes)) : hash;
}

static uint32_t tally_of(enum trace_kind kind)
{
    switch (kind) {
    case TRACE_TASK_BEGIN: return CAIRN_TALLY_TASK_BEGIN;
    case TRACE_TASK_END: return CAIRN_TALLY_TASK_END;
    case TRACE_TASK_FAIL: return CAIRN_TALLY_TASK_FAIL;
    case TRACE_REGION_BEGIN: return CAIRN_TALLY_REGION_BEGIN;
    case TRACE_REGION_END: return CAIRN_TALLY_REGION_END;
    case TRACE_REGION_AT: return CAIRN_TALLY_REGION_AT;
    case TRACE_LOG: return CAIRN_TALLY_LOG;
    case TRACE_ATTR: return CAIRN_TALLY_ATTR;
    case TRACE_LINK: return CAIRN_TALLY_LINK;
    case TRACE_COUNTER: return CAIRN_TALLY_COUNTER;
    default: return CAIRN_TALLY_NONE; /* TRACE_REGION_OPEN is none of the program's */
    }
}

/* ---- Once only ------------------------------------------------------------------------------------------- */

/* In which reading the word at an offset was handed out last, and how often: nothing to clear between readings. */
static struct {
    uint32_t reading, times;
} words[1 << 20];
static uint32_t reading;

/* Those of the trace and of the live file are not told apart: each may have an event at an offset. */
static void mark(const struct trace_info *info, const struct trace_event *event)
{
    size_t i = event->offset / 8;
    PROPERTY(event->offset % 8 == 0 && i < sizeof words / sizeof *words);
    words[i].times = words[i].reading == reading ? words[i].times + 1 : 1;
    words[i].reading = reading;
    PROPERTY(words[i].times <= (info->processes[0].live_bytes ? 2u : 1u));
}

static bool is_of_structure(const char *name)
{
    static const char *const names[] = {"damaged_head", "damaged_block", "damaged_record", "duplicate_chunk",
                                        "truncated"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) return true;
    return false;
}

static void count_findings(const struct trace_info *info, struct events_read *read)
{
    for (uint32_t i = 0; i < info->diagnostics->count; i++) {
        const struct trace_diagnostic *item = &info->diagnostics->items[i];
        check_text(item->name), check_text(item->advice), check_text(item->example);
        PROPERTY(item->count);
        read->damage += item->severity == TRACE_DAMAGE;
        read->file_damage += is_of_structure(item->name);
        read->has_no_blocks |= !strcmp(item->name, "damaged_block");
    }
}

bool events_read(struct trace_source *source, struct trace_sink *sink, struct events_read *read)
{
    const struct trace_info *info = source->info;
    struct trace_event event;
    int result = 0;
    reading++;
    *read = (struct events_read){0};
    bool good = true;
    while (good && (result = source->next(source, &event, NULL)) > 0) {
        uint32_t tally = tally_of(event.kind);
        check_event(info, &event);
        read->count++;
        read->hash += hash_of(info, &event);
        if (tally != CAIRN_TALLY_NONE) {
            read->tallies[tally]++;
            mark(info, &event);
        }
        if (sink) good = sink->event(sink, &event, NULL) == 0;
    }
    if (!good || result < 0) return false;
    PROPERTY(!memcmp(read->tallies, info->recovered, sizeof read->tallies));
    PROPERTY(source->next(source, &event, NULL) == 0); /* the end is the end */
    count_findings(info, read);
    return true;
}
