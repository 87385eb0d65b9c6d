#!/usr/bin/env python3
"""Compares what `cairn sql` answers with its two engines. SPDX-License-Identifier: Apache-2.0

    tests/independent/sqlengines.py CAIRN TRACE...     (CAIRN_DUCKDB names DuckDB's library)

The same statements, of the traces together, must give the same columns, rows and, where both engines say so, order; the same exit
code; and the same words about damage and losses on stderr. Numbers are equal if they differ by no more than rounding.

Prints each difference and how many values were compared; exit code 1 if there is a difference.
"""
import json
import math
import subprocess
import sys

TABLES = {  # how each is called
    "tasks": "", "regions": "", "logs": "", "attributes": "", "counters": "", "links": "", "threads": "", "processes": "",
    "sites": "", "losses": "", "diagnostics": "", "task_stats": "", "region_stats": "", "region_sites": "",
    "histogram": "('*')", "region_histogram": "('*')", "slowest": "", "explain": "('*', '20')", "compare": "(1, 1)",
    "critical_path": None}

# In any order of rows, unless the statement ends with an ORDER BY that leaves none open.
STATEMENTS = """
SELECT type, count(*) AS n, count(latency_ns) AS finished, sum(latency_ns) AS total, min(begin_ns) AS first, avg(latency_ns) AS mean,
    percentile(latency_ns, 0.5) AS p50, percentile(latency_ns, 0.9) AS p90, percentile(latency_ns, 0.99) AS p99,
    percentile(latency_ns, 0.999) AS p999, percentile(latency_ns, 0) AS p0, percentile(latency_ns, 1) AS p100,
    hist(latency_ns) AS h, duration(sum(latency_ns)) AS d FROM tasks GROUP BY type ORDER BY type
SELECT t.id, t.type, count(*) AS n, sum(r.self_ns) AS self FROM tasks AS t JOIN regions AS r USING (task_key) GROUP BY 1, 2
SELECT c.id, p.id AS parent, p.type FROM tasks AS c JOIN tasks AS p ON p.task_key = c.parent_key AND p.trace = c.trace
SELECT t.id, l.message, l.time_ns FROM tasks AS t LEFT JOIN logs AS l ON l.task_key = t.task_key AND l.category <> ''
SELECT id, (SELECT count(*) FROM logs AS l WHERE l.task_key = t.task_key) AS n FROM tasks AS t
SELECT task_key FROM logs WHERE task_key IN (SELECT task_key FROM slowest(NULL, 3)) ORDER BY 1
SELECT type, end_ns IS NULL AS unfinished, count(*) AS n FROM tasks GROUP BY 1, 2
SELECT DISTINCT thread, thread_number FROM regions ORDER BY 2, 1
SELECT trace, count(*) AS n FROM tasks GROUP BY trace ORDER BY trace
SELECT trace, sum(duration_ns) AS n, count(DISTINCT task) AS tasks FROM regions GROUP BY trace
SELECT count(*) AS n FROM logs WHERE time_ns >= 2000 AND task IS NOT NULL
SELECT time_ns, message FROM logs ORDER BY time_ns, message LIMIT 7
SELECT id FROM tasks WHERE parent IS NULL ORDER BY latency_ns DESC NULLS LAST, id, trace LIMIT 5
SELECT key, value, count(*) AS n FROM attributes GROUP BY key, value
SELECT a.value, count(*) AS n, max(t.latency_ns) AS most FROM attributes AS a JOIN tasks AS t USING (task_key) GROUP BY 1
SELECT value, key FROM attributes WHERE value IS NOT NULL
SELECT name, min(value) AS least, max(value) AS most, sum(value) AS total, count(*) AS n FROM counters GROUP BY name
SELECT arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8 FROM logs WHERE format IS NOT NULL
SELECT message, length(format) AS n, message_bytes FROM logs WHERE format LIKE '%d%'
SELECT id, latency_ns FROM slowest(NULL, 7)
SELECT id, task_key FROM slowest('o*', 2)
SELECT count(*) AS n FROM slowest(NULL, 0)
SELECT type, count, total_ns, p99_ns FROM task_stats('*', 'finished and latency > 1us')
SELECT type, count, estimated_total_ns, rate_per_s FROM task_stats WHERE count > 1
SELECT type, sum(count) AS n FROM region_stats GROUP BY 1 HAVING sum(count) > 0
SELECT low_ns, high_ns, count FROM histogram('*', 'not failed')
SELECT sum(count) AS n, max(high_ns) AS most FROM region_histogram('*')
SELECT aspect, text, slow_count, p, value, example FROM explain('*', '10%')
SELECT type, verdict, metric, a, b, change FROM compare('begin < 1s', 'begin >= 1s')
SELECT count(*) AS n FROM (SELECT task_key FROM tasks UNION SELECT task_key FROM regions)
SELECT task_key FROM logs EXCEPT SELECT task_key FROM regions ORDER BY 1
SELECT type, row_number() OVER (PARTITION BY type ORDER BY begin_ns, id, trace) AS n, id FROM tasks
WITH RECURSIVE up(id, key, depth) AS (SELECT id, task_key, 0 FROM tasks WHERE parent_key IS NULL UNION ALL
    SELECT t.id, t.task_key, depth + 1 FROM tasks AS t JOIN up ON t.parent_key = up.key) SELECT id, depth FROM up
SELECT CASE WHEN status = 'failed' THEN reason ELSE status END AS how, count(*) AS n FROM tasks GROUP BY 1
SELECT s.text, s.role, count(*) AS n FROM sites AS s JOIN tasks AS t ON t.type = s.text GROUP BY 1, 2
SELECT t.name, p.pid, t.lost, p.start_realtime_ns FROM threads AS t JOIN processes AS p ON p.process = t.process AND p.trace = t.trace
SELECT sum(lost) AS lost, sum(overwritten) AS overwritten, count(*) AS n FROM losses
SELECT name, severity, count FROM diagnostics
SELECT count(*) AS n FROM logs AS a JOIN regions AS b ON a.task_key = b.task_key JOIN attributes AS c ON c.task_key = a.task_key
SELECT 9223372036854775807 AS most, -9223372036854775807 - 1 AS least, NULL AS none, 'a''b' AS text, 1.5 AS f
SELECT count(*) AS n FROM tasks WHERE id = 'no id' OR type = 'it''s'
SELECT percentile(x, 0.5) AS p FROM (SELECT 9007199254740993 AS x UNION ALL SELECT 1 UNION ALL SELECT 9007199254740995)
SELECT 7 / 2 AS a, -7 / 2 AS b, 7 / 2.0 AS c, 7 % 4 AS d
SELECT type, reason FROM tasks ORDER BY reason, type
SELECT type, reason FROM tasks ORDER BY reason DESC, type DESC
SELECT duration(1500) AS a, duration(-1500) AS b, duration(NULL) AS c, duration(0) AS d, duration(3.9) AS e
"""

differences = []
compared = 0


def statements(text):
    """Lines; an indented one goes on with the former."""
    found = []
    for line in text.strip("\n").split("\n"):
        if line.startswith(" "):
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


def ask(engine, asked):
    """The rows of each statement, the exit code, and what was told on stderr."""
    result = subprocess.run([cairn, "sql", "--json", "--engine", engine, *traces], input=";\n".join(asked) + ";",
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    answers, at, text = [], 0, result.stdout.strip()
    while at < len(text):
        rows, at = json.JSONDecoder().raw_decode(text, at)
        answers.append(rows)
        at += len(text[at:]) - len(text[at:].lstrip())
    if result.returncode not in (0, 1) or len(answers) != len(asked):
        raise SystemExit(f"{engine}: {asked[len(answers)]}: exit code {result.returncode}: {result.stderr}")
    return answers, result.returncode, sorted(result.stderr.split("\n"))


def same_value(one, other):
    numbers = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, other)]
    if all(numbers) and (isinstance(one, float) or isinstance(other, float)):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-300)
    return one == other


def sort_key(row):
    """Floating numbers may differ in their last digits, so they do not count."""
    return [(value is None, isinstance(value, (int, float)), str(value) if not isinstance(value, float) else "")
            for value in row.values()]


def same_rows(statement, rows, others, is_ordered):
    global compared
    if not is_ordered:
        rows, others = sorted(rows, key=sort_key), sorted(others, key=sort_key)
    if len(rows) != len(others):
        differences.append(f"{statement}: {len(rows)} rows with SQLite, {len(others)} with DuckDB")
    for number, (row, other) in enumerate(zip(rows, others)):
        if list(row) != list(other):
            differences.append(f"{statement}: columns {list(row)} with SQLite, {list(other)} with DuckDB")
            break
        for name in row:
            compared += 1
            if not same_value(row[name], other[name]):
                differences.append(f"{statement}: row {number}, {name}: {row[name]!r} with SQLite, {other[name]!r} with DuckDB")


def ask_both(asked):
    """Pairs of answers."""
    answers, code, told = ask("sqlite", asked)
    others, other_code, other_told = ask("duckdb", asked)
    if code != other_code or told != other_told:
        differences.append(f"code {code}, {told} with SQLite; {other_code}, {other_told} with DuckDB")
    return zip(answers, others)


def of_tables():
    """All columns, and none, of every table."""
    columns, _, _ = ask("sqlite", [f"PRAGMA table_info({table})" for table in TABLES] + ["SELECT id FROM slowest(NULL, 1)"])
    slowest = columns.pop()
    asked = []
    for (table, call), shown in zip(TABLES.items(), columns):
        if call is None:
            call = f"('{slowest[0]['id'] if slowest else 1}')"
        names = ", ".join(f'"{column["name"]}"' for column in shown)
        asked += [f"SELECT {names}, trace FROM {table}{call}", f"SELECT count(*) AS n FROM {table}{call}"]
    return asked


def main():
    asked = of_tables()
    for statement, (rows, others) in zip(asked, ask_both(asked)):
        same_rows(statement, rows, others, True)  # rows of both come as the trace is read
    asked = statements(STATEMENTS)
    for statement, (rows, others) in zip(asked, ask_both(asked)):
        same_rows(statement, rows, others, "ORDER BY" in statement.split(")")[-1] and "LIMIT" not in statement)
    for difference in differences[:40]:
        print(difference)
    print(f"{' '.join(traces)}: {compared} values compared, {len(differences)} differences")
    sys.exit(1 if differences or compared < 200 else 0)


if len(sys.argv) < 3:
    raise SystemExit(__doc__)
cairn, *traces = sys.argv[1:]
main()
