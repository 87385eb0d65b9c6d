/* Order statistics over repetitions. SPDX-License-Identifier: Apache-2.0
 *
 * Times on a shared machine have a hard lower edge and a long upper tail, so means and deviations say
 * little: everything here is a rank.
 */
#include "bench.h"

#include <stdlib.h>

static int compare_doubles(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double samples_quantile(double *values, size_t count, double q)
{
    qsort(values, count, sizeof *values, compare_doubles);
    const size_t rank = (size_t)ceil(q * (double)count);
    return values[rank == 0 ? 0 : rank - 1];
}

double samples_median(double *values, size_t count)
{
    return samples_quantile(values, count, 0.5);
}

double samples_min(const double *values, size_t count)
{
    double least = values[0];
    for (size_t i = 1; i < count; i++) least = fmin(least, values[i]);
    return least;
}

double samples_max(const double *values, size_t count)
{
    double greatest = values[0];
    for (size_t i = 1; i < count; i++) greatest = fmax(greatest, values[i]);
    return greatest;
}

/* The number of samples below the median is binomial(count, 1/2): the widest pair of ranks that keeps at
 * most 2.5 % on either side. The probability is summed in logarithms, or it would underflow. */
void samples_median_interval(double *values, size_t count, double *low, double *high)
{
    qsort(values, count, sizeof *values, compare_doubles);
    double tail = 0;
    size_t rank = 0;
    while (rank < count / 2) {
        const double n = (double)count, k = (double)rank;
        tail += exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * M_LN2);
        if (tail > 0.025) break;
        rank++;
    }
    const size_t index = rank == 0 ? 0 : rank - 1;
    *low = values[index];
    *high = values[count - 1 - index];
}

void *bench_allocate(size_t count, size_t bytes)
{
    void *const memory = calloc(count, bytes);
    if (memory == NULL) {
        fprintf(stderr, "bench: out of memory (%zu times %zu bytes)\n", count, bytes);
        exit(1);
    }
    return memory;
}
