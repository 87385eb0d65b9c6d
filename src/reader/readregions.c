/* Regions, each at its end. SPDX-License-Identifier: Apache-2.0 */
#include "reader/reading.h"

struct each_region {
    const struct cairn_reader *reader;
    cairn_reader_region_callback *each;
    void *data;
    int answer; /* of the last call */
};

/* Of the thread that began it, or ended it: a region does not leave its process. */
static uint32_t process_of(const struct cairn_reader *reader, const struct analysis_region *region)
{
    uint32_t process = reader_process_of(reader, region->id.thread);
    return process != CAIRN_READER_NO_INDEX ? process : reader_process_of(reader, region->end_thread);
}

static cairn_reader_region turn_region(const struct cairn_reader *reader,
                                       const struct analysis_region *region)
{
    return (cairn_reader_region){.id = reader_region_id(&region->id, process_of(reader, region)),
                                 .type = analysis_type_of_site(reader->info, region->id.site),
                                 .task = reader_task_id(&region->id.task),
                                 .task_type = reader_task_type(reader, &region->id.task),
                                 .begin_site = reader_site(reader, region->id.site),
                                 .end_site = reader_site(reader, region->end_site),
                                 .begin_thread = reader_thread(reader, region->id.thread),
                                 .end_thread = reader_thread(reader, region->end_thread),
                                 .begin_ns = reader_instant(reader, region->id.birth),
                                 .duration_ns = reader_duration(reader, analysis_region_duration(region)),
                                 .self_ns = reader_duration(reader, region->self_ticks),
                                 .weight = region->weight,
                                 .is_finished = region->is_finished,
                                 .is_wrong = region->is_wrong};
}

/* Called by the regions sink; false ends the pass. */
static bool tell_region(void *data, const struct analysis_region *region)
{
    struct each_region *all = data;
    cairn_reader_region turned = turn_region(all->reader, region);
    all->answer = all->each(all->data, &turned);
    return all->answer == 0;
}

static int run_regions(struct cairn_reader *reader, struct analysis_regions *regions, struct each_region *all,
                       cairn_reader_error *error)
{
    struct cairn_error trouble = {.offset = CAIRN_ERROR_NOWHERE};
    regions->each = tell_region;
    regions->each_data = all;
    int result = trace_run(reader->source, &regions->sink, NULL, NULL, &trouble);
    if (all->answer) return all->answer;
    return result == 0 ? 0 : reader_fail(error, &trouble);
}

int cairn_reader_regions_each(cairn_reader *reader, const cairn_reader_query *query,
                              cairn_reader_error *error, cairn_reader_region_callback *each, void *data)
{
    struct reader_question question = {0};
    struct analysis_regions regions = {0};
    struct each_region all = {.reader = reader, .each = each, .data = data};
    int result = reader_question_begin(&question, reader, ANALYSIS_REGIONS, query, error);
    if (result == 0) {
        reader->source->no_text = true;
        bool ready = analysis_regions_init(&regions, reader->info, reader_question_filter(&question));
        result = ready ? run_regions(reader, &regions, &all, error) : reader_out_of_memory(error);
    }
    analysis_regions_free(&regions);
    reader_question_end(&question);
    return result;
}
