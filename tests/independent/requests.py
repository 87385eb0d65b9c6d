#!/usr/bin/env python3
"""Makes up a trace of requests with all kinds of details, as text for `cairn assemble`. SPDX-License-Identifier: Apache-2.0

    tests/independent/requests.py SEED [REQUESTS] >trace.txt

The same seed makes the same trace. Requests begin on an acceptor, wait for a worker, and are ended anywhere; some fail,
some never end, some end twice, of some the begin is not there. Attributes are of each type, some are missing, some are
given twice; logs are plain or formatted, some come too late; subtasks and regions outlive their request. What is slow is
slow for one of four reasons, drawn from the list below, or for none. One tick is one nanosecond.
"""
import random
import sys

ROUND, WORKERS, ACCEPTOR = 1, 5, 1
REQUEST, JOB, SYNC, FETCH, STORE = 1, 2, 3, 4, 5  # sites of tasks: a job or a sync is the parent of some requests
PARSE, LOCK, SEND = 6, 7, 8
NET, NET_FORMAT, DISK = 9, 10, 11
CACHE, BYTES, RETRY, RATIO, USER = 12, 13, 14, 15, 16
ENDED, TIMEOUT, REFUSED, REPORT = 17, 18, 19, 20
START, SPAN = 1000, 400 * 10**6  # SPAN: a multiple of the number of intervals that explain cuts the time into

chance = random.Random(int(sys.argv[1]))
count = int(sys.argv[2]) if len(sys.argv) > 2 else 3000
serial = 0
lines = {thread: [] for thread in range(1, WORKERS + 2)}  # thread: [(time, order, task or None, text)]


def put(thread, time, task, text):
    """`task`: the state that the event belongs to, or None if it names its own."""
    lines[thread].append((int(time), len(lines[thread]), task, text))


def begin_task(site, thread, time, parent=None):
    global serial
    serial += 1
    task = (f"{ROUND}:{site}:{serial}", int(time))
    above = f" parent_id={parent[0]} parent_birth={parent[1]}" if parent else ""
    put(thread, time, None, f"task_{'child' if parent else 'begin'} site={site} time={int(time)} id={task[0]}{above}")
    return task


def end_task(thread, time, task, reason=None):
    kind, site = ("task_fail", reason) if reason else ("task_end", ENDED)
    put(thread, time, None, f"{kind} site={site} time={int(time)} id={task[0]} birth={task[1]}")


class Details:
    """All that is individual of a request, drawn before it is known how long it takes."""

    def __init__(self, now):
        self.is_late = 0.41 < now / SPAN < 0.43
        self.is_held_up = any(begin < now < begin + SPAN // 100 for begin in reports)
        self.worker = chance.randrange(2, WORKERS + 2)
        self.cache = chance.choice(["hit"] * 12 + ["stale"] * 3 + ["miss", None])
        self.bytes = chance.randrange(-50, 3000) + 9000 * (chance.random() < 0.05)
        self.retry = chance.random() < 0.06
        self.user = chance.randrange(40)
        self.parent = chance.choice([None] * 20 + [JOB] * 8 + [SYNC])
        self.subtasks = chance.choice([[], [], [STORE], [STORE, STORE]] * 5 + [[FETCH], [FETCH, STORE]])
        self.regions = chance.sample([PARSE, SEND, PARSE], chance.randrange(1, 4)) + [LOCK] * (chance.random() < 0.07)
        self.messages = chance.sample(["connected", "reused", "slow peer"], chance.randrange(2))
        self.sizes = chance.choice([0, 1, 2] * 9 + [6, 7])
        self.is_disk_full = chance.random() < 0.05
        self.reason = chance.choice([None] * 20 + [TIMEOUT, REFUSED])


CAUSES = [lambda details: details.is_late, lambda details: details.is_held_up,
          lambda details: details.worker == 3 and chance.random() < 0.3,
          lambda details: details.cache == "miss", lambda details: details.cache is None,
          lambda details: details.bytes > 8000, lambda details: details.bytes < 0, lambda details: details.retry,
          lambda details: details.user == 7, lambda details: details.parent == SYNC,
          lambda details: FETCH in details.subtasks, lambda details: LOCK in details.regions,
          lambda details: details.sizes > 5, lambda details: details.is_disk_full,
          lambda details: details.reason == TIMEOUT]


def attributes(thread, time, task, details):
    def give(kind, site, value):
        put(thread, time, task, f"{kind} site={site} time={int(time)} {value}")

    if details.cache:
        if chance.random() < 0.1:
            give("attr_text", CACHE, 'text="unknown"')  # replaced at once
        give("attr_text", CACHE, f'text="{details.cache}"')
    give("attr", BYTES, f"value={details.bytes}")
    give("attr", RETRY, f"value={int(details.retry)}")
    give("attr", RATIO, f"value={float(chance.randrange(1, 1000)) / 7}")
    give("attr_text", USER, f'text="user {details.user}"')


def logs(thread, time, task, details):
    for text in details.messages:
        put(thread, time, task, f'log site={NET} time={int(time)} text="{text}"')
    for _ in range(details.sizes):
        put(thread, time, task, f"logf_1 site={NET_FORMAT} time={int(time)} int={chance.randrange(99)}")
    if details.is_disk_full:
        put(thread, time, task, f'log site={DISK} time={int(time)} text="full"')


def parts(thread, begin, latency, task, details):
    at = begin
    for site in details.regions:  # a lock is waited for as long as it takes, perhaps beyond the request's end
        until = at + int(latency * (0.9 if site == LOCK else chance.random() * 0.3))
        put(thread, at, task, f"region_at site={site} time={at} begin_ns={at} end_ns={until}")
        at = until
    for site in details.subtasks:
        sub = begin_task(site, thread, begin + latency * chance.random() * 0.7, task)
        worker = chance.randrange(2, WORKERS + 2)
        if chance.random() < 0.95:
            end_task(worker, sub[1] + latency * chance.random() * 0.6, sub)


def request(now):
    details = Details(now)
    is_slow = chance.random() < 1 - 0.99 * 0.4 ** sum(cause(details) for cause in causes)
    latency = int(chance.lognormvariate(0, 0.4) * (900000 if is_slow else 150000))
    parent = begin_task(details.parent, ACCEPTOR, now) if details.parent else None
    task = begin_task(REQUEST, ACCEPTOR, now + 1, parent)
    if chance.random() < 0.02:
        lines[ACCEPTOR].pop()  # its begin is not in the trace
    attributes(ACCEPTOR, now + 2, task, details)
    logs(details.worker, now + latency // 10, task, details)
    parts(details.worker, int(now + latency // 10), latency, task, details)
    if parent:
        end_task(ACCEPTOR, now + latency * 2, parent)
    if chance.random() < 0.01:
        return
    ender = chance.choice([details.worker, details.worker, ACCEPTOR])
    end_task(ender, now + 1 + latency, task, details.reason)
    if chance.random() < 0.02:
        end_task(details.worker, now + latency + 500, task)
        put(details.worker, now + latency + 600, task, f'log site={DISK} time={now + latency + 600} text="too late"')


def print_head():
    print(f"# requests, seed {sys.argv[1]}")
    print(f"head round={ROUND} clock=monotonic start={START},{START},1700000000000000000 "
          f"last={START + SPAN},{START + SPAN},{1700000000000000000 + SPAN}")
    for number, text in zip(range(REQUEST, STORE + 1), ["request", "job", "sync", "fetch", "store"]):
        print(f'site number={number} role=task text="{text}"')
    for number, text in zip(range(PARSE, SEND + 1), ["parse", "lock", "send"]):
        print(f'site number={number} role=region text="{text}"')
    print(f'site number={NET} role=log text="net"')
    print(f'site number={NET_FORMAT} role=log text="net" format="%d bytes"')
    print(f'site number={DISK} role=log text="disk"')
    for number, text, kind in zip(range(CACHE, USER + 1), ["cache", "bytes", "retry", "ratio", "user"],
                                  ["text", "int", "bool", "float", "text"]):
        print(f'site number={number} role=attr value={kind} text="{text}"')
    print(f'site number={REPORT} role=task text="report"')
    print(f"site number={ENDED} role=end")
    print(f'site number={TIMEOUT} role=end text="timeout"')
    print(f'site number={REFUSED} role=end text="refused"')
    for thread in lines:
        print(f'thread index={thread} tid={thread + 100} name="{"acceptor" if thread == 1 else f"worker {thread}"}"')


def print_thread(number, thread):
    print(f"block events number={number} thread={thread} begin=0")
    state = None
    for time, _, task, text in sorted(lines[thread]):
        if task and task != state:
            print(f"  task site=0 time={time} id={task[0]} birth={task[1]}")
            state = task
        print(f"  {text}")


causes = chance.sample(CAUSES, 4)
reports = [chance.randrange(5000, SPAN) for _ in range(5)]
for moment in reports:  # a job in the background
    end_task(ACCEPTOR, moment + SPAN // 100, begin_task(REPORT, ACCEPTOR, moment))
moment = 5000
for _ in range(count):
    moment += int(chance.expovariate(1) * SPAN / count * 0.95) + 1
    if moment < SPAN * 0.98:
        request(moment)
print_head()
for block, worker_thread in enumerate(lines):
    print_thread(block + 1, worker_thread)
