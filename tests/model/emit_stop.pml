/* Emitting against a stop: busy, limit, gate (I3, I4). SPDX-License-Identifier: Apache-2.0
 *
 * One owner emits EVENTS events into chunks of CAPACITY words; one other thread stops and starts again, ROUNDS times.
 * What a thread stores goes into its buffer first and reaches memory later. Buffers are first in, first out, as on
 * x86; with WEAK only a release store waits for what was stored before it, as on ARM: a later store may overtake. A
 * fence waits until the buffer is empty; membarrier until each buffer was empty once.
 *
 * Properties: no word reaches a chunk that is sealed; who seals has every word of the chunk; at the end, what the
 * chunks hold is what the owner was given room for. No state without a successor.
 *
 * Steps that can be left out; each must show:
 * -DNO_BUSY                    the owner does not mark itself
 * -DNO_MEMBARRIER              the stop looks at busy without making the owner's stores visible first
 * -DNO_LIMIT_TAKEN             the stop leaves the limit as it is
 * -DNO_WAIT                    the stop seals without waiting until busy is 0
 * -DNO_FENCE_IN_OPEN_LIMIT     the gate may be read before the limit is visible
 * -DNO_GATE_IN_OPEN_LIMIT      the gate is not read again
 * -DNO_GENERATION              a thread does not notice that another session has begun
 * -DWEAK -DNO_RELEASE_IN_LEAVE busy may be seen cleared before the event is there
 * -DWEAK -DNO_FENCE_BEHIND_GATE  limits may be taken before the gate is closed
 * Holds as well:
 * +DWEAK                       all steps, on a machine that reorders stores
 * +DNO_FENCE_BEHIND_GATE       on x86, which keeps stores in order
 */
#ifdef LONG
#define EVENTS 5
#define ROUNDS 3
#else
#define EVENTS 4
#define ROUNDS 2
#endif
#define CAPACITY 2
#define CHUNKS (EVENTS + 1)

#define OWNER 0
#define STOP 1
#define RELAXED 0
#define RELEASE 1

/* Addresses. WORD and PUSH are told apart from plain variables when they arrive. */
#define BUSY 0
#define LIMIT 1 /* number of the chunk that may be written to; 0: none */
#define GATE 2
#define CHUNK 3
#define POSITION 4
#define WORD 5
#define PUSH 6

byte memory[5];
byte words[CHUNKS]; /* that have arrived, by chunk */
bit sealed[CHUNKS];
byte generation = 1; /* of the session; read behind the gate only */
byte accepted, recovered;
bit owner_done;

chan buffer[2] = [8] of { byte, byte, bit };

inline store(who, address, value, order) { buffer[who]!address, value, order }

inline fence(who) { empty(buffer[who]) }

inline seal(c, used) {
    assert(!sealed[c]);
    assert(words[c] == used);
    sealed[c] = 1;
    recovered = recovered + used
}

inline arrive() {
    if
    :: address == WORD -> assert(!sealed[value]); words[value]++
    :: address == PUSH -> seal(value, CAPACITY)
    :: else -> memory[address] = value
    fi;
    address = 0;
    value = 0;
    order = 0
}

active proctype memory_system()
{
    byte address, value;
    bit order;
end:
    do
    :: atomic { buffer[OWNER]?address, value, order -> arrive() }
    :: atomic { buffer[STOP]?address, value, order -> arrive() }
#ifdef WEAK
    /* The first one to its address, whatever else was stored before. */
    :: atomic { buffer[OWNER]??LIMIT, value, RELAXED -> address = LIMIT; arrive() }
    :: atomic { buffer[OWNER]??CHUNK, value, RELAXED -> address = CHUNK; arrive() }
    :: atomic { buffer[OWNER]??POSITION, value, RELAXED -> address = POSITION; arrive() }
#ifdef NO_RELEASE_IN_LEAVE
    :: atomic { buffer[OWNER]??BUSY, value, RELAXED -> address = BUSY; arrive() }
#else
    :: atomic { !buffer[OWNER]??[BUSY, 0, RELEASE] && buffer[OWNER]??[BUSY, 1, RELAXED] ->
                buffer[OWNER]??BUSY, 1, RELAXED; address = BUSY; value = 1; arrive() }
#endif
    :: atomic { buffer[STOP]??LIMIT, value, RELAXED -> address = LIMIT; arrive() }
    :: atomic { buffer[STOP]??CHUNK, value, RELAXED -> address = CHUNK; arrive() }
#endif
    od
}

#ifdef NO_RELEASE_IN_LEAVE
#define LEAVE_ORDER RELAXED
#else
#define LEAVE_ORDER RELEASE
#endif

/* `limit` as this thread sees it: its own last store if that has not arrived. */
inline load_limit(result) {
    atomic {
        if
        :: buffer[OWNER]??[LIMIT, 0, RELAXED] || (chunk && buffer[OWNER]??[LIMIT, eval(chunk), RELAXED]) ->
            result = my_limit
        :: else -> result = memory[LIMIT]
        fi
    }
}

inline set_limit(value_) {
    atomic { store(OWNER, LIMIT, value_, RELAXED); my_limit = value_ }
}

active proctype owner()
{
    byte event, limit, my_limit, position, chunk, last_chunk, joined;
    bit open;
    do
    :: event < EVENTS ->
        event++;
#ifndef NO_BUSY
        store(OWNER, BUSY, 1, RELAXED);
#endif
        load_limit(limit);
        if
        :: limit && position < CAPACITY -> goto write
        :: else
        fi;
        /* cairn__room_rare */
        open = memory[GATE];
        if
        :: !open -> goto leave
        :: else
        fi;
        /* join_session */
#ifndef NO_GENERATION
        if
        :: joined != generation -> set_limit(0); chunk = 0; position = 0; joined = generation
        :: else
        fi;
#endif
        /* new_chunk */
        set_limit(0);
        if
        :: chunk -> store(OWNER, CHUNK, 0, RELAXED); store(OWNER, PUSH, chunk, RELEASE)
        :: else
        fi;
        last_chunk++;
        chunk = last_chunk;
        position = 0;
        store(OWNER, CHUNK, chunk, RELAXED);
        store(OWNER, POSITION, 0, RELAXED);
        /* open_limit */
        set_limit(chunk);
#ifndef NO_FENCE_IN_OPEN_LIMIT
        fence(OWNER);
#endif
#ifndef NO_GATE_IN_OPEN_LIMIT
        open = memory[GATE];
        if
        :: !open -> set_limit(0); goto leave
        :: else
        fi;
#endif
write:
        store(OWNER, WORD, chunk, RELEASE);
        atomic { position++; accepted++ };
        store(OWNER, POSITION, position, RELAXED);
leave:
        limit = 0;
        open = 0;
#ifndef NO_BUSY
        store(OWNER, BUSY, 0, LEAVE_ORDER);
#endif
    :: event == EVENTS -> break
    od;
    fence(OWNER);
    owner_done = 1
}

active proctype stop()
{
    byte round;
    do
    :: round < ROUNDS ->
        /* start_session: the gate's opening publishes the session */
        atomic { round++; generation = round };
        store(STOP, GATE, 1, RELEASE);
        /* stop_session */
        store(STOP, GATE, 0, RELEASE);
#ifndef NO_FENCE_BEHIND_GATE
        fence(STOP);
#endif
        /* close_limits */
#ifndef NO_LIMIT_TAKEN
        store(STOP, LIMIT, 0, RELAXED);
#endif
        fence(STOP);
#ifndef NO_MEMBARRIER
        fence(OWNER);
#endif
        /* seal_all */
#ifndef NO_WAIT
        memory[BUSY] == 0;
#endif
        d_step {
            if
            :: memory[CHUNK] -> seal(memory[CHUNK], memory[POSITION])
            :: else
            fi
        };
        store(STOP, CHUNK, 0, RELAXED);
        fence(STOP)
    :: round == ROUNDS -> break
    od;
    owner_done;
    assert(recovered == accepted)
}
