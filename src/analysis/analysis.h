/* The face of src/analysis: sinks whose result is an answer. SPDX-License-Identifier: Apache-2.0
 *
 *     source ──► tasks, regions, groups, tree, series, flame, story (each a sink) ──► rows, stacks, lines
 *                  └─ asks ─► filter ◄─ selection, a first pass, if it needs one
 *
 * A sink takes events in the order of time and has its result when it was ended. Everything is in ticks.
 */
#ifndef CAIRN_ANALYSIS_ANALYSIS_H
#define CAIRN_ANALYSIS_ANALYSIS_H

#include "analysis/compare/compare.h"
#include "analysis/compare/compareside.h"
#include "analysis/compare/comparewords.h"
#include "analysis/concurrency.h"
#include "analysis/details.h"
#include "analysis/explain/explain.h"
#include "analysis/explain/findingwords.h"
#include "analysis/explain/slowcriterion.h"
#include "analysis/filter/filter.h"
#include "analysis/flame.h"
#include "analysis/filter/missingname.h"
#include "analysis/groups.h"
#include "analysis/ids.h"
#include "analysis/regions.h"
#include "analysis/selection.h"
#include "analysis/series.h"
#include "analysis/stats.h"
#include "analysis/story/criticalpath.h"
#include "analysis/story/pathsteps.h"
#include "analysis/story/story.h"
#include "analysis/story/storygaps.h"
#include "analysis/tasks.h"
#include "analysis/tasktree.h"

#endif
