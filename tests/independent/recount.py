#!/usr/bin/env python3
"""Counts again what `cairn explain` says, from the text of a trace alone. SPDX-License-Identifier: Apache-2.0

    tests/independent/recount.py CAIRN TRACE.txt TYPE [OPTIONS OF EXPLAIN...]

TRACE.txt is what requests.py writes: one process, ticks that are nanoseconds, no regions but those with explicit times.
Each task is kept with all its details; then, for every finding, those that have it are counted, the exact test is made
with whole numbers, and medians and the slowest are looked up. Also the other way round: every value that is significant
by these numbers must have been found.
"""
import json
import math
import os
import shlex
import subprocess
import sys
import tempfile

LEVEL = 0.01
differences = []


class Task:
    def __init__(self, identity, birth):
        self.id, self.birth, self.end = identity, birth, None
        self.has_begun, self.parent, self.concurrent, self.outcome = False, None, 0, None
        self.attributes, self.logs, self.log_total = {}, set(), 0
        self.threads, self.began_on, self.ended_on = set(), "unknown thread", None
        self.subtasks, self.regions = [], []  # tasks; (type, begin, end)
        self.alongside = set()


def fields(line):
    return dict(part.split("=", 1) for part in line if "=" in part)


class Reader:
    """Events of all threads in the order of time, with the task that each belongs to."""

    def __init__(self, path):
        self.sites, self.threads, self.events = {}, {}, []
        with open(path) as text:
            for line in text:
                self.read(shlex.split(line, comments=True))

    def read(self, words):
        if not words:
            return
        kind, keys = words[0], fields(words[1:])
        if kind == "site":
            self.sites[keys["number"]] = keys
        elif kind == "thread":
            self.threads[keys["index"]] = keys["name"]
        elif kind == "block":
            self.thread, self.state = keys["thread"], None
        elif kind == "task":
            self.state = (keys["id"], int(keys["birth"]))
        elif kind == "head":
            self.start = int(keys["start"].split(",")[0])
        else:
            key = (int(keys["time"]), int(self.thread), len(self.events))
            self.events.append((key, self.threads[self.thread], self.state, kind, keys))

    def text(self, keys):
        return self.sites[keys["site"]].get("text", "")


class Model:
    def __init__(self, reader):
        self.reader, self.tasks, self.open_of_type = reader, {}, {}
        for (time, _, _), thread, state, kind, keys in sorted(reader.events, key=lambda event: event[0]):
            self.take(time, thread, state, kind, keys)

    def type_of(self, task):
        return self.reader.sites[task.id.split(":")[1]].get("text", "")

    def task(self, identity, birth):
        return self.tasks.setdefault(identity, Task(identity, birth))

    def take(self, time, thread, state, kind, keys):
        if kind in ("task_begin", "task_child"):
            return self.begin(time, thread, keys)
        task = self.task(*state) if state and "id" not in keys else self.task(keys["id"], int(keys["birth"]))
        if task.end is not None:
            return None
        task.threads.add(thread)
        if kind in ("task_end", "task_fail"):
            self.finish(task, time, thread, self.reader.text(keys) if kind == "task_fail" else None)
        elif kind in ("attr", "attr_text"):
            value = self.reader.sites[keys["site"]]["value"]
            convert = {"int": int, "float": float, "text": str, "bool": lambda text: text != "0"}[value]
            task.attributes[self.reader.text(keys)] = convert(keys.get("text", keys.get("value")))
        elif kind == "region_at":
            task.regions.append((self.reader.text(keys), int(keys["begin_ns"]), int(keys["end_ns"])))
        else:
            task.log_total += 1
            task.logs.add((self.reader.text(keys), self.reader.sites[keys["site"]].get("format", keys.get("text"))))
        return None

    def begin(self, time, thread, keys):
        task = self.task(keys["id"], time)
        task.began_on, task.has_begun = thread, True
        task.threads.add(thread)
        task.alongside = {name for name, count in self.open_of_type.items() if count and name != self.type_of(task)}
        task.concurrent = self.open_of_type.get(self.type_of(task), 0)
        self.open_of_type[self.type_of(task)] = task.concurrent + 1
        if "parent_id" in keys:
            task.parent = self.task(keys["parent_id"], int(keys["parent_birth"]))
            if task.parent.end is None:
                task.parent.subtasks.append(task)

    def finish(self, task, time, thread, reason):
        task.end, task.ended_on, task.outcome = time, thread, "ok" if reason is None else reason
        if task.has_begun:
            self.open_of_type[self.type_of(task)] -= 1


def percent(part, whole):
    return math.floor(100 * part / whole) if whole else 0


def covered(intervals):
    total, until = 0, -1
    for begin, end in sorted(intervals):
        total += max(0, end - max(begin, until))
        until = max(until, end)
    return total


def parts(task, name, model):
    """Subtasks of a type, and regions: (begin, end), until the task's end."""
    subs = [(sub.birth, min(task.end, sub.end if sub.end is not None else task.end)) for sub in task.subtasks
            if model.type_of(sub) == name]
    return subs, [(begin, end) for text, begin, end in task.regions if text == name]


def amount(task, fact, name, model):
    """A number of the task; None if it has none."""
    subs, regions = parts(task, name, model)
    latency = task.end - task.birth
    own = covered([(sub.birth, min(task.end, sub.end if sub.end is not None else task.end)) for sub in task.subtasks])
    value = task.attributes.get(name)
    return {"attribute_number": value if isinstance(value, (int, float)) and not isinstance(value, bool) else None,
            "subtask_count": len(subs), "region_count": len(regions), "log_count": task.log_total,
            "concurrent": task.concurrent, "begin": task.birth - model.reader.start, "self_share": percent(latency - own, latency),
            "subtask_share": percent(sum(end - begin for begin, end in subs), latency),
            "region_share": percent(sum(end - begin for begin, end in regions), latency)}[fact]


def holds(task, finding, model):
    """Whether the finding, without its negation, is true of the task."""
    fact, name, value = finding["fact"], finding["name"], finding["value"]
    if finding["relation"] in ("at_least", "at_most", "within"):
        number = amount(task, fact, name, model)
        if number is None:
            return False
        low, high = finding["low"], finding["high"]
        if finding["relation"] == "within":
            return finding["from_ns"] <= number < finding["to_ns"]
        return number >= low if finding["relation"] == "at_least" else number <= high
    if fact == "attribute":
        mine = task.attributes.get(name)
        return type(mine) is type(value) and mine == value
    return {"attribute_set": name in task.attributes,
            "parent": value == (model.type_of(task.parent) if task.parent else "none"),
            "begin_thread": value == task.began_on, "end_thread": value == task.ended_on, "thread": name in task.threads,
            "log": (name, value) in task.logs, "log_category": name in {category for category, _ in task.logs},
            "subtask": bool(parts(task, name, model)[0]), "region": bool(parts(task, name, model)[1]),
            "outcome": value == task.outcome, "alongside": name in task.alongside}[fact]


def fisher(slow_with, rest_with, slow, rest):
    """log10 of the two-sided p, in whole numbers."""
    total = slow_with + rest_with
    if slow_with * (slow + rest) < total * slow:
        slow_with, total = slow - slow_with, slow + rest - total
    tail = sum(math.comb(slow, hits) * math.comb(rest, total - hits)
               for hits in range(slow_with, min(slow, total) + 1) if total - hits <= rest)
    tail, ways = 2 * tail, math.comb(slow + rest, total)
    digits = max(0, len(str(ways)) - len(str(tail)))
    return min(0.0, math.log10(tail * 10 ** (digits + 20) // ways) - digits - 20)


def median(latencies):
    """Of the slowest half the last."""
    latencies = sorted(latencies, reverse=True)
    return latencies[math.ceil(len(latencies) / 2) - 1] if latencies else None


def differ(what, reported, expected):
    differences.append(f"{what}: {reported}, should be {expected}")


def check_finding(finding, answer, slow, rest, model):
    negated = finding["relation"] in ("has_not", "is_not")
    having = [task for task in slow + rest if holds(task, finding, model) != negated]
    others = [task for task in slow + rest if holds(task, finding, model) == negated]
    slow_having = [task for task in having if task.end - task.birth >= answer["min_ns"]]
    slow_with = len(slow_having)
    expected = {"slow_count": slow_with, "rest_count": len(having) - slow_with,
                "median_with_ns": median([task.end - task.birth for task in having]),
                "median_without_ns": median([task.end - task.birth for task in others]),
                "example_latency_ns": max([task.end - task.birth for task in slow_having], default=None)}
    for field, value in expected.items():
        if finding[field] != value:
            differ(f"{finding['text']}: {field}", finding[field], value)
    log10_p = fisher(slow_with, len(having) - slow_with, len(slow), len(rest)) + math.log10(answer["correction"])
    if abs(log10_p - finding["log10_p"]) > 1e-5 * max(1, abs(log10_p)):
        differ(f"{finding['text']}: log10_p", finding["log10_p"], log10_p)
    if log10_p > math.log10(LEVEL) + 1e-6:
        differ(f"{finding['text']}: significance", finding["log10_p"], "not significant")


def all_values(tasks):
    """Every fact that is a value, or there or not, as a finding would tell it."""
    found = set()
    for task in tasks:
        found |= {("attribute", key, value) for key, value in task.attributes.items() if not isinstance(value, float)}
        found |= {("attribute_set", key, None) for key in task.attributes}
        found |= {("thread", thread, None) for thread in task.threads}
        found |= {("alongside", name, None) for name in task.alongside}
        found |= {("log", category, text) for category, text in task.logs}
        found |= {("outcome", None, task.outcome), ("begin_thread", None, task.began_on), ("end_thread", None, task.ended_on)}
    return found


def check_completeness(answer, slow, rest, model):
    told = {(finding["fact"], finding["name"], finding["value"]) for finding in answer["findings"]}
    for fact, name, value in all_values(slow + rest):
        finding = {"fact": fact, "name": name, "value": value, "relation": "is"}
        counts = [sum(holds(task, finding, model) for task in tasks) for tasks in (slow, rest)]
        log10_p = fisher(*counts, len(slow), len(rest)) + math.log10(answer["correction"])
        if log10_p < math.log10(LEVEL) - 1e-6 and (fact, name, value) not in told:
            differ(f"{fact} {name} {value}", "not found", f"log10_p {log10_p}")


def main():
    if len(sys.argv) < 4:
        raise SystemExit(__doc__)
    cairn, text, kind, *options = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace.cairn")
        subprocess.run([cairn, "assemble", text, "-o", trace], check=True)
        answer = json.loads(subprocess.run([cairn, "explain", "--json", "--top", "100", *options, trace, kind],
                                           stdout=subprocess.PIPE, check=True).stdout)
    model = Model(Reader(text))
    tasks = [task for task in model.tasks.values() if task.end is not None and model.type_of(task) == kind]
    slow = [task for task in tasks if task.end - task.birth >= answer["min_ns"]]
    rest = [task for task in tasks if task.end - task.birth < answer["min_ns"]]
    if (answer["slow"], answer["rest"]) != (len(slow), len(rest)):
        differ("slow and rest", (answer["slow"], answer["rest"]), (len(slow), len(rest)))
    for finding in answer["findings"]:
        check_finding(finding, answer, slow, rest, model)
    check_completeness(answer, slow, rest, model)
    for difference in differences[:40]:
        print(difference)
    print(f"{text}: {len(answer['findings'])} findings counted again over {len(tasks)} tasks, "
          f"{len(differences)} differences")
    sys.exit(1 if differences else 0)


main()
