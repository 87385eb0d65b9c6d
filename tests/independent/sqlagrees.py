#!/usr/bin/env python3
"""Compares what `cairn sql` says of a trace with what the sub-commands say. SPDX-License-Identifier: Apache-2.0

    tests/independent/sqlagrees.py CAIRN TRACE

1. The table functions have the same rows and numbers as `tasks`, `regions`, `tasks --slowest`, `explain`, `compare`, and
   as `task --path` of some tasks.
2. Plain SQL over the rows of tasks and regions has the same counts, extremes and, but for rounding, sums; percentile() is
   the exact nearest rank, which the report's percentiles are within 1 % of.
3. The rows of logs are those of `logs`; those of other events are as many as `info` counts.
4. Joins and subqueries, which are answered from memory, find what a join made here finds.

Prints each difference and what was compared; exit code 1 if there is a difference.
"""
import collections
import json
import math
import subprocess
import sys

differences = []
compared = 0


def run(*arguments):
    result = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode > 1 or result.returncode and b"the trace is damaged" not in result.stderr:
        raise SystemExit(f"{arguments}: exit code {result.returncode}: {result.stderr.decode()}")
    return json.loads(result.stdout)


def ask(command, *arguments):
    return run(cairn, command, "--json", *arguments, trace)


def sql(statement):
    return run(cairn, "sql", "--json", trace, statement)


def same(what, one, other):
    global compared
    compared += 1
    if one != other:
        differences.append(f"{what}: SQL has {one}, should be {other}")


def near(what, one, other, allowed):
    global compared
    compared += 1
    if (one is None) != (other is None) or one is not None and abs(one - other) > allowed:
        differences.append(f"{what}: SQL has {one}, should be {other} (within {allowed})")


def same_rows(what, rows, reported):
    """Every field that the sub-command reports, in the same order of rows; SQL may have more."""
    same(f"rows of {what}", len(rows), len(reported))
    for number, (row, expected) in enumerate(zip(rows, reported)):
        for field, value in expected.items():
            if field not in ("sites", "concurrency_peak"):  # the peak is only known to --concurrency
                same(f"{what}, row {number}, {field}", row[field], value)


def nearest_rank(values, p):
    return sorted(values)[max(1, math.ceil(p * len(values))) - 1] if values else None


def aggregates(what, table, duration, errors, reported):
    rows = sql(f"""SELECT type, count(*) AS count, count({duration}) AS finished, sum(status = 'unfinished') AS unfinished,
        sum({errors}) AS errors, sum({duration}) AS total_ns, sum(self_ns) AS self_ns, min({duration}) AS min_ns,
        max({duration}) AS max_ns, percentile({duration}, 0.5) AS p50_ns, percentile({duration}, 0.9) AS p90_ns,
        percentile({duration}, 0.99) AS p99_ns, percentile({duration}, 0.999) AS p999_ns,
        sum(weight) AS weights, max(weight) AS heaviest FROM {table} GROUP BY type""")
    values = collections.defaultdict(list)
    for row in sql(f"SELECT type, {duration} AS d FROM {table} WHERE {duration} IS NOT NULL"):
        values[row["type"]].append(row["d"])
    by_type = {row["type"]: row for row in rows}
    reported = {row["type"]: row for row in reported if row["count"]}
    same(f"types of {what}", sorted(by_type), sorted(reported))
    for type in by_type.keys() & reported.keys():
        row, expected, name = by_type[type], reported[type], f"{what} '{type}'"
        for field in "count", "finished", "unfinished", "errors", "min_ns", "max_ns":
            same(f"{name}, {field}", row[field], expected[field])
        for field in "total_ns", "self_ns":
            near(f"{name}, {field}", row[field], expected[field], row["count"] / 2 + 1)
        for field, p in ("p50_ns", 0.5), ("p90_ns", 0.9), ("p99_ns", 0.99), ("p999_ns", 0.999):
            same(f"{name}, exact {field}", row[field], nearest_rank(values[type], p))
            if row["heaviest"] == 1:  # the report's go by weights
                near(f"{name}, {field}", row[field], expected[field], 2 + 0.01 * (expected[field] or 0))


def table_functions(tasks, regions):
    same_rows("task_stats", sql("SELECT * FROM task_stats"), tasks)
    same_rows("region_stats", sql("SELECT * FROM region_stats"), regions)
    sites = [dict(site, type=row["type"]) for row in regions for site in row["sites"]]
    same_rows("region_sites", sql("SELECT * FROM region_sites"), sites)
    slowest = ask("tasks", "--slowest", "25")["tasks"]
    same_rows("slowest", sql("SELECT * FROM slowest(NULL, 25)"), slowest)
    same("slowest by plain SQL", [row["latency_ns"] for row in
         sql("SELECT latency_ns FROM tasks WHERE latency_ns NOT NULL ORDER BY latency_ns DESC LIMIT 25")],
         [task["latency_ns"] for task in slowest])
    for table, rows in ("histogram", tasks), ("region_histogram", regions):
        counts = sql(f"SELECT sum(count) AS n FROM {table}('*')")
        same(f"all in {table}", counts[0]["n"] or 0, sum(row["finished"] for row in rows))


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def explanations(tasks):
    """Types with few tasks have no findings; all in one have more."""
    for slow in "5%", "20":
        for type in [row["type"] for row in tasks[:2]] + ["*"]:
            found = ask("explain", "--top", "1000000", "--slowest", slow, "--type", type)["findings"]
            same_rows(f"explain({literal(type)}, '{slow}')", sql(f"SELECT * FROM explain({literal(type)}, '{slow}')"), found)
    limit = max((row["p50_ns"] or 0 for row in tasks), default=0) + 1
    same_rows("explain by latency", sql(f"SELECT * FROM explain('*', '{limit}ns')"),
              ask("explain", "--top", "1000000", "--type", "*", "--min", f"{limit}ns")["findings"])
    same_rows("explain", sql("SELECT * FROM explain"), ask("explain", "--top", "1000000")["findings"])


def comparison(what, table, *arguments):
    """The rows of SQL are a type's metrics; the command has a row with all of them."""
    expected = []
    for type in run(cairn, "compare", "--json", *arguments)["types"]:
        head = {name: type[name] for name in ("type", "verdict", "finished_a", "finished_b", "unfinished_a",
                                              "unfinished_b", "total_a_ns", "total_b_ns")}
        for metric in "mean", "p50", "p90", "p99", "p999", "max", "total", "count", "rate", "errors":
            stem = f"{metric}_per_unit" if metric in ("total", "count") else metric
            end = "" if metric in ("count", "rate", "errors") else "_ns"
            expected.append(dict(head, metric=metric, a=type[f"{stem}_a{end}"], b=type[f"{stem}_b{end}"],
                                 metric_verdict=type[f"{stem}_verdict"],
                                 **{name: type[f"{stem}_{name}"] for name in ("change", "low", "high", "p")}))
    same_rows(what, sql(f"SELECT * FROM {table}"), expected)


def comparisons():
    middle = sql("SELECT percentile(begin_ns, 0.5) AS n FROM tasks")[0]["n"] or 0
    parts = f"begin < {max(0, middle)}ns", f"begin >= {max(0, middle)}ns"
    a_and_b = f"--a={parts[0]}", f"--b={parts[1]}"
    comparison("compare of parts", f"compare('{parts[0]}', '{parts[1]}')", *a_and_b, trace)
    comparison("compare, filtered", f"compare('{parts[0]}', '{parts[1]}', 'finished or failed')",
               "--where=finished or failed", *a_and_b, trace)
    for row in sql("SELECT key, percentile(value, 0.5) AS middle FROM attributes WHERE typeof(value) = 'integer' "
                   "AND key NOT GLOB '*[^a-z]*' GROUP BY key ORDER BY count(*) DESC LIMIT 1"):
        parts = f"attr.{row['key']} < {row['middle']}", f"attr.{row['key']} >= {row['middle']}"
        comparison("compare of parts of one time", f"compare('{parts[0]}', '{parts[1]}')",
                   f"--a={parts[0]}", f"--b={parts[1]}", trace)
    comparison("compare", "compare(1, 1)", trace, trace)


def critical_paths():
    for task in sql("SELECT id, begin_ns, latency_ns FROM tasks ORDER BY latency_ns DESC LIMIT 3"):
        rows = sql(f"SELECT *, begin_ns - ({task['begin_ns']}) AS at_ns, task_type AS type "
                   f"FROM critical_path('{task['id']}')")
        steps = [{name: step[name] for name in step if name != "share"}
                 for step in run(cairn, "task", "--json", trace, task["id"])["critical_path"]]
        same_rows(f"critical_path('{task['id']}')", rows, steps)
        same("numbers of steps", [row["step"] for row in rows], list(range(1, len(rows) + 1)))
        if rows and task["latency_ns"] is not None:
            same(f"sum of the path of {task['id']}", sum(row["duration_ns"] for row in rows), task["latency_ns"])


def events(info):
    fields = {"type": "task_type"}
    logs = [{fields.get(field, field): value for field, value in log.items()} for log in ask("logs")["logs"]]
    same_rows("logs", sql("SELECT * FROM logs"), logs)
    same_rows("logs in order", sql("SELECT time_ns FROM logs ORDER BY time_ns"),
              [{"time_ns": time} for time in sorted(log["time_ns"] for log in logs)])
    for table, kind in ("attributes", "attr"), ("counters", "counter"), ("links", "link"):
        same(f"rows of {table}", sql(f"SELECT count(*) AS n FROM {table}")[0]["n"], info["recovered"].get(kind, 0))
    same("diagnostics", {row["name"]: row["count"] for row in sql("SELECT name, count FROM diagnostics")},
         {row["name"]: row["count"] for row in info["diagnostics"]})
    same("losses", sql("SELECT coalesce(sum(lost), 0) AS n FROM losses")[0]["n"],
         sql("SELECT coalesce(sum(lost), 0) AS n FROM threads")[0]["n"])


def joins():
    tasks = sql("SELECT id, task_key, parent_key FROM tasks")
    logs = collections.Counter(row["task_key"] for row in sql("SELECT task_key FROM logs"))
    regions = collections.Counter(row["task_key"] for row in sql("SELECT task_key FROM regions"))
    children = collections.Counter(task["parent_key"] for task in tasks)
    same("unique keys", len({task["task_key"] for task in tasks}), len(tasks))
    expected = sum(logs[task["task_key"]] * regions[task["task_key"]] for task in tasks)
    same("join of three", sql("""SELECT count(*) AS n FROM tasks JOIN logs USING (task_key)
        JOIN regions USING (task_key)""")[0]["n"], expected)
    same("join by id", sql("SELECT count(*) AS n FROM logs JOIN tasks ON id = task")[0]["n"],
         sum(logs[task["task_key"]] for task in tasks))
    counted = sql("""SELECT task_key, (SELECT count(*) FROM tasks c WHERE c.parent_key = t.task_key) AS n,
        (SELECT count(*) FROM logs l WHERE l.task_key = t.task_key AND time_ns > -1e18) AS logs FROM tasks t""")
    same("subqueries", {row["task_key"]: (row["n"], row["logs"]) for row in counted},
         {task["task_key"]: (children[task["task_key"]], logs[task["task_key"]]) for task in tasks})
    for task in tasks[:3]:
        same("one by its id", [row["task_key"] for row in sql(f"SELECT task_key FROM tasks WHERE id = '{task['id']}'")],
             [task["task_key"]])


def main():
    tasks, regions = ask("tasks")["types"], ask("regions")["types"]
    table_functions(tasks, regions)
    explanations(tasks)
    comparisons()
    critical_paths()
    aggregates("tasks", "tasks", "latency_ns", "status = 'failed'", tasks)
    aggregates("regions", "regions", "duration_ns", "status = 'wrong'", regions)
    events(ask("info"))
    joins()
    for difference in differences[:40]:
        print(difference)
    print(f"{trace}: {compared} values compared, {len(differences)} differences")
    sys.exit(1 if differences or compared < 30 else 0)


if len(sys.argv) != 3:
    raise SystemExit(__doc__)
cairn, trace = sys.argv[1:]
main()
