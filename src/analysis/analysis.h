/* The face of src/analysis: sinks whose result is an answer. SPDX-License-Identifier: Apache-2.0
 *
 *     source ──► tasks, regions, groups, tree, series, flame, story (each a sink) ──► rows, stacks, lines
 *                  └─ asks ─► filter ◄─ its own first pass, if it needs one
 *
 * A sink takes events in the order of time and has its result when it was ended. Everything is in ticks.
 */
#ifndef CAIRN_ANALYSIS_ANALYSIS_H
#define CAIRN_ANALYSIS_ANALYSIS_H

#include "analysis/compare.h"
#include "analysis/compareside.h"
#include "analysis/comparewords.h"
#include "analysis/criticalpath.h"
#include "analysis/concurrency.h"
#include "analysis/details.h"
#include "analysis/explain.h"
#include "analysis/filter.h"
#include "analysis/findingwords.h"
#include "analysis/flame.h"
#include "analysis/groups.h"
#include "analysis/ids.h"
#include "analysis/pathsteps.h"
#include "analysis/regions.h"
#include "analysis/series.h"
#include "analysis/slowtasks.h"
#include "analysis/stats.h"
#include "analysis/story.h"
#include "analysis/storygaps.h"
#include "analysis/tasks.h"
#include "analysis/tasktree.h"

#endif
