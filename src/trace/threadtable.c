/* Thread records, to the table of threads. SPDX-License-Identifier: Apache-2.0
 *
 * Records come from blocks and from the live file; of several with one index the last counts, but a live one
 * counts more than all, as it is never older. Threads without a record are known from their chunks. Sorting
 * makes the table dense, whatever the indices are.
 *
 * A flight recorder that died while it retired a chunk has left a journal: of the thread concerned the counts from
 * before hold (file->retiring).
 */
#include "trace/tracefile.h"

#include <inttypes.h>
#include <string.h>

#define LIVE_ORDER 0x80000000u

bool trace_threads_collect(struct trace_file *file, const uint8_t *bytes, size_t count, uint64_t offset,
                           bool is_live, bool may_end_amid)
{
    const size_t each = sizeof(struct cairn_thread_record);
    if (count % each && !may_end_amid) {
        trace_diagnose(file->diagnostics, "damaged_record", TRACE_DAMAGE,
                       "A list of call sites or threads is damaged; the rest of that list was skipped.",
                       "%s: at offset %" PRIu64 ": this is no thread record", file->path,
                       offset + count - count % each);
    }
    for (size_t at = 0; at + each <= count; at += each) {
        const struct cairn_thread_record *record = (const void *)(bytes + at);
        if (!record->index) continue;
        struct trace_thread_source source = {.record = record,
                                             .index = record->index,
                                             .order = (is_live ? LIVE_ORDER : 0) + 1 +
                                                      (uint32_t)file->thread_sources.count};
        if (!vector_push(&file->thread_sources, source)) return false;
    }
    return true;
}

static int compare_sources(const void *left, const void *right)
{
    const struct trace_thread_source *a = left, *b = right;
    if (a->index != b->index) return a->index < b->index ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Returns until when. */
static uint64_t fill_overwritten(uint64_t counts[CAIRN_TALLY_SLOTS], const struct trace_file *file,
                                 const struct cairn_thread_record *record)
{
    const struct cairn_retiring *retiring = file->retiring;
    bool journalled = retiring && retiring->thread == record->index;
    memcpy(counts, journalled ? retiring->before : record->overwritten, sizeof record->overwritten);
    return journalled ? retiring->before_until_ticks : record->overwritten_until_ticks;
}

static bool fill(struct trace_thread *thread, struct trace_file *file,
                 const struct cairn_thread_record *record)
{
    *thread = (struct trace_thread){.process = file->process, .name = ""};
    if (!record) return true;
    thread->tid = record->tid;
    thread->name = arena_text(file->arena, record->name, strnlen(record->name, sizeof record->name));
    thread->begin_ticks = trace_file_ticks(file, record->begin_ticks);
    thread->end_ticks = trace_file_ticks(file, record->end_ticks);
    memcpy(thread->lost, record->lost, sizeof thread->lost);
    thread->first_lost_ticks = trace_file_ticks(file, record->first_lost_ticks);
    thread->last_lost_ticks = trace_file_ticks(file, record->last_lost_ticks);
    uint64_t until = fill_overwritten(thread->overwritten, file, record);
    thread->overwritten_until_ticks = trace_file_ticks(file, until);
    if (until > file->window_begin_ticks) file->window_begin_ticks = until;
    return thread->name;
}

/* Chunks are sorted by thread: one source for each, before all records, suffices. */
static bool add_from_chunks(struct trace_file *file)
{
    for (size_t i = 0; i < file->chunks.count; i++) {
        uint32_t index = file->chunks.items[i].thread;
        if (i && file->chunks.items[i - 1].thread == index) continue;
        struct trace_thread_source source = {.index = index};
        if (!vector_push(&file->thread_sources, source)) return false;
    }
    return true;
}

/* The sources of one index stand together; that with a record of the greatest order is last. */
static bool add_threads(struct trace_thread_table *table, struct trace_file *file)
{
    size_t chunk = 0;
    for (size_t i = 0; i < file->thread_sources.count; i++) {
        const struct trace_thread_source *source = &file->thread_sources.items[i];
        bool last = i + 1 == file->thread_sources.count || source[1].index != source->index;
        if (!last) continue;
        struct trace_thread thread;
        if (!fill(&thread, file, source->record)) return false;
        uint32_t index = (uint32_t)table->items.count;
        if (!vector_push(&table->items, thread)) return false;
        for (; chunk < file->chunks.count && file->chunks.items[chunk].thread == source->index; chunk++) {
            file->chunks.items[chunk].thread = index;
        }
    }
    return true;
}

bool trace_threads_resolve(struct trace_thread_table *table, struct trace_file *file)
{
    if (!add_from_chunks(file)) return false;
    if (file->thread_sources.count) {
        qsort(file->thread_sources.items, file->thread_sources.count, sizeof *file->thread_sources.items,
              compare_sources);
    }
    file->first_thread = (uint32_t)table->items.count;
    if (!add_threads(table, file)) return false;
    file->thread_count = (uint32_t)table->items.count - file->first_thread;
    return true;
}
