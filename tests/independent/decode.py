#!/usr/bin/env python3
"""Reads a trace file by doc/format.md alone and prints statistics as JSON. SPDX-License-Identifier: Apache-2.0

It shares nothing with the C code, is slow on purpose, and keeps everything in memory, so that percentiles are exact
and self times come from sets of intervals. It is the oracle for the reports. It reads one closed trace file; it does
not join a live file. Durations are kept in ticks and converted once, at the end.

    tests/independent/decode.py TRACE

    {"tasks": {TYPE: {count, finished, unfinished, errors, begun_before, before_window, begin_lost, total_ns, self_ns,
                      min_ns, mean_ns, p50_ns, p90_ns, p99_ns, p999_ns, max_ns, estimated_count, estimated_total_ns,
                      estimated_self_ns, explicit}},
     "regions": {TYPE: {the same, "sites": {"FILE:LINE:FUNCTION": {the same}}}},
     "ns_per_tick": F, "logs": N, "recovered": {TALLY: N}, "lost": {TALLY: N}, "overwritten": {TALLY: N}}

A task counts if anything of it is in the file; its latency is the time from its birth to its first end, its self time
that without the union of its subtasks. A region's duration is the time from its birth to its first end, its self time
that without the union of the regions that ended directly above it on its thread. `explicit` regions came with times in
nanoseconds; a reader may have rounded both to ticks.

Of a flight recorder, a task that began before the window, is not listed as open and has no end had ended before it: it
does not count. Where tasks were sampled, a task weighs what its parent did when it began, if that was open, else the
`one_in` of its site; a region what its task did. Estimates are sums of weights; means and percentiles are weighted.
But root tasks of a sampled site are counted exactly, as those in the file and those skipped, if nothing has left.
"""
import heapq
import json
import math
import struct
import sys

TALLIES = ["task_begin", "task_end", "task_fail", "region_begin", "region_end", "region_at", "log", "attr", "link",
           "counter"]
REGION_BEGIN, REGION_END, TASK_AGAIN, LOGF_0, TIME, TASK_BEGIN, LOGF_1 = 1, 2, 3, 4, 6, 7, 8
COUNTER, ATTR, REGION_ATTR, TASK, TASK_END, TASK_FAIL = 9, 10, 11, 13, 14, 15
REGION_END_LONG, REGION_AT, LOGF_2, LINK, TASK_CHILD, REGION_ATTR_LONG = 16, 17, 18, 19, 20, 21
LOG, LOGF, ATTR_TEXT, REGION_ATTR_TEXT = 24, 25, 26, 27
TALLY_OF = {TASK_BEGIN: 0, TASK_CHILD: 0, TASK_END: 1, TASK_FAIL: 2, REGION_BEGIN: 3, REGION_END: 4,
            REGION_END_LONG: 4, REGION_AT: 5, LOGF_0: 6, LOGF_1: 6, LOGF_2: 6, LOG: 6, LOGF: 6, ATTR: 7,
            REGION_ATTR: 7, REGION_ATTR_LONG: 7, ATTR_TEXT: 7, REGION_ATTR_TEXT: 7, LINK: 8, COUNTER: 9}
OF_STATE = (LOGF_0, LOGF_1, LOGF_2, LOG, LOGF, ATTR, ATTR_TEXT)
SEALED, SIDE = 1, 2
BACKGROUND, OFF = 0, 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def u32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def u64(data, at):
    return struct.unpack_from("<Q", data, at)[0]


class Trace:
    def __init__(self, data, checksums):
        if data[:8] != b"\x89CAIRN\r\n" or u32(data, 8) != 1:
            raise SystemExit("not a trace of version 1")
        self.session = u64(data, 16)
        self.round = u32(data, 44)
        self.anchors = [struct.unpack_from("<3Q", data, 64), struct.unpack_from("<3Q", data, 88)]
        self.lost = list(struct.unpack_from("<16Q", data, 184))
        self.overflow = u64(data, 408)
        self.one_in, self.skipped, self.open_tasks = {}, {}, {}
        self.overwritten, self.window_begin = {}, 0
        self.sites, self.roles, self.value_types = {0: ("(unknown)", "::")}, {}, {}
        self.threads = {}  # index: (tid, name)
        self.thread_lost = {}
        self.chunks = []
        at = u32(data, 12)
        while at < len(data):
            magic, checksum, size, kind, flags, number, session = struct.unpack_from("<IIIHHQQ", data, at)
            if magic != 0x4B4C4243 or session != self.session:
                raise SystemExit(f"no block at offset {at}")
            block = data[at:at + size]
            if checksums and flags & SEALED and crc32c(block[8:]) != checksum:
                raise SystemExit(f"wrong checksum at offset {at}")
            if kind == 1:
                self.chunks.append((number, flags, block))
            elif kind == 2:
                self.read_sites(block)
            elif kind == 3:
                self.read_threads(block)
            elif kind == 4:
                for offset in range(32, size - 23, 24):
                    self.anchors.append(struct.unpack_from("<3Q", block, offset))
            elif kind == 5:
                for offset in range(32, size - 39, 40):
                    identity, birth, *parent = struct.unpack_from("<4Q", block, offset)
                    self.open_tasks.setdefault(identity, (birth, tuple(parent)))
            at += size
        self.window_begin = max([until for _, until in self.overwritten.values()], default=0)

    def read_sites(self, block):
        at = 32
        while at < len(block):
            size, number, line = u32(block, at), u32(block, at + 4), u32(block, at + 8)
            texts, start = [], at + 40
            for length in struct.unpack_from("<4H", block, at + 16):
                texts.append(block[start:start + length].decode("utf-8", "replace"))
                start += length
            self.one_in[number] = self.one_in.get(number) or u32(block, at + 24)
            self.skipped[number] = max(self.skipped.get(number, 0), u64(block, at + 32))
            self.roles.setdefault(number, block[at + 12])
            self.value_types.setdefault(number, block[at + 13])
            self.sites.setdefault(number, (texts[0], f"{texts[2]}:{line if texts[2] else 0}:{texts[3]}"))
            at += size

    def read_threads(self, block):
        for at in range(32, len(block), 384):
            name = block[at + 24:at + 56].split(b"\0")[0].decode("utf-8", "replace")
            self.threads[u32(block, at)] = u32(block, at + 4), name
            self.thread_lost[u32(block, at)] = struct.unpack_from("<16Q", block, at + 72)
            self.overwritten[u32(block, at)] = struct.unpack_from("<16Q", block, at + 200), u64(block, at + 328)

    def ns_per_tick(self):
        known = sorted(anchor for anchor in self.anchors if anchor[0] or anchor[1])
        if len(known) < 2 or known[-1][0] == known[0][0]:
            return 1.0
        return (known[-1][1] - known[0][1]) / (known[-1][0] - known[0][0])


def words_of(kind, block, at):
    if kind <= 5:
        return 1
    if kind <= 12:
        return 2
    if kind <= 19:
        return 3
    if kind <= 23:
        return 4
    size = u32(block, at + 8) & 0xFFFFFF
    return 1 + (4 + size + 7) // 8


class Decoder:
    """What happened: (time, thread, what, ...), a list per stream. Tasks are (id, birth), regions their places."""

    def __init__(self):
        self.streams = {}
        self.recovered = [0] * 16
        self.sequences = {}  # thread: the next

    def in_order(self):
        """By time; within a thread as it stands in the file, though a time may step back there."""
        return heapq.merge(*(self.streams[key] for key in sorted(self.streams)), key=lambda event: event[:2])

    def read_chunk(self, number, flags, block):
        thread, open_count = u32(block, 32), u32(block, 36)
        time = u64(block, 48)
        state = (u64(block, 64), u64(block, 72))
        named = {state[0] & (1 << 55) - 1: state}
        # A thread's main chunks are one stream; each side chunk is one.
        happened = self.streams.setdefault((thread, number if flags & SIDE else 0), [])
        opened = []
        if not flags & SIDE:
            if self.sequences.get(thread, 0) != u64(block, 40):
                happened.append((time, thread, "gap"))
            self.sequences[thread] = u64(block, 40) + 1
        for at in range(80, 80 + 32 * open_count, 32):
            place, birth, *task = struct.unpack_from("<4Q", block, at)
            opened.append((place, tuple(task)))
            happened.append((time, thread, "region open", place, birth, tuple(task)))
        at = 80 + 32 * open_count
        while at < len(block):
            head = u64(block, at)
            kind, site = head & 31, head >> 5 & 0x7FFFF
            if kind == 0:
                break
            words = words_of(kind, block, at)
            word = [u64(block, at + 8 * i) for i in range(words)]
            if kind != TASK_AGAIN:
                step = ((head >> 24) - time) & 0xFFFFFFFFFF
                time += step - (1 << 40) if step >> 39 else step
            if kind == TIME:
                time = word[1]
            if kind in TALLY_OF:
                self.recovered[TALLY_OF[kind]] += 1
            what = []
            if kind == TASK:
                state = (word[1], word[2])
                named[state[0] & (1 << 55) - 1] = state
            elif kind == TASK_AGAIN:
                state = named[head >> 5 & (1 << 55) - 1]
            elif kind in OF_STATE:
                what = [("mention", state), ("moment", state)]
                if kind == ATTR:
                    what.append(("attr", state, site, word[1]))
            elif kind == COUNTER:
                what = [("counter", site, word[1])]
            elif kind == TASK_BEGIN:
                what = [("task begin", (word[1], time), (BACKGROUND, 0))]
            elif kind == TASK_CHILD:
                what = [("mention", (word[2], word[3])), ("task begin", (word[1], time), (word[2], word[3]))]
            elif kind in (TASK_END, TASK_FAIL):
                what = [("task end", (word[1], word[2]), kind == TASK_FAIL, site)]
            elif kind == LINK:
                what = [("mention", state), ("mention", (word[1], word[2])), ("link", state, (word[1], word[2]))]
            elif kind == REGION_BEGIN:
                place = site << 45 | number << 16 | at // 8
                what = [("mention", state), ("region begin", place, time, state)]
                if not flags & SIDE:
                    opened.append((place, state))
            elif kind == REGION_END:
                place, _ = opened.pop()
                what = [("region end", place, None)]
            elif kind == REGION_END_LONG:
                what = [("region end", word[1], word[2])]
                if not flags & SIDE:
                    opened = [region for region in opened if region[0] != word[1]]
            elif kind == REGION_AT:
                what = [("mention", state), ("region at", site, word[1], word[2], state)]
            elif kind == REGION_ATTR:
                what = [("mention", opened[-1][1]), ("moment", opened[-1][1])]
            elif kind in (REGION_ATTR_LONG, REGION_ATTR_TEXT):
                place = word[1] if kind == REGION_ATTR_LONG else u64(block, at + 12)
                what = [(each, task) for open_place, task in opened if open_place == place
                        for each in ("mention", "moment")]
            happened += [(time, thread, *each) for each in what]
            at += 8 * words


def union(intervals, begin, end):
    """The length of what the intervals cover of begin..end."""
    covered = 0
    for start, stop in sorted(intervals):
        start, stop = max(start, begin), min(stop, end)
        if stop > start:
            covered += stop - start
            begin = stop
    return covered


class Instance:
    """A task or a region."""

    def __init__(self, site, birth, begin=None, thread=None):
        self.site, self.birth, self.begin, self.thread = site, birth, begin, thread
        self.end, self.failed, self.explicit = None, False, False
        self.covered = []  # intervals; a task's are [begin, None] while the subtask is open
        self.parent_interval = None
        self.weight, self.is_root, self.listed, self.has_parent = 1, False, False, False
        self.task = None  # of a region, if it is known

    def duration(self):
        return max(0, self.end - self.birth)

    def self_time(self):
        intervals = [(begin, self.end if end is None else end) for begin, end in self.covered]
        return self.duration() - union(intervals, self.birth, self.end)


class Model:
    """Plays back what happened in the order of time."""

    def __init__(self, trace):
        self.trace = trace
        self.tasks, self.regions, self.whole = {}, {}, []
        self.stacks = {}  # thread: places of its open regions
        self.gaps = {}  # thread: how often events of it were missing

    def lost_or_left(self, birth):
        window = self.trace.window_begin
        return "before window" if window and birth <= window else "lost"

    def own_weight(self, identity):
        return identity > OFF and self.trace.one_in.get(identity >> 36 & 0x7FFFF) or 1

    def weight(self, task):
        known = self.tasks.get(task[0])
        return known.weight if known and known.end is None else self.own_weight(task[0])

    def mention(self, task):
        identity, birth = task
        if identity == BACKGROUND or identity in self.tasks:
            return
        lost = self.lost_or_left(birth) if identity >> 56 == self.trace.round else "before"
        self.tasks[identity] = Instance(identity >> 36 & 0x7FFFF, birth, "off" if identity == OFF else lost)
        self.tasks[identity].weight = self.own_weight(identity)

    def list_tasks(self):
        for identity, (birth, parent) in sorted(self.trace.open_tasks.items(), key=lambda item: item[1][0]):
            task = self.tasks[identity] = Instance(identity >> 36 & 0x7FFFF, birth, "before window")
            task.listed, task.has_parent = True, parent[0] != BACKGROUND
            task.weight = self.own_weight(identity) if parent[0] == BACKGROUND else self.weight(parent)
            self.cover_parent(task, parent, birth)

    def cover_parent(self, task, parent, since):
        above = self.tasks.get(parent[0])
        if above and above.end is None and not task.parent_interval:
            task.parent_interval = [since, None]
            above.covered.append(task.parent_interval)

    def begin_task(self, time, task, parent):
        known = self.tasks.get(task[0])
        if known and not (known.begin in ("lost", "before window") and known.end is None):
            return
        if not known:
            known = self.tasks[task[0]] = Instance(task[0] >> 36 & 0x7FFFF, task[1])
        known.begin, known.is_root = None, parent[0] == BACKGROUND
        known.has_parent = not known.is_root
        known.weight = self.own_weight(task[0]) if known.is_root else self.weight(parent)
        self.cover_parent(known, parent, time)

    def end_task(self, time, task, failed, site):
        if task[0] <= OFF:
            return
        self.mention(task)
        known = self.tasks[task[0]]
        if known.end is None:
            known.end, known.failed, known.end_site = time, failed, site
            if known.parent_interval:
                known.parent_interval[1] = time

    def begin_region(self, place, birth, thread, begin, task):
        self.regions[place] = Instance(place >> 45, birth, begin, thread)
        self.regions[place].task = task
        self.regions[place].weight = self.weight(task)
        self.regions[place].gaps = self.gaps.get(thread, 0)
        self.stacks.setdefault(thread, []).append(place)

    def end_region(self, time, thread, place, birth):
        region = self.regions.get(place)
        if not region:
            region = self.regions[place] = Instance(place >> 45, birth, self.lost_or_left(birth))
            region.end = time
        if region.end is not None:
            return
        region.end = time
        stack = self.stacks[region.thread]
        level = stack.index(place)
        # One that began later and is not known to have ended may have done so where events are missing.
        misnested = level != len(stack) - 1 and self.regions[stack[-1]].gaps == self.gaps.get(thread, 0)
        region.failed = thread != region.thread or misnested
        if level:
            self.regions[stack[level - 1]].covered.append((region.birth, time))
        del stack[level]

    def play(self, happened, ns):
        self.list_tasks()
        for time, thread, what, *rest in happened:
            if what == "mention":
                self.mention(*rest)
            elif what == "task begin":
                self.begin_task(time, *rest)
            elif what == "task end":
                self.end_task(time, *rest)
            elif what == "region begin":
                self.begin_region(rest[0], rest[1], thread, None, rest[2])
            elif what == "region open":
                self.mention(rest[2])
                if rest[0] in self.regions:
                    continue
                self.begin_region(rest[0], rest[1], thread, self.lost_or_left(rest[1]), rest[2])
            elif what == "region end":
                self.end_region(time, thread, *rest)
            elif what == "gap":
                self.gaps[thread] = self.gaps.get(thread, 0) + 1
            elif what == "region at" and rest[2] >= rest[1]:
                region = Instance(rest[0], 0)
                region.end, region.explicit = (rest[2] - rest[1]) / ns, True
                region.thread, region.task, region.weight = thread, rest[3], self.weight(rest[3])
                self.whole.append(region)


def percentile(sorted_values, p):
    """Of (value, weight)."""
    total = sum(weight for _, weight in sorted_values)
    rank = max(1, math.ceil(p * total - 1e-9))
    for value, weight in sorted_values:
        rank -= weight
        if rank <= 0:
            return value


def summary(instances, ns, skipped=None):
    finished = [instance for instance in instances if instance.end is not None]
    durations = sorted((instance.duration(), instance.weight) for instance in finished)
    weights = sum(instance.weight for instance in instances)
    if skipped is not None:  # all roots of sampled sites are known by number
        roots = [instance for instance in instances if instance.is_root and instance.sampled]
        weights += len(roots) + skipped - sum(instance.weight for instance in roots)
    result = {"count": len(instances), "finished": len(finished), "unfinished": len(instances) - len(finished),
              "errors": sum(instance.failed for instance in instances),
              "begun_before": sum(instance.begin == "before" for instance in instances),
              "before_window": sum(instance.begin == "before window" for instance in instances),
              "begin_lost": sum(instance.begin == "lost" for instance in instances),
              "estimated_count": weights, "explicit": sum(instance.explicit for instance in instances),
              "weight_max": max([instance.weight for instance in instances], default=1)}
    times = {"total": sum(value for value, _ in durations),
             "self": sum(instance.self_time() for instance in finished),
             "estimated_total": sum(value * weight for value, weight in durations),
             "estimated_self": sum(instance.self_time() * instance.weight for instance in finished)}
    if finished:
        times["mean"] = times["estimated_total"] / sum(weight for _, weight in durations)
        times["min"], times["max"] = durations[0][0], durations[-1][0]
        for name, p in (("p50", .5), ("p90", .9), ("p99", .99), ("p999", .999)):
            times[name] = percentile(durations, p)
    for name in ("total", "self", "min", "mean", "p50", "p90", "p99", "p999", "max", "estimated_total",
                 "estimated_self"):
        result[name + "_ns"] = round(times[name] * ns) if finished else None
    return result


def grouped(instances, key):
    groups = {}
    for instance in instances:
        groups.setdefault(key(instance), []).append(instance)
    return groups


def report(trace):
    ns = trace.ns_per_tick()
    decoder, model = Decoder(), Model(trace)
    for number, flags, block in sorted(trace.chunks, key=lambda chunk: u64(chunk[2], 40)):
        decoder.read_chunk(number, flags, block)
    model.play(decoder.in_order(), ns)

    def site(instance):
        return trace.sites.get(instance.site, trace.sites[0])

    def task_type(task):
        return "(begun while off)" if task.begin == "off" else site(task)[0]

    def is_over(task):
        return task.end is None and task.begin == "before window" and not task.listed and not trace.overflow

    skipped = {}
    for task in model.tasks.values():
        task.sampled = bool(trace.one_in.get(task.site))
    for number, one_in in trace.one_in.items():
        if one_in and trace.roles[number] == 1:
            name = trace.sites[number][0]
            skipped[name] = skipped.get(name, 0) + trace.skipped[number]
    regions = {}
    for name, items in grouped([*model.regions.values(), *model.whole], lambda region: site(region)[0]).items():
        places = grouped(items, lambda region: site(region)[1])
        regions[name] = {**summary(items, ns), "sites": {place: summary(places[place], ns) for place in places}}
    tasks = grouped([task for task in model.tasks.values() if not is_over(task)], task_type)
    for name in skipped:
        if skipped[name]:
            tasks.setdefault(name, [])
    overwritten = [sum(counts[i] for counts, _ in trace.overwritten.values()) for i in range(16)]
    lost = [trace.lost[i] + sum(counts[i] for counts in trace.thread_lost.values()) for i in range(16)]
    return {"tasks": {name: summary(items, ns, None if trace.window_begin else skipped.get(name))
                      for name, items in tasks.items()}, "regions": regions,
            "roots": sum(task.weight for task in model.tasks.values() if not task.has_parent and task.end is not None),
            "overwritten": {name: overwritten[i] for i, name in enumerate(TALLIES)},
            "ns_per_tick": ns, "logs": decoder.recovered[6],
            "recovered": {name: decoder.recovered[i] for i, name in enumerate(TALLIES)},
            "lost": {name: lost[i] for i, name in enumerate(TALLIES)}}


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    # Checksums bit by bit would take minutes for a large file.
    print(json.dumps(report(Trace(data, checksums=len(data) < 1 << 20)), indent=2))


if __name__ == "__main__":
    main()
