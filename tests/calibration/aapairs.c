/* How often `cairn compare` gives a false alarm on a recorded trace. SPDX-License-Identifier: Apache-2.0
 *
 *     aapairs TRACE [PAIRS [SEED]]
 *
 * Splits the trace's tasks into pairs of sides by random blocks (aapairs.h), of several lengths; compares each pair, paired by
 * time and, as if of two recordings, by blocks, at the level of 5 %, without a least effect, and prints in how many any metric of any type was called, beside the binomial 95 %
 * band. Then plants slowdowns in the most frequent type, and prints how often each was found, and how often another type was
 * called.
 *
 * Recordings differ from run to run, so the exit code goes by a wider band, of one in a million: 1 beyond it. */
#include "aapairs.h"

#include "analysis/tasks.h"

#include <inttypes.h>
#include <string.h>

struct loading {
    struct aapairs pairs;
    const struct trace_info *info;
    struct analysis_names names;
    uint64_t counts[ANALYSIS_BATCH_TYPES_MAX];
};

static bool load_task(void *data, const struct analysis_task *task)
{
    struct loading *loading = data;
    if (task->status == ANALYSIS_UNFINISHED) return true;
    uint32_t type = analysis_names_number(&loading->names, analysis_type_of_task(loading->info, &task->id));
    if (type >= ANALYSIS_BATCH_TYPES_MAX) return false;
    loading->counts[type]++;
    struct analysis_batch_item item = {.type = type,
                                       .begin_ticks = task->id.birth,
                                       .end_ticks = task->end_ticks,
                                       .weight = task->weight,
                                       .failed = task->status == ANALYSIS_FAILED,
                                       .is_root = task->parent.id == 0};
    if (item.begin_ticks > item.end_ticks) item.begin_ticks = item.end_ticks;
    return vector_push(&loading->pairs.items, item);
}

static bool load(struct loading *loading, const char *path)
{
    struct cairn_error error = {0};
    struct analysis_tasks tasks;
    struct trace_source *source = trace_open(path, &error);
    if (!source) return fprintf(stderr, "%s\n", error.text), false;
    loading->info = source->info;
    bool done = analysis_tasks_init(&tasks, source->info, NULL, 0);
    tasks.each = load_task;
    tasks.each_data = loading;
    done = done && analysis_tasks_run(&tasks, source, NULL, NULL, &error) == 0;
    analysis_tasks_free(&tasks);
    source->close(source);
    loading->pairs.types = loading->names.texts.items;
    loading->pairs.type_count = (uint32_t)loading->names.texts.count;
    if (!done) fprintf(stderr, "%s: cannot be read\n", path);
    return done;
}

struct tally {
    unsigned alarms, found, others, paired;
};

static bool run_pairs(struct loading *loading, unsigned count, struct tally *tally)
{
    const char *slow = loading->pairs.types[loading->pairs.slow_type];
    *tally = (struct tally){0};
    for (unsigned i = 0; i < count; i++) {
        static struct aapairs_side sides[2];
        struct analysis_compare compare;
        bool done = aapairs_compare(&loading->pairs, sides, &compare), is_other = false;
        for (size_t k = 0; k < compare.types.count; k++)
            if (strcmp(compare.types.items[k].type, slow) != 0)
                is_other |= aapairs_alarm(&compare, compare.types.items[k].type);
        tally->alarms += aapairs_alarm(&compare, NULL);
        tally->found += aapairs_alarm(&compare, slow);
        tally->others += is_other;
        tally->paired += compare.is_paired;
        aapairs_free(sides, &compare);
        if (!done) return fprintf(stderr, "a pair could not be compared\n"), false;
    }
    return true;
}

static const char *test_name(const struct loading *loading)
{
    return loading->pairs.is_paired ? "by time" : "by blocks";
}

/* Pairs of which nothing differs, by blocks of this many tasks. */
static bool measure(struct loading *loading, uint64_t block, unsigned count)
{
    struct tally tally;
    unsigned low, high, limit, lowest;
    aapairs_band(count, 0.05, 0.025, &low, &high);
    aapairs_band(count, 0.05, 0.5e-6, &lowest, &limit);
    loading->pairs.block = block;
    loading->pairs.slow = 1;
    if (!run_pairs(loading, count, &tally)) return false;
    printf("compared %s, sides of blocks of %" PRIu64 " tasks: %u of %u pairs called (%.1f %%); "
           "95 %% band of 5 %%: %u to %u\n",
           test_name(loading), block, tally.alarms, count, 100.0 * tally.alarms / count, low, high);
    if (loading->pairs.is_paired && tally.paired < count) printf("  paired: %u\n", tally.paired);
    return tally.alarms <= limit;
}

static bool plant(struct loading *loading, uint64_t block, double slow, unsigned count)
{
    struct tally tally;
    loading->pairs.block = block;
    loading->pairs.slow = slow;
    if (!run_pairs(loading, count, &tally)) return false;
    printf("compared %s, sides of blocks of %" PRIu64 ", '%s' %g %% slower: found in %u of %u pairs, "
           "another type called in %u\n",
           test_name(loading), block, loading->pairs.types[loading->pairs.slow_type], 100 * (slow - 1),
           tally.found, count, tally.others);
    return true;
}

static void prepare(struct loading *loading)
{
    for (uint32_t i = 0; i < loading->pairs.type_count; i++)
        if (loading->counts[i] > loading->counts[loading->pairs.slow_type]) loading->pairs.slow_type = i;
    printf("%zu tasks of %u types\n", loading->pairs.items.count, loading->pairs.type_count);
}

/* The greatest power of two of which there are at least 64 blocks a side. */
static uint64_t largest_block(const struct loading *loading)
{
    uint64_t block = 1;
    while (loading->pairs.items.count / (4 * block) >= 32) block *= 2;
    return block;
}

/* The level, for sides of single tasks, as if each went to either at random, and of blocks of several lengths; then what is
 * found. */
static bool run_test(struct loading *loading, unsigned pairs)
{
    uint64_t block = largest_block(loading), lengths[] = {1, block / 16, block / 4, block};
    for (size_t i = 0; i < 4; i++)
        if (!measure(loading, lengths[i] ? lengths[i] : 1, pairs)) return false;
    return plant(loading, 1, 1.02, pairs) && plant(loading, 1, 1.05, pairs) &&
           plant(loading, 1, 1.1, pairs) && plant(loading, block, 1.1, pairs);
}

static bool run_both(struct loading *loading, unsigned pairs)
{
    loading->pairs.is_paired = true;
    if (!run_test(loading, pairs)) return false;
    loading->pairs.is_paired = false;
    return run_test(loading, pairs);
}

int main(int count, char **arguments)
{
    static struct loading loading;
    unsigned pairs = count > 2 ? (unsigned)strtoul(arguments[2], NULL, 10) : 200;
    loading.pairs.random = count > 3 ? strtoull(arguments[3], NULL, 10) : 1;
    if (count < 2 || pairs == 0) return fprintf(stderr, "usage: aapairs TRACE [PAIRS [SEED]]\n"), 2;
    bool done = load(&loading, arguments[1]);
    if (done) {
        prepare(&loading);
        done = run_both(&loading, pairs);
    }
    vector_free(&loading.pairs.items);
    analysis_names_free(&loading.names);
    return done ? 0 : 1;
}
