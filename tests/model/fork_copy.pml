/* A fork amid an event: the child's copy of the recorder (I12). SPDX-License-Identifier: Apache-2.0
 *
 * A thread emits; at any of its steps the process is copied, by a handler on that thread or by another thread. A copy
 * made by a handler goes on behind the same step, so the event is a machine with a counter that is copied too. In the
 * child, the gate and the threads' records are wiped and the live file is not mapped; the on word, which others can
 * set, is the parent's. Then after_fork runs, unless the copy is a raw clone's: of a thread that is within an event it
 * puts back the record, which was kept before the fork. Then the child may start a session of its own, also where the
 * event that it was copied in finds the gate closed, and emit. Others may annotate in the child before after_fork.
 *
 * Properties: nobody touches what is not mapped; the child never touches the parent's live file; the parent's file has
 * all of the parent's events, the child's file the child's only; the child can start.
 *
 * -DNO_WIPE              the gate is as in the parent until after_fork
 * -DNO_WIPE_OF_RECORDS   so are the records, and with them the limit
 * -DNOT_KEPT             the record of a thread within an event is not put back
 * -DNO_NOWHERE           after_fork leaves unmapped what was the live file
 * -DSTART_AMID           a session is started in a child that is still within its parent's event
 * -DRAW_CLONE_AMID       a handler makes a raw clone, which has no after_fork, amid an event (not covered)
 * -DNO_NOWHERE -DNO_DONTFORK  the live file stays mapped in the child
 * -DNO_WIPE_OF_RECORDS -DWIPE_ON -DNO_THREADS_RESET  after_fork leaves the records as they are
 * +DNO_WIPE_OF_RECORDS -DWIPE_ON  enough as well, if nobody else could set the on word
 * +DNO_DONTFORK          all other steps: a mapping that is passed on is a second line of defence less
 */
#define PARENT 0
#define CHILD 1
#ifdef LONG
#define EVENTS 4
#else
#define EVENTS 3
#endif
#define CAPACITY 2

/* What is mapped where the parent's live file is mapped in the parent. */
#define NOTHING 0
#define LIVE_FILE 1
#define PRIVATE 2

bit gate[2], on[2], started[2];
byte mapped[2];
bit busy[2];      /* of the parent's record of the thread, in both processes */
bit limit[2];
byte position[2], kept_position;
bit busy_own;     /* of the child's own new record */
byte in_file[2];  /* events in the live file of the parent's and of the child's session */

/* What is true, for the properties only. */
byte emitted[2];
bit forked, is_raw;

#define ROOM (limit[self] && position[self] < CAPACITY)

inline touch(target) {
    assert(target == CHILD || mapped[self] != NOTHING);
    assert(self == PARENT || target == CHILD || mapped[self] != LIVE_FILE)
}

/* One step of an event; `target` is the session whose memory the event goes to, `whose` the process that began it. */
inline step() {
    if
    :: pc == 1 -> busy[self] = 1; pc = 2
    :: pc == 2 && ROOM -> pc = 6
    :: pc == 2 && !ROOM -> pc = 3
    :: pc == 3 && !gate[self] ->
        if
        :: self == CHILD && !is_raw -> started[CHILD] = 1; gate[CHILD] = 1; on[CHILD] = 1 /* cairn__knock */
        :: true
        fi;
        pc = 9
    :: pc == 3 && gate[self] -> pc = 4
    :: pc == 4 -> /* new_chunk, in the memory of the session that there is */
        limit[self] = 0;
        target = (started[self] -> self : PARENT);
        pc = 5
    :: pc == 5 -> touch(target); position[self] = 0; limit[self] = 1; pc = 6
    :: pc == 6 -> touch(target); pc = 7
    :: pc == 7 ->
        touch(target);
        if
        :: target == CHILD -> assert(whose == CHILD); in_file[CHILD]++
        :: target == PARENT && self == PARENT -> in_file[PARENT]++; emitted[PARENT]++
        :: else /* into private memory, and nowhere */
        fi;
        pc = 8
    :: pc == 8 -> position[self] = position[self] + 1; pc = 9
    :: pc == 9 -> busy[self] = 0; pc = 0
    fi
}

/* An annotation between events, by a thread that is none of the parent's any more: with a new record, a new chunk. */
inline emit_anew() {
    if
    :: on[self] && gate[self] ->
        busy_own = 1;
        target = (started[self] -> self : PARENT);
        touch(target);
        if
        :: target == CHILD -> in_file[CHILD]++; emitted[CHILD]++
        :: else
        fi;
        busy_own = 0;
        target = PARENT
    :: else
    fi
}

inline after_fork() {
    on[CHILD] = 0;
    gate[CHILD] = 0;
    /* cairn__threads_put_back: a thread that is within an event has kept its record */
#if !defined NOT_KEPT && !defined NO_WIPE_OF_RECORDS
    if
    :: pc > 1 -> busy[CHILD] = 1; position[CHILD] = kept_position
    :: else
    fi;
#endif
#if !defined NOT_KEPT && !defined NO_NOWHERE
    if
    :: pc > 1 -> mapped[CHILD] = PRIVATE
    :: else
    fi;
#endif
#ifndef NO_THREADS_RESET
    limit[CHILD] = 0;
    if
    :: pc <= 1 -> busy[CHILD] = 0; position[CHILD] = 0
    :: else
    fi;
#endif
    had_after_fork = 1
}

inline start() {
    if
    :: !had_after_fork -> after_fork()
    :: else
    fi;
    assert(!busy[CHILD] || pc); /* else -CAIRN_EBUSY, for good */
    started[CHILD] = 1;
    gate[CHILD] = 1;
    on[CHILD] = 1
}

proctype child(byte pc; byte target; bit raw)
{
    byte self = CHILD, whose = PARENT;
    bit had_after_fork;
    /* Another library's atfork handler; or, after a raw clone, the program. */
    if
    :: !pc && on[self] -> pc = 1;
        do
        :: pc -> atomic { step() }
        :: else -> break
        od
    :: true
    fi;
    if
    :: !raw -> atomic { after_fork() }
    :: else
    fi;
#ifdef START_AMID
    atomic { start() };
#endif
    do
    :: pc -> atomic { step() }
    :: else -> break
    od;
    whose = CHILD;
    emit_anew();
    if
    :: !started[CHILD] -> atomic { start() }
    :: skip
    fi;
    emit_anew();
    assert(in_file[CHILD] == emitted[CHILD])
}

inline copy_process(by_handler, raw) {
    forked = 1;
    is_raw = raw;
#ifndef WIPE_ON
    on[CHILD] = on[PARENT];
#endif
#ifdef NO_WIPE
    gate[CHILD] = gate[PARENT];
#endif
#ifdef NO_DONTFORK
    mapped[CHILD] = LIVE_FILE;
#endif
#ifdef NO_WIPE_OF_RECORDS
    busy[CHILD] = busy[PARENT];
    limit[CHILD] = limit[PARENT];
    position[CHILD] = position[PARENT];
#endif
    kept_position = position[PARENT];
    if
    :: by_handler -> run child(pc, target, raw)
    :: else -> run child(0, PARENT, raw)
    fi
}

active proctype parent()
{
    byte self = PARENT, whose = PARENT, target = PARENT, pc, event;
    mapped[PARENT] = LIVE_FILE;
    started[PARENT] = 1;
    gate[PARENT] = 1;
    on[PARENT] = 1;
    do
    :: !pc && event < EVENTS -> event++; pc = 1
    :: pc -> atomic { step() }
    :: !forked -> atomic { copy_process(1, 0) }
    :: !forked -> atomic { copy_process(0, 0) }
#ifdef RAW_CLONE_AMID
    :: !forked -> atomic { copy_process(1, 1) }
#else
    :: !forked && !pc -> atomic { copy_process(1, 1) }
#endif
    :: !forked -> atomic { copy_process(0, 1) }
    :: !pc && event == EVENTS -> break
    od;
    assert(in_file[PARENT] == EVENTS && emitted[PARENT] == EVENTS)
}
