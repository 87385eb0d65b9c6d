/* See stats.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/stats.h"

#include <inttypes.h>
#include <string.h>

static bool weighted_add(struct histogram *weighted, uint64_t value, uint32_t weight)
{
    uint64_t before = weighted->count;
    if (!histogram_add(weighted, value)) return false;
    weighted->count = before + weight;
    weighted->sum += (histogram_sum)value * (weight - 1);
    weighted->buckets[histogram_bucket(value)] += weight - 1;
    return true;
}

/* What came so far had one weight. */
static bool weighted_begin(struct analysis_stats *stats)
{
    if (!histogram_merge(&stats->weighted, &stats->time)) return false;
    stats->weighted.count *= stats->weight;
    stats->weighted.sum *= stats->weight;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) stats->weighted.buckets[i] *= stats->weight;
    return true;
}

bool analysis_stats_finish(struct analysis_stats *stats, uint64_t duration, uint64_t self, uint32_t weight)
{
    bool is_first = stats->time.count == 0, is_mixed = stats->weighted.count != 0;
    if (is_first) stats->weight = weight;
    if (!is_mixed && weight != stats->weight && !weighted_begin(stats)) return false;
    if (stats->weighted.count && !weighted_add(&stats->weighted, duration, weight)) return false;
    if (!histogram_add(&stats->time, duration)) return false;
    stats->count++;
    stats->self += self;
    stats->estimated += weight;
    stats->estimated_finished += weight;
    stats->estimated_total += (histogram_sum)duration * weight;
    stats->estimated_self += (histogram_sum)self * weight;
    return true;
}

bool analysis_stats_add(struct analysis_stats *stats, const struct histogram *time, histogram_sum self)
{
    if (!histogram_merge(&stats->time, time)) return false;
    stats->weight = 1;
    stats->count += time->count;
    stats->self += self;
    stats->estimated += time->count;
    stats->estimated_finished += time->count;
    stats->estimated_total += time->sum;
    stats->estimated_self += self;
    return true;
}

void analysis_stats_leave(struct analysis_stats *stats, uint32_t weight)
{
    stats->count++;
    stats->unfinished++;
    stats->estimated += weight;
}

void analysis_stats_free(struct analysis_stats *stats)
{
    histogram_free(&stats->time);
    histogram_free(&stats->weighted);
}

/* Sums may pass 64 bits only in traces made to do so. */
static uint64_t sum_ns(const struct trace_clock *clock, histogram_sum ticks)
{
    return trace_clock_ns(clock, ticks > UINT64_MAX ? UINT64_MAX : (uint64_t)ticks);
}

uint64_t analysis_percentile_ns(const struct analysis_stats *stats, const struct trace_clock *clock, double p)
{
    const struct histogram *all = stats->weighted.count ? &stats->weighted : &stats->time;
    return trace_clock_ns(clock, histogram_percentile(all, p));
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
        .before_window = stats->before_window,
        .begin_lost = stats->begin_lost,
        .estimated_count = stats->estimated,
    };
    uint64_t finished = stats->estimated_finished;
    if (finished == 0) return;
    summary->total_ns = sum_ns(clock, stats->time.sum);
    summary->self_ns = sum_ns(clock, stats->self);
    summary->min_ns = trace_clock_ns(clock, stats->time.min);
    summary->mean_ns = sum_ns(clock, (stats->estimated_total + finished / 2) / finished);
    summary->p50_ns = analysis_percentile_ns(stats, clock, 0.5);
    summary->p90_ns = analysis_percentile_ns(stats, clock, 0.9);
    summary->p99_ns = analysis_percentile_ns(stats, clock, 0.99);
    summary->p999_ns = analysis_percentile_ns(stats, clock, 0.999);
    summary->max_ns = trace_clock_ns(clock, stats->time.max);
    summary->estimated_total_ns = sum_ns(clock, stats->estimated_total);
    summary->estimated_self_ns = sum_ns(clock, stats->estimated_self);
}

int analysis_stats_compare(const struct analysis_stats *one, const struct analysis_stats *other)
{
    if (one->estimated_total != other->estimated_total)
        return one->estimated_total > other->estimated_total ? -1 : 1;
    if (one->estimated != other->estimated) return one->estimated > other->estimated ? -1 : 1;
    return 0;
}

/* ---- Names --------------------------------------------------------------------------------------- */

/* Texts of equal hash are told apart by a probe number in the key, so that nothing is ever merged. UINT32_MAX: it has no number,
 * and *key is where it belongs. */
static uint32_t find_name(const struct analysis_names *names, const char *text, struct map_key *key)
{
    *key = (struct map_key){.a = map_hash_bytes(text, strlen(text))};
    for (;; key->b++) {
        const uint64_t *index = map_get(&names->by_hash, *key);
        if (!index) return UINT32_MAX;
        if (strcmp(names->texts.items[*index], text) == 0) return (uint32_t)*index;
    }
}

uint32_t analysis_names_number(struct analysis_names *names, const char *text)
{
    struct map_key key;
    uint32_t known = find_name(names, text, &key);
    if (known != UINT32_MAX) return known;
    const char *copy = arena_text(&names->memory, text, strlen(text));
    uint64_t *index = copy ? map_put(&names->by_hash, key, NULL) : NULL;
    if (!index) return UINT32_MAX;
    *index = names->texts.count;
    if (!vector_push(&names->texts, copy)) return map_remove(&names->by_hash, key), UINT32_MAX;
    return (uint32_t)names->texts.count - 1;
}

uint32_t analysis_names_number_within(struct analysis_names *names, const char *text, size_t max,
                                      const char *other)
{
    struct map_key key;
    bool is_beyond = names->texts.count >= max && find_name(names, text, &key) == UINT32_MAX;
    return analysis_names_number(names, is_beyond ? other : text);
}

void analysis_names_free(struct analysis_names *names)
{
    vector_free(&names->texts);
    map_free(&names->by_hash);
    arena_free(&names->memory);
}

bool analysis_is_before_window(const struct trace_info *info, uint32_t process, uint64_t birth)
{
    uint64_t begin = process < info->process_count ? info->processes[process].window_begin_ticks : 0;
    return begin && birth <= begin;
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
