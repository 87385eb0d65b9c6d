/* The flight recorder's window to a file, while recording goes on. SPDX-License-Identifier: Apache-2.0
 *
 *   1. With the window held: take in what is sealed; copy head, thread records and open tasks; list the slots that
 *      are open or sealed. This is what the snapshot tells of: all that was emitted before it was asked for, and
 *      perhaps some of what came meanwhile.
 *   2. Chunk by chunk, newest first: pin, copy, unpin, write. Of an open chunk, what is there up to the first zero word.
 *      No thread is held up; what the window needs meanwhile it takes from the older end, and what was not copied yet is
 *      then counted as overwritten in our copy of the thread records (cairn__snapshot_missed).
 *   3. Sites, threads, tasks, head; then the file gets its name.
 *
 * Who asks in an annotation or a signal handler only leaves a note (cairn__snapshot_trigger); the helper has a
 * thread made that takes the snapshot, so that the helper itself goes on with its work.
 */
#include "format/walk.h"
#include "record/window.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct listed {
    struct cairn_slot_head *slot;
    uint64_t number; /* of its chunk */
};

/* Rules: under the control lock; of what is copied, `threads` with the store held until all chunks are written. */
struct cairn__snapshot {
    struct cairn_file_head head;
    uint8_t *memory; /* all of the following, and its size */
    size_t memory_bytes;
    uint8_t *buffer;
    struct cairn_chunk_head *chunk; /* a copy */
    struct listed *slots;
    struct cairn_thread_record *threads;
    struct cairn_open_task *tasks;
    uint32_t slot_count, thread_count, task_count;
    struct cairn__writer writer;
};

/* What a trigger asks for. Rules: `asked` by swap: 0 free, 1 being filled, 2 asked. The rest of the one who swapped;
 * counts and times of who takes it. */
static struct {
    uint32_t asked; /* Atomic. */
    enum cairn_snapshot_reason reason;
    cairn_task task;
    uint64_t threshold_ns;
    uint64_t at_ticks;
    uint32_t by_signal; /* Atomic. */
    uint32_t count;     /* taken for tasks */
    uint64_t last_ns;   /* the last of these */
    uint64_t hanging;   /* the task of the last that was taken because one hangs; 0: none */
    uint32_t number;    /* of the last file */
    struct sigaction former;
} trigger;

/* ---- Copying ---------------------------------------------------------------------------------------------- */

/* By words: other threads count in what is copied. */
static void copy_words(void *to, const void *from, size_t bytes)
{
    uint64_t *out = to;
    const uint64_t *in = from;
    for (size_t i = 0; i < bytes / 8; i++) out[i] = atomic_load_relaxed(&in[i]); /* each for itself */
}

static bool get_memory(struct cairn__snapshot *snapshot)
{
    const struct cairn_thread_record *records;
    uint64_t slots = cairn__session.slots_bytes / CAIRN_PAGE_BYTES;
    uint32_t tasks;
    snapshot->thread_count = cairn__thread_records(&records);
    cairn__opentasks(&tasks);
    size_t threads_bytes = snapshot->thread_count * sizeof *records,
           tasks_bytes = tasks * sizeof *snapshot->tasks;
    snapshot->memory_bytes = CAIRN_BUFFER_BYTES + CAIRN_SLOT_BYTES_MAX + threads_bytes + tasks_bytes +
                             slots * sizeof *snapshot->slots;
    uint8_t *at = cairn__os_reserve(snapshot->memory_bytes);
    if (!at) return false;
    snapshot->memory = snapshot->buffer = at;
    snapshot->chunk = (void *)(at += CAIRN_BUFFER_BYTES);
    snapshot->threads = (void *)(at += CAIRN_SLOT_BYTES_MAX);
    snapshot->tasks = (void *)(at += threads_bytes);
    snapshot->slots = (void *)(at + tasks_bytes);
    return true;
}

static void list_slot(struct cairn__snapshot *snapshot, struct cairn_slot_head *slot)
{
    snapshot->slots[snapshot->slot_count++] = (struct listed){slot, cairn__slot_chunk(slot)->block.number};
}

static void copy_records(struct cairn__snapshot *snapshot)
{
    const struct cairn_thread_record *records;
    uint32_t capacity;
    cairn__thread_records(&records);
    copy_words(&snapshot->head, cairn__session.head, sizeof snapshot->head);
    for (uint32_t i = 0; i < snapshot->thread_count; i++) {
        /* pairs with cairn__thread_join_session: one with an index is whole; the others' chunks come later than ours */
        if (atomic_load_acquire(&records[i].index))
            copy_words(&snapshot->threads[i], &records[i], sizeof *records);
    }
    const struct cairn_open_task *tasks = cairn__opentasks(&capacity);
    for (uint32_t i = 0; i < capacity; i++) {
        if (cairn__is_task_there(&tasks[i])) snapshot->tasks[snapshot->task_count++] = tasks[i];
    }
}

/* Threads begin chunks while we list them. Those with numbers below ours are all of their threads' chunks so far, without
 * a gap, and those threads have their records. */
static int gather(struct cairn__snapshot *snapshot)
{
    if (!cairn__window_hold()) return CAIRN_EBUSY;
    cairn__window_trim();
    uint64_t before = cairn__next_block();
    bool has_memory = get_memory(snapshot);
    if (has_memory) {
        copy_records(snapshot);
        cairn__window_list_begin(snapshot, before, list_slot);
    }
    cairn__window_leave();
    return has_memory ? 0 : CAIRN_ENOMEM;
}

void cairn__snapshot_missed(struct cairn__snapshot *snapshot, const struct cairn_chunk_head *chunk,
                            const uint32_t *counts)
{
    struct cairn_thread_record *record = &snapshot->threads[chunk->thread];
    for (uint32_t i = 0; i < CAIRN_TALLIES; i++) record->overwritten[i] += counts[i];
    if (chunk->end_ticks > record->overwritten_until_ticks)
        record->overwritten_until_ticks = chunk->end_ticks;
}

static bool copy_chunks(struct cairn__snapshot *snapshot)
{
    for (uint32_t i = snapshot->slot_count; i-- > 0;) {
        if (!cairn__store_hold()) {
            snapshot->writer.code = CAIRN_EBUSY;
            return false;
        }
        bool is_there = cairn__window_pin(snapshot->slots[i].slot);
        cairn__store_leave();
        if (!is_there) continue;
        cairn__copy_chunk(snapshot->chunk, snapshot->slots[i].slot);
        cairn__window_unpin();
        if (!cairn__write_chunk(&snapshot->writer, snapshot->chunk)) return false;
    }
    return true;
}

/* ---- Writing ---------------------------------------------------------------------------------------------- */

/* The newest last. A chunk's number tells when it was begun, which for this is near enough. */
static void sort_slots(struct cairn__snapshot *snapshot)
{
    struct listed *slots = snapshot->slots;
    for (uint32_t gap = snapshot->slot_count / 2; gap; gap /= 2) {
        for (uint32_t i = gap; i < snapshot->slot_count; i++) {
            struct listed moving = slots[i];
            uint32_t at = i;
            for (; at >= gap && slots[at - gap].number > moving.number; at -= gap)
                slots[at] = slots[at - gap];
            slots[at] = moving;
        }
    }
}

static bool end_list(void)
{
    if (!cairn__store_hold()) return false;
    cairn__window_list_end();
    cairn__store_leave();
    return true;
}

static bool write_all(struct cairn__snapshot *snapshot)
{
    struct cairn__writer *writer = &snapshot->writer;
    struct cairn_file_head *head = &snapshot->head;
    uint64_t from = 0;
    writer->buffer = snapshot->buffer;
    writer->end = head->head_bytes;
    if (!copy_chunks(snapshot)) return false;
    if (!end_list()) return false; /* from here on nothing is missed any more */
    cairn__os_anchor(&head->last.ticks, &head->last.monotonic_ns, &head->last.realtime_ns);
    return cairn__write_sites(writer, &from) &&
           cairn__write_records(writer, CAIRN_BLOCK_THREADS, snapshot->threads, sizeof *snapshot->threads,
                                snapshot->thread_count, cairn__is_thread_there) &&
           cairn__write_records(writer, CAIRN_BLOCK_TASKS, snapshot->tasks, sizeof *snapshot->tasks,
                                snapshot->task_count, NULL) &&
           cairn__write_final_head(writer, head, CAIRN_STATE_SNAPSHOT);
}

/* Where it goes, with the next number that makes a new name if there is a %n. */
static int name_file(const char *pattern, const char *new_path, char *made, size_t made_bytes)
{
    bool is_numbered = strstr(pattern, "%n") != NULL;
    if (!is_numbered) {
        if (!cairn__settings_expand(made, made_bytes, pattern, 0)) return CAIRN_EINVAL;
        return cairn__file_name(new_path, made, true);
    }
    int code = CAIRN_EEXIST;
    for (int i = 0; i < 10000 && code == CAIRN_EEXIST; i++) {
        if (!cairn__settings_expand(made, made_bytes, pattern, ++trigger.number)) return CAIRN_EINVAL;
        code = cairn__file_name(new_path, made, false);
    }
    return code;
}

/* The settings' pattern, or the trace's path with a number before its extension. */
static bool default_pattern(char *pattern, size_t bytes)
{
    const struct cairn__settings *settings = &cairn__session.settings;
    if (settings->snapshot_path[0])
        return snprintf(pattern, bytes, "%s", settings->snapshot_path) < (int)bytes;
    char *to = pattern;
    for (const char *at = cairn__session.new_path; *at; at++) { /* a % in it stands for itself */
        if ((size_t)(to - pattern) + 3 > bytes) return false;
        if (*at == '%') *to++ = '%';
        *to++ = *at;
    }
    *to = 0;
    return cairn__settings_insert(pattern, bytes, "-%n");
}

static int write_file(struct cairn__snapshot *snapshot, const char *pattern, char *made, size_t made_bytes)
{
    char path[4096], new_path[4096];
    int code = cairn__settings_expand(path, sizeof path, pattern, 0) ? 0 : CAIRN_EINVAL;
    if (!code && !strstr(pattern, "%n")) code = cairn__file_may_replace(path);
    if (!code) code = cairn__file_create_beside(path, new_path, sizeof new_path, &snapshot->writer.fd);
    if (code) return code;
    if (!write_all(snapshot)) code = snapshot->writer.code ? snapshot->writer.code : CAIRN_EIO;
    if (!code && atomic_load_relaxed(&cairn__session.live_is_gone))
        code = CAIRN_EIO; /* what was copied is nothing */
    if (!code) code = name_file(pattern, new_path, made, made_bytes);
    if (code) unlink(new_path);
    close(snapshot->writer.fd); /* on tmpfs and disks nothing is left to fail */
    return code;
}

/* What the snapshot's own head says of it. */
static void note_reason(struct cairn_file_head *head, enum cairn_snapshot_reason reason, uint64_t now)
{
    bool is_of_task = reason >= CAIRN_SNAPSHOT_SLOW;
    head->snapshot_reason = reason;
    head->snapshot_ticks = is_of_task ? trigger.at_ticks : now;
    head->snapshot_task_id = is_of_task ? trigger.task.id : 0;
    head->snapshot_task_birth = is_of_task ? trigger.task.birth : 0;
    head->snapshot_threshold_ns = is_of_task ? trigger.threshold_ns : 0;
    head->snapshots_taken++;
}

static int take(const char *pattern, enum cairn_snapshot_reason reason, char *made, size_t made_bytes)
{
    static struct cairn__snapshot snapshot;               /* Rules: under the control lock */
    if (cairn__window_has_snapshot()) return CAIRN_EBUSY; /* one that could not be ended; see below */
    memset(&snapshot, 0, sizeof snapshot);
    uint64_t now = cairn__os_ticks(); /* before the chunks are listed: up to here it has all */
    int code = gather(&snapshot);
    if (!code) {
        note_reason(&snapshot.head, reason, now);
        sort_slots(&snapshot);
        code = write_file(&snapshot, pattern, made, made_bytes);
        /* Somebody was left in the store, and may come back and count in our memory: it stays. */
        if (cairn__window_has_snapshot() && !end_list()) return CAIRN_EBUSY;
    }
    if (snapshot.memory) munmap(snapshot.memory, snapshot.memory_bytes);
    return code;
}

int cairn__snapshot_take(const char *path, enum cairn_snapshot_reason reason, char *made, size_t made_bytes)
{
    static char pattern[4096 + 8], name[4096]; /* Rules: under the control lock */
    if (!cairn__session.active) return CAIRN_EOFF;
    if (!cairn__is_window()) return CAIRN_ENOTSUP;
    if (!path && !default_pattern(pattern, sizeof pattern)) return CAIRN_EINVAL;
    if (path && !cairn__settings_absolute(pattern, sizeof pattern, path)) return CAIRN_EINVAL;
    int code = take(pattern, reason, name, sizeof name);
    struct cairn_file_head *head = cairn__session.head;
    atomic_add_relaxed(code ? &head->snapshots_failed : &head->snapshots_taken, 1); /* counts */
    if (!code && made) snprintf(made, made_bytes, "%s", name);
    return code;
}

/* ---- Triggers ----------------------------------------------------------------------------------------------- */

void cairn__snapshot_trigger(enum cairn_snapshot_reason reason, cairn_task task, uint64_t threshold_ns)
{
    uint32_t none = 0;
    if (!atomic_cas_acq_rel(&trigger.asked, &none, 1u)) { /* pairs with the release in take_asked */
        atomic_add_relaxed(&cairn__session.head->snapshots_suppressed, 1); /* a count */
        return;
    }
    trigger.reason = reason;
    trigger.task = task;
    trigger.threshold_ns = threshold_ns;
    trigger.at_ticks = cairn__os_ticks();
    atomic_store_release(&trigger.asked, 2u); /* pairs with the acquire in take_asked */
    cairn__helper_call();
}

bool cairn__snapshot_is_triggered(void)
{
    /* relaxed: hints; who takes it looks again */
    return atomic_load_relaxed(&trigger.asked) == 2 || atomic_load_relaxed(&trigger.by_signal);
}

static bool is_allowed(void)
{
    const struct cairn__settings *settings = &cairn__session.settings;
    uint64_t now = cairn__os_monotonic_ns();
    bool is_soon = trigger.count && now - trigger.last_ns < settings->snapshot_interval_ns;
    bool is_its_end = trigger.hanging && trigger.hanging == trigger.task.id; /* the rest of the same story */
    if ((is_soon && !is_its_end) || trigger.count >= settings->snapshots_max) return false;
    trigger.hanging = trigger.reason == CAIRN_SNAPSHOT_OVERDUE ? trigger.task.id : 0;
    trigger.count++;
    trigger.last_ns = now;
    return true;
}

static void take_asked(void)
{
    if (atomic_load_acquire(&trigger.asked) != 2) return; /* pairs with cairn__snapshot_trigger */
    /* A failure is counted in the file; there is nobody to tell. */
    if (is_allowed())
        (void)cairn__snapshot_take(NULL, trigger.reason, NULL, 0);
    else
        atomic_add_relaxed(&cairn__session.head->snapshots_suppressed, 1); /* a count */
    atomic_store_release(&trigger.asked, 0u); /* pairs with the swap in cairn__snapshot_trigger */
}

void cairn__snapshot_triggered(void)
{
    cairn__control_hold();
    if (cairn__session.active) {
        take_asked();
        if (atomic_exchange_acq_rel(&trigger.by_signal, 0u))                  /* pairs with at_signal */
            (void)cairn__snapshot_take(NULL, CAIRN_SNAPSHOT_SIGNAL, NULL, 0); /* as in take_asked */
    }
    cairn__control_leave();
}

static void at_signal(int number)
{
    (void)number;
    atomic_store_release(&trigger.by_signal, 1u); /* pairs with cairn__snapshot_triggered */
    cairn__helper_call();
}

int cairn__snapshot_reset(void)
{
    memset(&trigger, 0, sizeof trigger);
    int number = cairn__session.settings.snapshot_signal;
    if (!number) return 0;
    struct sigaction action = {.sa_handler = at_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    if (sigaction(number, NULL, &trigger.former)) return CAIRN_EINVAL;
    if (trigger.former.sa_handler != SIG_DFL && trigger.former.sa_handler != SIG_IGN) return CAIRN_EINVAL;
    return sigaction(number, &action, NULL) ? CAIRN_EINVAL : 0;
}

void cairn__snapshot_finish(void)
{
    /* What nobody has taken yet is not taken any more: the trace has the window. Nobody asks now. */
    if (atomic_load_relaxed(&trigger.asked) == 2)
        atomic_add_relaxed(&cairn__session.head->snapshots_suppressed, 1); /* a count */
    cairn__snapshot_signal_back();
}

void cairn__snapshot_signal_back(void)
{
    int number = cairn__session.settings.snapshot_signal;
    struct sigaction now;
    if (number && sigaction(number, NULL, &now) == 0 && now.sa_handler == at_signal)
        sigaction(number, &trigger.former, NULL);
}
