#!/usr/bin/env python3
"""Makes up a trace with every irregularity, as text for `cairn assemble`. SPDX-License-Identifier: Apache-2.0

    tests/independent/irregular.py SEED [EVENTS] >trace.txt

The same seed makes the same trace. Threads take turns at random; each keeps what a writer keeps (state, open regions,
tasks named in the chunk), so that what comes out is a trace as doc/format.md has it, of a program that does all wrong
that can be done: ends twice, on other threads, in the wrong order, never; tasks of earlier rounds and of times when
recording was off; subtasks that outlive their parents; deep nesting; missing chunks; handlers; long sleeps. No two
threads do something at the same tick, as the order of these would be a tie. Of seeds that leave 1 when divided by 3, a
flight recorder has kept the window only; of odd ones, types were sampled.
"""
import random
import re
import sys

ROUND, THREADS, OPEN_LISTED = 2, 4, 64
TASK_SITES, REGION_SITES = range(1, 6), range(6, 14)
LOG_SITE, ATTR_SITE, COUNTER_SITE, END_SITE, REASON_SITE = 20, 21, 22, 23, 24
TASK_TYPES = ["order", "payment", 'a "quoted", type', "Zoë", ""]
REGION_TYPES = ["brew", "wait", "brew", "steam milk", "", "pour", "grind", "wait"]
BACKGROUND, OFF = "0", "1"
START = 1 << 36

chance = random.Random(int(sys.argv[1]))
flight, sampled = int(sys.argv[1]) % 3 == 1, int(sys.argv[1]) % 2 == 1
events_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 4000
now = START
block_count = 0
serial = 0
tasks = [(BACKGROUND, 0), (OFF, 0)]  # (id, birth): all that anyone may have a handle of
running = {}  # id: (birth, parent) of what has begun here and not ended
regions = []  # (place, birth) of a sample of all that ever began, and of some that are in no chunk


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Chunk:
    """A block of events that is being filled."""

    def __init__(self, thread, sequence, task, opened, side=False):
        global block_count
        block_count += 1
        self.number, self.side, self.last, self.task = block_count, side, now, task
        self.named = {task[0]}
        flags = " flags=sealed|side" if side else ""
        self.lines = [f"block events number={self.number} thread={thread} sequence={sequence} begin={now} "
                      f"task={task[0]} task_birth={task[1]}{flags}"]
        self.lines += [f"  open place={place} birth={birth} task={task[0]} task_birth={task[1]}"
                       for place, birth, task in opened]
        self.words = 10 + 4 * len(opened)

    def put(self, words, text):
        if now >> 38 != self.last >> 38:
            self.lines.append(f"  time time={now}")
            self.words += 2
        self.last = now
        self.lines.append(f"  {text}")
        self.words += words

    def switch(self, task):
        """Makes a task the state."""
        if task[0] in self.named and task[0].startswith(f"{ROUND}:"):
            self.lines.append(f"  task_again id={task[0]}")
            self.words += 1
        else:
            self.put(3, f"task site=0 time={now} id={task[0]} birth={task[1]}")
            self.named.add(task[0])
        self.task = task

    def begin_region(self):
        if now >> 38 != self.last >> 38:  # first, so that the offset is that of the begin
            self.put(2, f"time time={now}")
        site = chance.choice(REGION_SITES)
        region = (f"{site}:{self.number}:{self.words}", now, self.task)
        self.put(1, f"region_begin site={site} time={now}")
        return region


class Thread:
    def __init__(self, index):
        self.index, self.sequence, self.side_sequence = index, 0, 0
        self.opened, self.deep = [], False
        self.blocks = []
        self.chunk = Chunk(index, 0, (BACKGROUND, 0), [])
        self.overwritten, self.overwritten_until = {}, 0

    def next_chunk(self):
        if chance.random() > 0.03:
            self.blocks.append(self.chunk)
        self.sequence += 1
        self.chunk = Chunk(self.index, self.sequence, self.chunk.task, self.opened)

    def handler(self):
        """A signal handler's events in a chunk of their own."""
        global now
        side = Chunk(self.index, self.side_sequence, self.chunk.task, [], side=True)
        self.side_sequence += 1
        region = side.begin_region()
        now += 3
        side.put(3, f"log site={LOG_SITE} time={now} text=\"in a handler\"")
        now += 2
        if chance.random() < 0.8:
            side.put(3, f"region_end_long site={END_SITE} time={now} place={region[0]} birth={region[1]}")
        self.blocks.append(side)
        now += 1


    def forget_oldest(self):
        """What a flight recorder would have let go."""
        for _ in range(chance.randrange(len(self.blocks) + 1)):
            gone = self.blocks.pop(0)
            self.overwritten_until = max(self.overwritten_until, gone.last)
            for line in gone.lines[1:]:
                tally = tally_of(line.split()[0])
                if tally:
                    self.overwritten[tally] = self.overwritten.get(tally, 0) + 1


def tally_of(event):
    if event in ("task", "task_again", "time", "open"):
        return None
    event = re.sub("_long$|_text$", "", event)
    return {"task_child": "task_begin", "region_attr": "attr"}.get(event, event)


def begin_task(thread):
    global serial
    serial += 1
    task = f"{ROUND}:{chance.choice(TASK_SITES)}:{serial}"
    site = task.split(":")[1]
    parent = chance.choice(tasks[-30:]) if chance.random() < 0.6 else (BACKGROUND, 0)
    if parent[0] == BACKGROUND:
        thread.chunk.put(2, f"task_begin site={site} time={now} id={task}")
    else:
        thread.chunk.put(4, f"task_child site={site} time={now} id={task} parent_id={parent[0]} "
                            f"parent_birth={parent[1]}")
    tasks.append((task, now))
    running[task] = (now, parent)


def stray_task():
    """One whose begin is in no chunk: of this round, or of an earlier one."""
    global serial
    serial += 1
    tasks.append((f"{chance.choice([1, ROUND])}:{chance.choice(TASK_SITES)}:{serial}", now - chance.randrange(1, 9000)))


def end_task(thread):
    task = chance.choice(tasks[-40:])
    if task[0] in (BACKGROUND, OFF):
        return  # nothing is written
    running.pop(task[0], None)
    kind, site = chance.choice([("task_end", END_SITE)] * 4 + [("task_fail", REASON_SITE)])
    thread.chunk.put(3, f"{kind} site={site} time={now} id={task[0]} birth={task[1]}")


def begin_region(thread):
    region = thread.chunk.begin_region()
    thread.opened = (thread.opened + [region])[-OPEN_LISTED:]  # a writer forgets the oldest
    if chance.random() < 0.2:
        regions.append(region[:2])


def end_region(thread):
    if thread.opened:
        thread.opened.pop()
        thread.chunk.put(1, f"region_end site={END_SITE} time={now}")


def end_long(thread, place, birth):
    thread.opened = [region for region in thread.opened if region[0] != place]
    thread.chunk.put(3, f"region_end_long site={END_SITE} time={now} place={place} birth={birth}")


def end_wrongly(thread):
    """Out of order, or of any thread and perhaps not for the first time."""
    if thread.opened and chance.random() < 0.5:
        end_long(thread, *chance.choice(thread.opened)[:2])
    elif regions:
        end_long(thread, *chance.choice(regions[-40:]))


def stray_region(_):
    regions.append((f"{chance.choice(REGION_SITES)}:{100000 + len(regions)}:10", now - chance.randrange(1, 9000)))


def region_at(thread):
    begin = 5000000 + chance.randrange(10000000)
    end = begin + chance.choice([0, 3000, 70000, 5000000, -2000])
    thread.chunk.put(3, f"region_at site={chance.choice(REGION_SITES)} time={now} begin_ns={begin} end_ns={end}")


def moment(thread):
    put = thread.chunk.put
    kind = chance.randrange(6)
    if kind == 0:
        text = "x" * chance.randrange(40)
        put(1 + (4 + len(text) + 7) // 8, f"log site={LOG_SITE} time={now} text={quoted(text)}")
    elif kind == 1:
        put(2, f"attr site={ATTR_SITE} time={now} value={chance.randrange(1000)}")
    elif kind == 2:
        put(2, f"counter site={COUNTER_SITE} time={now} value={chance.randrange(1000)}")
    elif kind == 3:
        task = chance.choice(tasks[-20:])
        put(3, f"link site={END_SITE} time={now} id={task[0]} birth={task[1]}")
    elif kind == 4 and thread.opened:
        put(2, f"region_attr site={ATTR_SITE} time={now} value=1")
    elif thread.opened:
        place, birth, _ = chance.choice(thread.opened)
        put(4, f"region_attr_long site={ATTR_SITE} time={now} place={place} birth={birth} value=2")


def step(thread):
    global now
    kind = chance.random()
    now += int(chance.lognormvariate(5, 2)) + 1
    if chance.random() < 0.0005:
        now += 1 << chance.randrange(36, 41)
    if chance.random() < 0.01:
        thread.deep = not thread.deep
    if kind < 0.05:
        stray_task() if chance.random() < 0.2 else begin_task(thread)
    elif kind < 0.09:
        end_task(thread)
    elif kind < 0.2:
        thread.chunk.switch(chance.choice(tasks[-30:]) if chance.random() < 0.8 else chance.choice(tasks[:2]))
    elif kind < 0.55:
        begin_region(thread)
    elif kind < 0.8 and (not thread.deep or chance.random() < 0.2):
        end_region(thread)
    elif kind < 0.83:
        end_wrongly(thread)
    elif kind < 0.835:
        stray_region(thread)
    elif kind < 0.87:
        region_at(thread)
    elif kind < 0.875:
        thread.handler()
    else:
        moment(thread)
    if chance.random() < 0.01:
        thread.next_chunk()


def print_sites():
    for number, text in zip(TASK_SITES, TASK_TYPES):
        rate = f" one_in={number * 3} skipped={chance.randrange(90)}" if sampled and number in (1, 4) else ""
        print(f"site number={number} role=task text={quoted(text)} file=\"src/app.c\" function=\"main\" "
              f"line={number}{rate}")
    for number, text in zip(REGION_SITES, REGION_TYPES):
        place = f' file="src/bar.c" function="f{number % 3}" line={number // 4}' if number % 5 else ""
        print(f"site number={number} role=region text={quoted(text)}{place}")
    print(f"site number={LOG_SITE} role=log text=\"note\"")
    print(f"site number={ATTR_SITE} role=attr value=int text=\"size\"")
    print(f"site number={COUNTER_SITE} role=counter value=uint text=\"queue\"")
    print(f"site number={END_SITE} role=end file=\"src/app.c\" function=\"main\" line=99")
    print(f"site number={REASON_SITE} role=end text=\"no milk\" file=\"src/app.c\" line=98")


def print_thread(thread):
    left = ""
    if thread.overwritten_until:
        counts = ",".join(f"{tally}:{count}" for tally, count in thread.overwritten.items())
        left = f" overwritten={counts or 0} overwritten_until={thread.overwritten_until}"
    print(f"thread index={thread.index} tid={thread.index + 40} begin={START}{left}")


def print_open_tasks(listed):
    for task in listed:
        birth, parent = running[task]
        print(f"open_task id={task} birth={birth} parent={parent[0]} parent_birth={parent[1]} flags=2")


def main():
    threads = [Thread(index) for index in range(1, THREADS + 1)]
    for _ in range(events_wanted):
        step(chance.choice(threads))
    listed, keys = [], ""
    if flight:
        for thread in threads:
            thread.forget_oldest()
        unlisted = chance.choice([0, 0, 3])
        listed = chance.sample(sorted(running), max(0, len(running) - unlisted))
        keys = f" window_bytes=262144 tasks_overflow={len(running) - len(listed)}"
    ns = (now - START) * 100 // 271
    print(f"# irregular, seed {sys.argv[1]}")
    print(f"head clock=tsc round={ROUND} start={START},5000000,1700000000000000000 "
          f"last={now},{5000000 + ns},{1700000000000000000 + ns}{keys}")
    print_sites()
    for thread in threads:
        print_thread(thread)
    print_open_tasks(listed)
    chunks = [chunk for thread in threads for chunk in [*thread.blocks, thread.chunk]]
    for chunk in sorted(chunks, key=lambda chunk: chunk.number):
        print("\n".join(chunk.lines))


main()
