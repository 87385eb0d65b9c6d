#!/usr/bin/env python3
"""Compares what the tool reports of a trace with what decode.py makes of it. SPDX-License-Identifier: Apache-2.0

    tests/independent/compare.py CAIRN TRACE

Types, call sites, counts, totals, self times and extremes must be the same: both sides sum up ticks and convert once. But
of a region with explicit times both ends may have been rounded to ticks, which 2 ticks each are allowed for, and a
nanosecond, as that may change how the sum is rounded. Means may be off by a tick, percentiles by 1 % (the report's
histograms) and as much. Prints each difference and what was compared; exit code 1 if there is a difference.
"""
import json
import os
import subprocess
import sys

COUNTS = ["count", "finished", "unfinished", "errors", "begun_before", "before_window", "begin_lost", "estimated_count"]
SUMS = ["total_ns", "self_ns", "estimated_total_ns", "estimated_self_ns"]
EXACT = SUMS + ["min_ns", "max_ns"]
PERCENTILES = ["p50_ns", "p90_ns", "p99_ns", "p999_ns"]
differences = []


def allowed(field, expected, tick):
    explicit = expected["explicit"]
    if field in EXACT:
        weight = expected["weight_max"] if field.startswith("estimated") else 1
        return min(explicit, 1) + 2 * tick * weight * (explicit if field in SUMS else min(explicit, 1))
    slack = 1 + tick * (3 if explicit else 1)
    return slack + 0.01 * expected[field] if field in PERCENTILES else slack


def compare_row(what, reported, expected, tick):
    for field in COUNTS:
        if reported[field] != expected[field]:
            differences.append(f"{what}: {field} is {reported[field]}, should be {expected[field]}")
    for field in EXACT + ["mean_ns"] + PERCENTILES:
        one, other = reported[field], expected[field]
        if (one is None) != (other is None) or one is not None and abs(one - other) > allowed(field, expected, tick):
            differences.append(f"{what}: {field} is {one}, should be {other}")


def compare_rows(what, reported, expected, tick):
    if sorted(reported) != sorted(expected):
        differences.append(f"{what}: there are {sorted(reported)}, should be {sorted(expected)}")
    for name in reported.keys() & expected.keys():
        compare_row(f"{what} '{name}'", reported[name], expected[name], tick)
        if "sites" in expected[name]:
            sites = {f"{site['file']}:{site['line']}:{site['function']}": site for site in reported[name]["sites"]}
            compare_rows(f"{what} '{name}' at", sites, expected[name]["sites"], tick)


def compare_tallies(info, expected):
    for key in "recovered", "lost", "overwritten":
        for kind, count in expected[key].items():
            if info[key].get(kind, 0) != count:
                differences.append(f"{key} {kind} is {info[key].get(kind, 0)}, should be {count}")


def ask(cairn, command, trace):
    result = subprocess.run([cairn, command, "--json", trace], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode > 1:  # 1 tells of damage that is meant to be there, such as a gap
        raise SystemExit(f"cairn {command}: exit code {result.returncode}: {result.stderr.decode()}")
    return json.loads(result.stdout)


def main():
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    cairn, trace = sys.argv[1:]
    decoder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "decode.py")
    expected = json.loads(subprocess.run([sys.executable, decoder, trace], stdout=subprocess.PIPE, check=True).stdout)
    compare_tallies(ask(cairn, "info", trace), expected)
    for command in "tasks", "regions":
        rows = {row["type"]: row for row in ask(cairn, command, trace)["types"]}
        compare_rows(command, rows, expected[command], expected["ns_per_tick"])
    for difference in differences[:40]:
        print(difference)
    instances = sum(row["count"] for command in ("tasks", "regions") for row in expected[command].values())
    print(f"{trace}: {instances} tasks and regions compared, {len(differences)} differences")
    sys.exit(1 if differences or not instances else 0)


if __name__ == "__main__":
    main()
