/* See concurrency.h. SPDX-License-Identifier: Apache-2.0
 *
 * Arithmetic: the most that were open in an entry's stretch, of those that have ended, is its `most` plus the `more` of
 * it and of all entries before it. `sum` is that of all entries, so that a new stretch, in which none that has ended was
 * open, begins at 0 with `more` = -sum.
 */
#include "analysis/concurrency.h"

#include <stdlib.h>

struct analysis_peak_entry {
    int64_t most, more;
    uint32_t list, before, after; /* neighbours: slot plus one; 0: none */
};

struct analysis_peak_list {
    int64_t front; /* the most in the stretch before the first entry */
    int64_t sum;
    uint32_t first, last; /* slot plus one */
};

/* ---- The window ------------------------------------------------------------------------------------------ */

struct analysis_window analysis_window_of(const struct trace_info *info, const struct analysis_spec *spec)
{
    const struct trace_clock *clock = &info->clock;
    uint64_t start = clock->base_ticks; /* where instants are shown from */
    struct analysis_window window = {info->begin_ticks, info->end_ticks};
    uint64_t from = spec && spec->from_ns ? start + trace_clock_ticks(clock, spec->from_ns) : 0;
    uint64_t to = spec && spec->to_ns ? start + trace_clock_ticks(clock, spec->to_ns) : UINT64_MAX;
    if (info->window_begin_ticks > window.begin) window.begin = info->window_begin_ticks;
    if (from > window.begin) window.begin = from;
    if (to < window.end) window.end = to;
    if (window.begin > window.end) window.begin = window.end;
    return window;
}

double analysis_load_rate(const struct analysis_window *window, uint64_t finished,
                          const struct trace_clock *clock)
{
    double ns = (double)trace_clock_ns(clock, window->end - window->begin);
    return ns > 0 ? (double)finished / ns * 1e9 : 0;
}

double analysis_load_mean(const struct analysis_window *window, const struct analysis_load *load)
{
    uint64_t ticks = window->end - window->begin;
    return ticks ? (double)load->open_ticks / (double)ticks : 0;
}

/* ---- The peak -------------------------------------------------------------------------------------------- */

bool analysis_peaks_init(struct analysis_peaks *peaks, uint32_t site_count)
{
    peaks->site_count = site_count;
    peaks->list_of_site = calloc((size_t)site_count + 1, sizeof *peaks->list_of_site);
    return peaks->list_of_site;
}

void analysis_peaks_free(struct analysis_peaks *peaks)
{
    free(peaks->list_of_site);
    vector_free(&peaks->lists);
    vector_free(&peaks->entries);
    analysis_names_free(&peaks->types);
}

/* UINT32_MAX if memory ran out. */
static uint32_t list_of_type(struct analysis_peaks *peaks, const char *type)
{
    uint32_t number = analysis_names_number(&peaks->types, type);
    if (number == peaks->lists.count && !vector_push(&peaks->lists, (struct analysis_peak_list){0}))
        return UINT32_MAX;
    return number;
}

static uint32_t list_of_task(struct analysis_peaks *peaks, const struct trace_info *info,
                             const struct trace_task_id *task)
{
    const char *type = analysis_type_of_task(info, task);
    if (task->id == CAIRN_ID_OFF || task->site >= peaks->site_count) return list_of_type(peaks, type);
    uint32_t *known = &peaks->list_of_site[task->site];
    if (!*known) *known = list_of_type(peaks, type) + 1; /* 0 again if memory ran out */
    return *known - 1;
}

static bool reserve_entry(struct analysis_peaks *peaks, uint32_t slot)
{
    while (peaks->entries.count <= slot)
        if (!vector_push(&peaks->entries, (struct analysis_peak_entry){0})) return false;
    return true;
}

bool analysis_peaks_open(struct analysis_peaks *peaks, uint32_t slot, const struct trace_info *info,
                         const struct trace_task_id *task, bool was_open)
{
    uint32_t number = list_of_task(peaks, info, task);
    if (number == UINT32_MAX || !reserve_entry(peaks, slot)) return false;
    struct analysis_peak_entry *entries = peaks->entries.items;
    struct analysis_peak_list *list = &peaks->lists.items[number];
    struct analysis_peak_entry entry = {.list = number};
    if (was_open) { /* the stretch before the first is all its own */
        entry.most = list->front;
        entry.after = list->first;
        list->front = 0;
    } else {
        entry.more = -list->sum;
        entry.before = list->last;
        list->sum = 0;
    }
    entries[slot] = entry;
    *(entry.before ? &entries[entry.before - 1].after : &list->first) = slot + 1;
    *(entry.after ? &entries[entry.after - 1].before : &list->last) = slot + 1;
    return true;
}

static void raise_to(int64_t *most, int64_t value)
{
    if (value > *most) *most = value;
}

void analysis_peaks_close(struct analysis_peaks *peaks, uint32_t slot, bool counts)
{
    struct analysis_peak_entry *entries = peaks->entries.items, *entry = &entries[slot];
    struct analysis_peak_list *list = &peaks->lists.items[entry->list];
    entry->more += counts;
    list->sum += counts;
    raise_to(entry->before ? &entries[entry->before - 1].most : &list->front, entry->most + entry->more);
    if (entry->after)
        entries[entry->after - 1].more += entry->more;
    else
        list->sum -= entry->more;
    *(entry->before ? &entries[entry->before - 1].after : &list->first) = entry->after;
    *(entry->after ? &entries[entry->after - 1].before : &list->last) = entry->before;
}

uint64_t analysis_peaks_get(const struct analysis_peaks *peaks, uint32_t type)
{
    return type < peaks->lists.count ? (uint64_t)peaks->lists.items[type].front : 0;
}
