/* What the events of the Chrome export tell in their arguments. SPDX-License-Identifier: Apache-2.0 */
#include "export/chrome.h"

#include "analysis/stats.h"
#include "cairn/cairn.h"

#include <stdio.h>

const struct trace_site *chrome_site(const struct chrome *chrome, uint32_t site)
{
    static const struct trace_site unknown = {.text = "", .file = "", .function = ""};
    return site < chrome->info->site_count ? &chrome->info->sites[site] : &unknown;
}

struct chrome_place chrome_place_of(const struct chrome *chrome, uint32_t thread, uint32_t process)
{
    if (thread < chrome->info->thread_count) return chrome->threads[thread];
    if (process < chrome->info->process_count) return chrome->processes[process];
    return (struct chrome_place){0, 0};
}

struct thread_state *chrome_thread_state(struct chrome *chrome, uint32_t thread)
{
    return thread < chrome->info->thread_count ? &chrome->states[thread] : NULL;
}

int64_t chrome_ns(const struct chrome *chrome, uint64_t ticks)
{
    int64_t ns = trace_clock_since_start_ns(&chrome->info->clock, ticks);
    return ns > 0 ? ns : 0;
}

bool chrome_is_task(const struct trace_task_id *id)
{
    return id->id != 0 && id->id != CAIRN_ID_OFF;
}

void chrome_put_site(struct json *args, const struct chrome *chrome, const char *key, uint32_t site)
{
    if (!*chrome_site(chrome, site)->file) return;
    char text[ANALYSIS_PLACE_BYTES];
    json_key(args, key), json_text(args, analysis_place_text(text, chrome->info, site));
}

void chrome_put_task(struct json *args, const struct chrome *chrome, const char *key,
                     const struct trace_task_id *id)
{
    char short_id[ANALYSIS_ID_TEXT_BYTES], text[256];
    if (chrome_is_task(id))
        snprintf(text, sizeof text, "%.200s %s", analysis_type_of_task(chrome->info, id),
                 analysis_id_text(short_id, chrome->info, id));
    else
        snprintf(text, sizeof text, "%s", analysis_type_of_task(chrome->info, id));
    json_key(args, key), json_text(args, text);
}

static void put_text(struct json *args, const char *key, const struct trace_value *value)
{
    json_key(args, key), json_text_bytes(args, value->text ? value->text : "", value->text_bytes);
    if (value->text_bytes_full <= value->text_bytes) return;
    char full_key[80];
    snprintf(full_key, sizeof full_key, "%.60s (bytes before cut)", key);
    json_key(args, full_key), json_uint(args, value->text_bytes_full);
}

void chrome_put_value(struct json *args, const char *key, const struct trace_value *value)
{
    if (value->type == CAIRN_I_VALUE_TEXT) {
        put_text(args, key, value);
        return;
    }
    json_key(args, key);
    if (value->type == CAIRN_I_VALUE_FLOAT)
        json_double(args, value->f);
    else if (value->type == CAIRN_I_VALUE_BOOL)
        json_bool(args, value->u != 0);
    else if (value->type == CAIRN_I_VALUE_UINT)
        json_uint(args, value->u);
    else
        json_int(args, value->i);
}

void chrome_put_attributes(struct json *args, const struct attributes *attributes)
{
    if (attributes->count == 0) return;
    json_key(args, "attributes"), json_object(args);
    for (size_t i = 0; i < attributes->count; i++)
        chrome_put_value(args, attributes->items[i].key, &attributes->items[i].value);
    json_end(args);
}

/* What tells a begin before the recording. */
void chrome_put_true_begin(struct json *args, const struct chrome *chrome, uint64_t birth)
{
    int64_t ns = trace_clock_since_start_ns(&chrome->info->clock, birth);
    if (ns >= 0) return;
    json_key(args, "begun_before_recording_ns"), json_uint(args, 0 - (uint64_t)ns);
}
