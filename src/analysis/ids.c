/* See ids.h. SPDX-License-Identifier: Apache-2.0 */
#include "analysis/ids.h"

#include "cairn/cairn.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_MASK ((UINT64_C(1) << CAIRN_ID_SERIAL_BITS) - 1)
enum { ROUND_MAX = 255 };

static uint64_t round_of(uint64_t id)
{
    return id >> CAIRN_ID_ROUND_SHIFT;
}

uint64_t analysis_id_key(uint64_t id)
{
    return round_of(id) << CAIRN_ID_ROUND_SHIFT | (id & SERIAL_MASK);
}

bool analysis_id_equal(const struct trace_task_id *one, const struct trace_task_id *other)
{
    return one->process == other->process && analysis_id_key(one->id) == analysis_id_key(other->id);
}

/* ---- As text ----------------------------------------------------------------------------------- */

/* 0, which no task has, if the head of the file is damaged: each id then tells its round. */
static uint64_t round_of_process(const struct trace_info *info, uint32_t process)
{
    uint32_t round = process < info->process_count ? info->processes[process].round : 0;
    return round <= ROUND_MAX ? round : 0;
}

char *analysis_id_text(char text[ANALYSIS_ID_TEXT_BYTES], const struct trace_info *info,
                       const struct trace_task_id *task)
{
    char process[16] = "", round[8] = "";
    if (info->process_count > 1) snprintf(process, sizeof process, "%" PRIu32 ":", task->process + 1);
    if (round_of(task->id) != round_of_process(info, task->process))
        snprintf(round, sizeof round, "r%u", (unsigned)round_of(task->id));
    if (task->id == 0)
        snprintf(text, ANALYSIS_ID_TEXT_BYTES, "%sbackground", process);
    else if (task->id == CAIRN_ID_OFF)
        snprintf(text, ANALYSIS_ID_TEXT_BYTES, "%soff", process);
    else
        snprintf(text, ANALYSIS_ID_TEXT_BYTES, "%s%" PRIx64 "%s", process, task->id & SERIAL_MASK, round);
    return text;
}

static int not_an_id(struct cairn_error *error, const char *text)
{
    return cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                            "'%s' is not a task id. Ids look like 7f3, 2:7f3 or 7f3r1, as `cairn tasks "
                            "--slowest` and `cairn logs` print them.",
                            text);
}

/* "2:" in front, if it is there. Returns what follows it, or NULL with *error set. */
static const char *parse_process(const char *text, const struct trace_info *info, uint32_t *process,
                                 struct cairn_error *error)
{
    const char *colon = strchr(text, ':');
    if (!colon) {
        *process = 0;
        if (info->process_count <= 1) return text;
        cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                         "The trace holds %" PRIu32 " processes: say whose task it is, as in 1:%s "
                         "(`cairn info` lists them).",
                         info->process_count, text);
        return NULL;
    }
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)*text) || end != colon || errno) return not_an_id(error, text), NULL;
    *process = (uint32_t)number - 1;
    if (number >= 1 && number <= info->process_count) return colon + 1;
    cairn__error_set(error, CAIRN_EINVAL, NULL, CAIRN_ERROR_NOWHERE,
                     "'%s' names process %lu, but the trace holds %" PRIu32 ".", text, number,
                     info->process_count);
    return NULL;
}

/* SERIAL or SERIALrROUND. */
static bool parse_serial(const char *text, uint64_t round, uint64_t *id)
{
    if (!isxdigit((unsigned char)*text)) return false;
    char *end;
    errno = 0;
    uint64_t serial = strtoull(text, &end, 16);
    if (*end == 'r' && isdigit((unsigned char)end[1])) round = strtoul(end + 1, &end, 10);
    if (*end || errno || serial > SERIAL_MASK || round > ROUND_MAX) return false;
    *id = round << CAIRN_ID_ROUND_SHIFT | serial;
    return true;
}

static bool parse_whole(const char *text, uint64_t *id)
{
    if (!isxdigit((unsigned char)*text)) return false;
    char *end;
    errno = 0;
    *id = strtoull(text, &end, 16);
    return !*end && !errno;
}

int analysis_id_parse(const char *text, const struct trace_info *info, struct trace_task_id *task,
                      struct cairn_error *error)
{
    *task = (struct trace_task_id){0};
    const char *rest = parse_process(text, info, &task->process, error);
    if (!rest) return -1;
    if (strcmp(rest, "background") == 0) return 0;
    if (strcmp(rest, "off") == 0) return task->id = CAIRN_ID_OFF, 0;
    bool whole = strncmp(rest, "0x", 2) == 0;
    bool valid = whole ? parse_whole(rest + 2, &task->id)
                       : parse_serial(rest, round_of_process(info, task->process), &task->id);
    return valid ? 0 : not_an_id(error, text);
}

/* ---- Sets -------------------------------------------------------------------------------------- */

enum { PAGE_TASKS = 128, FLAG_BITS = 4, FLAG_MASK = 15 };

/* Where a page is remembered. Threads take blocks of serials in turn, so that neighbouring pages rarely meet. */
static struct analysis_ids_recent *recent_of(struct analysis_ids *ids, struct map_key key)
{
    uint64_t mixed = (key.a ^ key.b << 32) * UINT64_C(0x9e3779b97f4a7c15);
    return &ids->recent[mixed >> 32 & (ANALYSIS_IDS_RECENT - 1)];
}

static uint8_t *find_page(struct analysis_ids *ids, struct map_key key)
{
    struct analysis_ids_recent *recent = recent_of(ids, key);
    if (recent->page && recent->key.a == key.a && recent->key.b == key.b) return recent->page;
    uint64_t *value = map_get(&ids->pages, key);
    if (!value) return NULL;
    *recent = (struct analysis_ids_recent){key, (uint8_t *)(uintptr_t)*value};
    return recent->page;
}

static struct map_key page_of(const struct trace_task_id *task)
{
    return (struct map_key){analysis_id_key(task->id) / PAGE_TASKS, task->process, 0};
}

static unsigned shift_of(uint64_t id)
{
    return id % 2 ? FLAG_BITS : 0;
}

unsigned analysis_ids_get(struct analysis_ids *ids, const struct trace_task_id *task)
{
    const uint8_t *page = find_page(ids, page_of(task));
    return page ? page[task->id % PAGE_TASKS / 2] >> shift_of(task->id) & FLAG_MASK : 0;
}

static uint8_t *add_page(struct analysis_ids *ids, struct map_key key)
{
    uint8_t *page = arena_alloc(&ids->memory, PAGE_TASKS * FLAG_BITS / 8);
    uint64_t *value = page ? map_put(&ids->pages, key, NULL) : NULL;
    if (!value) return NULL;
    *value = (uint64_t)(uintptr_t)page;
    *recent_of(ids, key) = (struct analysis_ids_recent){key, page};
    return page;
}

static uint8_t *byte_of(struct analysis_ids *ids, const struct trace_task_id *task)
{
    struct map_key key = page_of(task);
    uint8_t *page = find_page(ids, key);
    if (!page) page = add_page(ids, key);
    return page ? page + task->id % PAGE_TASKS / 2 : NULL;
}

bool analysis_ids_add(struct analysis_ids *ids, const struct trace_task_id *task, unsigned flags)
{
    uint8_t *byte = byte_of(ids, task);
    if (byte) *byte |= (uint8_t)(flags << shift_of(task->id));
    return byte;
}

bool analysis_ids_add_new(struct analysis_ids *ids, const struct trace_task_id *task, unsigned flags,
                          unsigned *had)
{
    uint8_t *byte = byte_of(ids, task);
    *had = byte ? *byte >> shift_of(task->id) & FLAG_MASK : 0;
    if (byte && !*had) *byte |= (uint8_t)(flags << shift_of(task->id));
    return byte;
}

void analysis_ids_free(struct analysis_ids *ids)
{
    map_free(&ids->pages);
    arena_free(&ids->memory);
    memset(ids->recent, 0, sizeof ids->recent);
}
