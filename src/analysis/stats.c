/* See stats.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/stats.h"

#include <inttypes.h>
#include <string.h>

bool analysis_stats_finish(struct analysis_stats *stats, uint64_t duration, uint64_t self)
{
    if (!histogram_add(&stats->time, duration)) return false;
    stats->count++;
    stats->self += self;
    return true;
}

/* Sums may pass 64 bits only in traces made to do so. */
static uint64_t sum_ns(const struct trace_clock *clock, histogram_sum ticks)
{
    return trace_clock_ns(clock, ticks > UINT64_MAX ? UINT64_MAX : (uint64_t)ticks);
}

static uint64_t percentile_ns(const struct trace_clock *clock, const struct analysis_stats *stats, double p)
{
    return trace_clock_ns(clock, histogram_percentile(&stats->time, p));
}

void analysis_summarize(struct analysis_summary *summary, const struct analysis_stats *stats,
                        const struct trace_clock *clock)
{
    *summary = (struct analysis_summary){
        .count = stats->count,
        .finished = stats->time.count,
        .unfinished = stats->unfinished,
        .errors = stats->errors,
        .begun_before = stats->begun_before,
        .begin_lost = stats->begin_lost,
    };
    if (stats->time.count == 0) return;
    summary->total_ns = sum_ns(clock, stats->time.sum);
    summary->self_ns = sum_ns(clock, stats->self);
    summary->min_ns = trace_clock_ns(clock, stats->time.min);
    summary->mean_ns = sum_ns(clock, (stats->time.sum + stats->time.count / 2) / stats->time.count);
    summary->p50_ns = percentile_ns(clock, stats, 0.5);
    summary->p90_ns = percentile_ns(clock, stats, 0.9);
    summary->p99_ns = percentile_ns(clock, stats, 0.99);
    summary->p999_ns = percentile_ns(clock, stats, 0.999);
    summary->max_ns = trace_clock_ns(clock, stats->time.max);
}

int analysis_stats_compare(const struct analysis_stats *one, const struct analysis_stats *other)
{
    if (one->time.sum != other->time.sum) return one->time.sum > other->time.sum ? -1 : 1;
    if (one->count != other->count) return one->count > other->count ? -1 : 1;
    return 0;
}

/* ---- Names --------------------------------------------------------------------------------------- */

/* Texts of equal hash are told apart by a probe number in the key, so that nothing is ever merged. */
uint32_t analysis_names_number(struct analysis_names *names, const char *text)
{
    struct map_key key = {.a = map_hash_bytes(text, strlen(text))};
    for (;; key.b++) {
        const uint64_t *index = map_get(&names->by_hash, key);
        if (!index) break;
        if (strcmp(names->texts.items[*index], text) == 0) return (uint32_t)*index;
    }
    const char *copy = arena_text(&names->memory, text, strlen(text));
    uint64_t *index = copy ? map_put(&names->by_hash, key, NULL) : NULL;
    if (!index) return UINT32_MAX;
    *index = names->texts.count;
    if (!vector_push(&names->texts, copy)) return map_remove(&names->by_hash, key), UINT32_MAX;
    return (uint32_t)names->texts.count - 1;
}

void analysis_names_free(struct analysis_names *names)
{
    vector_free(&names->texts);
    map_free(&names->by_hash);
    arena_free(&names->memory);
}

const char *analysis_type_of_site(const struct trace_info *info, uint32_t site)
{
    if (site == 0 || site >= info->site_count) return ANALYSIS_TYPE_UNKNOWN;
    return analysis_site_text(info, site);
}

const char *analysis_type_of_task(const struct trace_info *info, const struct trace_task_id *task)
{
    if (task->id == 0) return "(background)";
    if (task->id == CAIRN_ID_OFF) return ANALYSIS_TYPE_OFF;
    return analysis_type_of_site(info, task->site);
}

const char *analysis_site_text(const struct trace_info *info, uint32_t site)
{
    const char *text = site < info->site_count ? info->sites[site].text : NULL;
    return text ? text : "";
}

const char *analysis_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *analysis_place_text(char text[ANALYSIS_PLACE_BYTES], const struct trace_info *info, uint32_t site)
{
    const struct trace_site *at = site && site < info->site_count ? &info->sites[site] : NULL;
    if (!at || !at->file || !*at->file)
        snprintf(text, ANALYSIS_PLACE_BYTES, "unknown place");
    else if (at->function && *at->function)
        snprintf(text, ANALYSIS_PLACE_BYTES, "%s:%" PRIu32 " (%s)", analysis_base_name(at->file), at->line,
                 at->function);
    else
        snprintf(text, ANALYSIS_PLACE_BYTES, "%s:%" PRIu32, analysis_base_name(at->file), at->line);
    return text;
}

char *analysis_thread_text(char text[ANALYSIS_THREAD_BYTES], const struct trace_info *info, uint32_t thread)
{
    const struct trace_thread *at = thread < info->thread_count ? &info->threads[thread] : NULL;
    if (!at)
        snprintf(text, ANALYSIS_THREAD_BYTES, "unknown thread");
    else if (at->name && *at->name)
        snprintf(text, ANALYSIS_THREAD_BYTES, "%s", at->name);
    else
        snprintf(text, ANALYSIS_THREAD_BYTES, "thread %" PRIu32, at->tid);
    return text;
}

/* ---- Recent ends --------------------------------------------------------------------------------- */

static size_t recent_slot(uint64_t key, uint64_t process)
{
    return (size_t)(((key ^ process << 20) * UINT64_C(0x9e3779b97f4a7c15)) >> 52) % ANALYSIS_RECENT;
}

void analysis_recent_put(struct analysis_recent *recent, uint64_t key, uint64_t process, uint32_t site,
                         uint32_t thread)
{
    recent->ends[recent_slot(key, process)] = (struct analysis_recent_end){key, process, site, thread};
}

const struct analysis_recent_end *analysis_recent_get(const struct analysis_recent *recent, uint64_t key,
                                                      uint64_t process)
{
    const struct analysis_recent_end *end = &recent->ends[recent_slot(key, process)];
    return end->key == key && end->process == process ? end : NULL;
}
