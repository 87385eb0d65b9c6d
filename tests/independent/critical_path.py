#!/usr/bin/env python3
"""Finds critical paths by doc/analysis.md alone and compares them with the tool's. SPDX-License-Identifier: Apache-2.0

    tests/independent/critical_path.py CAIRN TRACE

For every task of a trace file, as decode.py reads it, the story is put together anew and the path is found by asking at each
instant, of everything there is, what ended last, what is open, what was recorded: slow, with no order kept and nothing
remembered. Each step must be the tool's: kind, threads, task, name, linked task; its begin and duration within 2 ns (ticks
are converted once, and explicit times may have been rounded). Besides, of what the tool prints: steps follow each other
without gap or overlap and sum up to the latency, and so do the totals by type. Prints each difference and how much was
compared; exit code 1 if there is a difference.
"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import decode  # noqa: E402

NEVER = 1 << 64
LEVELS = 16  # of a name
sys.setrecursionlimit(100000)


class Region:
    def __init__(self, task, site, begin, thread):
        self.task, self.site, self.begin, self.thread = task, site, begin, thread
        self.end, self.end_thread = NEVER, None

    def lasted(self):
        return self.end > self.begin

    def is_open(self, time):
        """Just before then."""
        return self.begin < time <= self.end


class Task:
    def __init__(self, identity, birth, parent, thread):
        self.identity, self.birth, self.parent, self.begin_thread = identity, birth, parent, thread
        self.end, self.end_thread = None, None
        self.is_met = False  # its begin is not there, nor was it listed as open


class Story:
    """What belongs to one task and its descendants."""

    def __init__(self, trace, happened, wanted):
        self.trace, self.wanted = trace, wanted
        self.tasks, self.regions, self.lines = {}, {}, []  # lines: (time, what, task, thread, more), as they came
        self.known, self.linked = {}, {}
        for identity, (birth, parent) in sorted(trace.open_tasks.items(), key=lambda item: item[1][0]):
            self.begin_task(identity, birth, parent[0], None)
        for time, thread, what, *rest in happened:
            self.take(time, thread, what, rest)
        self.settle()

    def begin_task(self, identity, birth, parent, thread):
        if identity in self.tasks:
            self.tasks[identity].begin_thread, self.tasks[identity].is_met = thread, False
        elif identity == self.wanted:
            self.tasks[identity] = Task(identity, birth, None, thread)
        elif parent in self.tasks:
            self.tasks[identity] = Task(identity, birth, parent, thread)

    def meet(self, identity, birth):
        if identity == self.wanted and identity not in self.tasks:
            self.tasks[identity] = Task(identity, birth, None, None)
            self.tasks[identity].is_met = True

    def begin_region(self, place, birth, thread, task):
        self.known[place, thread] = (birth, task)
        self.meet(*task)
        if task[0] in self.tasks and place not in self.regions:
            self.regions[place] = Region(task[0], place >> 45, birth, thread)
            self.lines.append((birth, "region", task[0], thread, self.regions[place]))

    def end_region(self, time, thread, place):
        known = self.known.get((place, thread))
        if place not in self.regions and known:
            self.begin_region(place, known[0], thread, known[1])
        region = self.regions.get(place)
        if region and region.end == NEVER:
            region.end, region.end_thread = time, thread

    def take(self, time, thread, what, rest):
        if what == "task begin":
            self.begin_task(rest[0][0], rest[0][1], rest[1][0], thread)
            if rest[0][0] in self.tasks:
                self.lines.append((time, "begin", rest[0][0], thread, None))
        elif what == "task end":
            self.end_task(time, thread, *rest[0])
        elif what == "region begin":
            self.begin_region(rest[0], rest[1], thread, rest[2])
        elif what == "region open":
            self.begin_region(rest[0], rest[1], thread, rest[2])
        elif what == "region end":
            self.end_region(time, thread, rest[0])
        elif what == "region at":
            self.whole_region(thread, *rest)
        elif what == "moment":
            self.meet(*rest[0])
            if rest[0][0] in self.tasks:
                self.lines.append((time, "moment", rest[0][0], thread, None))
        elif what == "link":
            self.link(time, thread, *rest)

    def end_task(self, time, thread, identity, birth):
        self.meet(identity, birth)
        if identity in self.linked and self.linked[identity][1] is None:
            self.linked[identity] = (self.linked[identity][0], time, thread)
        if identity not in self.tasks:
            return
        task = self.tasks[identity]
        if task.end is None:
            task.end, task.end_thread = time, thread
        self.lines.append((time, "end", identity, thread, None))

    def whole_region(self, thread, site, begin_ns, end_ns, task):
        self.meet(*task)
        if task[0] in self.tasks:
            region = Region(task[0], site, self.ticks(begin_ns), thread)
            region.end, region.end_thread = self.ticks(end_ns), thread
            self.regions[object()] = region
            self.lines.append((region.begin, "region", task[0], thread, region))

    def ticks(self, monotonic_ns):
        base = min(anchor for anchor in self.trace.anchors if anchor[0] or anchor[1])
        return base[0] + round((monotonic_ns - base[1]) / self.trace.ns_per_tick())

    def link(self, time, thread, cause, caused):
        self.meet(*cause)
        if cause[0] in self.tasks:
            self.lines.append((time, "causes", cause[0], thread, caused))
            if caused[0] > decode.OFF:
                self.linked.setdefault(caused[0], (caused[1], None, None))
        self.meet(*caused)
        if caused[0] in self.tasks:
            self.lines.append((time, "caused by", caused[0], thread, cause))
            if cause[0] > decode.OFF:
                self.linked.setdefault(cause[0], (cause[1], None, None))

    def settle(self):
        """Where the task begins and ends, and where nothing was recorded."""
        if self.wanted not in self.tasks:
            return
        task, window = self.tasks[self.wanted], self.trace.window_begin
        anchors = [anchor for anchor in self.trace.anchors if anchor[0] or anchor[1]]
        self.begin, self.end = task.birth, task.end
        if task.end is None:
            is_over = (task.is_met and window and task.birth <= window and not self.trace.overflow and
                       task.identity >> 56 == self.trace.round)
            self.end = window if is_over else max(anchor[0] for anchor in anchors)
        self.lines = [(*line, at) for at, line in enumerate(self.lines)]
        self.lines.sort(key=lambda line: (line[0], line[5]))
        for region in self.regions.values():
            region.order = next((at for at, line in enumerate(self.lines) if line[4] is region), None)
        self.seen = max(min(window, self.end), self.begin)
        self.gaps = self.find_gaps()

    def find_gaps(self):
        least = max(round(1000 / self.trace.ns_per_tick()), (self.end - self.begin) // 50)
        busy = [(line[0], max(line[0], min(line[4].end, self.end)) if line[1] == "region" else line[0])
                for line in self.lines]
        gaps, quiet = [], self.seen
        for begin, end in sorted(busy) + [(self.end, self.end)]:
            if min(begin, self.end) - quiet >= least:
                gaps.append((quiet, min(begin, self.end)))
            quiet = max(quiet, end)
        return gaps


class Path:
    """Steps, the last first while it is followed: (begin, end, kind, task, thread, to_thread, region, link)."""

    def __init__(self, story):
        self.story, self.steps = story, []
        self.time, self.link = story.end, None
        self.thread = story.tasks[story.wanted].end_thread  # of what comes next
        if story.end > story.begin:
            self.follow_task(story.wanted, story.seen)
            self.step("before_window", story.wanted, story.begin)
        self.steps = [piece for step in reversed(self.steps) for piece in self.cut(step)]

    def step(self, kind, task, until, thread=None, to_thread=None, region=None, link=None):
        if until >= self.time:
            return
        what = [kind, task, thread, to_thread, region, link]
        if self.steps and self.steps[-1][2:] == what:
            self.steps[-1][0] = until
        else:
            self.steps.append([until, self.time, *what])
        self.time = until

    def cut(self, step):
        """What of it is a gap of the story."""
        begin, end, kind, *rest = step
        borders = [at for gap in self.story.gaps for at in gap if begin < at < end] if kind == "self" else []
        borders = [begin, *sorted(set(borders)), end]
        for one, other in zip(borders, borders[1:]):
            is_gap = kind == "self" and any(gap[0] <= one and other <= gap[1] for gap in self.story.gaps)
            yield [one, other, "gap" if is_gap else kind, *rest]

    # What there is

    def open_region(self, task, thread, time, anywhere=False):
        found = [region for region in self.story.regions.values()
                 if region.task == task and region.is_open(time) and (anywhere or region.thread == thread)]
        return max(found, key=lambda region: region.order, default=None)

    def subtask_end(self, task):
        if task.end is None:
            return self.story.end if self.story.tasks[task.parent].end is None else NEVER
        return task.end

    def pieces(self, task, least):
        """Subtasks and regions that ended, the last first: (end, begin, what)."""
        found = [(self.subtask_end(other), other.birth, other)
                 for other in self.story.tasks.values() if other.parent == task]
        found += [(region.end, region.begin, region) for region in self.story.regions.values()
                  if region.task == task and region.end != NEVER]
        found = [piece for piece in found if piece[1] < piece[0] and least < piece[0] <= self.time]
        return sorted(found, key=lambda piece: (-piece[0], piece[1]))

    def signs(self, task, least):
        """What was recorded, the last first: (time, is no link, order, thread, link)."""
        found = []
        for at, (time, what, whose, thread, more, _) in enumerate(self.story.lines):
            if what == "begin" and self.story.tasks[whose].parent == task or \
                    whose == task and what in ("moment", "causes"):
                found.append((time, True, at, thread, None))
            elif whose == task and what == "caused by" and more[0] <= decode.OFF:
                found.append((time, True, at, thread, None))
            elif whose == task and what == "caused by":
                found.append((time, False, at, thread, (more, at, True)))
            if whose == task and what == "causes" and more[0] in self.story.linked:
                birth, end, end_thread = self.story.linked[more[0]]
                if end and end > time:
                    found.append((end, False, at, end_thread, ((more[0], birth), at, False)))
        return sorted((sign for sign in found if least < sign[0] <= self.time),
                      key=lambda sign: sign[:3], reverse=True)

    # Where the path goes

    def home(self, task):
        if task.end is not None:
            return task.end_thread
        region = self.open_region(task.identity, None, self.time, anywhere=True)
        if region:
            return region.thread
        last = [(time, what.end_thread) for time, _, what in self.pieces(task.identity, -1)[:1]]
        last += [(sign[0], sign[3]) for sign in self.signs(task.identity, -1)[:1]]
        return max(last, key=lambda mark: mark[0], default=(0, task.begin_thread))[1]

    def follow_task(self, identity, least):
        task = self.story.tasks[identity]
        least, home = max(task.birth, least), self.home(task)
        while self.time > least:
            region = self.open_region(identity, home, self.time)
            if region:
                waited_for = [piece for piece in self.pieces(identity, least)
                              if isinstance(piece[2], Task) or piece[2].thread != home]
                piece = self.follow_open(region, waited_for, least)
            else:
                piece = self.follow_quiet(task, least, home)
            if piece:
                self.follow_piece(piece, least)
                self.go_on(identity, least, home)
        self.thread, self.link = task.begin_thread if self.time == task.birth else None, None

    def follow_region(self, region, least):
        """On another thread than the task is followed on: of subtasks, only its own are waited for."""
        least = max(region.begin, least)
        while self.time > least:
            inner = self.open_region(region.task, region.thread, self.time)
            piece = self.follow_open(inner, [piece for piece in self.pieces(region.task, least)
                                             if isinstance(piece[2], Task) and piece[1] >= region.begin and
                                             piece[2].begin_thread == region.thread], least)
            if piece:
                self.follow_piece(piece, least)
        self.thread, self.link = region.thread if self.time == region.begin else None, None

    def follow_piece(self, piece, least):
        what = piece[2]
        self.thread, self.link = what.end_thread, None
        if isinstance(what, Task):
            self.follow_task(what.identity, least)
        else:
            self.follow_region(what, least)

    def go_on(self, identity, least, home):
        """Where a piece was begun: in a region of its thread, of the home thread, or of any."""
        while self.time > least:
            region = (self.thread is not None and self.open_region(identity, self.thread, self.time) or
                      self.open_region(identity, home, self.time) or
                      self.open_region(identity, None, self.time, anywhere=True))
            if not region or region.thread == home:
                return
            self.follow_region(region, least)

    def follow_open(self, region, pieces, least):
        """Until the region begins, a nested one ends, or a piece ended; that is returned."""
        ends = [other.end for other in self.story.regions.values() if other.lasted() and other.end < self.time and
                (other.task, other.thread) == (region.task, region.thread)]
        until = max([least, region.begin, *ends])
        piece = pieces[0] if pieces and pieces[0][0] > until else None
        self.step("region", region.task, piece[0] if piece else until, region.thread, region=region)
        self.thread, self.link = region.thread, None
        return piece

    def follow_quiet(self, task, least, home):
        marks = [(time, 2, -begin, what.end_thread, None, (time, begin, what))
                 for time, begin, what in self.pieces(task.identity, least)]
        marks += [(time, is_no_link, at, thread, link, None)
                  for time, is_no_link, at, thread, link in self.signs(task.identity, least)
                  if not (is_no_link and self.open_region(task.identity, thread, time))]
        for time, _, _, thread, link, piece in sorted(marks, key=lambda mark: mark[:3], reverse=True):
            self.quiet(task, time, thread)
            self.thread, self.link = thread, link
            if piece and (isinstance(piece[2], Task) or piece[2].thread != home):
                return piece
            if piece:
                return None  # in the region
        self.quiet(task, least, task.begin_thread if least == task.birth else None)
        return None

    def quiet(self, task, until, thread):
        if until >= self.time:
            return
        to_thread = self.thread
        was_there = self.link and self.link[2] and thread is not None and thread == to_thread
        if self.link and self.link[0][1] < self.time and not was_there:
            self.step("link", task.identity, max(until, self.link[0][1]), self.thread, link=self.link)
            to_thread = None
        if None not in (thread, to_thread) and thread != to_thread:
            self.step("handover", task.identity, until, thread, to_thread)
        else:
            self.step("self", task.identity, until, to_thread if thread is None else thread)


def name_of(story, region):
    """The region's type, inside those in which it began."""
    names = []
    while region and len(names) <= LEVELS:
        names.insert(0, story.trace.sites.get(region.site, story.trace.sites[0])[0])
        outer = [other for other in story.regions.values() if other.lasted() and other.end > region.begin and
                 (other.task, other.thread) == (region.task, region.thread) and other.order < region.order]
        region = max(outer, key=lambda other: other.order, default=None)
    if len(names) > LEVELS:
        names[0] = "…"
    return " > ".join(names)


class Comparison:
    def __init__(self, trace):
        self.trace, self.differences, self.step_count, self.task_count = trace, [], 0, 0
        self.threads = {}  # index to the tool's name of it, as met

    def ns(self, ticks):
        return ticks * self.trace.ns_per_tick()

    def id_text(self, identity):
        serial, recording = identity & (1 << 36) - 1, identity >> 56
        return f"{serial:x}" + (f"r{recording}" if recording != self.trace.round else "")

    def is_thread(self, index, name):
        if (index is None) != (name is None):
            return False
        return index is None or self.threads.setdefault(index, name) == name

    def is_step(self, story, ours, theirs):
        begin, end, kind, task, thread, to_thread, region, link = ours
        name = name_of(story, region) if region else None
        if link:
            name = self.trace.sites.get(link[0][0] >> 36 & 0x7FFFF, self.trace.sites[0])[0]
        return (theirs["kind"] == kind and abs(theirs["at_ns"] - self.ns(begin - story.begin)) <= 2 and
                abs(theirs["duration_ns"] - self.ns(end - begin)) <= 2 and
                theirs["task"] == self.id_text(task) and theirs["name"] == name and
                self.is_thread(thread, theirs["thread"]) and self.is_thread(to_thread, theirs["to_thread"]) and
                theirs["other"] == (self.id_text(link[0][0]) if link else None))

    def compare(self, story, answer):
        ours, theirs = Path(story).steps, answer["critical_path"]
        name = self.id_text(story.wanted)
        self.task_count += 1
        self.step_count += len(ours)
        for at in range(max(len(ours), len(theirs))):
            if at >= len(ours) or at >= len(theirs) or not self.is_step(story, ours[at], theirs[at]):
                one, other = ([*steps, *[None] * (at + 1)][at] for steps in (theirs, ours))
                other = other and [*map(self.ns, (other[0] - story.begin, other[1] - other[0])), *other[2:]]
                self.differences.append(f"task {name}: step {at} is {one}, should be {other}")
                break
        self.check_sums(name, story, answer)

    def check_sums(self, name, story, answer):
        at = 0
        for step in answer["critical_path"]:
            if step["at_ns"] != at:
                self.differences.append(f"task {name}: a step begins at {step['at_ns']}, the one before ended at {at}")
            at += step["duration_ns"]
        totals = sum(total["duration_ns"] for total in answer["by_type"])
        latency = max(0, round(self.ns(story.end - story.begin)))
        if abs(at - latency) > 1 or totals != at:
            self.differences.append(f"task {name}: steps are {at} and totals {totals} of {latency} ns")
        if answer["task"]["latency_ns"] not in (None, at):
            self.differences.append(f"task {name}: steps are {at} of {answer['task']['latency_ns']} ns")


def ask(cairn, trace, task):
    result = subprocess.run([cairn, "task", "--json", trace, task], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode > 1:  # 1 tells of damage that is meant to be there, such as a gap; or of no such task
        raise SystemExit(f"cairn task {task}: exit code {result.returncode}: {result.stderr.decode()}")
    return json.loads(result.stdout) if result.stdout else None


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    cairn, path = sys.argv[1:]
    with open(path, "rb") as file:
        data = file.read()
    trace, decoder, model = decode.Trace(data, checksums=False), decode.Decoder(), decode.Model(None)
    for number, flags, block in sorted(trace.chunks, key=lambda chunk: decode.u64(chunk[2], 40)):
        decoder.read_chunk(number, flags, block)
    happened = list(decoder.in_order())
    tasks = {rest[0][0] for _, _, what, *rest in happened if what in ("mention", "task begin", "task end")}
    comparison = Comparison(trace)
    for identity in sorted(tasks | set(trace.open_tasks)):
        if identity <= decode.OFF:
            continue
        story = Story(trace, happened, identity)
        answer = ask(cairn, path, comparison.id_text(identity))
        if answer and identity in story.tasks:
            comparison.compare(story, answer)
        elif answer or identity in story.tasks:
            comparison.differences.append(f"task {comparison.id_text(identity)}: it should "
                                          f"{'' if identity in story.tasks else 'not '}have a story")
    for difference in comparison.differences[:20]:
        print(difference)
    print(f"{path}: {comparison.step_count} steps of {comparison.task_count} tasks compared, "
          f"{len(comparison.differences)} differences")
    sys.exit(1 if comparison.differences or not comparison.step_count else 0)


main()
