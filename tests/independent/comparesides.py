#!/usr/bin/env python3
"""Compares the figures of `cairn compare` with what decode.py makes of the two traces. SPDX-License-Identifier: Apache-2.0

    tests/independent/comparesides.py CAIRN TRACE_A TRACE_B

Numbers, totals and extremes must be the same; percentiles may be off by 0.4 % (the comparison's histograms); changes must
be those of the exact values, as far as these are allowed to be off. But of regions with explicit times both ends may have
been rounded to ticks. Prints each difference and what was compared; exit code 1 if there is a difference.
"""
import json
import os
import subprocess
import sys

PERCENTILES = ["p50", "p90", "p99", "p999"]
differences = []


def decode(trace):
    decoder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "decode.py")
    return json.loads(subprocess.run([sys.executable, decoder, trace], stdout=subprocess.PIPE, check=True).stdout)


def expect(what, value, wanted, slack):
    if (value is None) != (wanted is None) or value is not None and abs(value - wanted) > slack:
        differences.append(f"{what} is {value}, should be {wanted}")


def compare_side(what, row, side, wanted, tick):
    """What is reported of one side, beside the exact values."""
    rounding = 1 + tick * (3 if wanted["explicit"] else 1)
    expect(f"{what} finished", row[f"finished_{side}"], wanted["finished"], 0)
    expect(f"{what} unfinished", row[f"unfinished_{side}"], wanted["unfinished"], 0)
    expect(f"{what} total", row[f"total_{side}_ns"], wanted["estimated_total_ns"] or 0,
           1 + 2 * tick * wanted["weight_max"] * wanted["explicit"])
    for name in ["mean", "max"] + PERCENTILES:
        slack = rounding + (0.004 * (wanted[f"{name}_ns"] or 0) if name in PERCENTILES else 0)
        expect(f"{what} {name}", row[f"{name}_{side}_ns"], wanted[f"{name}_ns"], slack)


def compare_changes(what, row, a, b, rounding):
    for name in ["mean", "max"] + PERCENTILES:
        before, after = a[f"{name}_ns"], b[f"{name}_ns"]
        if not before or after is None:
            continue
        slack = 0.004 if name in PERCENTILES else 0
        least = (after * (1 - slack) - rounding) / (before * (1 + slack) + rounding) - 1
        most = (after * (1 + slack) + rounding) / max(before * (1 - slack) - rounding, 1e-3) - 1
        if not least <= row[f"{name}_change"] <= most:
            differences.append(f"{what} {name}_change is {row[f'{name}_change']}, should be {least} to {most}")


def compare_units(what, row, side, total_ns, units, unit_slack):
    if units:
        expect(f"{what} total_per_unit", row[f"total_per_unit_{side}_ns"], total_ns / units,
               1 + total_ns / units * unit_slack)


def compare_answer(subject, answer, expected):
    none = {"finished": 0, "unfinished": 0, "estimated_total_ns": 0, "weight_max": 1, "explicit": 0,
            **{f"{name}_ns": None for name in ["mean", "max"] + PERCENTILES}}
    names = set(expected[0][subject]) | set(expected[1][subject])
    rows = {row["type"]: row for row in answer["types"]}
    # A type that was sampled away whole is a row of `tasks` alone.
    names = {name for name in names if any(side[subject].get(name, {"count": 0})["count"] for side in expected)}
    if set(rows) != names:
        differences.append(f"{subject}: there are {sorted(rows)}, should be {sorted(names)}")
    for name in names & set(rows):
        sides = [side[subject].get(name, none) for side in expected]
        for letter, wanted, side, told in zip("ab", sides, expected, answer["sides"]):
            what = f"{subject} '{name}' {letter}:"
            tick = side["ns_per_tick"]
            compare_side(what, rows[name], letter, wanted, tick)
            exact = subject == "tasks"
            compare_units(what, rows[name], letter, wanted["estimated_total_ns"] or 0,
                          side["roots"] if exact else told["seconds"], 1e-9 if exact else 1e-6)
            if exact:
                expect(f"{what} roots", told["roots"], side["roots"], 0)
        rounding = 1 + 3 * max(side["ns_per_tick"] for side in expected)
        compare_changes(f"{subject} '{name}':", rows[name], *sides, rounding)
    return len(names)


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    cairn, *traces = sys.argv[1:]
    expected = [decode(trace) for trace in traces]
    compared = 0
    for subject, options in (("tasks", []), ("regions", ["--regions"])):
        result = subprocess.run([cairn, "compare", "--json", *options, *traces], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
        if result.returncode > 1:  # 1 tells of damage that is meant to be there, such as a gap
            raise SystemExit(f"cairn compare: exit code {result.returncode}: {result.stderr.decode()}")
        compared += compare_answer(subject, json.loads(result.stdout), expected)
    for difference in differences[:40]:
        print(difference)
    print(f"{' '.join(traces)}: {compared} types compared, {len(differences)} differences")
    sys.exit(1 if differences or not compared else 0)


main()
