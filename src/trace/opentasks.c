/* The list of tasks that were open where a flight recorder's window begins. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Entries are copied, from TASKS blocks or from the table in the live file. There an entry may change while it is
 *    copied: its id is stored last and cleared first, so a copy whose id stands before and after is whole.
 * 2. When sites are known, entries that cannot be are reported and dropped; of several of one id (a death while an
 *    entry moved, a join done twice) the first counts. They are sorted by birth: a parent comes before its children.
 */
#include "trace/tracefile.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <string.h>

/* ---- Collecting -------------------------------------------------------------------------------------- */

static bool add(struct trace_file *file, const struct cairn_open_task *task, const char *path,
                uint64_t offset)
{
    struct trace_open_source source = {
        .task = *task, .path = path, .offset = offset, .order = (uint32_t)file->open_tasks.count};
    return file->open_tasks.count >= UINT32_MAX || vector_push(&file->open_tasks, source);
}

bool trace_open_tasks_collect(struct trace_file *file, const uint8_t *bytes, size_t count, uint64_t offset)
{
    const size_t each = sizeof(struct cairn_open_task);
    if (count % each) {
        trace_diagnose(file->diagnostics, "damaged_record", TRACE_DAMAGE,
                       "A list of call sites or threads is damaged; the rest of that list was skipped.",
                       "%s: at offset %" PRIu64 ": this is no open task", file->path,
                       offset + count - count % each);
    }
    for (size_t at = 0; at + each <= count; at += each)
        if (!add(file, (const void *)(bytes + at), file->path, offset + at)) return false;
    return true;
}

bool trace_open_task_collect_live(struct trace_file *file, const struct cairn_open_task *entry,
                                  uint64_t offset)
{
    struct cairn_open_task copy = {
        .id = atomic_load_acquire(&entry->id)}; /* pairs with the store of the id, last */
    if (!copy.id) return true;
    copy.birth =
        atomic_load_relaxed(&entry->birth); /* relaxed, all: the acquire and the fence hold them between */
    copy.parent_id = atomic_load_relaxed(&entry->parent_id);
    copy.parent_birth = atomic_load_relaxed(&entry->parent_birth);
    copy.flags = atomic_load_relaxed(&entry->flags);
    atomic_fence_seq_cst(); /* the copy is made before the id is looked at again */
    if (atomic_load_relaxed(&entry->id) != copy.id) return true; /* relaxed: only the value counts */
    return add(file, &copy, file->live_path, offset);
}

/* ---- Resolving --------------------------------------------------------------------------------------- */

static bool is_task(const struct trace_file *file, const struct trace_site_table *sites, uint64_t id)
{
    uint32_t number = cairn__id_site(id), site = trace_file_site(file, number);
    if (id <= CAIRN_ID_OFF || !(id >> CAIRN_ID_ROUND_SHIFT)) return false;
    return site && (number == CAIRN_SITE_OTHER || sites->items.items[site].role == CAIRN_I_ROLE_TASK);
}

const char *trace_open_task_wrong(const struct trace_file *file, const struct trace_site_table *sites,
                                  const struct cairn_open_task *task)
{
    if (!is_task(file, sites, task->id)) return "an open task whose id cannot be";
    if (task->parent_id > CAIRN_ID_OFF && !is_task(file, sites, task->parent_id))
        return "a parent's id that cannot be";
    if (task->parent_id <= CAIRN_ID_OFF && task->parent_birth) return "a birth of a parent that is no task";
    return NULL;
}

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_ids(const void *left, const void *right)
{
    const struct trace_open_source *a = left, *b = right;
    return a->task.id != b->task.id ? compare(a->task.id, b->task.id) : compare(a->order, b->order);
}

static int compare_births(const void *left, const void *right)
{
    const struct trace_open_source *a = left, *b = right;
    return a->task.birth != b->task.birth ? compare(a->task.birth, b->task.birth) : compare_ids(left, right);
}

static bool keep(struct trace_file *file, const struct trace_site_table *sites,
                 const struct trace_open_source *source)
{
    const char *wrong = trace_open_task_wrong(file, sites, &source->task);
    if (!wrong) return true;
    trace_diagnose(
        file->diagnostics, "damaged_open_task", TRACE_DAMAGE,
        "An entry in the list of open tasks cannot be; that task is known only as far as its events "
        "are there.",
        "%s: at offset %" PRIu64 ": %s", source->path, source->offset, wrong);
    return false;
}

void trace_open_tasks_resolve(struct trace_file *file, const struct trace_site_table *sites)
{
    struct trace_open_source *items = file->open_tasks.items;
    size_t count = file->open_tasks.count, kept = 0;
    if (count) qsort(items, count, sizeof *items, compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (items[i].task.flags & CAIRN_TASK_ENDED)
            continue; /* kept by the recorder for a begin that is to come */
        bool again = kept && items[kept - 1].task.id == items[i].task.id;
        if (!again && keep(file, sites, &items[i])) items[kept++] = items[i];
    }
    file->open_tasks.count = kept;
    if (kept) qsort(items, kept, sizeof *items, compare_births);
}
