#!/usr/bin/env python3
"""Compares groups, trees, flame data, series and concurrency with what decode.py's model makes of the trace.
SPDX-License-Identifier: Apache-2.0

    tests/independent/compare_groups.py CAIRN TRACE

Everything is kept and counted the obvious way: intervals in lists, peaks by walking through all begins and ends, series by
asking each task about each bucket. Sums and counts must be the same, percentiles agree within 1 %. Of regions with explicit
times both ends may have been rounded to ticks. Prints each difference and what was compared; exit code 1 if there is one.
"""
import subprocess
import sys
import json
import os

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import compare
import decode

BUCKETS = 7
NO_REGION = "(no region)"
differences = []


class Model(decode.Model):
    """Remembers also on which threads tasks begin and end, whose they are, and what was open when."""

    def __init__(self, trace):
        super().__init__(trace)
        self.attrs, self.counted, self.position, self.thread = {}, [], 0, 0

    def type_of(self, identity):
        return "(begun while off)" if identity == decode.OFF else self.trace.sites.get(identity >> 36 & 0x7FFFF, self.trace.sites[0])[0]

    def type_of_task(self, task):
        return "(background)" if task[0] == decode.BACKGROUND else self.type_of(task[0])

    def note(self, identity):
        """An entry that is new is open from here on."""
        task = self.tasks[identity]
        if not hasattr(task, "opened"):
            task.identity, task.opened, task.closed = identity, self.position, None
            task.begin_thread = task.end_thread = task.parent = None
            task.path = (self.type_of(identity),)

    def list_tasks(self):
        self.position = -1
        super().list_tasks()
        for identity, (birth, parent) in sorted(self.trace.open_tasks.items(), key=lambda item: item[1][0]):
            self.note(identity)
            task = self.tasks[identity]
            task.parent = parent if parent[0] else None
            above = self.tasks.get(parent[0])
            if above and hasattr(above, "path"):
                task.path = above.path + task.path

    def mention(self, task):
        super().mention(task)
        if task[0] in self.tasks:
            self.note(task[0])

    def begin_task(self, time, task, parent):
        known = self.tasks.get(task[0])
        if known and not (known.begin in ("lost", "before window") and known.end is None):
            return
        super().begin_task(time, task, parent)
        self.note(task[0])
        known = self.tasks[task[0]]
        known.begin_thread, known.parent = self.thread, parent if parent[0] else None
        above = self.tasks.get(parent[0])
        is_below = above and parent[0] > decode.OFF and above.end is None
        known.path = (above.path if is_below else ()) + (self.type_of(task[0]),)

    def end_task(self, time, task, failed, site):
        super().end_task(time, task, failed, site)
        if task[0] > decode.OFF and self.tasks[task[0]].closed is None:
            self.tasks[task[0]].closed, self.tasks[task[0]].end_thread = self.position, self.thread

    def begin_region(self, place, birth, thread, begin, task):
        below = [self.regions[other] for other in self.stacks.get(thread, []) if self.regions[other].task[0] == task[0]]
        super().begin_region(place, birth, thread, begin, task)
        region = self.regions[place]
        region.found = self.time
        region.path = (below[-1].path if below else (self.type_of_task(task),)) + (self.region_type(region),)

    def region_type(self, region):
        return self.trace.sites.get(region.site, self.trace.sites[0])[0]

    def play(self, happened, ns):
        super().play(self.watched(happened), ns)

    def watched(self, happened):
        for position, (time, thread, what, *rest) in enumerate(happened):
            self.position, self.thread, self.time = position, thread, time
            if what == "attr" and rest[0][0] in self.tasks and self.tasks[rest[0][0]].end is None:
                value = rest[2] - (1 << 64) if self.trace.value_types[rest[1]] == 1 and rest[2] >> 63 else rest[2]
                self.attrs.setdefault(rest[0][0], {})[self.trace.sites[rest[1]][0]] = str(value)
            if what == "counter":
                self.counted.append((time, self.trace.sites[rest[0]][0], rest[1]))
            yield time, thread, what, *rest


def differ(text):
    differences.append(text)


def near(one, other, slack=1e-9):
    return one is not None and other is not None and abs(one - other) <= slack * max(1, abs(other))


class Comparison:
    def __init__(self, cairn, path):
        self.cairn, self.path = cairn, path
        with open(path, "rb") as file:
            data = file.read()
        self.trace = trace = decode.Trace(data, checksums=False)
        self.ns = trace.ns_per_tick()
        decoder = decode.Decoder()
        for number, flags, block in sorted(trace.chunks, key=lambda chunk: decode.u64(chunk[2], 40)):
            decoder.read_chunk(number, flags, block)
        happened = list(decoder.in_order())
        self.model = Model(trace)
        self.model.play(happened, self.ns)
        start = decode.u64(data, 64)
        self.end = max([anchor[0] for anchor in trace.anchors] + [event[0] for event in happened])
        self.begin = max(start, trace.window_begin)
        self.zero = start
        self.tasks = [task for task in self.model.tasks.values() if not self.is_over(task)]
        self.regions = [*self.model.regions.values(), *self.model.whole]
        self.compared = self.exact_gaps = 0

    def is_over(self, task):
        return task.end is None and task.begin == "before window" and not task.listed and not self.trace.overflow

    def ask(self, *arguments):
        command = [self.cairn, arguments[0], "--json", *arguments[1:], self.path]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if result.returncode > 1:
            raise SystemExit(f"{command}: exit code {result.returncode}: {result.stderr.decode()}")
        return json.loads(result.stdout)

    def to_ns(self, ticks):
        return round(ticks * self.ns)

    def type_of(self, task):
        return self.model.type_of(task.identity)

    def is_equal(self, what, one, other):
        self.compared += 1
        if one != other:
            differ(f"{what} is {one}, should be {other}")

    def is_near(self, what, one, other, slack=1e-9):
        self.compared += 1
        if not near(one, other, slack):
            differ(f"{what} is {one}, should be {other}")

    def compare_rows(self, what, reported, expected):
        """Both by key; rows as decode.summary makes them."""
        self.is_equal(f"{what}: keys", sorted(map(str, reported)), sorted(map(str, expected)))
        for key in reported.keys() & expected.keys():
            self.compared += 1
            compare.compare_row(f"{what} {key}", reported[key], decode.summary(expected[key], self.ns), self.ns)
        differences.extend(compare.differences)
        compare.differences.clear()

    # ---- Concurrency ----------------------------------------------------------------------------------------

    def open_ticks(self, task, begin, end):
        stop = self.end if task.end is None else task.end
        return max(0, min(stop, end) - max(task.birth, begin))

    def peak(self, tasks):
        steps = []
        for number, task in enumerate(tasks):
            opened = -1 if task.birth <= self.begin else task.opened
            steps += [(opened, 1), (float("inf") if task.closed is None else task.closed, -1)]
        now = most = 0
        for _, step in sorted(steps, key=lambda step: (step[0], -step[1])):
            now += step
            most = max(most, now)
        return most

    def compare_load(self, what, row, tasks):
        seconds = self.to_ns(self.end - self.begin) / 1e9
        open_ticks = sum(self.open_ticks(task, self.begin, self.end) for task in tasks)
        finished = sum(task.end is not None for task in tasks)
        self.is_near(f"{what}: rate", row["rate_per_s"], finished / seconds)
        self.is_near(f"{what}: mean", row["concurrency_mean"], open_ticks / (self.end - self.begin))
        if finished:
            self.is_equal(f"{what}: subtasks", row["subtask_ns"], row["total_ns"] - row["self_ns"])

    def compare_concurrency(self):
        for filters, meets in (((), lambda task: True), (("--failed",), lambda task: task.failed),
                               (("--min", "20us"), lambda task: task.identity != decode.OFF and  # its latency is not known
                                self.latency(task) * self.ns >= 20000),
                               (("--unfinished",), lambda task: task.end is None)):
            rows = {row["type"]: row for row in self.ask("tasks", "--concurrency", *filters)["types"]}
            types = decode.grouped([task for task in self.tasks if meets(task)], self.type_of)
            for name, tasks in types.items():
                what = f"concurrency of '{name}' {filters}"
                if name not in rows:
                    differ(f"{what}: no row")
                    continue
                self.compare_load(what, rows[name], tasks)
                self.is_equal(f"{what}: peak", rows[name]["concurrency_peak"], self.peak(tasks))

    def latency(self, task):
        return max(0, (self.end if task.end is None else task.end) - task.birth)

    def compare_pages(self):
        """Pages of the slowest, one behind the other, are the whole list."""
        finished = [task for task in self.tasks if task.end is not None]
        expected = sorted((self.to_ns(self.latency(task)) for task in finished), reverse=True)
        pages = [task for skip in range(0, len(finished) + 5, 7)
                 for task in self.ask("tasks", "--slowest", "7", "--skip", str(skip))["tasks"]]
        whole = self.ask("tasks", "--slowest", "1000000")
        self.is_equal("pages of the slowest", [task["latency_ns"] for task in pages], expected)
        self.is_equal("the slowest at once", [task["id"] for task in whole["tasks"]], [task["id"] for task in pages])
        self.is_equal("candidates", whole["candidates"], len(finished))
        left = self.ask("tasks", "--slowest", "1000000", "--unfinished")["tasks"]
        self.is_equal("the oldest", [task["latency_ns"] for task in left],
                      sorted((self.to_ns(self.latency(task)) for task in self.tasks
                              if task.end is None and task.identity != decode.OFF), reverse=True))

    # ---- Groups ---------------------------------------------------------------------------------------------

    def thread_text(self, thread):
        if thread is None:
            return "unknown thread"
        tid, name = self.trace.threads.get(thread, (0, ""))
        return f"{name} ({tid})" if name else f"thread {tid}"

    def group_of(self, task, by):
        if by == "thread":
            return self.thread_text(task.begin_thread if task.end is None else task.end_thread)
        if by == "parent":
            return self.model.type_of_task(task.parent) if task.parent else None
        if by == "outcome":
            return "unfinished" if task.end is None else "failed" if task.failed else "ok"
        if by == "reason":
            return self.trace.sites[task.end_site][0] if task.failed else None
        return self.model.attrs.get(task.identity, {}).get(by[5:])

    def compare_groups(self):
        for by in "thread", "parent", "outcome", "reason", "attr.size", "attr.nothing":
            rows = {(row["type"], row["group"]): row for row in self.ask("tasks", "--by", by)["groups"]}
            groups = decode.grouped(self.tasks, lambda task: (self.type_of(task), self.group_of(task, by)))
            self.compare_rows(f"tasks by {by}", rows, groups)
            for key in rows.keys() & groups.keys():
                self.compare_load(f"tasks by {by} {key}", rows[key], groups[key])
        for by, key in (("task", lambda region: self.model.type_of_task(region.task) if region.task else "(unknown)"),
                        ("thread", lambda region: self.thread_text(region.thread))):
            rows = {(row["type"], row["group"]): row for row in self.ask("regions", "--by", by)["groups"]}
            groups = decode.grouped(self.regions, lambda region: (self.model.region_type(region), key(region)))
            self.compare_rows(f"regions by {by}", rows, groups)

    def compare_tree(self):
        rows = {row["path"]: row for row in self.ask("tree")["nodes"]}
        paths = decode.grouped(self.tasks, lambda task: ";".join(task.path))
        for path in [path for path in rows if path not in paths]:  # there for those below it
            self.is_equal(f"tree '{path}': count", rows.pop(path)["count"], 0)
        self.compare_rows("tree", rows, paths)
        for path, row in rows.items():
            root = paths.get(path.split(";")[0], [])
            total = sum(task.duration() for task in root if task.end is not None)
            own = sum(task.duration() for task in paths[path] if task.end is not None)
            above = paths.get(path.rpartition(";")[0], []) if ";" in path else []
            self.is_near(f"tree '{path}': share", row["share_of_root"], own / total if total else 0)
            self.is_near(f"tree '{path}': each", row["per_parent"], len(paths[path]) / len(above) if above else 0)

    # ---- Flame ----------------------------------------------------------------------------------------------

    def self_ticks(self, region):
        end = self.end if region.end is None else region.end
        return max(0, end - region.birth) - decode.union(region.covered, region.birth, end)

    def hidden_ticks(self, region):
        """What may be missed of its cover: a nested region found open after a gap may reach back beyond what has ended
        in the meantime."""
        return sum(end - begin for number, (begin, end) in enumerate(region.covered)
                   if any(begin < earlier for earlier, _ in region.covered[:number]))

    def path_of(self, region):
        if hasattr(region, "path"):
            return region.path
        task = self.model.type_of_task(region.task) if region.task else "(unknown)"
        return task, self.model.region_type(region)

    def gap(self, task, regions, since):
        end = self.end if task.end is None else task.end
        covers = [(since(region), self.end if region.end is None else region.end) for region in regions]
        return self.latency(task) - decode.union(covers, task.birth, end)

    def compare_flame(self):
        rows = {(row["task"], row["stack"]): row for row in self.ask("flame", "--with-gaps")["stacks"]}
        expected = {}
        for region in self.regions:
            path = self.path_of(region)
            entry = expected.setdefault((path[0], ";".join(path[1:])), [0, 0, 0, 0])
            entry[0] += self.self_ticks(region)
            entry[1] += 1
            entry[2] += 2 * region.explicit
            entry[3] += self.hidden_ticks(region)
        for row in [key for key in rows if key[1] == NO_REGION]:
            self.compare_gap(row[0], rows.pop(row))
        self.compare_stacks(rows, expected)

    def compare_gap(self, name, row):
        """A region whose begin is missing is known from when it is found open; what it covers before may be missed."""
        of_task = decode.grouped([region for region in self.model.regions.values() if region.task],
                                 lambda region: region.task[0])
        tasks = [task for task in self.tasks if task.identity > decode.OFF and self.type_of(task) == name]
        low, high = (sum(self.gap(task, of_task.get(task.identity, []), since) for task in tasks)
                     for since in (lambda region: region.birth, lambda region: region.found))
        self.compared += 1
        self.exact_gaps += low == high
        if not low * self.ns - 1 <= row["self_ns"] <= high * self.ns + 1:
            differ(f"gap of '{name}' is {row['self_ns']}, should be {low * self.ns} to {high * self.ns}")

    def compare_stacks(self, rows, expected):
        self.is_equal("flame: stacks", sorted(rows), sorted(expected))
        for key in rows.keys() & expected.keys():
            ticks, count, rounded, hidden = expected[key]
            self.is_equal(f"flame {key}: count", rows[key]["count"], count)
            self.compared += 1
            if not -1 - rounded * self.ns <= rows[key]["self_ns"] - ticks * self.ns <= 1 + (rounded + hidden) * self.ns:
                differ(f"flame {key}: self is {rows[key]['self_ns']}, should be {ticks * self.ns}")

    # ---- Series ---------------------------------------------------------------------------------------------

    def bucket_of(self, time):
        time = min(max(time, self.begin), self.end - 1)
        return (time - self.begin) * BUCKETS // (self.end - self.begin)

    def bounds(self, bucket):
        length = self.end - self.begin
        return [self.begin - (-length * each // BUCKETS) for each in (bucket, bucket + 1)]

    def compare_bucket(self, row, tasks):
        begin, end = self.bounds(row["bucket"])
        what = f"series '{row['type']}' {row['bucket']}"
        ended = [task for task in tasks if task.end is not None and self.bucket_of(task.end) == row["bucket"]]
        latencies = sorted((task.duration(), 1) for task in ended)
        self.is_equal(f"{what}: begin", row["begin_ns"], self.to_ns(begin - self.zero))
        self.is_equal(f"{what}: finished", row["finished"], len(ended))
        self.is_equal(f"{what}: errors", row["errors"], sum(task.failed for task in ended))
        self.is_near(f"{what}: concurrency", row["concurrency_mean"],
                     sum(self.open_ticks(task, begin, end) for task in tasks) / (end - begin))
        if not ended:
            return self.is_equal(f"{what}: p50", row["p50_ns"], None)
        self.is_equal(f"{what}: max", row["max_ns"], self.to_ns(latencies[-1][0]))
        self.is_equal(f"{what}: min", row["min_ns"], self.to_ns(latencies[0][0]))
        for name, p in (("p50_ns", .5), ("p90_ns", .9), ("p99_ns", .99)):
            exact = decode.percentile(latencies, p) * self.ns
            self.compared += 1
            if abs(row[name] - exact) > 1 + self.ns + 0.01 * exact:
                differ(f"{what}: {name} is {row[name]}, should be {exact}")

    def compare_series(self):
        answer = self.ask("series", "--buckets", str(BUCKETS))
        types = decode.grouped(self.tasks, self.type_of)
        self.is_equal("series: rows", len(answer["buckets"]), BUCKETS * len(types))
        for row in answer["buckets"]:
            self.compare_bucket(row, types[row["type"]])
        counted = decode.grouped(self.model.counted, lambda value: (value[1], self.bucket_of(value[0])))
        for row in answer["counters"]:
            values = [value for _, _, value in counted.get((row["counter"], row["bucket"]), [])]
            expected = [len(values), min(values, default=None), max(values, default=None), values[-1] if values else None]
            self.is_equal(f"counter {row['bucket']}", [row[name] for name in ("count", "min", "max", "last")], expected)
            if values:
                self.is_near(f"counter {row['bucket']}: mean", row["mean"], sum(values) / len(values))
        self.compare_heat(types)

    def compare_heat(self, types):
        rows = {(row["type"], row["bucket"], row["latency_from_ns"]): row["count"]
                for row in self.ask("series", "--heat", "--buckets", str(BUCKETS))["heat"]}
        expected = {}
        for name, tasks in types.items():
            for task in [task for task in tasks if task.end is not None]:
                shift = max(0, task.duration().bit_length() - 7)
                low = task.duration() >> shift << shift
                key = name, self.bucket_of(task.end), self.to_ns(low)
                expected[key] = expected.get(key, 0) + 1
        self.is_equal("heat", sorted(rows.items()), sorted(expected.items()))


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    comparison = Comparison(*sys.argv[1:])
    comparison.compare_concurrency()
    comparison.compare_pages()
    comparison.compare_groups()
    comparison.compare_tree()
    comparison.compare_flame()
    comparison.compare_series()
    for difference in differences[:40]:
        print(difference[:1000])
    print(f"{sys.argv[2]}: {comparison.compared} numbers and rows compared, {len(differences)} differences")
    sys.exit(1 if differences or not comparison.compared else 0)


main()
