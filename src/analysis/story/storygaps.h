/* What is around a gap of a story: the last thing before it, the first behind it, and what was open meanwhile.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_ANALYSIS_STORYGAPS_H
#define CAIRN_ANALYSIS_STORYGAPS_H

#include "analysis/story/story.h"

struct analysis_story_gap {
    const struct analysis_story_line *after;  /* that happened, or whose region ended, last; NULL: nothing */
    const struct analysis_story_line *before; /* that comes next; NULL: nothing */
    uint32_t subtask; /* of those that were open all the time, the one that began last; UINT32_MAX: none */
    uint32_t subtask_count; /* how many were open */
    const struct analysis_story_linked
        *linked; /* a linked task that was open, likewise; NULL: none is known */
};

/* Of the line at this index, an ANALYSIS_STORY_GAP of a finished story. Linear in the story, which has few gaps. */
struct analysis_story_gap analysis_story_gap_at(const struct analysis_story *story, size_t index);

#endif
