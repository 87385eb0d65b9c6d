/* Which types are recorded, which of them are sampled, and which tasks are worth a snapshot.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each site of a type has a byte in `filter`, which the hot path looks at if there is any choice at all; 0 is the common
 * way. What goes with it is in `watches`. Both are set for all sites at the start, for a new site when it gets its number,
 * and for all again when types are switched. A site that is new while they are switched looks twice, so that
 * either it sees the new patterns, or the switch sees the site.
 *
 * Sampling is by root task: of each N that a site begins one is recorded, at a place among them that is drawn anew each
 * time. All that belongs to one that is not follows its handle. How many were not is counted in the site's record.
 */
#include "format/walk.h"
#include "record/window.h"

#include <stdio.h>
#include <string.h>

enum { READERS_WAIT_NS = 1000000000, READERS_POLL_NS = 20000 };

struct watch {
    uint64_t begun; /* root tasks of a sampled type. Atomic. */
    uint64_t slow_ns;
    uint32_t one_in; /* 0: not sampled */
    bool failed;     /* a failure triggers a snapshot */
};

/* Rules: the arrays are reserved once; set by the protocol above. */
static struct {
    uint8_t *filter; /* Atomic. */
    struct watch *watches;
    uint32_t any;           /* there are choices. Atomic; sticky for the session. */
    char types[2][1024];    /* patterns; one is current, the other for the next switch */
    uint32_t current;       /* Atomic. Changed under the control lock. */
    uint32_t readers;       /* who may be looking at either. Atomic. */
    uint64_t least_slow_ns; /* of all thresholds; 0: there are none */
} choices;

int cairn__choices_init(void)
{
    if (choices.filter) return 0;
    enum { SITES = CAIRN_SITE_MAX + 1 };
    uint8_t *at = cairn__os_reserve(SITES * (sizeof *choices.watches + 1));
    if (!at) return CAIRN_ENOMEM;
    choices.watches = (struct watch *)(void *)at;
    choices.filter = at + SITES * sizeof *choices.watches;
    return 0;
}

const uint8_t *cairn__choices_filter(void)
{
    return atomic_load_relaxed(&choices.any) ? choices.filter : NULL; /* a late one may see the former */
}

/* ---- Of sites --------------------------------------------------------------------------------------------- */

static bool is_switched_off(const struct cairn__site_text *text)
{
    bool can = text->role == CAIRN_I_ROLE_TASK || text->role == CAIRN_I_ROLE_REGION ||
               text->role == CAIRN_I_ROLE_LOG || text->role == CAIRN_I_ROLE_COUNTER;
    const char *types = choices.types[atomic_load_acquire(&choices.current)]; /* pairs with cairn_types */
    return can && types[0] && !cairn__pattern_matches(types, text->bytes, text->count);
}

static void choose(uint32_t number)
{
    const struct cairn__settings *settings = &cairn__session.settings;
    struct cairn__site_text text = cairn__site_text(number);
    struct watch *watch = &choices.watches[number];
    uint8_t choice = is_switched_off(&text) ? CAIRN_CHOICE_OFF : 0;
    if (text.role == CAIRN_I_ROLE_TASK) {
        uint64_t one_in = 0, slow_ns = 0;
        cairn__pattern_value(settings->sample, text.bytes, text.count, &one_in);
        cairn__pattern_value(settings->slow, text.bytes, text.count, &slow_ns);
        if (one_in == 1) one_in = 0; /* all of them: no sampling */
        if (one_in < 2) one_in = 0;
        bool failed = settings->failed[0] && cairn__pattern_matches(settings->failed, text.bytes, text.count);
        /* Relaxed, here and where they are read: each for itself, and the same whoever stores it. */
        atomic_store_relaxed(&watch->one_in, one_in > UINT32_MAX ? UINT32_MAX : (uint32_t)one_in);
        atomic_store_relaxed(&watch->slow_ns, slow_ns);
        atomic_store_relaxed(&watch->failed, failed);
        if (one_in) choice |= CAIRN_CHOICE_SAMPLED;
    }
    atomic_store_relaxed(&choices.filter[number], choice); /* a late one takes or leaves a moment longer */
}

void cairn__choices_for_site(uint32_t number)
{
    atomic_fence_seq_cst(); /* pairs with the one in cairn__choices_switch */
    if (!atomic_load_relaxed(&choices.any))
        return; /* as set before the gate was opened, or the switch sees us */
    uint32_t seen;
    atomic_add_acq_rel(&choices.readers, 1); /* pairs with await_readers */
    do {
        seen = atomic_load_relaxed(&choices.current); /* ordered by the fences */
        atomic_fence_seq_cst();
        choose(number);
        atomic_fence_seq_cst(); /* pairs with the one in cairn__choices_switch */
    } while (atomic_load_relaxed(&choices.current) != seen);
    atomic_sub_acq_rel(&choices.readers, 1); /* as above */
}

/* Until nobody is left who has come before the last switch. False: somebody was suspended just there. */
static bool await_readers(void)
{
    uint64_t deadline_ns = cairn__os_monotonic_ns() + READERS_WAIT_NS;
    while (atomic_load_acquire(&choices.readers)) { /* pairs with cairn__choices_for_site */
        if (cairn__os_monotonic_ns() > deadline_ns) return false;
        cairn__os_sleep_ns(READERS_POLL_NS);
    }
    return true;
}

void cairn__choices_after_fork(void)
{
    choices.readers = 0; /* they are the parent's */
}

static void choose_all(void)
{
    uint32_t last = cairn__site_last();
    for (uint32_t number = 1; number <= last; number++) {
        if (cairn__site_text(number).role) choose(number);
    }
}

/* Relaxed, as in choose; of a thread that has not seen the end of the last session somebody may look. */
static void forget(struct watch *watch)
{
    atomic_store_relaxed(&watch->begun, (uint64_t)0);
    atomic_store_relaxed(&watch->slow_ns, (uint64_t)0);
    atomic_store_relaxed(&watch->one_in, 0u);
    atomic_store_relaxed(&watch->failed, false);
}

void cairn__choices_set(void)
{
    const struct cairn__settings *settings = &cairn__session.settings;
    memcpy(choices.types[0], settings->types, sizeof choices.types[0]);
    atomic_store_relaxed(&choices.current, 0u); /* the gate's opening publishes all this */
    choices.least_slow_ns = cairn__pattern_least(settings->slow);
    bool any = settings->types[0] || settings->sample[0] || settings->slow[0] || settings->failed[0];
    atomic_store_relaxed(&choices.any, any);
    uint32_t last = cairn__site_last();
    for (uint32_t number = 1; number <= last; number++) forget(&choices.watches[number]);
    if (any) choose_all();
}

uint32_t cairn__choices_one_in(uint32_t number)
{
    return atomic_load_relaxed(&choices.any) ? atomic_load_relaxed(&choices.watches[number].one_in) : 0;
}

/* ---- Of threads -------------------------------------------------------------------------------------------- */

void cairn__choices_for_thread(struct cairn__thread *thread)
{
    const uint8_t *seen;
    do {
        seen = cairn__choices_filter();
        atomic_store_relaxed(&thread->main.filter, seen); /* ordered by the fence */
        atomic_fence_seq_cst();                           /* pairs with the one in cairn__choices_switch */
    } while (cairn__choices_filter() != seen);
    /* Until the clock's rate is known every end is looked at. */
    uint64_t slow_ticks =
        choices.least_slow_ns ? atomic_load_relaxed(&cairn__session.slow_ticks) : UINT64_MAX;
    atomic_store_relaxed(&thread->main.slow_ticks, slow_ticks); /* a late one looks once too often */
}

bool cairn__choices_switch(const char *patterns)
{
    if (!await_readers()) return false;
    uint32_t next = !atomic_load_relaxed(&choices.current); /* under the control lock */
    snprintf(choices.types[next], sizeof choices.types[next], "%s", patterns);
    atomic_store_release(&choices.current, next); /* pairs with is_switched_off */
    atomic_store_relaxed(&choices.any, 1u);       /* ordered by the fence */
    atomic_fence_seq_cst(); /* pairs with cairn__choices_for_site, cairn__choices_for_thread */
    choose_all();
    struct cairn__thread *thread;
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        atomic_store_relaxed(&thread->main.filter, choices.filter); /* as for a thread that joins */
    }
    return true;
}

/* ---- Of tasks ---------------------------------------------------------------------------------------------- */

bool cairn__choices_sample(uint32_t number)
{
    struct watch *watch = &choices.watches[number];
    uint64_t one_in = atomic_load_relaxed(&watch->one_in); /* as set */
    /* Behind a closed gate the site's record may be gone. Pairs with the release in start_session. */
    if (one_in < 2 || !atomic_load_acquire(&cairn__gate.open)) return true;
    uint64_t i = atomic_add_relaxed(&watch->begun, 1); /* a count */
    uint64_t drawn = (i / one_in + number) * 0x9fb21c651e98df25u;
    drawn ^= drawn >> 32;
    if (i % one_in == drawn % one_in) return true;
    struct cairn_site_record *record = cairn__site_record(number);
    if (record) atomic_add_relaxed(&record->skipped, 1); /* a count */
    return false;
}

double cairn__choices_ns(uint64_t ticks, uint64_t now)
{
    const struct cairn_anchor *start = &cairn__session.head->start;
    double elapsed_ns = (double)(cairn__os_monotonic_ns() - start->monotonic_ns);
    return (double)ticks * (elapsed_ns / (double)(now - start->ticks + 1));
}

uint64_t cairn__choices_slow_ns(uint32_t number)
{
    return choices.least_slow_ns ? atomic_load_relaxed(&choices.watches[number].slow_ns) : 0; /* as set */
}

CAIRN_COLD void cairn__choices_look(cairn_task task, uint64_t now, bool failed)
{
    uint32_t number = cairn__id_site(task.id);
    uint64_t slow_ns = cairn__choices_slow_ns(number);
    if (slow_ns && cairn__choices_ns(now - task.birth, now) > (double)slow_ns)
        cairn__snapshot_trigger(CAIRN_SNAPSHOT_SLOW, task, slow_ns);
    else if (failed && atomic_load_relaxed(&choices.watches[number].failed)) /* as set */
        cairn__snapshot_trigger(CAIRN_SNAPSHOT_FAILED, task, 0);
}

void cairn__choices_measure(void)
{
    enum { ENOUGH_NS = 10000000 };
    const struct cairn_anchor *start = &cairn__session.head->start;
    uint64_t now = cairn__os_ticks();
    if (!choices.least_slow_ns || cairn__os_monotonic_ns() - start->monotonic_ns < ENOUGH_NS) return;
    /* A little less, so that what is near it is looked at more closely. */
    double ticks = 0.99 * (double)choices.least_slow_ns / cairn__choices_ns(1, now);
    uint64_t slow_ticks = ticks < 9e18 ? (uint64_t)ticks : UINT64_MAX;
    atomic_store_relaxed(&cairn__session.slow_ticks, slow_ticks); /* a hint */
    struct cairn__thread *thread;
    for (uint32_t i = 0; (thread = cairn__thread_at(i)); i++) {
        atomic_store_relaxed(&thread->main.slow_ticks, slow_ticks); /* as for a thread that joins */
    }
}
