/* Two builds of the library against each other. SPDX-License-Identifier: Apache-2.0
 *
 * 1. For each repetition, run this program twice as a child that takes one sample: once with the library it
 *    is linked with, once with the other in its place (LD_PRELOAD; both have the same soname). Which comes
 *    first alternates.
 * 2. A child measures item and floor interleaved; the change of a repetition is the quotient of the two
 *    ratios, so that what the machine did to both cancels.
 * 3. The median of the changes has a 95 % interval by rank.
 *
 * A process of its own for every sample: where the loader puts things moves a figure by more than what is
 * looked for, so it has to vary within each side.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

struct sample {
    double item_ns, floor_ns;
    char library[512];
};

static bool take_sample(const struct bench_options *options, const char *self, const char *preload,
                        const char *loop, struct sample *sample)
{
    const char *const arguments[] = {
        self, "--cairn", options->cairn, "--directory", options->directory, "--sample", loop, NULL};
    char text[1024];
    if (preload != NULL)
        setenv("LD_PRELOAD", preload, 1);
    else
        unsetenv("LD_PRELOAD");
    const bool ran = children_capture(arguments, text, sizeof text);
    unsetenv("LD_PRELOAD");
    return ran && sscanf(text, "sample\t%lf\t%lf\t%511[^\n]", &sample->item_ns, &sample->floor_ns,
                         sample->library) == 3;
}

/* One repetition: the change from own to other, as a fraction. */
static bool take_change(const struct bench_options *options, const char *self, const char *other,
                        const char *loop, bool other_first, struct sample samples[2], double *change)
{
    for (int turn = 0; turn < 2; turn++) {
        const int side = (turn == 0) == other_first ? 1 : 0;
        if (!take_sample(options, self, side == 1 ? other : NULL, loop, &samples[side])) return false;
    }
    if (strcmp(samples[0].library, samples[1].library) == 0) {
        fprintf(stderr, "bench: both sides run %s: nothing to compare\n", samples[0].library);
        return false;
    }
    *change = samples[1].item_ns / samples[1].floor_ns / (samples[0].item_ns / samples[0].floor_ns) - 1;
    return true;
}

static void print_change(const char *loop, const struct sample samples[2], double *ratios[2], double *changes,
                         size_t count)
{
    double low, high;
    for (int side = 0; side < 2; side++)
        printf("%c: %.4f x floor  %s\n", 'A' + side, samples_median(ratios[side], count),
               samples[side].library);
    samples_median_interval(changes, count, &low, &high);
    const double median = samples_median(changes, count);
    printf("%s, B against A: %+.2f %%, 95 %% interval %+.2f to %+.2f %%, %zu repetitions: %s\n", loop,
           median * 100, low * 100, high * 100, count,
           low > 0    ? "slower"
           : high < 0 ? "faster"
                      : "no difference shown");
}

int compare_run(const struct bench_options *options, const char *self, const char *other, const char *loop)
{
    const size_t count = options->repetitions;
    double *const changes = bench_allocate(count, sizeof *changes);
    double *const ratios[2] = {bench_allocate(count, sizeof(double)), bench_allocate(count, sizeof(double))};
    struct sample samples[2];
    size_t done = 0;
    while (done < count && take_change(options, self, other, loop, done % 2 == 1, samples, &changes[done])) {
        for (int side = 0; side < 2; side++)
            ratios[side][done] = samples[side].item_ns / samples[side].floor_ns;
        done++;
    }
    if (done == count)
        print_change(loop, samples, (double *[2]){ratios[0], ratios[1]}, changes, count);
    else
        fprintf(stderr, "bench: a sample could not be taken\n");
    free(changes);
    free(ratios[0]);
    free(ratios[1]);
    return done == count ? 0 : 1;
}
