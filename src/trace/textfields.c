/* The structs of the format as the text form names them: see textform.h. SPDX-License-Identifier: Apache-2.0 */
#include "trace/textform.h"

#include "cairn/cairn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- Names ------------------------------------------------------------------------------------------- */

static const struct text_name states[] = {{CAIRN_STATE_RECORDING, "recording"},
                                          {CAIRN_STATE_STOPPED, "stopped"},
                                          {CAIRN_STATE_JOINED, "joined"},
                                          {CAIRN_STATE_SNAPSHOT, "snapshot"},
                                          {0}};
static const struct text_name reasons[] = {
    {CAIRN_SNAPSHOT_NONE, "none"},       {CAIRN_SNAPSHOT_CALL, "call"},
    {CAIRN_SNAPSHOT_OUTSIDE, "outside"}, {CAIRN_SNAPSHOT_SIGNAL, "signal"},
    {CAIRN_SNAPSHOT_SLOW, "slow"},       {CAIRN_SNAPSHOT_FAILED, "failed"},
    {CAIRN_SNAPSHOT_OVERDUE, "overdue"}, {0}};
static const struct text_name clocks[] = {
    {CAIRN_CLOCK_TSC, "tsc"}, {CAIRN_CLOCK_CNTVCT, "cntvct"}, {CAIRN_CLOCK_MONOTONIC, "monotonic"}, {0}};
static const struct text_name head_flags[] = {{CAIRN_HEAD_LIVE, "live"}, {0}};
static const struct text_name block_flags[] = {
    {CAIRN_BLOCK_SEALED, "sealed"}, {CAIRN_BLOCK_SIDE, "side"}, {0}};
static const struct text_name slot_states[] = {
    {CAIRN_SLOT_FREE, "free"}, {CAIRN_SLOT_OPEN, "open"}, {CAIRN_SLOT_SEALED, "sealed"}, {0}};
static const struct text_name site_flags[] = {{CAIRN_SITE_PUBLISHED, "published"}, {0}};
static const struct text_name roles[] = {{CAIRN_I_ROLE_TASK, "task"},
                                         {CAIRN_I_ROLE_REGION, "region"},
                                         {CAIRN_I_ROLE_LOG, "log"},
                                         {CAIRN_I_ROLE_ATTR, "attr"},
                                         {CAIRN_I_ROLE_COUNTER, "counter"},
                                         {CAIRN_I_ROLE_END, "end"},
                                         {0}};
static const struct text_name value_types[] = {{CAIRN_I_VALUE_NONE, "none"},
                                               {CAIRN_I_VALUE_INT, "int"},
                                               {CAIRN_I_VALUE_UINT, "uint"},
                                               {CAIRN_I_VALUE_FLOAT, "float"},
                                               {CAIRN_I_VALUE_BOOL, "bool"},
                                               {CAIRN_I_VALUE_TEXT, "text"},
                                               {0}};
static const struct text_name tallies[] = {
#define CAIRN_TALLY(number, NAME, name, doc) {number, #name},
#include "format/event.def"
    {0}};
const struct text_name text_block_kinds[] = {
    {CAIRN_BLOCK_EVENTS, "events"},   {CAIRN_BLOCK_SITES, "sites"}, {CAIRN_BLOCK_THREADS, "threads"},
    {CAIRN_BLOCK_ANCHORS, "anchors"}, {CAIRN_BLOCK_TASKS, "tasks"}, {0}};

/* ---- Structs ----------------------------------------------------------------------------------------- */

#define FIELD(type, member, name, form, names)                                                               \
    {                                                                                                        \
        (name), offsetof(struct type, member), sizeof(((struct type *)0)->member), (form), (names)           \
    }
#define PLAIN(type, member) FIELD(type, member, #member, TEXT_NUMBER, NULL)

const struct text_field text_head_fields[] = {
    PLAIN(cairn_file_head, version),
    PLAIN(cairn_file_head, head_bytes),
    FIELD(cairn_file_head, session, "session", TEXT_SESSION, NULL),
    FIELD(cairn_file_head, state, "state", TEXT_NAME, states),
    FIELD(cairn_file_head, flags, "flags", TEXT_FLAGS, head_flags),
    PLAIN(cairn_file_head, pid),
    PLAIN(cairn_file_head, round),
    FIELD(cairn_file_head, clock, "clock", TEXT_NAME, clocks),
    PLAIN(cairn_file_head, error),
    PLAIN(cairn_file_head, start_of_process_ns),
    FIELD(cairn_file_head, start, "start", TEXT_ANCHOR, NULL),
    FIELD(cairn_file_head, last, "last", TEXT_ANCHOR, NULL),
    PLAIN(cairn_file_head, limit_bytes),
    PLAIN(cairn_file_head, data_bytes),
    PLAIN(cairn_file_head, error_ticks),
    PLAIN(cairn_file_head, sites_offset),
    PLAIN(cairn_file_head, sites_bytes),
    PLAIN(cairn_file_head, threads_offset),
    PLAIN(cairn_file_head, threads_bytes),
    PLAIN(cairn_file_head, slots_offset),
    PLAIN(cairn_file_head, slots_bytes),
    FIELD(cairn_file_head, lost, "lost", TEXT_TALLIES, NULL),
    PLAIN(cairn_file_head, first_lost_ticks),
    PLAIN(cairn_file_head, last_lost_ticks),
    PLAIN(cairn_file_head, late_chunks),
    PLAIN(cairn_file_head, sites_overflow),
    PLAIN(cairn_file_head, formats_refused),
    PLAIN(cairn_file_head, threads_overflow),
    PLAIN(cairn_file_head, parent_session),
    PLAIN(cairn_file_head, parent_pid),
    FIELD(cairn_file_head, snapshot_reason, "snapshot_reason", TEXT_NAME, reasons),
    PLAIN(cairn_file_head, window_bytes),
    PLAIN(cairn_file_head, window_ns),
    PLAIN(cairn_file_head, tasks_offset),
    PLAIN(cairn_file_head, tasks_bytes),
    PLAIN(cairn_file_head, tasks_overflow),
    PLAIN(cairn_file_head, snapshot_ticks),
    FIELD(cairn_file_head, snapshot_task_id, "snapshot_task", TEXT_ID, NULL),
    PLAIN(cairn_file_head, snapshot_task_birth),
    PLAIN(cairn_file_head, snapshot_threshold_ns),
    PLAIN(cairn_file_head, snapshots_taken),
    PLAIN(cairn_file_head, snapshots_suppressed),
    PLAIN(cairn_file_head, snapshots_failed),
    FIELD(cairn_file_head, retiring.number, "retiring_number", TEXT_NUMBER, NULL),
    FIELD(cairn_file_head, retiring.thread, "retiring_thread", TEXT_NUMBER, NULL),
    FIELD(cairn_file_head, retiring.before, "retiring_before", TEXT_TALLIES, NULL),
    FIELD(cairn_file_head, retiring.before_until_ticks, "retiring_before_until", TEXT_NUMBER, NULL),
    PLAIN(cairn_file_head, types_changed_ticks),
    FIELD(cairn_file_head, types, "types", TEXT_STRING, NULL),
    FIELD(cairn_file_head, live_path, "live_path", TEXT_STRING, NULL),
    FIELD(cairn_file_head, executable, "executable", TEXT_STRING, NULL),
    FIELD(cairn_file_head, command, "command", TEXT_STRING, NULL),
    FIELD(cairn_file_head, host, "host", TEXT_STRING, NULL),
    FIELD(cairn_file_head, boot_id, "boot_id", TEXT_STRING, NULL),
    PLAIN(cairn_file_head, checksum),
    {0}};

const struct text_field text_block_fields[] = {
    PLAIN(cairn_block_head, magic),
    PLAIN(cairn_block_head, checksum),
    PLAIN(cairn_block_head, bytes),
    FIELD(cairn_block_head, flags, "flags", TEXT_FLAGS, block_flags),
    PLAIN(cairn_block_head, number),
    PLAIN(cairn_block_head, session),
    {0}};

const struct text_field text_chunk_fields[] = {
    PLAIN(cairn_chunk_head, thread),
    PLAIN(cairn_chunk_head, open_count),
    PLAIN(cairn_chunk_head, sequence),
    FIELD(cairn_chunk_head, begin_ticks, "begin", TEXT_NUMBER, NULL),
    FIELD(cairn_chunk_head, end_ticks, "end", TEXT_NUMBER, NULL),
    FIELD(cairn_chunk_head, task_id, "task", TEXT_ID, NULL),
    FIELD(cairn_chunk_head, task_birth, "task_birth", TEXT_NUMBER, NULL),
    {0}};

const struct text_field text_open_fields[] = {FIELD(cairn_open_region, place, "place", TEXT_PLACE, NULL),
                                              PLAIN(cairn_open_region, birth),
                                              FIELD(cairn_open_region, task_id, "task", TEXT_ID, NULL),
                                              PLAIN(cairn_open_region, task_birth),
                                              {0}};

const struct text_field text_slot_fields[] = {PLAIN(cairn_slot_head, magic),
                                              PLAIN(cairn_slot_head, slot_bytes),
                                              FIELD(cairn_slot_head, state, "state", TEXT_NAME, slot_states),
                                              PLAIN(cairn_slot_head, unclean),
                                              PLAIN(cairn_slot_head, next),
                                              {0}};

const struct text_field text_site_fields[] = {
    PLAIN(cairn_site_record, bytes),
    PLAIN(cairn_site_record, number),
    PLAIN(cairn_site_record, line),
    FIELD(cairn_site_record, role, "role", TEXT_NAME, roles),
    FIELD(cairn_site_record, value_type, "value", TEXT_NAME, value_types),
    FIELD(cairn_site_record, flags, "flags", TEXT_FLAGS, site_flags),
    PLAIN(cairn_site_record, one_in),
    PLAIN(cairn_site_record, skipped),
    {0}};

const struct text_field text_thread_fields[] = {
    PLAIN(cairn_thread_record, index),
    PLAIN(cairn_thread_record, tid),
    FIELD(cairn_thread_record, begin_ticks, "begin", TEXT_NUMBER, NULL),
    FIELD(cairn_thread_record, end_ticks, "end", TEXT_NUMBER, NULL),
    FIELD(cairn_thread_record, name, "name", TEXT_STRING, NULL),
    PLAIN(cairn_thread_record, first_lost_ticks),
    PLAIN(cairn_thread_record, last_lost_ticks),
    FIELD(cairn_thread_record, lost, "lost", TEXT_TALLIES, NULL),
    FIELD(cairn_thread_record, overwritten, "overwritten", TEXT_TALLIES, NULL),
    FIELD(cairn_thread_record, overwritten_until_ticks, "overwritten_until", TEXT_NUMBER, NULL),
    {0}};

const struct text_field text_open_task_fields[] = {FIELD(cairn_open_task, id, "id", TEXT_ID, NULL),
                                                   PLAIN(cairn_open_task, birth),
                                                   FIELD(cairn_open_task, parent_id, "parent", TEXT_ID, NULL),
                                                   PLAIN(cairn_open_task, parent_birth),
                                                   PLAIN(cairn_open_task, flags),
                                                   {0}};

const struct text_field text_anchor_fields[] = {
    PLAIN(cairn_anchor, ticks),
    FIELD(cairn_anchor, monotonic_ns, "monotonic", TEXT_NUMBER, NULL),
    FIELD(cairn_anchor, realtime_ns, "realtime", TEXT_NUMBER, NULL),
    {0}};

const char *text_event_payload(uint32_t kind)
{
    static const char *const payloads[CAIRN_EVENT_KINDS] = {
#define CAIRN_EVENT(number, NAME, name, TALLY, payload, doc) [number] = payload,
#include "format/event.def"
    };
    return kind < CAIRN_EVENT_KINDS && payloads[kind] ? payloads[kind] : "";
}

/* ---- Writing ----------------------------------------------------------------------------------------- */

static uint64_t load(const void *at, size_t bytes)
{
    uint64_t value = 0;
    memcpy(&value, at, bytes < sizeof value ? bytes : sizeof value);
    return value;
}

static void write_number(FILE *out, uint64_t value)
{
    fprintf(out, "%" PRIu64, value);
}

static void write_name(FILE *out, const struct text_name *names, uint64_t value)
{
    for (; names->name; names++) {
        if (names->value == value) {
            fputs(names->name, out);
            return;
        }
    }
    write_number(out, value);
}

static void write_flags(FILE *out, const struct text_name *names, uint64_t value)
{
    uint64_t known = 0;
    for (const struct text_name *name = names; name->name; name++) known |= name->value;
    if (!value || value & ~known) {
        write_number(out, value);
        return;
    }
    const char *between = "";
    for (; names->name; names++) {
        if (!(value & names->value)) continue;
        fprintf(out, "%s%s", between, names->name);
        between = "|";
    }
}

void text_write_tallies(FILE *out, const uint64_t counts[CAIRN_TALLY_SLOTS])
{
    const char *between = "";
    for (uint64_t i = 0; i < CAIRN_TALLY_SLOTS; i++) {
        if (!counts[i]) continue;
        fputs(between, out);
        write_name(out, tallies, i);
        fprintf(out, ":%" PRIu64, counts[i]);
        between = ",";
    }
    if (!*between) putc('0', out);
}

static void write_value(FILE *out, const struct text_field *field, const uint8_t *at)
{
    uint64_t words[CAIRN_TALLY_SLOTS];
    uint64_t value = load(at, field->bytes);
    memcpy(words, at, field->bytes < sizeof words ? field->bytes : sizeof words);
    switch (field->form) {
    case TEXT_NUMBER: write_number(out, value); break;
    case TEXT_ID: text_write_id(out, value); break;
    case TEXT_PLACE: text_write_place(out, value); break;
    case TEXT_NAME: write_name(out, field->names, value); break;
    case TEXT_FLAGS: write_flags(out, field->names, value); break;
    case TEXT_ANCHOR: fprintf(out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64, words[0], words[1], words[2]); break;
    case TEXT_SESSION: fprintf(out, "0x%" PRIx64 ",0x%" PRIx64, words[0], words[1]); break;
    case TEXT_TALLIES: text_write_tallies(out, words); break;
    case TEXT_STRING:
        text_write_quoted(out, (const char *)at, strnlen((const char *)at, field->bytes));
        break;
    }
}

void text_fields_write(FILE *out, const struct text_field *fields, const void *object, const void *usual)
{
    for (; fields->name; fields++) {
        const uint8_t *at = (const uint8_t *)object + fields->offset;
        if (!memcmp(at, (const uint8_t *)usual + fields->offset, fields->bytes)) continue;
        fprintf(out, " %s=", fields->name);
        write_value(out, fields, at);
    }
}

/* ---- Reading ----------------------------------------------------------------------------------------- */

static bool read_name(const struct text_name *names, const char *text, uint64_t *value)
{
    for (; names->name; names++) {
        if (strcmp(names->name, text)) continue;
        *value = names->value;
        return true;
    }
    return text_number(text, value);
}

/* Calls for each part of a list; cuts the text. */
static char *next_part(char **at, char separator)
{
    char *part = *at;
    if (!part) return NULL;
    *at = strchr(part, separator);
    if (*at) *(*at)++ = 0;
    return part;
}

static bool read_flags(const struct text_name *names, char *text, uint64_t *value)
{
    *value = 0;
    for (char *part; (part = next_part(&text, '|')) != NULL;) {
        uint64_t flag;
        if (!read_name(names, part, &flag)) return false;
        *value |= flag;
    }
    return true;
}

static bool read_list(char *text, uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *part = next_part(&text, ',');
        if (!part || !text_number(part, &values[i])) return false;
    }
    return !text;
}

bool text_tallies(const char *text, uint64_t counts[CAIRN_TALLY_SLOTS])
{
    char copy[1024], *rest = copy;
    memset(counts, 0, CAIRN_TALLY_SLOTS * sizeof *counts);
    if (!strcmp(text, "0")) return true;
    if (strlen(text) >= sizeof copy) return false;
    strcpy(copy, text);
    for (char *part; (part = next_part(&rest, ',')) != NULL;) {
        uint64_t tally;
        char *name = next_part(&part, ':');
        if (!part || !read_name(tallies, name, &tally) || tally >= CAIRN_TALLY_SLOTS) return false;
        if (!text_number(part, &counts[tally])) return false;
    }
    return true;
}

static bool fits(uint64_t value, size_t bytes)
{
    int64_t as_signed = (int64_t)value;
    return bytes >= 8 || value >> 8 * bytes == 0 ||
           (as_signed < 0 && as_signed >= -((int64_t)1 << (8 * bytes - 1)));
}

static bool read_value(const struct text_field *field, struct text_pair *pair, uint8_t *at)
{
    uint64_t value = 0, words[CAIRN_TALLY_SLOTS];
    bool good = false;
    switch (field->form) {
    case TEXT_NUMBER: good = text_number(pair->value, &value); break;
    case TEXT_ID: good = text_id(pair->value, &value); break;
    case TEXT_PLACE: good = text_place(pair->value, &value); break;
    case TEXT_NAME: good = read_name(field->names, pair->value, &value); break;
    case TEXT_FLAGS: good = read_flags(field->names, pair->value, &value); break;
    case TEXT_ANCHOR: good = read_list(pair->value, words, 3); break;
    case TEXT_SESSION: good = read_list(pair->value, words, 2); break;
    case TEXT_TALLIES: good = text_tallies(pair->value, words); break;
    case TEXT_STRING:
        if (pair->bytes > field->bytes) return false;
        memset(at, 0, field->bytes);
        memcpy(at, pair->value, pair->bytes);
        return true;
    }
    if (!good || (field->bytes <= 8 && !fits(value, field->bytes))) return false;
    memcpy(at, field->bytes <= 8 ? &value : words, field->bytes);
    return true;
}

const char *text_fields_read(struct text_line *line, const struct text_field *fields, void *object)
{
    for (; fields->name; fields++) {
        struct text_pair *pair = text_line_take(line, fields->name);
        if (pair && !read_value(fields, pair, (uint8_t *)object + fields->offset)) return fields->name;
    }
    return NULL;
}
