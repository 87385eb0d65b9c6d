/* See compareside.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/compare/compareside.h"

#include "cairn/cairn.h"

bool analysis_side_init(struct analysis_side *side, const struct trace_info *info)
{
    side->info = info;
    analysis_batches_init(&side->batches, info);
    side->type_of_site = calloc((size_t)info->site_count + 1, sizeof *side->type_of_site);
    return side->type_of_site != NULL;
}

void analysis_side_free(struct analysis_side *side)
{
    free(side->type_of_site);
    analysis_batches_free(&side->batches);
    *side = (struct analysis_side){0};
}

/* Names are looked up once per site: types are few, items are many. */
static uint32_t type_of_site(struct analysis_side *side, uint32_t site)
{
    uint32_t known = site < side->info->site_count ? site : 0;
    if (side->type_of_site[known]) return side->type_of_site[known] - 1;
    uint32_t type = analysis_batches_type(&side->batches, analysis_type_of_site(side->info, known));
    if (type != UINT32_MAX) side->type_of_site[known] = type + 1;
    return type;
}

static bool add(struct analysis_side *side, const struct analysis_batch_item *item, bool is_finished)
{
    if (item->type == UINT32_MAX) return false;
    if (is_finished) return analysis_batches_add(&side->batches, item);
    side->batches.types.items[item->type].unfinished++;
    return true;
}

bool analysis_side_task(void *given, const struct analysis_task *task)
{
    struct analysis_side *side = given;
    struct analysis_batch_item item = {.begin_ticks = task->id.birth,
                                       .end_ticks = task->end_ticks,
                                       .weight = task->weight,
                                       .failed = task->status == ANALYSIS_FAILED,
                                       .is_root = task->parent.id == 0}; /* or its begin is not there */
    item.type = task->id.id == CAIRN_ID_OFF ? analysis_batches_type(&side->batches, ANALYSIS_TYPE_OFF)
                                            : type_of_site(side, task->id.site);
    return add(side, &item, task->status != ANALYSIS_UNFINISHED);
}

bool analysis_side_region(void *given, const struct analysis_region *region)
{
    struct analysis_side *side = given;
    struct analysis_batch_item item = {.type = type_of_site(side, region->id.site),
                                       .begin_ticks = region->id.birth,
                                       .end_ticks = region->end_ticks,
                                       .weight = region->weight,
                                       .failed = region->is_wrong};
    return add(side, &item, region->is_finished);
}
