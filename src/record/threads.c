/* Threads: their records in memory and in the file, names, the ambient task. SPDX-License-Identifier: Apache-2.0
 *
 * A thread takes a record with its first event and gives it back when it exits; the next new thread gets it. The
 * array of records is reserved once and never unmapped, so others may look at any record at any time.
 *
 * An exit is seen by the destructor of a thread-specific key, which seals what the thread left. It may come before
 * other destructors that emit: then the thread takes a record anew, and the destructor runs again. What comes
 * after the last round, threads made by a raw clone, and threads whose key could not be set (in a signal
 * handler only keys that take no memory are set) are found by the helper, which asks the system who is
 * still there.
 */
#include "record/record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct cairn__thread cairn__nobody = {.busy = 1};
_Thread_local struct cairn__local cairn__local = {.thread = &cairn__nobody};

/* Rules: set up once; `count` only grows. */
static struct {
    struct cairn__thread *items;
    struct cairn__thread *kept; /* copies: of a thread that forks amid an event. Of that thread. */
    uint32_t count;             /* ever taken. Atomic. */
    uint32_t none_free;         /* a search was in vain, and nothing was given back since: a hint. Atomic. */
    pthread_key_t key;
    bool has_key;
} threads;

enum { KEYS_WITHOUT_MEMORY = 32 }; /* glibc's first level; a later key may allocate in pthread_setspecific */

/* ---- Exit ----------------------------------------------------------------------------------------------- */

static bool takes_part(const struct cairn__thread *thread)
{
    return atomic_load_acquire(&cairn__gate.open) && /* pairs with the release in start_session */
           thread->record && thread->generation == cairn__generation();
}

/* Behind the last event of a thread that ended within one there may be a part of it. */
static void mark_unclean(struct cairn__thread *thread)
{
    struct cairn__stream *streams[] = {&thread->main, &thread->side[0], &thread->side[1]};
    for (uint32_t i = 0; i <= CAIRN_SIDE_STREAMS; i++) {
        if (streams[i]->chunk) ((struct cairn_slot_head *)streams[i]->chunk - 1)->unclean = 1;
    }
}

/* Seals what a thread left and frees its record. Its owner, or the helper when the owner is gone. While the gate is
 * closed the chunks are a stop's to seal, whoever has the record by then. */
static void give_back(struct cairn__thread *thread, bool amid_event)
{
    if (takes_part(thread)) {
        if (amid_event) mark_unclean(thread);
        cairn__seal(&thread->main);
        for (uint32_t i = 0; i < CAIRN_SIDE_STREAMS; i++) cairn__seal(&thread->side[i]);
        atomic_store_relaxed(&thread->record->end_ticks, cairn__os_ticks()); /* a snapshot may copy it now */
        cairn__reset_thread(thread);
        thread->generation = 0;
    }
    /* release: pairs with wait_until_still, and with claim_free. In this order: behind the second the record may be
     * another thread's. */
    atomic_store_release(&thread->busy, 0);
    atomic_store_release(&thread->owner, 0);
    atomic_store_relaxed(&threads.none_free, 0);
}

static void at_thread_exit(void *data)
{
    struct cairn__thread *thread = data;
    cairn__local.thread = &cairn__nobody;
    bool amid_event = thread->busy != 0;    /* cancelled within it, or a handler called pthread_exit */
    atomic_store_relaxed(&thread->busy, 1); /* as in cairn__enter: a stop waits for us */
    atomic_fence_signal();
    give_back(thread, amid_event);
}

int cairn__threads_init(void)
{
    if (threads.items) return 0;
    threads.items = cairn__os_reserve((uint64_t)CAIRN_THREADS_MAX * sizeof *threads.items);
    threads.kept = cairn__os_reserve((uint64_t)CAIRN_THREADS_MAX * sizeof *threads.kept);
    if (!threads.items || !threads.kept) return CAIRN_ENOMEM;
    /* Not to be had on old kernels: then a raw clone must not annotate. */
    (void)cairn__os_wipe_on_fork(threads.items, (uint64_t)CAIRN_THREADS_MAX * sizeof *threads.items);
    threads.has_key = pthread_key_create(&threads.key, at_thread_exit) == 0;
    return 0;
}

void cairn__threads_forget(void)
{
    if (threads.has_key) pthread_key_delete(threads.key);
    threads.has_key = false;
}

/* ---- Taking --------------------------------------------------------------------------------------------- */

struct cairn__thread *cairn__thread_at(uint32_t i)
{
    return i < atomic_load_acquire(&threads.count) ? &threads.items[i] : NULL; /* pairs with take_new */
}

static bool claim_free(struct cairn__thread *thread, uint32_t owner)
{
    uint32_t none = 0;
    return !atomic_load_relaxed(&thread->owner) &&           /* a hint */
           atomic_cas_acq_rel(&thread->owner, &none, owner); /* pairs with give_back */
}

struct cairn__thread *cairn__thread_take(void)
{
    struct cairn__thread *thread;
    uint32_t i = 0, self = cairn__os_thread_id();
    /* A vfork child runs on its parent's thread, but its id dies with it: the reaper would take the record away. */
    if ((uint32_t)getpid() != atomic_load_relaxed(&cairn__session.pid) || /* a number of its own */
        atomic_load_relaxed(&threads.none_free)) {                        /* a hint */
        return NULL;
    }
    while ((thread = cairn__thread_at(i)) && !claim_free(thread, self)) i++;
    while (!thread && i < CAIRN_THREADS_MAX) {
        uint32_t count = i;
        /* Growing by one makes the record behind visible; whoever grew it must still claim it. */
        if (!atomic_cas_acq_rel(&threads.count, &count, i + 1) && count <= i) continue;
        if (claim_free(&threads.items[i], self)) thread = &threads.items[i];
        i++;
    }
    if (!thread) {
        atomic_store_relaxed(&threads.none_free, 1); /* the helper looks again once a second */
        return NULL;
    }
    if (threads.has_key && threads.key < KEYS_WITHOUT_MEMORY) pthread_setspecific(threads.key, thread);
    return thread;
}

bool cairn__threads_populate(uint64_t bytes)
{
    struct cairn__session *session = &cairn__session;
    uint64_t done = atomic_load_relaxed(&session->threads_populated); /* the populated part only grows */
    while (done < bytes) {
        uint64_t offset = session->head->threads_offset + done;
        if (cairn__os_populate(session->live + offset, 65536, session->live_fd, offset)) return false;
        if (atomic_cas_acq_rel(&session->threads_populated, &done, done + 65536)) done += 65536;
    }
    return true;
}

void cairn__thread_join_session(struct cairn__thread *thread)
{
    struct cairn__session *session = &cairn__session;
    uint32_t index = atomic_add_relaxed(&session->thread_count, 1) + 1; /* relaxed: only uniqueness matters */
    bool fits = index < CAIRN_THREAD_RECORDS;
    if (!fits || !cairn__threads_populate((uint64_t)(index + 1) * sizeof(struct cairn_thread_record))) {
        if (fits) cairn__note_error(CAIRN_ENOSPC);
        atomic_add_relaxed(&session->head->threads_overflow, 1); /* a count */
        return;
    }
    struct cairn_thread_record *records =
        (struct cairn_thread_record *)(session->live + session->head->threads_offset);
    struct cairn_thread_record *record = &records[index];
    record->tid = atomic_load_relaxed(&thread->owner); /* ourselves */
    record->begin_ticks = cairn__os_ticks();
    if (cairn__local.name[0])
        memcpy(record->name, cairn__local.name, CAIRN_THREAD_NAME_BYTES);
    else
        cairn__os_thread_name(record->name, CAIRN_THREAD_NAME_BYTES);
    atomic_store_release(&record->index, index); /* a record with an index is whole; I1 */
    atomic_fence_signal();
    thread->record = record;
}

void cairn__threads_reap(void)
{
    struct cairn__thread *thread;
    if (!cairn__control_try()) return; /* a stop is under way and sees to all threads itself */
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        uint32_t owner = atomic_load_acquire(&thread->owner); /* pairs with claim_free */
        if (!owner || cairn__os_thread_alive(owner)) continue;
        /* By swap: it may have given the record back before it went, and another thread may have it by now. */
        if (atomic_cas_acq_rel(&thread->owner, &owner, CAIRN_THREAD_REAPED))
            give_back(thread, atomic_load_relaxed(&thread->busy) != 0); /* nobody changes it any more */
    }
    cairn__control_leave();
}

static struct cairn__thread *kept_of(const struct cairn__thread *thread)
{
    return thread == &cairn__nobody ? NULL : &threads.kept[thread - threads.items];
}

void cairn__threads_before_fork(void)
{
    struct cairn__thread *kept = kept_of(cairn__local.thread);
    if (kept && cairn__local.thread->busy) *kept = *cairn__local.thread;
}

void cairn__threads_forked(void)
{
    struct cairn__thread *kept = kept_of(cairn__local.thread);
    if (kept && kept->busy) kept->busy = 0;
}

bool cairn__threads_put_back(void)
{
    struct cairn__thread *kept = kept_of(cairn__local.thread);
    if (!kept || !kept->busy) return false;
    *cairn__local.thread = *kept;
    kept->busy = 0;
    return true;
}

void cairn__threads_after_fork(void)
{
    struct cairn__thread *thread;
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        thread->generation = 0;
        if (thread == cairn__local.thread && thread->busy) {
            /* Forked amid an event, which will go on; but whoever has the record next must not. */
            atomic_store_relaxed(&thread->main.limit, (uint64_t *)NULL);
            for (uint32_t s = 0; s < CAIRN_SIDE_STREAMS; s++)
                atomic_store_relaxed(&thread->side[s].limit, (uint64_t *)NULL);
            continue;
        }
        cairn__reset_thread(thread);
        thread->busy = 0;
        thread->owner = 0;
    }
    cairn__local.thread = &cairn__nobody;
    if (threads.has_key)
        pthread_setspecific(threads.key, NULL); /* takes no memory: it is set, or was never */
}

/* ---- Names and the ambient task ---------------------------------------------------------------------------- */

/* By words: a snapshot may copy the record now, and a reader of the live file. */
static void tell_name(struct cairn_thread_record *record)
{
    uint64_t words[CAIRN_THREAD_NAME_BYTES / 8];
    uint64_t *to = (uint64_t *)(void *)record->name;
    memcpy(words, cairn__local.name, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        atomic_store_relaxed(&to[i], words[i]); /* a name is mixed for an instant at worst */
}

void cairn_thread_name(const char *name)
{
    size_t bytes = name ? strlen(name) : 0;
    if (bytes >= CAIRN_THREAD_NAME_BYTES) bytes = cairn__utf8_cut(name, CAIRN_THREAD_NAME_BYTES - 1);
    memset(cairn__local.name, 0, CAIRN_THREAD_NAME_BYTES);
    if (bytes) memcpy(cairn__local.name, name, bytes);
    struct cairn__thread *thread = cairn__local.thread;
    if (thread->busy || !atomic_load_relaxed(&cairn_i_state.on)) return; /* it is told when it joins */
    atomic_store_relaxed(&thread->busy, 1);                              /* as in cairn__enter */
    atomic_fence_signal();
    if (takes_part(thread)) tell_name(thread->record);
    atomic_store_release(&thread->busy, 0); /* as in cairn__leave */
}

cairn_task cairn_current(void)
{
    return cairn__local.ambient;
}

cairn_task cairn_attach(cairn_task task)
{
    cairn_task former = cairn__local.ambient;
    cairn__local.ambient = task;
    return former;
}
