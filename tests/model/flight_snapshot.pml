/* Flight recording: a snapshot while a thread emits and retires. SPDX-License-Identifier: Apache-2.0
 *
 * One thread fills chunks of one or two words and retires the oldest sealed chunk when no slot is ready. A snapshot
 * lists what is there under the store's lock, then copies one chunk after the other, each pinned while it is copied.
 * What is retired between is added to the snapshot's copy of the records. What the lock alone guards is done in one
 * step here; flight_retire.pml has a retire step by step.
 *
 * Properties: the snapshot is the start of the thread's stream, each event once, copied or overwritten, up to a
 * point between the time that it claims and the end of copying; a copied word is one of its chunk.
 *
 * -DNO_PIN              a chunk that is being copied may be retired
 * -DNO_NUMBER_CHECK     the slot is copied whatever it holds by now
 * -DNO_LISTED_ADD       a retire does not tell the snapshot
 * -DUNPIN_BEFORE_COPIED a chunk is unpinned before it is off the list
 * -DNO_HIGHEST          chunks that began while the slots were listed are listed too
 * -DHIGHEST_LATE        the highest block number is noted behind the listing
 * -DTICKS_LATE          the time up to which it claims to be complete is taken behind the listing
 * -DRECORDS_UNLOCKED    the records are copied before the lock is taken
 */
#define SLOTS 4
#ifdef LONG
#define TURNS 7
#else
#define TURNS 5
#endif
#define BLOCKS (TURNS + 1)

#define FREE 0
#define OPEN 1
#define SEALED 2

byte state[SLOTS + 1];
byte number[SLOTS + 1];
byte first[SLOTS + 1], second[SLOTS + 1]; /* the words: the block's number */
bit pinned[SLOTS + 1];
byte overwritten;

chan ready = [SLOTS] of { byte };
chan sealed = [SLOTS] of { byte };
chan retained = [SLOTS] of { byte };
bit lock;
byte block_count;

/* The snapshot. Rules: under the lock, except where the listed slot is pinned. */
byte listed[SLOTS + 1]; /* number of the block that is still to be copied */
byte its_overwritten, its_recovered;

/* What is true, for the properties only. */
byte emitted;
byte written[BLOCKS];   /* words */
bit is_over[BLOCKS];    /* in `overwritten` */
byte its_words[BLOCKS]; /* of the snapshot */
byte its_times[BLOCKS];

inline acquire() {
    atomic { !lock -> lock = 1 }
}

inline snapshot_has(block, words) {
    its_times[block]++;
    its_words[block] = its_words[block] + words
}

inline retire(slot) {
    d_step {
        overwritten = overwritten + (first[slot] != 0) + (second[slot] != 0);
        is_over[number[slot]] = 1;
#ifndef NO_LISTED_ADD
        if
        :: listed[slot] && listed[slot] == number[slot] ->
            its_overwritten = its_overwritten + (first[slot] != 0) + (second[slot] != 0);
            snapshot_has(number[slot], written[number[slot]]);
            listed[slot] = 0
        :: else
        fi;
#endif
        state[slot] = FREE
    }
}

inline zero(slot) {
    number[slot] = 0;
    first[slot] = 0;
    second[slot] = 0
}

active proctype emitter()
{
    byte slot, mine, turn, other;
    ready!1;
    ready!2;
    ready!3;
    ready!4;
    do
    :: turn < TURNS ->
        turn++;
        if
        :: ready?slot
        :: empty(ready) ->
            atomic {
                if
                :: !lock -> lock = 1
                :: else -> goto dropped
                fi
            };
            atomic {
                do
                :: sealed?slot -> retained!slot
                :: empty(sealed) -> break
                od;
                slot = 0;
                if
                :: empty(retained)
                :: retained?slot ->
#ifndef NO_PIN
                    if
                    :: pinned[slot] -> /* the next oldest goes instead */
                        if
                        :: retained?other -> retained!slot; slot = other; other = 0
                        :: empty(retained) -> retained!slot; slot = 0
                        fi
                    :: else
                    fi
#else
                    skip
#endif
                fi
            };
            if
            :: slot -> retire(slot)
            :: else
            fi;
            lock = 0;
            zero(slot)
        fi;
dropped:
        if
        :: slot ->
            /* cairn__seal */
            if
            :: mine -> state[mine] = SEALED; atomic { sealed!mine; mine = 0 }
            :: else
            fi;
            /* begin_chunk */
            atomic { mine = slot; slot = 0; block_count++; number[mine] = block_count };
            state[mine] = OPEN;
            atomic { first[mine] = number[mine]; written[number[mine]] = 1; emitted++ };
            if
            :: atomic { second[mine] = number[mine]; written[number[mine]] = 2; emitted++ }
            :: skip
            fi
        :: else /* dropped, and counted */
        fi
    :: else -> break
    od
}

inline copy_records() {
    d_step {
        its_overwritten = overwritten;
        block = 1;
        do
        :: block < BLOCKS && is_over[block] -> snapshot_has(block, written[block]); block++
        :: block < BLOCKS && !is_over[block] -> block++
        :: else -> break
        od;
        block = 0
    }
}

active proctype snapshot()
{
    byte slot, block, highest, had, one, two;
#ifdef RECORDS_UNLOCKED
    copy_records();
#endif
    acquire();
    /* intake */
    atomic {
        do
        :: sealed?slot -> retained!slot
        :: empty(sealed) -> break
        od;
        slot = 0
    };
#ifndef RECORDS_UNLOCKED
    copy_records();
#endif
#ifndef TICKS_LATE
    had = emitted;
#endif
    highest = block_count;
#if defined NO_HIGHEST || defined HIGHEST_LATE
    highest = BLOCKS;
#endif
    slot = 1;
    do
    :: slot <= SLOTS ->
        atomic {
            if
            :: state[slot] != FREE && number[slot] <= highest -> listed[slot] = number[slot]
            :: else
            fi;
            slot++
        }
    :: else -> break
    od;
#ifdef HIGHEST_LATE
    highest = block_count;
#endif
    lock = 0;
#ifdef TICKS_LATE
    had = emitted;
#endif
    slot = 1;
    do
    :: slot <= SLOTS ->
        acquire();
        if
#ifdef NO_NUMBER_CHECK
        :: listed[slot] || had ->
            block = number[slot];
#else
        :: listed[slot] && state[slot] != FREE && number[slot] == listed[slot] ->
            block = listed[slot];
#endif
            pinned[slot] = 1;
            lock = 0;
            one = first[slot];
            if
            :: one -> two = second[slot] /* data ends at the first zero word */
            :: else
            fi;
            d_step {
                assert((!one || one == block) && (!two || two == block));
                its_recovered = its_recovered + (one != 0) + (two != 0);
                snapshot_has(block, (one != 0) + (two != 0));
                one = 0;
                two = 0
            };
#ifdef UNPIN_BEFORE_COPIED
            pinned[slot] = 0;
            listed[slot] = 0;
#else
            listed[slot] = 0;
            pinned[slot] = 0;
#endif
            block = 0
        :: else -> lock = 0
        fi;
        slot++
    :: else -> break
    od;
    slot = 0;
    /* Whole chunks, then at most one that goes on, then none. */
    d_step {
        one = 0;
        two = 0;
        block = 1;
        do
        :: block < BLOCKS ->
            assert(its_times[block] <= 1 && its_words[block] <= written[block]);
            assert(!two || !its_words[block]);
            one = one + its_words[block];
            two = two || its_words[block] < written[block];
            block++
        :: else -> break
        od;
        assert(one == its_overwritten + its_recovered);
        assert(one >= had && one <= emitted)
    }
}
