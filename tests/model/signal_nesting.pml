/* Handlers that emit, whatever they interrupt (I8). SPDX-License-Identifier: Apache-2.0
 *
 * One thread: a main flow and handlers, each of which may interrupt whatever is below it at every step and runs to its
 * end before that goes on. All of them emit in the same way. A chunk has CAPACITY words, so that the rare path is
 * gone through again and again; the first event of all joins the session. An event is a payload and a head.
 *
 * Properties: nothing is written where something stands; who seals finds whole events only, and nothing behind them;
 * at the end, each event is in a chunk or counted as lost.
 *
 * -DNO_BUSY              the thread does not mark itself
 * -DPOSITION_BEFORE_BUSY the position is looked at before the mark
 * -DLEAVE_TO_ZERO        leaving clears the mark instead of putting back what it was
 * -DONE_SIDE_STREAM      all handlers that interrupt an event share a stream
 * -DRECORD_BEFORE_RESET  a handler may take part while its thread is still joining
 * -DPLAIN_LOSS_COUNT     losses are counted by a load and a store
 */
#define DEPTHS 4 /* of flows: main, and handlers that interrupt each other; one more than there are streams */
#define STREAMS 3
#ifdef LONG
#define CAPACITY 1
#define MAIN_EVENTS 3
#define HANDLER_EVENTS 2 /* of the first to interrupt; of the others 1 */
#else
#define CAPACITY 2
#define MAIN_EVENTS 4
#define HANDLER_EVENTS 1
#endif
#define CHUNKS (MAIN_EVENTS + 3 * HANDLER_EVENTS + 1)

byte running; /* depth of the flow that has the processor */
bit over;     /* no handler begins any more */

byte busy;
bit joined; /* generation is that of the session */
bit record;
bit limit[STREAMS]; /* 0: NULL */
byte position[STREAMS];
byte chunk[STREAMS]; /* 0: NULL */
bit payload[CHUNKS * CAPACITY], head[CHUNKS * CAPACITY];
byte last_chunk;
byte lost;

/* What is true, for the properties only. */
byte emitted, recovered;

inline lose() {
#ifdef PLAIN_LOSS_COUNT
    seen = lost;
    lost = seen + 1;
    seen = 0
#else
    lost++
#endif
}

inline reset_thread() {
    stream = 0;
    do
    :: stream < STREAMS -> limit[stream] = 0; chunk[stream] = 0; position[stream] = 0; stream++
    :: else -> break
    od;
    stream = 0
}

inline join_session() {
#ifdef RECORD_BEFORE_RESET
    joined = 1;
    record = 1;
    reset_thread()
#else
    reset_thread();
    joined = 1;
    record = 1
#endif
}

/* The chunk leaves the stream, then goes to the stack. */
inline seal(s) {
    if
    :: chunk[s] ->
        old = chunk[s];
        used = position[s];
        chunk[s] = 0;
        d_step {
            at = 0;
            do
            :: at < CAPACITY ->
                assert(head[old * CAPACITY + at] == (at < used) && payload[old * CAPACITY + at] == (at < used));
                at++
            :: else -> break
            od;
            recovered = recovered + used;
            at = 0;
            old = 0;
            used = 0
        }
    :: else
    fi
}

inline begin_chunk(s) {
    atomic { last_chunk++; chunk[s] = last_chunk }; /* a zeroed slot of its own: see slot_cycle.pml */
    position[s] = 0;
    limit[s] = 1
}

inline emit() {
    emitted++;
    level = busy;
    stream = 0;
#ifdef POSITION_BEFORE_BUSY
    at = position[0];
#endif
    if
    :: level == 0 -> skip
    :: level && (level > STREAMS - 1 || !joined || !record) -> lose(); goto out
    :: else ->
#ifdef ONE_SIDE_STREAM
        stream = 1
#else
        stream = level
#endif
    fi;
#ifndef NO_BUSY
    busy = level + 1;
#endif
#ifdef POSITION_BEFORE_BUSY
    if
    :: stream -> at = position[stream]
    :: else
    fi;
#else
    at = position[stream];
#endif
    if
    :: limit[stream] && at < CAPACITY
    :: else ->
        if
        :: !(joined && record) -> join_session()
        :: else
        fi;
        limit[stream] = 0;
        seal(stream);
        begin_chunk(stream);
        at = 0
    fi;
    atomic {
        word = chunk[stream] * CAPACITY + at;
        assert(chunk[stream] && !payload[word]);
        payload[word] = 1
    };
    atomic {
        assert(payload[word] && !head[word]);
        head[word] = 1
    };
    position[stream] = at + 1;
    word = 0;
    at = 0;
#ifndef NO_BUSY
#ifdef LEAVE_TO_ZERO
    busy = 0;
#else
    busy = level;
#endif
#endif
out:
    level = 0;
    stream = 0
}

active proctype main_flow() provided (running == 0)
{
    byte event, level, stream, at, word, old, used, seen;
    do
    :: event < MAIN_EVENTS -> event++; emit()
    :: else -> break
    od;
    over = 1;
    /* seal_all */
    stream = 0;
    do
    :: stream < STREAMS -> seal(stream); stream++
    :: else -> break
    od;
    assert(recovered + lost == emitted)
}

active [DEPTHS - 1] proctype handler() provided (running == _pid || running + 1 == _pid || over)
{
    byte event, level, stream, at, word, old, used, seen;
    do
    :: atomic { event < (_pid == 1 -> HANDLER_EVENTS : 1) && running + 1 == _pid && !over -> running = _pid };
        event++;
        emit();
        running = _pid - 1
    :: over -> break
    od
}
