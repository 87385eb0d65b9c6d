/* Flight recording: threads that retire the oldest chunk, killed at any instant. SPDX-License-Identifier: Apache-2.0
 *
 * THREADS threads fill chunks of one or two words, the first of one kind of event, the second of another. Who finds no
 * slot ready tries the store's lock and retires the oldest sealed chunk: its counts go into the record of its thread,
 * which the journal makes one step for whoever reads what a killed process left. The ready table and the sealed
 * stack are channels here; slot_cycle.pml has them in full.
 *
 * `killed` looks at any instant, as a reader does: what the chunks hold and what the records say was overwritten is
 * what was emitted, by thread and kind; a slot that is not free is whole. A slot has one holder, and is zero when
 * it is taken; chunks are retired in the order in which they were sealed.
 *
 * -DNO_LOCK               whoever wants to retires
 * -DNO_JOURNAL            counts are added without it
 * -DNUMBER_FIRST          the journal names its block before it has the former counts
 * -DCLEAR_BEFORE_FREE     the journal is cleared before the slot is free
 * -DFREE_BEFORE_COUNT     the slot is freed before its counts are added
 * -DZERO_BEFORE_FREE      the slot is zeroed before it is free
 * -DNO_ZERO               the slot is handed out as it was
 * -DREADER_ONLY_JOURNAL   the reader takes the journal's counts without looking for the block
 * -DREADER_NO_JOURNAL     the reader does not look at the journal
 */
#define THREADS 2
#define SLOTS 4
#define TURNS 3
#ifdef LONG
#define MORE_TURNS 1 /* of one thread */
#else
#define MORE_TURNS 0
#endif

#define FREE 0
#define OPEN 1
#define SEALED 2
#define UNLOCKED 255

byte state[SLOTS + 1];
byte number[SLOTS + 1];
byte thread[SLOTS + 1];
bit first[SLOTS + 1], second[SLOTS + 1];

byte overwritten[THREADS * 2]; /* the thread records: by thread and kind */
byte journal_number, journal_thread, journal_first, journal_second;

chan ready = [SLOTS] of { byte };
chan sealed = [SLOTS] of { byte };
chan retained = [SLOTS] of { byte }; /* of the lock's holder; oldest first */
byte lock = UNLOCKED;
byte block_count;

/* What is true, for the properties only. */
byte emitted[THREADS * 2];
byte seals, retired;      /* in order */
byte order[SLOTS + 1];    /* in which the slot was sealed */
bit held[SLOTS + 1];

inline note_journal(s) {
#ifdef NO_JOURNAL
    skip
#else
#ifdef NUMBER_FIRST
    journal_number = number[s];
    journal_thread = thread[s];
    journal_first = overwritten[thread[s] * 2];
    journal_second = overwritten[thread[s] * 2 + 1];
#else
    journal_thread = thread[s];
    journal_first = overwritten[thread[s] * 2];
    journal_second = overwritten[thread[s] * 2 + 1];
    journal_number = number[s];
#endif
#endif
}

inline count(s) {
    overwritten[thread[s] * 2] = overwritten[thread[s] * 2] + first[s];
    overwritten[thread[s] * 2 + 1] = overwritten[thread[s] * 2 + 1] + second[s]
}

inline zero(s) {
#ifdef NO_ZERO
    skip
#else
    number[s] = 0;
    d_step { first[s] = 0; second[s] = 0; thread[s] = 0 }
#endif
}

inline retire(s) {
    atomic {
        assert(state[s] == SEALED && order[s] == retired + 1);
        retired++;
        order[s] = 0
    };
    note_journal(s);
#ifdef FREE_BEFORE_COUNT
    state[s] = FREE;
    count(s);
#else
    count(s);
#ifdef CLEAR_BEFORE_FREE
    journal_number = 0;
#endif
#ifdef ZERO_BEFORE_FREE
    zero(s);
#endif
    state[s] = FREE;
#endif
    journal_number = 0
}

inline try_retire() {
    atomic {
        if
#ifdef NO_LOCK
        :: true
#else
        :: lock == UNLOCKED -> lock = _pid
        :: else -> goto taken
#endif
        fi
    };
    /* intake */
    atomic {
        do
        :: sealed?slot -> retained!slot
        :: empty(sealed) -> break
        od;
        slot = 0
    };
    if
    :: retained?slot -> retire(slot)
    :: empty(retained)
    fi;
    lock = UNLOCKED;
    if
    :: slot -> zero(slot)
    :: else
    fi
}

proctype emitter(byte self; byte turns)
{
    byte turn, slot, mine;
    do
    :: turn < turns ->
        turn++;
        if
        :: ready?slot
        :: empty(ready) -> try_retire()
        fi;
taken:
        if
        :: slot ->
            atomic { assert(!held[slot]); held[slot] = 1 };
            /* cairn__seal */
            if
            :: mine ->
                state[mine] = SEALED;
                atomic { held[mine] = 0; seals++; order[mine] = seals; sealed!mine; mine = 0 }
            :: else
            fi;
            /* begin_chunk */
            atomic {
                mine = slot;
                slot = 0;
                assert(!number[mine] && !first[mine] && !second[mine]);
                block_count++;
                thread[mine] = self;
                number[mine] = block_count
            };
            state[mine] = OPEN;
            atomic { first[mine] = 1; emitted[self * 2]++ };
            if
            :: atomic { second[mine] = 1; emitted[self * 2 + 1]++ }
            :: skip
            fi
        :: else /* dropped, and counted */
        fi
    :: else -> break
    od
}

/* Comes back to the state that it found, so that it may look in every one at no cost. */
proctype killed()
{
    byte s, former = UNLOCKED;
    byte total[THREADS * 2];
end:
    do
    :: d_step {
        s = 0;
        do
        :: s < THREADS * 2 -> total[s] = overwritten[s]; s++
        :: else -> break
        od;
        s = 1;
        do
        :: s <= SLOTS ->
            if
            :: state[s] != FREE ->
                assert(number[s] && (first[s] || !second[s]));
#ifndef READER_NO_JOURNAL
                if
                :: journal_number == number[s] -> former = journal_thread
                :: else
                fi;
#endif
                total[thread[s] * 2] = total[thread[s] * 2] + first[s];
                total[thread[s] * 2 + 1] = total[thread[s] * 2 + 1] + second[s]
            :: else
            fi;
            s++
        :: else -> break
        od;
#ifdef READER_ONLY_JOURNAL
        if
        :: journal_number -> former = journal_thread
        :: else
        fi;
#endif
        if
        :: former != UNLOCKED ->
            total[former * 2] = total[former * 2] - overwritten[former * 2] + journal_first;
            total[former * 2 + 1] = total[former * 2 + 1] - overwritten[former * 2 + 1] + journal_second
        :: else
        fi;
        s = 0;
        do
        :: s < THREADS * 2 -> assert(total[s] == emitted[s]); total[s] = 0; s++
        :: else -> break
        od;
        s = 0;
        former = UNLOCKED
    }
    od
}

init
{
    atomic {
        ready!1;
        ready!2;
        ready!3;
        ready!4;
        run emitter(0, TURNS + MORE_TURNS);
        run emitter(1, TURNS);
        run killed()
    }
}
