/* The validator: every rule of doc/format.md. SPDX-License-Identifier: Apache-2.0
 *
 * 1. Open the file as a reader does; what that finds, damage above all, is a finding here.
 * 2. Check the head, every block and every record.
 * 3. Check the chunks, thread by thread, and every event in them (checkevents.c).
 *
 * A trace that a sound recorder has stopped has no finding. One that is still recorded, or was left by a killed
 * process, has those of its open chunks at most.
 */
#include "cairn/cairn.h"
#include "trace/blockwalk.h"
#include "trace/check.h"

#include <inttypes.h>
#include <string.h>

void trace_check_find(struct trace_check_state *check, const char *part, uint64_t offset, const char *what)
{
    const struct trace_file *file = check->file;
    bool live = check->chunk && check->chunk->live;
    trace_diagnose(file->diagnostics, part, TRACE_DAMAGE,
                   "The file breaks a rule of the format: its writer has a fault, or it was changed.",
                   "%s: at offset %" PRIu64 ": %s", live ? file->live_path : file->path, offset, what);
}

/* ---- The head ---------------------------------------------------------------------------------------- */

/* Characters, then zeros, of which there is at least one. */
static bool clean_string(const char *text, size_t bytes)
{
    size_t length = strnlen(text, bytes);
    return length < bytes && trace_all_zero(text + length, bytes - length);
}

static bool known_tallies_only(const uint64_t counts[CAIRN_TALLY_SLOTS])
{
    return trace_all_zero(counts + CAIRN_TALLIES, (CAIRN_TALLY_SLOTS - CAIRN_TALLIES) * sizeof *counts);
}

#define HEAD_RULE(condition, member, what)                                                                   \
    do {                                                                                                     \
        if (!(condition)) trace_check_find(check, "head", offsetof(struct cairn_file_head, member), (what)); \
    } while (0)

static void check_head_strings(struct trace_check_state *check, const struct cairn_file_head *head)
{
    HEAD_RULE(clean_string(head->live_path, sizeof head->live_path), live_path,
              "live_path is not terminated");
    HEAD_RULE(clean_string(head->executable, sizeof head->executable), executable,
              "executable is not terminated");
    HEAD_RULE(clean_string(head->command, sizeof head->command), command, "command is not terminated");
    HEAD_RULE(clean_string(head->host, sizeof head->host), host, "host is not terminated");
    HEAD_RULE(clean_string(head->boot_id, sizeof head->boot_id), boot_id, "boot_id is not terminated");
    HEAD_RULE(clean_string(head->types, sizeof head->types), types, "types is not terminated");
    HEAD_RULE(trace_all_zero(head->reserved, sizeof head->reserved), reserved, "reserved bytes are not zero");
    HEAD_RULE(!head->reserved_end, reserved_end, "reserved bytes are not zero");
}

/* Which reasons have a task, and which a threshold. */
static bool is_for_task(uint32_t reason)
{
    return reason >= CAIRN_SNAPSHOT_SLOW && reason <= CAIRN_SNAPSHOT_OVERDUE;
}

static void check_flight(struct trace_check_state *check, const struct cairn_file_head *head)
{
    bool is_snapshot = head->state == CAIRN_STATE_SNAPSHOT;
    uint32_t reason = head->snapshot_reason;
    HEAD_RULE(is_snapshot == (reason != CAIRN_SNAPSHOT_NONE) && reason <= CAIRN_SNAPSHOT_OVERDUE,
              snapshot_reason, "a snapshot without a reason, or a reason without a snapshot");
    HEAD_RULE(is_snapshot == (head->snapshot_ticks != 0), snapshot_ticks,
              "a snapshot without its time, or a time without a snapshot");
    HEAD_RULE(is_for_task(reason) == (head->snapshot_task_id > CAIRN_ID_OFF), snapshot_task_id,
              "the task that the snapshot was taken for is missing, or needless");
    HEAD_RULE(head->snapshot_task_id || !head->snapshot_task_birth, snapshot_task_birth,
              "a birth of what is no task");
    HEAD_RULE((is_for_task(reason) && reason != CAIRN_SNAPSHOT_FAILED) || !head->snapshot_threshold_ns,
              snapshot_threshold_ns, "a threshold that nothing exceeded");
    HEAD_RULE(head->window_bytes || (!head->window_ns && !is_snapshot && !head->tasks_overflow), window_bytes,
              "what only a flight recorder has, without a window");
    HEAD_RULE(head->window_bytes ||
                  (!head->snapshots_taken && !head->snapshots_suppressed && !head->snapshots_failed),
              snapshots_taken, "snapshots of what is no flight recorder");
    HEAD_RULE(trace_all_zero(&head->retiring, sizeof head->retiring), retiring,
              "the journal of a live file in a trace");
    HEAD_RULE(!head->parent_session == !head->parent_pid, parent_pid,
              "a parent without a session, or a session without a parent");
}

static void check_head(struct trace_check_state *check)
{
    const struct cairn_file_head *head = (const void *)check->file->mapping.bytes;
    bool closed = head->state != CAIRN_STATE_RECORDING;
    HEAD_RULE(head->head_bytes == CAIRN_FILE_HEAD_BYTES, head_bytes, "head_bytes is not 4096");
    HEAD_RULE(!head->flags, flags, "unknown flags");
    HEAD_RULE(head->session[0] || head->session[1], session, "the session is zero");
    HEAD_RULE(head->round >= 1 && head->round <= 255, round, "the round is not in 1..255");
    HEAD_RULE(head->clock >= CAIRN_CLOCK_TSC && head->clock <= CAIRN_CLOCK_MONOTONIC, clock,
              "an unknown clock");
    HEAD_RULE(head->last.ticks >= head->start.ticks && head->last.monotonic_ns >= head->start.monotonic_ns,
              last, "the last anchor is before the first");
    HEAD_RULE(!closed || head->data_bytes == check->file->mapping.count - head->head_bytes, data_bytes,
              "data_bytes is not the size of what follows the head");
    HEAD_RULE(closed || !head->data_bytes, data_bytes, "data_bytes is not zero while recording");
    HEAD_RULE(!closed ||
                  (!head->sites_bytes && !head->threads_bytes && !head->slots_bytes && !head->sites_offset &&
                   !head->threads_offset && !head->slots_offset && !head->tasks_offset && !head->tasks_bytes),
              sites_offset, "areas of a live file in a closed trace");
    HEAD_RULE(known_tallies_only(head->lost), lost, "losses of an unknown tally");
    HEAD_RULE(!head->first_lost_ticks == !head->last_lost_ticks &&
                  head->first_lost_ticks <= head->last_lost_ticks,
              first_lost_ticks, "the last loss is before the first");
    check_flight(check, head);
    check_head_strings(check, head);
}

/* ---- Records ----------------------------------------------------------------------------------------- */

/* Sampling may be told anew. */
static bool same_site(const struct cairn_site_record *a, const struct cairn_site_record *b)
{
    size_t before = offsetof(struct cairn_site_record, one_in);
    return a->bytes == b->bytes && !memcmp(a, b, before) && !memcmp(a + 1, b + 1, a->bytes - sizeof *a) &&
           (!a->one_in || !b->one_in || a->one_in == b->one_in);
}

static const char *wrong_site(const struct cairn_site_record *record)
{
    size_t texts =
        (size_t)record->text_bytes + record->format_bytes + record->file_bytes + record->function_bytes;
    size_t exact = sizeof *record + texts;
    bool has_value = record->role == CAIRN_I_ROLE_ATTR || record->role == CAIRN_I_ROLE_COUNTER;
    if (record->bytes != (exact + 7) / 8 * 8) return "a site record is larger than its texts";
    if (!trace_all_zero((const uint8_t *)record + exact, record->bytes - exact)) return "padding is not zero";
    if (record->role < CAIRN_I_ROLE_TASK || record->role > CAIRN_I_ROLE_END) return "an unknown role";
    if (record->value_type > CAIRN_I_VALUE_TEXT) return "an unknown type of value";
    if (record->number != CAIRN_SITE_OTHER && has_value != (record->value_type != CAIRN_I_VALUE_NONE)) {
        return "a type of value where there is none, or none where there is one";
    }
    if (record->flags != CAIRN_SITE_PUBLISHED) return "flags are not those of a published site";
    if (record->reserved) return "reserved bytes are not zero";
    if (record->one_in && record->role != CAIRN_I_ROLE_TASK) return "sampling of what is no task";
    if (record->one_in == 1 || (record->skipped && !record->one_in))
        return "tasks were skipped without sampling";
    if (record->format_bytes && record->role != CAIRN_I_ROLE_LOG) return "a format at what is no log";
    return NULL;
}

static uint64_t record_offset(const struct trace_check_state *check, const void *record)
{
    const struct trace_file *file = check->file;
    const uint8_t *at = record;
    bool in_trace = at >= file->mapping.bytes && at < file->mapping.bytes + file->mapping.count;
    return (uint64_t)(at - (in_trace ? file->mapping.bytes : file->live.bytes));
}

static bool check_sites(struct trace_check_state *check)
{
    struct map seen = {0};
    bool good = true;
    for (size_t i = 0; good && i < check->file->site_sources.count; i++) {
        const struct cairn_site_record *record = check->file->site_sources.items[i].record;
        uint64_t offset = record_offset(check, record);
        const char *wrong = wrong_site(record);
        if (wrong) trace_check_find(check, "site", offset, wrong);
        uint64_t *first = map_put(&seen, (struct map_key){record->number, 0, 0}, NULL);
        good = first;
        if (!first) break;
        if (*first && !same_site(check->file->site_sources.items[*first - 1].record, record)) {
            trace_check_find(check, "site", offset, "a number with two definitions");
        }
        if (!*first) *first = i + 1;
    }
    map_free(&seen);
    return good;
}

static const char *wrong_thread(const struct trace_check_state *check,
                                const struct cairn_thread_record *record)
{
    bool any_overwritten = !trace_all_zero(record->overwritten, sizeof record->overwritten);
    if (!trace_all_zero(record->reserved, sizeof record->reserved)) return "reserved words are not zero";
    if (!clean_string(record->name, sizeof record->name)) return "the name is not terminated";
    if (record->end_ticks && record->end_ticks < record->begin_ticks) return "a thread ends before it begins";
    if (!known_tallies_only(record->lost) || !known_tallies_only(record->overwritten))
        return "losses of an unknown tally";
    if (!record->first_lost_ticks != !record->last_lost_ticks ||
        record->first_lost_ticks > record->last_lost_ticks)
        return "the last loss is before the first";
    if (any_overwritten && !record->overwritten_until_ticks) return "overwritten events without their time";
    if (record->overwritten_until_ticks && !check->file->head.window_bytes)
        return "overwritten events without a window";
    return NULL;
}

static void check_threads(struct trace_check_state *check)
{
    for (size_t i = 0; i < check->file->thread_sources.count; i++) {
        const struct cairn_thread_record *record = check->file->thread_sources.items[i].record;
        const char *wrong = record ? wrong_thread(check, record) : NULL;
        if (wrong) trace_check_find(check, "thread", record_offset(check, record), wrong);
    }
}

/* Those that cannot be at all are found by the reader. In a live table an entry may stand twice for a moment. */
static bool check_open_tasks(struct trace_check_state *check)
{
    struct map seen = {0};
    bool good = true;
    for (size_t i = 0; good && i < check->file->open_tasks.count; i++) {
        const struct trace_open_source *source = &check->file->open_tasks.items[i];
        bool added;
        good = map_put(&seen, (struct map_key){source->task.id, 0, 0}, &added);
        if (source->path != check->file->path) continue;
        if (good && !added)
            trace_check_find(check, "open_task", source->offset, "a task that is listed twice");
        if (source->task.flags & CAIRN_TASK_ENDED)
            trace_check_find(check, "open_task", source->offset, "a task that has ended");
        if (source->task.id >> CAIRN_ID_UNSAMPLED_SHIFT & 1)
            trace_check_find(check, "open_task", source->offset, "a task that was not recorded");
        if (!check->file->head.window_bytes)
            trace_check_find(check, "open_task", source->offset, "open tasks without a window");
    }
    map_free(&seen);
    return good;
}

/* ---- Blocks ---------------------------------------------------------------------------------------------- */

static void check_anchors(struct trace_check_state *check, const struct trace_walk_piece *piece,
                          struct cairn_anchor *last)
{
    const struct cairn_anchor *anchors = (const void *)(piece->block + 1);
    size_t count = (piece->count - sizeof *piece->block) / sizeof *anchors;
    if ((piece->count - sizeof *piece->block) % sizeof *anchors) {
        trace_check_find(check, "anchor", piece->offset, "the block has a part of an anchor");
    }
    for (size_t i = 0; i < count; i++) {
        if (anchors[i].ticks < last->ticks || anchors[i].monotonic_ns < last->monotonic_ns) {
            trace_check_find(check, "anchor", piece->offset, "anchors run backwards");
        }
        *last = anchors[i];
    }
}

static void check_block(struct trace_check_state *check, const struct trace_walk_piece *piece)
{
    const struct cairn_block_head *block = piece->block;
    const uint16_t known = CAIRN_BLOCK_SEALED | CAIRN_BLOCK_SIDE;
    bool events = block->kind == CAIRN_BLOCK_EVENTS;
    if (block->flags & ~known || (!events && block->flags & CAIRN_BLOCK_SIDE)) {
        trace_check_find(check, "block", piece->offset, "unknown flags");
    }
    bool may_be_open = events && check->file->head.state == CAIRN_STATE_JOINED;
    if (!(block->flags & CAIRN_BLOCK_SEALED) && !may_be_open) {
        trace_check_find(check, "block", piece->offset, "a block of a trace file is not sealed");
    }
    if (!events && block->number)
        trace_check_find(check, "block", piece->offset, "a number at what is no chunk");
    if (block->kind < CAIRN_BLOCK_EVENTS || block->kind > CAIRN_BLOCK_TASKS) {
        trace_check_find(check, "block", piece->offset, "an unknown kind");
    }
}

/* Damage has been found by the reader; here come the rules for what is whole. */
static void check_blocks(struct trace_check_state *check)
{
    const struct trace_file *file = check->file;
    struct trace_walk walk = {.bytes = file->mapping.bytes,
                              .end = file->mapping.count,
                              .session = file->session,
                              .at = file->head.head_bytes};
    struct trace_walk_piece piece;
    struct cairn_anchor last = {0};
    while (trace_walk_next(&walk, &piece)) {
        if (piece.kind != TRACE_PIECE_BLOCK) continue;
        check_block(check, &piece);
        if (piece.block->kind == CAIRN_BLOCK_ANCHORS) check_anchors(check, &piece, &last);
    }
}

/* ---- All of it --------------------------------------------------------------------------------------------- */

static bool check_file(struct trace_check_state *check)
{
    struct trace_file *file = check->file;
    check_head(check);
    check_blocks(check);
    if (!check_sites(check)) return false;
    check_threads(check);
    if (!check_open_tasks(check)) return false;
    if (!trace_sites_resolve(&check->sites, file)) return false;
    if (!trace_threads_resolve(&check->threads, file)) return false;
    trace_open_tasks_resolve(file, &check->sites);
    if (file->alive) trace_file_cut(file, &check->threads);
    for (size_t i = 0; i < file->chunks.count; i++) {
        if (!file->chunks.items[i].sealed) trace_chunk_measure(file, &check->sites, &file->chunks.items[i]);
    }
    trace_check_chunks(check);
    return !check->out_of_memory;
}

int trace_check(const char *path, struct trace_diagnostics *findings, struct cairn_error *error)
{
    struct arena arena = {0};
    struct trace_file file = {.arena = &arena, .diagnostics = findings};
    struct trace_check_state check = {.file = &file};
    bool ready = trace_diagnostics_ready(findings);
    int result = ready ? trace_file_open(&file, path, error) : 0;
    if (!ready || (result == 0 && !check_file(&check))) {
        result = cairn__error_set(error, CAIRN_ENOMEM, path, CAIRN_ERROR_NOWHERE, "memory ran out");
    }
    trace_file_close(&file);
    vector_free(&check.sites.items);
    vector_free(&check.threads.items);
    trace_named_free(&check.named);
    trace_text_free(&check.text);
    arena_free(&arena);
    return result;
}
