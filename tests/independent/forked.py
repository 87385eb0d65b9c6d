#!/usr/bin/env python3
"""Makes up a trace of tasks that fork and join, as text for `cairn assemble`. SPDX-License-Identifier: Apache-2.0

    tests/independent/forked.py SEED [EVENTS] >trace.txt

The same seed makes the same trace. Unlike irregular.py, what it makes is what sound programs do: subtasks mostly end before
their parents, regions nest, tasks move from thread to thread, some cause others. So critical paths are deep and go
over many threads. A tick is a nanosecond; no two things happen at the same tick.
"""
import random
import sys

THREADS = 4
TASK_SITES, REGION_SITES, LOG_SITE, END_SITE = range(1, 4), range(4, 8), 8, 9
chance = random.Random(int(sys.argv[1]))
events_wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
now = 1000
serial = 0
running = []  # (id, birth) of open tasks, the youngest last


class Thread:
    def __init__(self, index):
        self.lines, self.opened, self.task = [f"block events number={index} thread={index} begin={now}"], 0, ("0", 0)

    def put(self, text):
        self.lines.append("  " + text)

    def switch(self, task):
        if task != self.task:
            self.put(f"task site=0 time={now} id={task[0]} birth={task[1]}")
            self.task = task


def begin_task(thread):
    global serial
    serial += 1
    site = chance.choice(TASK_SITES)
    task = (f"2:{site}:{serial}", now)
    if thread.task in running and chance.random() < 0.9:
        thread.put(f"task_child site={site} time={now} id={task[0]} parent_id={thread.task[0]} parent_birth={thread.task[1]}")
    else:
        thread.put(f"task_begin site={site} time={now} id={task[0]}")
    running.append(task)


def end_task(thread):
    at = len(running) - 1 - min(int(chance.expovariate(0.8)), len(running) - 1)
    task = running.pop(at)
    thread.put(f"task_end site={END_SITE} time={now} id={task[0]} birth={task[1]}")


def step(thread):
    global now
    now += int(chance.lognormvariate(3, 2)) + 1
    kind = chance.random()
    if running and kind < 0.2:
        thread.switch(chance.choice(running[-6:]))
    elif kind < 0.3 and len(running) < 30:
        begin_task(thread)
    elif kind < 0.39 and len(running) > 3:
        end_task(thread)
    elif kind < 0.6 and thread.opened < 5:
        thread.put(f"region_begin site={chance.choice(REGION_SITES)} time={now}")
        thread.opened += 1
    elif kind < 0.9 and thread.opened:
        thread.put(f"region_end site={END_SITE} time={now}")
        thread.opened -= 1
    elif running and thread.task[0] != "0" and kind < 0.93:
        other = chance.choice(running)
        thread.put(f"link site={END_SITE} time={now} id={other[0]} birth={other[1]}")
    else:
        thread.put(f'log site={LOG_SITE} time={now} text="x"')


def main():
    threads = [Thread(index) for index in range(1, THREADS + 1)]
    for _ in range(events_wanted):
        step(chance.choice(threads))
    print(f"# forked, seed {sys.argv[1]}")
    print(f"head clock=monotonic round=2 start=1000,1000,1700000000000000000 last={now},{now},{1700000000000000000 + now - 1000}")
    for number in TASK_SITES:
        print(f'site number={number} role=task text="task {number}"')
    for number in REGION_SITES:
        print(f'site number={number} role=region text="region {number}"')
    print(f'site number={LOG_SITE} role=log text="note"')
    print(f"site number={END_SITE} role=end")
    for index in range(1, THREADS + 1):
        print(f"thread index={index} tid={index + 40} begin=1000")
    for thread in threads:
        print("\n".join(thread.lines))


main()
