#!/usr/bin/env python3
"""Reads a trace file by doc/format.md alone and prints statistics as JSON. SPDX-License-Identifier: Apache-2.0

It shares nothing with the C code, is slow on purpose, and keeps everything in memory, so that percentiles are exact.
It is the oracle for the reports. It reads one closed trace file; it does not join a live file.

    tests/independent/decode.py TRACE

    {"tasks": {TYPE: {count, unfinished, errors, total_ns, min_ns, max_ns, p50_ns, p90_ns, p99_ns, p999_ns}},
     "regions": {the same}, "logs": N, "recovered": {tally: N}, "lost": {tally: N}}

A task counts if its begin or an end of it is in the file; its latency is the time from its birth to its first end.
A region's is the time from its birth to its first end; one with explicit times is ended from the start.
"""
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
SEALED, SIDE = 1, 2


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
        self.anchors = [struct.unpack_from("<3Q", data, 64), struct.unpack_from("<3Q", data, 88)]
        self.lost = list(struct.unpack_from("<16Q", data, 184))
        self.site_text = {}
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
            at += size

    def read_sites(self, block):
        at = 32
        while at < len(block):
            size, number = u32(block, at), u32(block, at + 4)
            text_bytes = struct.unpack_from("<H", block, at + 16)[0]
            text = block[at + 24:at + 24 + text_bytes].decode("utf-8", "replace")
            self.site_text.setdefault(number, text)
            at += size

    def read_threads(self, block):
        for at in range(32, len(block), 256):
            self.thread_lost[u32(block, at)] = struct.unpack_from("<16Q", block, at + 72)

    def ns_per_tick(self):
        known = sorted(anchor for anchor in self.anchors if anchor[0] or anchor[1])
        if len(known) < 2 or known[-1][0] == known[0][0]:
            return 1.0, (known or [(0, 0, 0)])[0]
        first, last = known[0], known[-1]
        return (last[1] - first[1]) / (last[0] - first[0]), first


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


class Statistics:
    """What happened, in the order of time: (time, thread, order, what, identity, type, birth)."""

    def __init__(self):
        self.happened = []
        self.recovered = [0] * 16

    def read_chunk(self, number, flags, block):
        thread, open_count = u32(block, 32), u32(block, 36)
        sequence, time = u64(block, 40), u64(block, 48)
        opened = [(u64(block, 80 + 32 * i), u64(block, 88 + 32 * i)) for i in range(open_count)]
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
            what = None
            if kind in (TASK_BEGIN, TASK_CHILD):
                what = ("task begin", word[1], word[1] >> 36 & 0x7FFFF, time)
            elif kind in (TASK_END, TASK_FAIL):
                what = ("task fail" if kind == TASK_FAIL else "task end", word[1], word[1] >> 36 & 0x7FFFF, word[2])
            elif kind == REGION_BEGIN:
                place = site << 45 | number << 14 | at // 8
                what = ("region begin", place, site, time)
                if not flags & SIDE:
                    opened.append((place, time))
            elif kind == REGION_END:
                place, birth = opened.pop()
                what = ("region end", place, place >> 45, birth)
            elif kind == REGION_END_LONG:
                what = ("region end", word[1], word[1] >> 45, word[2])
                if not flags & SIDE:
                    opened = [region for region in opened if region[0] != word[1]]
            elif kind == REGION_AT:
                what = ("region at", (number, at), site, (word[1], word[2]))
            if what:
                self.happened.append((time, thread, sequence, at, *what))
            at += 8 * words


def percentile(sorted_values, p):
    rank = max(1, math.ceil(p * len(sorted_values) - 1e-9))
    return sorted_values[rank - 1]


def summary(items, ns):
    """items: of one type: (latency in ticks or None, failed)."""
    latencies = sorted(latency for latency, _ in items if latency is not None)
    result = {"count": len(items), "unfinished": len(items) - len(latencies),
              "errors": sum(1 for _, failed in items if failed), "total_ns": round(sum(latencies) * ns)}
    for name, p in (("min", 0), ("p50", .5), ("p90", .9), ("p99", .99), ("p999", .999), ("max", 1)):
        result[name + "_ns"] = round(percentile(latencies, p) * ns) if latencies else 0
    return result


def by_type(instances, trace, ns):
    types = {}
    for site, latency, failed in instances.values():
        types.setdefault(trace.site_text.get(site, ""), []).append((latency, failed))
    return {name: summary(items, ns) for name, items in sorted(types.items())}


def report(trace):
    ns, first = trace.ns_per_tick()
    statistics = Statistics()
    for number, flags, block in trace.chunks:
        statistics.read_chunk(number, flags, block)
    tasks, regions = {}, {}
    for time, _, _, _, what, identity, site, birth in sorted(statistics.happened, key=lambda event: event[:4]):
        if what == "task begin":
            tasks.setdefault(identity, (site, None, False))
        elif what in ("task end", "task fail"):
            if identity not in tasks or tasks[identity][1] is None:
                tasks[identity] = (site, max(0, time - birth), what == "task fail")
        elif what == "region begin":
            regions.setdefault(identity, (site, None, False))
        elif what == "region end":
            if identity not in regions or regions[identity][1] is None:
                regions[identity] = (site, max(0, time - birth), False)
        elif what == "region at":
            begin_ns, end_ns = birth
            regions[identity] = (site, max(0, end_ns - begin_ns) / ns, False)
    lost = [trace.lost[i] + sum(counts[i] for counts in trace.thread_lost.values()) for i in range(16)]
    return {"tasks": by_type(tasks, trace, ns), "regions": by_type(regions, trace, ns),
            "logs": statistics.recovered[6],
            "recovered": {name: statistics.recovered[i] for i, name in enumerate(TALLIES)},
            "lost": {name: lost[i] for i, name in enumerate(TALLIES)}}


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    # Checksums bit by bit would take minutes for a large file.
    print(json.dumps(report(Trace(data, checksums=len(data) < 1 << 20)), indent=2))


main()
