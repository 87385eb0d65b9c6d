/* A slot's way round: ready table, thread, sealed stack, helper (I5, I6, I7). SPDX-License-Identifier: Apache-2.0
 *
 * OWNERS threads fill TURNS chunks each, of one or two words; the helper drains, zeroes and hands out again. A chunk's
 * words are its block number, so that a foreign word shows. A write to the trace may fail once, after it was begun.
 * Memory is sequentially consistent: see README.md for why that suffices here.
 *
 * Properties: a slot has one holder; who takes it finds it zero; at the end every sealed chunk is in the trace once.
 * `killed` looks at any instant: every chunk with words is whole in the trace or in a slot that is not free, and a
 * slot that is not free has nothing but its own chunk. `live_reader` (LIVE_READER) reads while all goes on, live file
 * first: what was there when it began is there once, and nothing is torn.
 *
 * -DNO_EXCHANGE       a ready slot is taken by a load and a store
 * -DNO_CAS_IN_PUSH    the sealed stack is pushed by a load and a store
 * -DNO_EXCHANGE_IN_POP  the sealed stack is emptied by a load and a store
 * -DNO_ZERO           a slot is handed out as it was
 * -DREADY_BEFORE_ZERO a slot is handed out, then zeroed
 * -DZERO_BEFORE_FREE  a slot is zeroed, then marked free
 * -DFREE_BEFORE_WRITE a slot is marked free before its chunk is in the trace
 * -DNO_RETRY          a chunk whose write failed is given up
 * -DOPEN_BEFORE_HEAD  a slot is marked open before its chunk has a number
 * -DLIVE_READER -DTRACE_FIRST    the reader looks at the trace before the live file
 * -DLIVE_READER -DNO_TRACE_WINS  of a chunk that is in both files the reader keeps what the live file had
 * +DLIVE_READER       all steps, with a reader instead of a kill
 */
#ifdef LIVE_READER
#define OWNERS 1
#define TURNS 3
#else
#define OWNERS 2
#define TURNS 2
#endif
#ifdef LONG
#define SLOTS (OWNERS + 1)
#else
#define SLOTS OWNERS
#endif
#define CELLS SLOTS
#define BLOCKS (OWNERS * TURNS + 1)

#define FREE 0
#define OPEN 1
#define SEALED 2

#define NOBODY 0
#define STACK 5
#define HELPER 6

#define NONE 0
#define TORN 1
#define WHOLE 2

/* The live file. Slot 0 is none; a link is the number of a slot. */
byte state[SLOTS + 1];
byte number[SLOTS + 1];
byte first[SLOTS + 1], second[SLOTS + 1]; /* the words */
byte bytes[SLOTS + 1];                    /* words of a sealed chunk */
byte next[SLOTS + 1];
byte carved;
byte ready[CELLS];
byte sealed;

byte in_trace[BLOCKS];
byte block_count;

/* What is true, for the properties only. */
byte holder[SLOTS + 1];
byte written[BLOCKS]; /* words */
bit is_sealed[BLOCKS];
byte owners_done;

inline hand(slot_, from, to) {
    assert(holder[slot_] == from);
    holder[slot_] = to
}

inline take(slot) {
    cell = 0;
    do
    :: cell < CELLS ->
#ifdef NO_EXCHANGE
        slot = ready[cell];
        if
        :: slot -> atomic { ready[cell] = 0; hand(slot, NOBODY, _pid); break }
        :: else -> cell++
        fi
#else
        atomic {
            slot = ready[cell];
            ready[cell] = 0;
            if
            :: slot -> hand(slot, NOBODY, _pid); break
            :: else -> cell++
            fi
        }
#endif
    :: cell == CELLS ->
        atomic {
            if
            :: carved < SLOTS -> carved++; slot = carved; hand(slot, NOBODY, _pid)
            :: else
            fi;
            break
        }
    od;
    cell = 0
}

inline push(slot) {
    state[slot] = SEALED;
    do
    :: atomic { next[slot] = sealed; top = sealed };
#ifdef NO_CAS_IN_PUSH
        atomic { sealed = slot; hand(slot, _pid, STACK) };
        break
#else
        atomic {
            if
            :: sealed == top -> sealed = slot; hand(slot, _pid, STACK); break
            :: else
            fi
        }
#endif
    od;
    top = 0
}

proctype owner()
{
    byte slot, cell, top, turn, block;
    do
    :: turn < TURNS ->
        turn++;
        take(slot);
        if
        :: slot ->
            /* begin_chunk */
            atomic {
                assert(!number[slot] && !first[slot] && !second[slot] && !bytes[slot]);
                block_count++;
                block = block_count
            };
#ifdef OPEN_BEFORE_HEAD
            state[slot] = OPEN;
            number[slot] = block;
#else
            number[slot] = block;
            state[slot] = OPEN;
#endif
            atomic { first[slot] = block; written[block] = 1 };
            if
            :: atomic { second[slot] = block; written[block] = 2 }
            :: skip
            fi;
            /* cairn__seal */
            atomic { bytes[slot] = written[block]; is_sealed[block] = 1 };
            push(slot);
            atomic { block = 0; slot = 0 }
        :: else /* dropped, and counted */
        fi
    :: else -> break
    od;
    owners_done++
}

inline zero(slot) {
    /* In no particular order, as far as others may see. */
    if
    :: number[slot] = 0; d_step { first[slot] = 0; second[slot] = 0; bytes[slot] = 0 }
    :: second[slot] = 0; d_step { first[slot] = 0; number[slot] = 0; bytes[slot] = 0 }
    fi
}

inline make_ready(slot) {
    atomic {
        hand(slot, HELPER, NOBODY);
        cell = 0;
        do
        :: cell < CELLS && ready[cell] -> cell++
        :: cell < CELLS && !ready[cell] -> ready[cell] = slot; break
        od;
        cell = 0
    }
}

inline recycle(slot) {
#ifdef READY_BEFORE_ZERO
    state[slot] = FREE;
    make_ready(slot);
    zero(slot)
#else
#ifdef NO_ZERO
    state[slot] = FREE;
#else
#ifdef ZERO_BEFORE_FREE
    zero(slot);
    state[slot] = FREE;
#else
    state[slot] = FREE;
    zero(slot);
#endif
#endif
    make_ready(slot)
#endif
}

/* take_sealed: the whole stack, turned round, behind what is pending. */
inline pop() {
#ifdef NO_EXCHANGE_IN_POP
    slot = sealed;
    sealed = 0;
#else
    d_step { slot = sealed; sealed = 0 };
#endif
    atomic {
        oldest = 0;
        do
        :: slot -> hand(slot, STACK, HELPER); top = next[slot]; next[slot] = oldest; oldest = slot; slot = top
        :: else -> break
        od;
        if
        :: !pending -> pending = oldest
        :: else ->
            slot = pending;
            do
            :: next[slot] -> slot = next[slot]
            :: else -> break
            od;
            next[slot] = oldest
        fi;
        top = 0;
        oldest = 0;
        slot = 0
    }
}

proctype helper()
{
    byte slot, top, oldest, pending, cell;
    bit failed;
    do
    :: sealed || pending ->
        pop();
        do
        :: pending ->
            slot = pending;
#ifdef FREE_BEFORE_WRITE
            state[slot] = FREE;
#endif
            /* write_chunk */
            atomic {
                assert(first[slot] == number[slot] && bytes[slot] == written[number[slot]]);
                assert(in_trace[number[slot]] == NONE);
                in_trace[number[slot]] = TORN
            };
            if
            :: in_trace[number[slot]] = WHOLE
            :: !failed -> atomic { failed = 1; in_trace[number[slot]] = NONE };
#ifdef NO_RETRY
                skip
#else
                break
#endif
            fi;
            pending = next[slot];
            next[slot] = 0;
            recycle(slot)
        :: else -> break
        od
    :: owners_done == OWNERS && !sealed && !pending -> break
    od;
    atomic {
        cell = 1;
        do
        :: cell <= block_count -> assert(!is_sealed[cell] || in_trace[cell] == WHOLE); cell++
        :: else -> break
        od
    }
}

#ifndef LIVE_READER
/* Comes back to the state that it found, so that it may look in every one at no cost. */
proctype killed()
{
    byte slot, block;
    bit found[BLOCKS];
end:
    do
    :: d_step {
        slot = 1;
        do
        :: slot <= SLOTS ->
            block = number[slot];
            if
            :: state[slot] != FREE ->
                assert(block && !found[block]);
                found[block] = 1;
                assert((first[slot] != 0) + (second[slot] != 0) == written[block]);
                assert((!first[slot] || first[slot] == block) && (!second[slot] || second[slot] == block))
            :: else
            fi;
            slot++
        :: else -> break
        od;
        block = 1;
        do
        :: block < BLOCKS ->
            assert(!written[block] || found[block] || in_trace[block] == WHOLE);
            found[block] = 0;
            block++
        :: else -> break
        od;
        slot = 0;
        block = 0
    }
    od
}
#else
byte had[BLOCKS];   /* words that were there when the reader began */
byte found[BLOCKS]; /* words that it found */

inline read_trace() {
    atomic {
        block = 1;
        do
        :: block < BLOCKS ->
            if
#ifdef NO_TRACE_WINS
            :: in_trace[block] == WHOLE && !found[block] -> found[block] = written[block]
#else
            :: in_trace[block] == WHOLE -> found[block] = written[block]; torn[block] = 0
#endif
            :: else
            fi;
            block++
        :: else -> break
        od
    }
}

proctype live_reader()
{
    byte slot, block, one, two;
    bit torn[BLOCKS];
    d_step {
        block = 1;
        do
        :: block < BLOCKS -> had[block] = written[block]; block++
        :: else -> break
        od;
        slot = 1
    };
#ifdef TRACE_FIRST
    read_trace();
#endif
    do
    :: slot <= SLOTS ->
        if
        :: state[slot] != FREE ->
            block = number[slot];
            one = first[slot];
            if
            :: one -> two = second[slot] /* data ends at the first zero word */
            :: else
            fi;
            atomic {
                if
                :: block && number[slot] == block && !found[block] ->
                    found[block] = (one -> 1 + (two != 0) : 0);
                    torn[block] = (one && one != block) || (two && two != block)
                :: else
                fi;
                one = 0;
                two = 0
            }
        :: else
        fi;
        slot++
    :: else -> break
    od;
#ifndef TRACE_FIRST
    read_trace();
#endif
    atomic {
        block = 1;
        do
        :: block < BLOCKS ->
            assert(!torn[block]);
            assert(found[block] >= had[block] && found[block] <= written[block]);
            block++
        :: else -> break
        od
    }
}
#endif

init
{
    atomic {
        run owner();
#ifndef LIVE_READER
        run owner();
#endif
        run helper();
#ifdef LIVE_READER
        run live_reader()
#else
        run killed()
#endif
    }
}
