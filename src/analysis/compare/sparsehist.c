/* See sparsehist.h. SPDX-License-Identifier: Apache-2.0
 *
 * New words are appended; when as many are unsorted as were in order, all are sorted and those of one bucket joined. */
#include "analysis/compare/sparsehist.h"

#include <assert.h>
#include <string.h>

enum { SUB_BITS = 8, SUB_COUNT = 1 << SUB_BITS, COUNT_BITS = 50, APPENDED_MIN = 8 };

#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

static_assert(((64 - SUB_BITS) << SUB_BITS) <= 1 << (64 - COUNT_BITS), "every bucket has a number");

/* As histogram_bucket: shift * 256 + (value >> shift). */
static unsigned bucket_of(uint64_t value)
{
    unsigned shift = 63u - (unsigned)__builtin_clzll(value | SUB_COUNT) - SUB_BITS;
    return (shift << SUB_BITS) + (unsigned)(value >> shift);
}

/* Whole numbers stand for what rounds to them: bucket edges lie between. */
static double bucket_low(unsigned bucket, double *width)
{
    unsigned shift = bucket < 2 * SUB_COUNT ? 0 : bucket / SUB_COUNT - 1;
    uint64_t low = bucket < 2 * SUB_COUNT ? bucket : (uint64_t)(SUB_COUNT + bucket % SUB_COUNT) << shift;
    *width = (double)(UINT64_C(1) << shift);
    return (double)low - 0.5;
}

static int compare_words(const void *left, const void *right)
{
    uint64_t one = *(const uint64_t *)left, other = *(const uint64_t *)right;
    return (one > other) - (one < other);
}

static void sort(struct sparse_histogram *histogram)
{
    uint32_t kept = 0;
    if (histogram->sorted == histogram->count) return;
    qsort(histogram->words, histogram->count, sizeof *histogram->words, compare_words);
    for (uint32_t i = 0; i < histogram->count; i++) {
        uint64_t word = histogram->words[i];
        if (kept && histogram->words[kept - 1] >> COUNT_BITS == word >> COUNT_BITS)
            histogram->words[kept - 1] += word & COUNT_MASK;
        else
            histogram->words[kept++] = word;
    }
    histogram->count = histogram->sorted = kept;
}

static bool append(struct sparse_histogram *histogram, uint64_t word)
{
    if (histogram->count >= 2 * histogram->sorted + APPENDED_MIN) sort(histogram);
    if (histogram->count == histogram->capacity) {
        uint32_t capacity = histogram->capacity ? 2 * histogram->capacity : APPENDED_MIN;
        uint64_t *grown = realloc(histogram->words, capacity * sizeof *grown);
        if (!grown) return false;
        histogram->words = grown;
        histogram->capacity = capacity;
    }
    histogram->words[histogram->count++] = word;
    return true;
}

bool sparse_histogram_add(struct sparse_histogram *histogram, uint64_t value, uint32_t weight)
{
    return append(histogram, (uint64_t)bucket_of(value) << COUNT_BITS | weight);
}

bool sparse_histogram_merge(struct sparse_histogram *histogram, const struct sparse_histogram *other)
{
    for (uint32_t i = 0; i < other->count; i++)
        if (!append(histogram, other->words[i])) return false;
    return true;
}

void sparse_histogram_seal(struct sparse_histogram *histogram)
{
    sort(histogram);
    for (uint32_t i = 1; i < histogram->count; i++)
        histogram->words[i] += histogram->words[i - 1] & COUNT_MASK;
}

void sparse_histogram_free(struct sparse_histogram *histogram)
{
    free(histogram->words);
    *histogram = (struct sparse_histogram){0};
}

uint64_t sparse_histogram_total(const struct sparse_histogram *histogram)
{
    return histogram->count ? histogram->words[histogram->count - 1] & COUNT_MASK : 0;
}

/* The first word whose bucket does not lie wholly at or below the limit. */
static uint32_t find_word(const struct sparse_histogram *histogram, double limit)
{
    uint32_t low = 0, high = histogram->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        double width, from = bucket_low((unsigned)(histogram->words[middle] >> COUNT_BITS), &width);
        if (from + width <= limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double sparse_histogram_above(const struct sparse_histogram *histogram, double limit)
{
    uint32_t at = find_word(histogram, limit);
    if (at == histogram->count) return 0;
    uint64_t before = at ? histogram->words[at - 1] & COUNT_MASK : 0;
    double inside = (double)((histogram->words[at] & COUNT_MASK) - before);
    double above = (double)(sparse_histogram_total(histogram) - before) - inside;
    double width, low = bucket_low((unsigned)(histogram->words[at] >> COUNT_BITS), &width);
    return above + (limit <= low ? inside : inside * (low + width - limit) / width);
}
