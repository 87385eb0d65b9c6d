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

union analysis_ids_numbers {
    uint32_t of[PAGE_TASKS];
    union analysis_ids_numbers *next_free;
};

struct analysis_ids_page {
    union analysis_ids_numbers *numbers; /* NULL: no task of the page has one */
    uint32_t number_count;               /* tasks that have one */
    uint8_t flags[PAGE_TASKS * FLAG_BITS / 8];
};

/* Where a page is remembered. Threads take blocks of serials in turn, so that neighbouring pages rarely meet. */
static struct analysis_ids_recent *recent_of(struct analysis_ids *ids, struct map_key key)
{
    uint64_t mixed = (key.a ^ key.b << 32) * UINT64_C(0x9e3779b97f4a7c15);
    return &ids->recent[mixed >> 32 & (ANALYSIS_IDS_RECENT - 1)];
}

static struct analysis_ids_page *look_up_page(struct analysis_ids *ids, struct map_key key)
{
    uint64_t *value = map_get(&ids->pages, key);
    if (!value) return NULL;
    struct analysis_ids_recent *recent = recent_of(ids, key);
    *recent = (struct analysis_ids_recent){key, (struct analysis_ids_page *)(uintptr_t)*value};
    return recent->page;
}

static inline struct analysis_ids_page *find_page(struct analysis_ids *ids, const struct trace_task_id *task)
{
    struct map_key key = {analysis_id_key(task->id) / PAGE_TASKS, task->process, 0};
    const struct analysis_ids_recent *recent = recent_of(ids, key);
    if (recent->page && recent->key.a == key.a && recent->key.b == key.b) return recent->page;
    return look_up_page(ids, key);
}

static struct analysis_ids_page *add_page(struct analysis_ids *ids, const struct trace_task_id *task)
{
    struct map_key key = {analysis_id_key(task->id) / PAGE_TASKS, task->process, 0};
    struct analysis_ids_page *page = arena_alloc(&ids->memory, sizeof *page);
    uint64_t *value = page ? map_put(&ids->pages, key, NULL) : NULL;
    if (!value) return NULL;
    *value = (uint64_t)(uintptr_t)page;
    *recent_of(ids, key) = (struct analysis_ids_recent){key, page};
    return page;
}

static struct analysis_ids_page *page_of(struct analysis_ids *ids, const struct trace_task_id *task)
{
    struct analysis_ids_page *page = find_page(ids, task);
    return page ? page : add_page(ids, task);
}

static unsigned shift_of(uint64_t id)
{
    return id % 2 ? FLAG_BITS : 0;
}

static uint8_t *flags_of(struct analysis_ids_page *page, const struct trace_task_id *task)
{
    return &page->flags[task->id % PAGE_TASKS / 2];
}

unsigned analysis_ids_get(struct analysis_ids *ids, const struct trace_task_id *task)
{
    struct analysis_ids_page *page = find_page(ids, task);
    return page ? *flags_of(page, task) >> shift_of(task->id) & FLAG_MASK : 0;
}

bool analysis_ids_add(struct analysis_ids *ids, const struct trace_task_id *task, unsigned flags)
{
    struct analysis_ids_page *page = page_of(ids, task);
    if (page) *flags_of(page, task) |= (uint8_t)(flags << shift_of(task->id));
    return page;
}

bool analysis_ids_add_new(struct analysis_ids *ids, const struct trace_task_id *task, unsigned flags,
                          unsigned *had)
{
    struct analysis_ids_page *page = page_of(ids, task);
    uint8_t *byte = page ? flags_of(page, task) : NULL;
    *had = byte ? *byte >> shift_of(task->id) & FLAG_MASK : 0;
    if (byte && !*had) *byte |= (uint8_t)(flags << shift_of(task->id));
    return page;
}

/* ---- Numbers ----------------------------------------------------------------------------------- */

static bool has_numbers(struct analysis_ids *ids, struct analysis_ids_page *page)
{
    if (page->numbers) return true;
    page->numbers = ids->free_numbers;
    if (page->numbers) {
        ids->free_numbers = page->numbers->next_free;
        memset(page->numbers, 0, sizeof *page->numbers);
    } else {
        page->numbers = arena_alloc(&ids->memory, sizeof *page->numbers);
    }
    return page->numbers;
}

static void drop_numbers(struct analysis_ids *ids, struct analysis_ids_page *page)
{
    page->numbers->next_free = ids->free_numbers;
    ids->free_numbers = page->numbers;
    page->numbers = NULL;
}

bool analysis_ids_number(struct analysis_ids *ids, const struct trace_task_id *task, uint32_t number)
{
    struct analysis_ids_page *page = page_of(ids, task);
    if (!page || !has_numbers(ids, page)) return false;
    uint32_t *its = &page->numbers->of[task->id % PAGE_TASKS];
    page->number_count += (number != 0) - (*its != 0);
    *its = number;
    if (!page->number_count) drop_numbers(ids, page);
    return true;
}

uint32_t analysis_ids_number_of(struct analysis_ids *ids, const struct trace_task_id *task)
{
    const struct analysis_ids_page *page = find_page(ids, task);
    return page && page->numbers ? page->numbers->of[task->id % PAGE_TASKS] : 0;
}

void analysis_ids_free(struct analysis_ids *ids)
{
    map_free(&ids->pages);
    arena_free(&ids->memory);
    memset(ids->recent, 0, sizeof ids->recent);
    ids->free_numbers = NULL;
}
