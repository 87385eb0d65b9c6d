/* The pool of chunk memory: slots of the live file. SPDX-License-Identifier: Apache-2.0
 *
 *          carve                take                 seal                 drain + zero
 *   file ───────► [ready table] ────► thread's chunk ────► [sealed stack] ────► [spare list] ──► ready
 *                       ▲                  ▲ none ready: carved by the caller, "late"
 *                       └── helper ────────┘
 *
 * The ready table has a cell per slot, taken and filled by exchange, so that no cell is ever seen half and no
 * pointer is compared that may have been recycled. The sealed stack is pushed by compare-and-swap and only ever
 * emptied as a whole. Neither can block: both work in signal handlers.
 *
 * How many slots are kept ready follows demand: it doubles when a caller had to carve or to wake the helper, up to
 * CAIRN_READY_MAX, 32 MiB of the largest tier.
 */
#include "record/window.h"

#include <string.h>

static const uint32_t tier_bytes[CAIRN_TIERS] = {4096, 16384, 65536, CAIRN_SLOT_BYTES_MAX};

/* Rules: of the helper (of start and stop while it does not run); in a window of who holds the store. */
static struct {
    uint64_t spare[CAIRN_TIERS]; /* zeroed slots beyond the ready ones: offset + 1, linked by `next` */
    uint32_t target[CAIRN_TIERS];
    bool may_carve; /* ahead of need */
} pool;

uint64_t cairn__slot_bytes(uint32_t tier)
{
    return tier_bytes[tier];
}

static uint32_t tier_of(const struct cairn_slot_head *slot)
{
    uint32_t tier = 0;
    while (tier < CAIRN_TIERS - 1 && tier_bytes[tier] < slot->slot_bytes) tier++;
    return tier;
}

struct cairn_slot_head *cairn__slot_at(uint64_t offset_plus_one)
{
    return offset_plus_one ? (struct cairn_slot_head *)(cairn__session.slots + offset_plus_one - 1) : NULL;
}

uint64_t cairn__slot_link(const struct cairn_slot_head *slot)
{
    return (uint64_t)((const uint8_t *)slot - cairn__session.slots) + 1;
}

/* Takes fresh memory from the file; if the file system has none, *code says why. The magic number in the slot head,
 * last, makes it a slot for readers. */
static struct cairn_slot_head *carve(uint32_t tier, int *code)
{
    struct cairn__session *session = &cairn__session;
    uint64_t bytes = tier_bytes[tier];
    uint64_t offset = atomic_load_relaxed(&session->carved); /* relaxed: only the sum matters */
    do {
        if (offset + bytes > session->slots_bytes) return NULL;
    } while (!atomic_cas_acq_rel(&session->carved, &offset, offset + bytes));
    uint8_t *at = session->slots + offset;
    *code = cairn__os_populate(at, bytes, session->live_fd, (uint64_t)(at - session->live));
    if (*code) {
        atomic_store_relaxed(&session->has_holes, true); /* for the stop */
        cairn__os_release(at, bytes); /* what there was of it may do for something smaller */
        return NULL;
    }
    struct cairn_slot_head *slot = (struct cairn_slot_head *)at;
    slot->slot_bytes = (uint32_t)bytes;
    atomic_store_release(&slot->magic, CAIRN_SLOT_MAGIC); /* a reader that sees the magic sees the size; I1 */
    if (cairn__is_window()) cairn__window_add(slot);
    return slot;
}

/* A ready slot, by exchange with 0: acquire pairs with the release in make_ready, so that it is zero for us. */
static struct cairn_slot_head *take_ready(uint32_t tier)
{
    struct cairn__session *session = &cairn__session;
    for (uint32_t i = 0; i < CAIRN_READY_MAX; i++) {
        if (!atomic_load_relaxed(&session->ready[tier][i])) continue; /* a hint: the exchange decides */
        uint64_t taken = atomic_exchange_acq_rel(&session->ready[tier][i], (uint64_t)0);
        if (taken) {
            atomic_add_relaxed(&session->ready_count[tier], -1u); /* a hint */
            return cairn__slot_at(taken);
        }
    }
    return NULL;
}

/* Memory that nobody has used yet: in a window freely only as far as the window goes. */
static struct cairn_slot_head *take_fresh(uint32_t tier, uint64_t most_bytes)
{
    int code = 0;
    if (atomic_load_relaxed(&cairn__session.carved) + tier_bytes[tier] > most_bytes) return NULL; /* a hint */
    struct cairn_slot_head *slot = carve(tier, &code);
    if (code && !cairn__is_window()) cairn__note_error(cairn__error_of(code));
    return slot;
}

struct cairn_slot_head *cairn__slot_take(uint32_t tier)
{
    struct cairn__session *session = &cairn__session;
    uint32_t left = atomic_load_relaxed(&session->ready_count[tier]); /* a hint */
    struct cairn_slot_head *slot = left && left <= CAIRN_READY_MAX ? take_ready(tier) : NULL;
    bool woke = left <= session->ready_low[tier] && session->has_helper && cairn__helper_wake();
    if (woke || !slot) atomic_store_relaxed(&session->late[tier], 1); /* more ready, and none will be late */
    if (slot) return slot;
    atomic_add_relaxed(&session->head->late_chunks, 1); /* count */
    slot = take_fresh(tier, session->soft_bytes);
    if (!slot && cairn__is_window()) {
        slot = cairn__window_take(tier);
        if (!slot) slot = take_fresh(tier, session->slots_bytes);
    }
    return slot;
}

void cairn__slot_push_sealed(struct cairn_slot_head *slot)
{
    uint64_t top = atomic_load_relaxed(&cairn__session.sealed); /* the swap confirms it */
    uint64_t bytes = slot->slot_bytes;                          /* behind the swap it is another's */
    do {
        slot->next = top;
        atomic_store_release(&slot->state, (uint32_t)CAIRN_SLOT_SEALED); /* pairs with copy_chunk */
    } while (!atomic_cas_acq_rel(&cairn__session.sealed, &top,
                                 cairn__slot_link(slot))); /* pairs with pop_sealed */
    if (cairn__is_window()) cairn__window_sealed(bytes);
}

void cairn__slots_take_sealed(struct cairn__slot_list *list)
{
    /* acquire: pairs with push: all that was written into the chunks is visible */
    struct cairn_slot_head *slot =
        cairn__slot_at(atomic_exchange_acq_rel(&cairn__session.sealed, (uint64_t)0));
    struct cairn_slot_head *oldest = NULL, *newest = slot;
    while (slot) {
        struct cairn_slot_head *before = cairn__slot_at(slot->next);
        slot->next = oldest ? cairn__slot_link(oldest) : 0;
        oldest = slot;
        slot = before;
    }
    if (!oldest) return;
    if (list->first)
        list->last->next = cairn__slot_link(oldest);
    else
        list->first = oldest;
    list->last = newest;
}

static bool make_ready(struct cairn_slot_head *slot, uint32_t tier)
{
    struct cairn__session *session = &cairn__session;
    slot->next = 0;
    for (uint32_t i = 0; i < CAIRN_READY_MAX; i++) {
        if (atomic_load_relaxed(&session->ready[tier][i])) continue; /* only the helper fills cells */
        atomic_store_release(&session->ready[tier][i], cairn__slot_link(slot)); /* pairs with take_ready */
        atomic_add_relaxed(&session->ready_count[tier], 1);                     /* a hint */
        return true;
    }
    return false;
}

void cairn__slot_put_aside(struct cairn_slot_head *slot)
{
    uint32_t tier = tier_of(slot);
    slot->next = pool.spare[tier];
    pool.spare[tier] = cairn__slot_link(slot);
}

struct cairn_slot_head *cairn__slot_take_aside(uint32_t tier)
{
    struct cairn_slot_head *slot = cairn__slot_at(pool.spare[tier]);
    if (slot) pool.spare[tier] = slot->next;
    return slot;
}

void cairn__slot_clear(struct cairn_slot_head *slot)
{
    struct cairn_chunk_head *chunk = cairn__slot_chunk(slot);
    /* release: whoever reads the file after our death must not take a half-zeroed chunk for a whole one; I6 */
    atomic_store_release(&slot->state, (uint32_t)CAIRN_SLOT_FREE);
    atomic_fence_seq_cst();
    uint32_t written = slot->unclean ? slot->slot_bytes - (uint32_t)sizeof *slot : chunk->block.bytes;
    slot->unclean = 0;
    memset(chunk, 0, written);
}

struct cairn_slot_head *cairn__slot_next(uint64_t *at)
{
    struct cairn__session *session = &cairn__session;
    if (atomic_load_relaxed(&session->has_holes)) return NULL; /* a touch might be a SIGBUS */
    /* By pages, because who was left behind may have been at carving one. Relaxed: at the stop. */
    for (; *at + CAIRN_PAGE_BYTES <= atomic_load_relaxed(&session->carved); *at += CAIRN_PAGE_BYTES) {
        struct cairn_slot_head *slot = (struct cairn_slot_head *)(session->slots + *at);
        if (atomic_load_acquire(&slot->magic) != CAIRN_SLOT_MAGIC) continue; /* pairs with carve */
        *at += slot->slot_bytes;
        return slot;
    }
    return NULL;
}

/* Ahead of need: what the limit leaves room for, so that a small limit takes little memory. */
static struct cairn_slot_head *find_fresh(uint32_t tier)
{
    struct cairn__session *session = &cairn__session;
    uint64_t most = cairn__is_window() ? session->soft_bytes : session->slots_bytes / 2;
    if (!pool.may_carve || atomic_load_relaxed(&session->carved) + tier_bytes[tier] > most) return NULL;
    int code = 0;
    struct cairn_slot_head *slot = carve(tier, &code);
    pool.may_carve = code == 0; /* what is there may still suffice: no error until somebody is in need */
    return slot;
}

/* In a window, when there is nothing fresh, by retiring the oldest that it holds. */
static struct cairn_slot_head *find_for_ready(uint32_t tier)
{
    struct cairn_slot_head *slot = cairn__is_window() ? NULL : cairn__slot_take_aside(tier);
    if (!slot) slot = find_fresh(tier);
    return slot || !cairn__is_window() ? slot : cairn__window_take(tier);
}

/* What is ready holds nothing: in a window not more than a sixteenth of it. */
static uint32_t most_ready(uint32_t tier)
{
    uint64_t count = cairn__is_window() ? cairn__session.soft_bytes / 16 / tier_bytes[tier] : CAIRN_READY_MAX;
    return count < 1 ? 1 : count > CAIRN_READY_MAX ? CAIRN_READY_MAX : (uint32_t)count;
}

void cairn__slots_replenish(void)
{
    struct cairn__session *session = &cairn__session;
    for (uint32_t tier = 0; tier <= session->tier_max; tier++) {
        bool late = atomic_exchange_acq_rel(&session->late[tier], 0u) != 0; /* hint */
        if (late && pool.target[tier] < CAIRN_READY_MAX) pool.target[tier] *= 2;
        uint32_t most = most_ready(tier);
        if (pool.target[tier] > most) pool.target[tier] = most;
        while (atomic_load_relaxed(&session->ready_count[tier]) < pool.target[tier]) { /* a hint */
            struct cairn_slot_head *slot = find_for_ready(tier);
            if (!slot || !make_ready(slot, tier)) break;
        }
    }
}

void cairn__slots_reset(void)
{
    pool.may_carve = true;
    memset(cairn__session.ready, 0, sizeof cairn__session.ready);
    memset(cairn__session.ready_count, 0, sizeof cairn__session.ready_count);
    for (uint32_t tier = 0; tier < CAIRN_TIERS; tier++) {
        pool.spare[tier] = 0;
        pool.target[tier] = 2;
        /* A window has few ready, so the helper is called early. */
        cairn__session.ready_low[tier] = cairn__is_window() ? most_ready(tier) / 2 : 2;
    }
}
