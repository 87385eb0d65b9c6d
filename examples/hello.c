/* The smallest annotated program: a coffee bar. SPDX-License-Identifier: Apache-2.0
 *
 *     cairn record -o hello -- build/hello && cairn tasks hello.cairn
 *
 * The five lines that matter stand in `serve`; the rest is the work that they measure.
 */
#include <cairn/cairn.h>

#include <stdio.h>

/* Heats milk in small steps until it is hot enough: the bigger the cup, the longer it takes. */
static double steam_milk(unsigned millilitres)
{
    double celsius = 5;
    while (celsius < 65) celsius += (100 - celsius) * 0.1 / millilitres;
    return celsius;
}

static double serve(unsigned millilitres)
{
    cairn_task order = cairn_task_begin(CAIRN_BACKGROUND, "order");
    cairn_region milk = cairn_region_begin(order, "steam milk");
    double celsius = steam_milk(millilitres);
    cairn_region_end(milk);
    cairn_logf(order, "barista", "%u ml at %.1f degrees", millilitres, celsius);
    cairn_task_end(order);
    return celsius;
}

int main(void)
{
    double sum = 0;
    for (unsigned cup = 0; cup < 1000; cup++) sum += serve(100 + cup % 7 * 50);
    printf("served 1000 cups at %.1f degrees\n", sum / 1000);
    return 0;
}
