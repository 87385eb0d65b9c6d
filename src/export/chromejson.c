/* Lines of Chrome's trace-event JSON. SPDX-License-Identifier: Apache-2.0 */
#include "export/chromejson.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PID_BITS = 22 }; /* Linux has no pid or tid of more */

static void put_time(FILE *out, const char *key, int64_t ns)
{
    fprintf(out, ",\"%s\":%" PRId64 ".%03" PRId64, key, ns / 1000, ns % 1000);
}

static void put_head(struct chrome_lines *lines, char phase, struct chrome_place place)
{
    fputs(lines->has_lines ? ",\n" : "\n", lines->out);
    lines->has_lines = true;
    fprintf(lines->out, "{\"ph\":\"%c\",\"pid\":%" PRIu64 ",\"tid\":%" PRIu64, phase, place.pid, place.tid);
}

void chrome_line(struct chrome_lines *lines, char phase, const char *category, struct chrome_place place,
                 int64_t ns)
{
    put_head(lines, phase, place);
    if (category) fprintf(lines->out, ",\"cat\":\"%s\"", category);
    put_time(lines->out, "ts", ns);
}

void chrome_line_metadata(struct chrome_lines *lines, const char *name, struct chrome_place place)
{
    put_head(lines, 'M', place);
    chrome_name(lines, name);
}

void chrome_name(struct chrome_lines *lines, const char *name)
{
    fputs(",\"name\":", lines->out);
    struct json json = {.out = lines->out, .compact = true};
    json_text(&json, name);
}

void chrome_duration(struct chrome_lines *lines, int64_t ns)
{
    put_time(lines->out, "dur", ns);
}

void chrome_id(struct chrome_lines *lines, uint64_t id)
{
    fprintf(lines->out, ",\"id2\":{\"local\":\"0x%" PRIx64 "\"}", id);
}

void chrome_flow(struct chrome_lines *lines, uint64_t flow, bool is_source)
{
    fprintf(lines->out, ",\"bind_id\":\"0x%" PRIx64 "\",\"flow_%s\":true", flow, is_source ? "out" : "in");
}

void chrome_scope(struct chrome_lines *lines, char scope)
{
    fprintf(lines->out, ",\"s\":\"%c\"", scope);
}

struct json chrome_args(struct chrome_lines *lines)
{
    fputs(",\"args\":", lines->out);
    struct json json = {.out = lines->out, .compact = true};
    json_object(&json);
    return json;
}

void chrome_line_end(struct chrome_lines *lines, struct json *args)
{
    if (args) json_end(args);
    fputc('}', lines->out);
}

/* `number`, or what stands for it if it was given out before or is none. */
static bool make_unique(struct map *used, uint64_t space, uint64_t *number)
{
    bool added;
    uint64_t *count = map_put(used, (struct map_key){space, *number, 0}, &added);
    if (!count) return false;
    if (*number == 0 && added) *count = 1; /* 0 is the idle thread to viewers */
    *number += (*count)++ << PID_BITS;
    return true;
}

static bool fill_places(const struct trace_info *info, struct map *used, struct chrome_place *processes,
                        struct chrome_place *threads)
{
    for (uint32_t i = 0; i < info->process_count; i++) {
        processes[i].pid = info->processes[i].pid;
        if (!make_unique(used, UINT64_MAX, &processes[i].pid)) return false;
        processes[i].tid = processes[i].pid;
    }
    for (uint32_t i = 0; i < info->thread_count; i++) {
        uint32_t process = info->threads[i].process;
        threads[i].pid = process < info->process_count ? processes[process].pid : 0;
        threads[i].tid = info->threads[i].tid;
        if (!make_unique(used, threads[i].pid, &threads[i].tid)) return false;
    }
    return true;
}

bool chrome_places_make(const struct trace_info *info, struct chrome_place **processes,
                        struct chrome_place **threads)
{
    struct map used = {0};
    *processes = calloc((size_t)info->process_count + 1, sizeof **processes);
    *threads = calloc((size_t)info->thread_count + 1, sizeof **threads);
    bool made = *processes && *threads && fill_places(info, &used, *processes, *threads);
    map_free(&used);
    return made;
}
