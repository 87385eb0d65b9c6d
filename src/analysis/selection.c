/* See selection.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/selection.h"

#include "cairn/cairn.h"

#include <stdlib.h>

static bool note_task(void *data, const struct analysis_detail *detail)
{
    return analysis_where_note(data, detail);
}

static uint64_t mark_event(void *data, const struct trace_event *event)
{
    return analysis_where_mark(data, event);
}

static void take_info(struct analysis_selection *selection, const struct trace_info *info)
{
    selection->info = *info;
    selection->info.diagnostics = &selection->findings;
}

static int take_event(struct trace_sink *sink, const struct trace_event *event, struct cairn_error *error)
{
    struct trace_sink *details = &((struct analysis_selection *)sink)->details.sink;
    return details->event(details, event, error);
}

static int take_end(struct trace_sink *sink, const struct trace_info *info, struct cairn_error *error)
{
    struct analysis_selection *selection = (struct analysis_selection *)sink;
    take_info(selection, info);
    return selection->details.sink.end(&selection->details.sink, &selection->info, error);
}

bool analysis_selection_init(struct analysis_selection *selection, struct analysis_filter *filter)
{
    struct analysis_where *where = &filter->where;
    *selection = (struct analysis_selection){.sink = {.event = take_event, .end = take_end}};
    take_info(selection, where->info);
    bool done = analysis_details_init(&selection->details, &selection->info, NULL, where->wanted);
    selection->details.each = note_task;
    selection->details.each_data = where;
    selection->details.mark = where->mark_count ? mark_event : NULL;
    selection->details.mark_data = where;
    return done;
}

void analysis_selection_free(struct analysis_selection *selection)
{
    analysis_details_free(&selection->details);
    free(selection->findings.items);
}

int analysis_selection_run(struct analysis_filter *filter, struct trace_source *source,
                           trace_progress *progress, void *data, struct cairn_error *error)
{
    struct analysis_selection selection;
    bool no_text = source->no_text;
    source->no_text = !analysis_filter_needs_text(filter);
    int result = analysis_selection_init(&selection, filter)
                     ? trace_run(source, &selection.sink, progress, data, error)
                     : cairn__error_set(error, CAIRN_ENOMEM, NULL, CAIRN_ERROR_NOWHERE, "Out of memory.");
    source->no_text = no_text;
    analysis_selection_free(&selection);
    return result;
}
