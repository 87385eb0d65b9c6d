/* The answers of `cairn series`: what is printed, for programs and for people. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SERIESANSWER_H
#define CAIRN_CLI_SERIESANSWER_H

#include "cli/query.h"

enum series_form { SERIES_TASKS, SERIES_COUNTERS, SERIES_HEAT };

/* As JSON or CSV. JSON of TASKS has the counters too. */
void series_write(const struct question *question, const struct analysis_series *series,
                  enum series_form form);
/* Drawn. TASKS and COUNTERS are one drawing. Returns false if memory ran out. */
bool series_draw(const struct question *question, const struct analysis_series *series,
                 enum series_form form);

/* Of one bucket: finished ones per second, and how many were open on average. */
double series_rate(const struct analysis_series *series, const struct analysis_series_cell *cell,
                   uint32_t bucket);
double series_concurrency(const struct analysis_series *series, const struct analysis_series_cell *cell,
                          uint32_t bucket);

#endif
