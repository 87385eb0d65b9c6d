/* Regions by what they are nested in: "handle > query". SPDX-License-Identifier: Apache-2.0
 *
 * A stack is a region's type and those of the regions of its task that were open on its thread when it began. Equal
 * stacks have equal numbers.
 */
#ifndef CAIRN_ANALYSIS_PATHSTACKS_H
#define CAIRN_ANALYSIS_PATHSTACKS_H

#include "analysis/story/story.h"

enum { PATH_STACK_LEVELS_MAX = 16 }; /* of a name; what is further out shows as "…" */

struct path_stack {
    uint32_t outer; /* the stack without its innermost type; UINT32_MAX: none */
    uint32_t site;  /* of the first region of the innermost type */
    const char *name;
};

struct path_stacks {
    VECTOR(struct path_stack) items;
    uint32_t *of_line; /* by line of the story; UINT32_MAX if that is no region that lasted */
    struct map numbers;
    struct arena memory;
};

/* False if memory ran out; free it in any case. */
bool path_stacks_make(struct path_stacks *stacks, const struct analysis_story *story);
void path_stacks_free(struct path_stacks *stacks);

/* "handle > query"; NULL if memory ran out. Lives as long as the stacks. */
const char *path_stack_name(struct path_stacks *stacks, const struct trace_info *info, uint32_t stack);

#endif
