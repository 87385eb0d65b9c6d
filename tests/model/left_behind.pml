/* Threads that end, or are stopped for long, amid an event (I4a). SPDX-License-Identifier: Apache-2.0
 *
 * The owner fills chunks of CAPACITY words, one event after the other. It may be cancelled at any step, also while
 * it changes chunks; then its exit seals what the stream names. The stop waits for it, but may give up at any time:
 * however long it waits, the owner may have been kept from running so long. Behind the stop's last drain it looks
 * through all slots for what nobody handed in: the chunk of an owner that was left behind, and one that was between
 * stream and stack when its thread was cancelled. Then the next session starts, unless the owner is left behind.
 *
 * Properties: no chunk is handed in twice (the stack would be a ring, and the stop would not end); every word that
 * was there when the stop had given up, or nobody was busy, is in the trace, or in a live file that stays; a session
 * does not start while somebody looks at the state of the one before.
 *
 * -DSEAL_LEFT_BEHIND   the stop seals the stream of an owner that it gave up
 * -DNO_SWEEP           nobody looks through the slots
 * -DLEFT_BY_GENERATION who is left behind is known only once it has joined the session
 * -DLEFT_FORGOTTEN     nobody remembers who was left behind
 */
#ifdef LONG
#define EVENTS 5
#else
#define EVENTS 3
#endif
#define CAPACITY 2
#define CHUNKS (EVENTS + 1)

bit gate;
bit busy;
bit joined; /* the thread's generation is that of the first session */
bit limit;
byte position, chunk;
byte words[CHUNKS];      /* of each slot; one slot a chunk */
bit is_open[CHUNKS];     /* the slot is not free */
bit handed_in[CHUNKS];   /* pushed to the sealed stack */
bit in_trace[CHUNKS];
byte last_chunk;
bit left_behind; /* seen by the stop */

bit cancelled, gone;
bit within; /* for the properties only: the owner looks at the session's state */

/* cairn__seal: `old` leaves the stream, then is pushed. */
inline seal(old) {
    if
    :: chunk ->
        old = chunk;
        chunk = 0;
        atomic { assert(!handed_in[old]); handed_in[old] = 1 };
        old = 0
    :: else
    fi
}

inline emit() {
    busy = 1;
    if
    :: limit && position < CAPACITY
    :: else ->
        atomic { open = gate; within = open };
        if
        :: !open -> goto leave
        :: else
        fi;
        if
        :: !joined -> limit = 0; joined = 1
        :: else
        fi;
        limit = 0;
        seal(old);
        atomic { last_chunk++; is_open[last_chunk] = 1 };
        mine = last_chunk;
        chunk = mine;
        position = 0;
        limit = 1;
        if
        :: !gate -> limit = 0; goto leave
        :: else
        fi
    fi;
    words[mine]++; /* through the pointer that it had from the position */
    position = position + 1;
leave:
    atomic { within = 0; busy = 0; open = 0 }
}

active proctype owner()
{
    byte event, old, mine;
    bit open;
    {
        do
        :: event < EVENTS -> event++; emit()
        :: else -> break
        od
    } unless { atomic { cancelled -> old = 0; open = 0 } };
    /* at_thread_exit */
    busy = 1;
    atomic { open = gate; within = open };
    if
    :: open && joined -> seal(old)
    :: else
    fi;
    atomic { within = 0; busy = 0; gone = 1 }
}

active proctype cancel()
{
    if
    :: cancelled = 1
    :: skip
    fi
}

active proctype stop()
{
    byte i, old, there[CHUNKS];
    gate = 1;
    gate = 0;
    limit = 0;
    /* wait_until_still, bounded */
    if
    :: !busy
    :: busy -> left_behind = 1
    fi;
    d_step {
        i = 1;
        do
        :: i < CHUNKS -> there[i] = words[i]; i++
        :: else -> break
        od
    };
#ifdef SEAL_LEFT_BEHIND
    if
    :: joined -> seal(old)
    :: else
    fi;
#else
    if
    :: joined && !left_behind -> seal(old)
    :: else
    fi;
#endif
    /* cairn__drain_finish */
    i = 1;
    do
    :: i < CHUNKS ->
        atomic {
            if
            :: handed_in[i] -> in_trace[i] = 1; is_open[i] = 0
            :: else
            fi;
            i++
        }
    :: else -> break
    od;
#ifndef NO_SWEEP
    i = 1;
    do
    :: i < CHUNKS ->
        atomic {
            if
            :: is_open[i] -> in_trace[i] = 1
            :: else
            fi;
            i++
        }
    :: else -> break
    od;
#endif
    atomic {
        i = 1;
        do
        :: i < CHUNKS -> assert(!there[i] || in_trace[i]); i++
        :: else -> break
        od
    };
    /* start_session, again: anyone_left_behind */
#ifdef LEFT_BY_GENERATION
    !(joined && busy);
#else
#ifndef LEFT_FORGOTTEN
    !(left_behind && busy);
#endif
#endif
    assert(!within)
}
