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
#include "record/record.h"

#include <string.h>

static const uint32_t tier_bytes[CAIRN_TIERS] = {4096, 16384, 65536, CAIRN_SLOT_BYTES_MAX};

/* Rules: of the helper (of start and stop while it does not run). */
static struct {
    uint64_t
        spare[CAIRN_TIERS]; /* zeroed slots beyond the ready ones: offset + 1, linked by reserved_words[0] */
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
        cairn__os_release(at, bytes); /* what there was of it may do for something smaller */
        return NULL;
    }
    struct cairn_slot_head *slot = (struct cairn_slot_head *)at;
    slot->slot_bytes = (uint32_t)bytes;
    atomic_store_release(&slot->magic, CAIRN_SLOT_MAGIC); /* a reader that sees the magic sees the size; I1 */
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

struct cairn_slot_head *cairn__slot_take(uint32_t tier)
{
    struct cairn__session *session = &cairn__session;
    uint32_t left = atomic_load_relaxed(&session->ready_count[tier]); /* a hint */
    struct cairn_slot_head *slot = left && left <= CAIRN_READY_MAX ? take_ready(tier) : NULL;
    bool woke = left <= 2 && session->has_helper && cairn__helper_wake();
    if (woke || !slot) atomic_store_relaxed(&session->late[tier], 1); /* more ready, and none will be late */
    if (slot) return slot;
    atomic_add_relaxed(&session->head->late_chunks, 1); /* count */
    int code = 0;
    slot = carve(tier, &code);
    if (code) cairn__note_error(cairn__error_of(code));
    return slot;
}

void cairn__slot_push_sealed(struct cairn_slot_head *slot)
{
    uint64_t top = atomic_load_relaxed(&cairn__session.sealed); /* the swap confirms it */
    do {
        slot->reserved_words[0] = top;
        atomic_store_relaxed(&slot->state, (uint32_t)CAIRN_SLOT_SEALED); /* ordered by the swap */
    } while (!atomic_cas_acq_rel(&cairn__session.sealed, &top,
                                 cairn__slot_link(slot))); /* pairs with pop_sealed */
}

struct cairn_slot_head *cairn__slot_pop_sealed(void)
{
    /* acquire: pairs with push: all that was written into the chunks is visible */
    struct cairn_slot_head *slot =
        cairn__slot_at(atomic_exchange_acq_rel(&cairn__session.sealed, (uint64_t)0));
    uint64_t oldest = 0;
    while (slot) {
        struct cairn_slot_head *next = cairn__slot_at(slot->reserved_words[0]);
        slot->reserved_words[0] = oldest;
        oldest = cairn__slot_link(slot);
        slot = next;
    }
    return cairn__slot_at(oldest);
}

static bool make_ready(struct cairn_slot_head *slot, uint32_t tier)
{
    struct cairn__session *session = &cairn__session;
    slot->reserved_words[0] = 0;
    for (uint32_t i = 0; i < CAIRN_READY_MAX; i++) {
        if (atomic_load_relaxed(&session->ready[tier][i])) continue;            /* only we fill cells */
        atomic_store_release(&session->ready[tier][i], cairn__slot_link(slot)); /* pairs with take_ready */
        atomic_add_relaxed(&session->ready_count[tier], 1);                     /* a hint */
        return true;
    }
    return false;
}

static void keep_spare(struct cairn_slot_head *slot, uint32_t tier)
{
    slot->reserved_words[0] = pool.spare[tier];
    pool.spare[tier] = cairn__slot_link(slot);
}

static struct cairn_slot_head *take_spare(uint32_t tier)
{
    struct cairn_slot_head *slot = cairn__slot_at(pool.spare[tier]);
    if (slot) pool.spare[tier] = slot->reserved_words[0];
    return slot;
}

void cairn__slot_recycle(struct cairn_slot_head *slot)
{
    struct cairn_chunk_head *chunk = (struct cairn_chunk_head *)(slot + 1);
    /* release: whoever reads the file after our death must not take a half-zeroed chunk for a whole one; I6 */
    atomic_store_release(&slot->state, (uint32_t)CAIRN_SLOT_FREE);
    atomic_fence_seq_cst();
    uint32_t written = slot->reserved ? slot->slot_bytes - (uint32_t)sizeof *slot : chunk->block.bytes;
    slot->reserved = 0; /* set by mark_unclean */
    memset(chunk, 0, written);
    uint32_t tier = tier_of(slot);
    keep_spare(slot, tier);
}

/* Only slots that the limit leaves room for are made ready, so that a small limit takes little memory. */
void cairn__slots_replenish(void)
{
    struct cairn__session *session = &cairn__session;
    for (uint32_t tier = 0; tier <= session->tier_max; tier++) {
        bool late = atomic_exchange_acq_rel(&session->late[tier], 0u) != 0; /* hint */
        if (late && pool.target[tier] < CAIRN_READY_MAX) pool.target[tier] *= 2;
        while (atomic_load_relaxed(&session->ready_count[tier]) < pool.target[tier]) { /* a hint */
            bool room = atomic_load_relaxed(&session->carved) + tier_bytes[tier] <= session->slots_bytes / 2;
            struct cairn_slot_head *slot = take_spare(tier);
            if (!slot && room && pool.may_carve) {
                int code = 0;
                slot = carve(tier, &code);
                pool.may_carve =
                    code == 0; /* what is there may still suffice: no error until somebody is in need */
            }
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
    }
}
