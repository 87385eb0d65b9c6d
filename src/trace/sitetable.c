/* Site records, to the table of sites. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Records are collected by reference, from blocks and from the live file.
 * 2. When all are known, each file gets a list from number to index; texts are copied, terminated. Of several
 *    records of a number the first counts, but for sampling, which later ones know better.
 * 3. When all files are in, equal texts of a role get one type number, by sorting.
 */
#include "trace/tracefile.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <string.h>

/* ---- Collecting -------------------------------------------------------------------------------------- */

static size_t text_bytes(const struct cairn_site_record *record)
{
    return (size_t)record->text_bytes + record->format_bytes + record->file_bytes + record->function_bytes;
}

static bool plausible(const struct cairn_site_record *record, size_t room)
{
    return record->bytes <= room && record->bytes % 8 == 0 &&
           record->bytes >= sizeof *record + text_bytes(record) && record->number &&
           record->number <= CAIRN_SITE_MAX;
}

static void damaged_records(struct trace_file *file, uint64_t offset, const char *what)
{
    trace_diagnose(file->diagnostics, "damaged_record", TRACE_DAMAGE,
                   "A list of call sites or threads is damaged; the rest of that list was skipped.",
                   "%s: at offset %" PRIu64 ": %s", file->path, offset, what);
}

bool trace_sites_collect(struct trace_file *file, const uint8_t *bytes, size_t count, uint64_t offset,
                         bool is_live, bool may_end_amid)
{
    for (size_t at = 0; at + sizeof(struct cairn_site_record) <= count;) {
        const struct cairn_site_record *record = (const void *)(bytes + at);
        /* acquire: pairs with the release by which a record of a live file is published */
        uint16_t flags = atomic_load_acquire(&record->flags);
        bool published = flags & CAIRN_SITE_PUBLISHED;
        uint32_t record_bytes = atomic_load_relaxed(&record->bytes); /* set once, with the claim */
        /* Records are claimed one behind the other: a zero is the end. The last may reach beyond what there is. */
        if ((is_live && !record_bytes) || (may_end_amid && record_bytes > count - at)) return true;
        if (is_live && !published && record_bytes % 8 == 0 && record_bytes <= count - at) {
            at += record_bytes;
        } else if (!plausible(record, count - at)) {
            damaged_records(file, offset + at, "this is no site record");
            return true;
        } else {
            if (!vector_push(&file->site_sources, ((struct trace_site_source){.record = record})))
                return false;
            at += record->bytes;
        }
    }
    return true;
}

/* ---- Resolving --------------------------------------------------------------------------------------- */

static bool fill(struct trace_site *site, struct arena *arena, const struct cairn_site_record *record)
{
    const char *at = (const char *)(record + 1);
    const char *format = at + record->text_bytes;
    const char *file = format + record->format_bytes;
    *site = (struct trace_site){
        .text = arena_text(arena, at, record->text_bytes),
        .format = record->format_bytes ? arena_text(arena, format, record->format_bytes) : NULL,
        .file = arena_text(arena, file, record->file_bytes),
        .function = arena_text(arena, file + record->file_bytes, record->function_bytes),
        .line = record->line,
        .role = record->role,
        .value_type = record->value_type};
    return site->text && (site->format || !record->format_bytes) && site->file && site->function;
}

/* What was sampled away grows, and may be told from records of different age. */
static void add_sampling(struct trace_site *site, const struct cairn_site_record *record)
{
    if (!site->one_in) site->one_in = record->one_in;
    if (record->skipped > site->skipped) site->skipped = record->skipped;
}

static bool make_numbers(struct trace_file *file)
{
    uint32_t greatest = 0;
    for (size_t i = 0; i < file->site_sources.count; i++) {
        uint32_t number = file->site_sources.items[i].record->number;
        if (number > greatest) greatest = number;
    }
    file->sites.items = calloc((size_t)greatest + 1, sizeof *file->sites.items);
    file->sites.count = file->sites.items ? greatest + 1 : 0;
    return file->sites.items;
}

static bool add_unknown(struct trace_site_table *table)
{
    struct trace_site unknown = {.text = "", .file = "", .function = ""};
    return vector_push(&table->items, unknown);
}

bool trace_sites_resolve(struct trace_site_table *table, struct trace_file *file)
{
    if (!table->items.count && !add_unknown(table)) return false;
    if (!make_numbers(file)) return false;
    for (size_t i = 0; i < file->site_sources.count; i++) {
        const struct cairn_site_record *record = file->site_sources.items[i].record;
        uint32_t *index = &file->sites.items[record->number];
        if (!*index) {
            struct trace_site site;
            if (!fill(&site, file->arena, record)) return false;
            *index = (uint32_t)table->items.count;
            if (!vector_push(&table->items, site)) return false;
        }
        add_sampling(&table->items.items[*index], record);
    }
    return true;
}

/* ---- Types --------------------------------------------------------------------------------------------- */

static int compare_sites(const void *left, const void *right)
{
    const struct trace_site *a = *(struct trace_site *const *)left, *b = *(struct trace_site *const *)right;
    if (a->role != b->role) return a->role < b->role ? -1 : 1;
    return strcmp(a->text, b->text);
}

bool trace_sites_number_types(struct trace_site_table *table)
{
    size_t count = table->items.count;
    struct trace_site **sorted = calloc(count + 1, sizeof *sorted);
    if (!sorted) return false;
    for (size_t i = 0; i < count; i++) sorted[i] = &table->items.items[i];
    qsort(sorted, count, sizeof(struct trace_site *), compare_sites);
    for (size_t i = 1; i < count; i++) {
        const struct trace_site *before = sorted[i - 1];
        if (sorted[i]->role != before->role) continue; /* starts from 0 */
        sorted[i]->type = before->type + (strcmp(sorted[i]->text, before->text) != 0);
    }
    free(sorted);
    return true;
}
