#!/usr/bin/env bats
# `cairn compare`: what changed between two traces, the rules of --fail-if, its forms, and its figures against an
# independent decoder. SPDX-License-Identifier: Apache-2.0

load madeup

bats_require_minimum_version 1.5.0 # run -N, --separate-stderr

# make_trace NAME SLOWER [COUNT]: tasks of the types page and sql, its subtask, with latencies that scatter; sql takes SLOWER
# per cent of what it takes elsewhere. Every tenth page fails. One tick is one nanosecond.
make_trace() {
    python3 - "$2" "${3:-3000}" >"$1.txt" <<'PYTHON'
import random, sys
slower, count = int(sys.argv[1]), int(sys.argv[2])
chance = random.Random(count * 1000 + slower)
print("""cairn-text 1
head pid=42 round=2 clock=monotonic start=1000,1000,1700000000000001000 last=900001000,900001000,1700000000900001000
site number=1 role=task text="page" file="src/app.c" function="main" line=10
site number=2 role=task text="sql" file="src/app.c" function="pay" line=20
site number=3 role=region text="brew" file="src/app.c" function="brew" line=30
site number=12 role=end file="src/app.c" function="main" line=99
site number=13 role=end text="no milk" file="src/app.c" function="pay" line=98
thread index=1 tid=42 begin=1500 name="main"

block events number=1 thread=1 begin=1500""")
now = 2000
for i in range(count):
    begin, page, sql = now, 10 * i + 1, 10 * i + 2
    print(f"  task_begin site=1 time={now} id=2:1:{page}")
    print(f"  task id=2:1:{page} birth={begin}")
    now += chance.randint(100, 300)
    print(f"  task_child site=2 time={now} id=2:2:{sql} parent_id=2:1:{page} parent_birth={begin}")
    birth = now
    print(f"  region_begin site=3 time={now + 10}")
    now += chance.randint(4000, 8000) * slower // 100
    print(f"  region_end site=12 time={now - 10}")
    print(f"  task_end site=12 time={now} id=2:2:{sql} birth={birth}")
    now += chance.randint(20000, 24000)
    kind = "task_fail site=13" if i % 10 == 0 else "task_end site=12"
    print(f"  {kind} time={now} id=2:1:{page} birth={begin}")
    now += chance.randint(100, 5000)
PYTHON
    "$CAIRN" assemble "$1.txt" -o "$1"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_trace before.cairn 100
    make_trace again.cairn 101 3001
    make_trace after.cairn 120
    make_trace few.cairn 100 5
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

field() {
    jq -r ".types[] | select(.type == \"$2\") | .$3" "$1"
}

@test "a type that is slower comes first, with its interval; what only contains it is slower by less" {
    "$CAIRN" compare --json before.cairn after.cairn >compare.json
    [ "$(jq -r '.types[0].type' compare.json)" = sql ]
    [ "$(field compare.json sql verdict)" = slower ]
    [ "$(field compare.json page verdict)" = slower ]
    jq -e '.types[0] | .p50_change > 0.18 and .p50_change < 0.22 and .p50_low > 0.15 and .p50_low < .p50_change
        and .p50_high > .p50_change and .p50_high < 0.25 and .p50_p < 0.001 and .p50_verdict == "more"
        and .count_per_unit_verdict == "same" and .count_per_unit_a == 1 and .errors_p == null' compare.json
    jq -e '.types[1] | .mean_change > 0.03 and .mean_change < 0.06 and .errors_a == 0.1' compare.json
    jq -e '.unit == "root task" and .sides[0].finished == 6000 and .sides[1].roots == 3000 and .level == 0.05' compare.json
}

@test "two recordings of the same are the same, and a trace and itself" {
    for other in again.cairn before.cairn; do
        "$CAIRN" compare --json before.cairn "$other" >same.json
        jq -e '[.types[].verdict] == ["same", "same"]' same.json
    done
    jq -e '[.types[] | .mean_change, .p99_change, .mean_p] == [0, 0, 1, 0, 0, 1]' same.json
}

@test "the table says what is beyond chance, how it was tested, and what no test can know" {
    run -0 "$CAIRN" compare before.cairn after.cairn
    [[ "$output" != *' '$'\n'* ]] # no line ends in spaces
    [[ "${lines[0]}" == "A  before.cairn: 6,000 tasks in "* ]]
    [[ "$output" == *"sql   slower "* ]]
    [[ "$output" == *"sql: slower"*"95 % interval"*"p50 "*"+2"*"%"* ]]
    [[ "$output" == *"ratios tested together over "*" blocks of "* ]]
    [[ "$output" == *"record again"* ]]
    [[ "$output" != *$'\e'* ]]
    run -0 "$CAIRN" compare before.cairn again.cairn
    [[ "$output" != *" *"$'\n'* && "$output" != *interval* ]]
    run -0 "$CAIRN" compare --details --type sql before.cairn again.cairn
    [[ "$output" == *"sql: same"*interval* && "$output" != *"page"* ]]
}

@test "csv has the same numbers" {
    "$CAIRN" compare --json before.cairn after.cairn >compare.json
    "$CAIRN" compare --csv before.cairn after.cairn | tr -d '\r' >compare.csv
    python3 - <<'PYTHON'
import csv, json
rows, types = list(csv.DictReader(open("compare.csv"))), json.load(open("compare.json"))["types"]
assert len(rows) == len(types) == 2
for row, kind in zip(rows, types):
    assert list(row) == list(kind)
    for name, value in kind.items():
        told = row[name]
        assert told == "" if value is None else told == value if isinstance(value, str) else float(told) == value, name
PYTHON
}

@test "--fail-if fails on what exceeds its amount and is sound, and says which" {
    run -1 --separate-stderr "$CAIRN" compare --fail-if 'p50(sql) > +10%' before.cairn after.cairn
    [[ "$stderr" == *"FAILED: p50(sql) > +10%: sql: "*"µs, then "*"(+"*" %, p = 0.000"* ]]
    run -0 "$CAIRN" compare --fail-if 'p50(sql) > +30%' before.cairn after.cairn
    run -1 "$CAIRN" compare --fail-if 'p50(sql) > +30%, mean(*) > +1us' before.cairn after.cairn
    run -1 "$CAIRN" compare --fail-if 'p50(sql) > +30% or rate(p*) < -1%' before.cairn after.cairn
    run -0 "$CAIRN" compare --fail-if 'p50(sql) > +10%' after.cairn before.cairn
    run -1 "$CAIRN" compare --fail-if 'p50(sql) < -10%' after.cairn before.cairn
}

@test "--fail-if passes what is not sound or too few, and tells of it" {
    run -0 --separate-stderr "$CAIRN" compare --fail-if 'p99(page) > +0.001%, p99(page) < -0.001%' before.cairn again.cairn
    [[ "$stderr" == *"passed: exceeded, but not beyond chance: p99(page)"* ]]
    run -0 --separate-stderr "$CAIRN" compare --fail-if 'p50(sql) > +0.001%, p50(sql) < -0.001%' before.cairn few.cairn
    [[ "$stderr" == *"passed: too few to tell: p50(sql)"* ]]
    run -0 "$CAIRN" compare before.cairn few.cairn
    [[ "$output" == *"Too few to tell: there are "*" and 1 blocks"* ]]
    "$CAIRN" compare --json --fail-if 'max(sql) > +300%, p50(s*) < -0.001%' before.cairn few.cairn >few.json
    jq -e '[.fail_if[] | [.rule, .type, .outcome]] | length == 2 and .[0] == ["max(sql) > +300%", "sql", "kept"]' few.json
}

@test "a rule about no type at all fails: it is a slip, and would never be noticed" {
    run -1 --separate-stderr "$CAIRN" compare --fail-if 'p99(sqll) > +10%' before.cairn again.cairn
    [[ "$stderr" == *"FAILED: p99(sqll) > +10%: no type on either side is 'sqll'"* ]]
}

@test "a rule that is wrong is pointed at" {
    run -2 --separate-stderr "$CAIRN" compare --fail-if 'p99(sql) > +10%, p98(sql) > 5%' before.cairn again.cairn
    [[ "$stderr" == *"--fail-if: there should be one of: mean p50"* ]]
    [ "${stderr_lines[2]}" = "                   ^" ]
    for share in 0 1 1.5 -0.1 5%% x '' 0x0.1 +5%; do
        run -2 "$CAIRN" compare --level "$share" before.cairn again.cairn
        [ "$share" = 0 ] || run -2 "$CAIRN" compare --min-effect "$share" before.cairn again.cairn
    done
}

@test "a change smaller than --min-effect is not called" {
    "$CAIRN" compare --json --min-effect 15% before.cairn after.cairn >compare.json
    [ "$(field compare.json sql verdict)" = slower ]
    [ "$(field compare.json page verdict)" = same ]
    jq -e '.types[] | select(.type == "page") | .mean_p < 0.05 and .mean_verdict == "same"' compare.json
}

@test "filters are for both sides; types of one side alone are shown as such" {
    "$CAIRN" compare --json --failed before.cairn after.cairn >failed.json
    jq -e '[.types[].type] == ["page"] and .types[0].finished_a == 300' failed.json
    sed 's/text="sql"/text="query"/' after.cairn.txt >renamed.txt
    "$CAIRN" assemble renamed.txt -o renamed.cairn
    "$CAIRN" compare --json before.cairn renamed.cairn >renamed.json
    jq -e '[.types[] | [.type, .verdict]] | contains([["query", "only_b"], ["sql", "only_a"]])' renamed.json
    [ "$(field renamed.json query p50_a_ns)" = null ]
    run -0 "$CAIRN" compare before.cairn renamed.cairn
    [[ "$output" == *"only in A"* && "$output" == *"only in B"* ]]
}

@test "two parts of one trace, and parts of two" {
    "$CAIRN" compare --json before.cairn --a 'begin < 40ms' --b 'begin >= 40ms' >parts.json
    jq -e '[.types[].verdict] == ["same", "same"] and .sides[1].part == "begin >= 40ms"' parts.json
    jq -e '.types[0] | .finished_a + .finished_b == 3000 and .finished_a > 1000 and .finished_b > 1000' parts.json
    "$CAIRN" compare --json before.cairn --type page --a 'not failed' --b failed >failed.json
    jq -e '.types == [.types[] | select(.finished_a == 2700 and .finished_b == 300 and .errors_b == 1)]' failed.json
    "$CAIRN" compare --json --where 'type = "sql"' before.cairn after.cairn --b 'latency > 7us' >where.json
    jq -e '[.types[] | [.type, .finished_a, .verdict]] == [["sql", 3000, "slower"]] and .types[0].finished_b < 2000' where.json
    run -0 "$CAIRN" compare before.cairn --a 'begin < 40ms' --b 'begin >= 40ms'
    [[ "${lines[0]}" == "A  before.cairn, begin < 40ms: "*" tasks in "* ]]
    [[ "$output" == *"Parts of one recording"* ]]
    run -2 --separate-stderr "$CAIRN" compare before.cairn --a 'begin < 40ms'
    [[ "$stderr" == *"a second trace is missing, or --a and --b"* ]]
    run -2 --separate-stderr "$CAIRN" compare before.cairn --a 'begin < 40ms' --b 'begun > 1ms'
    [[ "$stderr" == *"cairn compare: --b: there is no field 'begun' of tasks"* ]]
    "$CAIRN" compare --regions --json before.cairn --a 'begin < 40ms' --b 'begin >= 40ms' >regions.json
    jq -e '.types[0].finished_a + .types[0].finished_b == 3000' regions.json
}

# make_canary NAME SLOWER: 6000 tasks, one in four of version 2, whose sql takes SLOWER per cent; meanwhile everything takes
# from half to twice as long, in waves of 200 tasks and all over the recording.
make_canary() {
    python3 - "$2" >"$1.txt" <<'PYTHON'
import math, random, sys
slower = int(sys.argv[1])
chance = random.Random(slower)
print("""cairn-text 1
head pid=42 round=2 clock=monotonic start=1000,1000,1700000000000001000 last=900001000,900001000,1700000000900001000
site number=1 role=task text="page" file="src/app.c" function="main" line=10
site number=2 role=task text="sql" file="src/app.c" function="pay" line=20
site number=3 role=attr value=int text="version" file="src/app.c" function="main" line=11
site number=12 role=end file="src/app.c" function="main" line=99
thread index=1 tid=42 begin=1500 name="main"

block events number=1 thread=1 begin=1500""")
now = 2000
for i in range(6000):
    kind, version = 1 + i % 2, 1 + (chance.random() < 0.25)
    print(f"  task_begin site={kind} time={now} id=2:{kind}:{i + 1}")
    print(f"  task id=2:{kind}:{i + 1} birth={now}")
    print(f"  attr site=3 time={now + 1} value={version}")
    birth, moment = now, 2 ** (0.5 * math.sin(i / 200) + 0.5 * math.sin(i / 1000))
    if kind == 2 and version == 2: moment *= slower / 100
    now += int(moment * chance.randint(5000, 15000))
    print(f"  task_end site=12 time={now} id=2:{kind}:{i + 1} birth={birth}")
PYTHON
    "$CAIRN" assemble "$1.txt" -o "$1"
}

@test "parts of one recording that overlap are paired by time: a canary that is 10 % slower is found" {
    make_canary canary.cairn 110
    make_canary same.cairn 100
    "$CAIRN" compare --json canary.cairn --a 'attr.version = 1' --b 'attr.version = 2' >canary.json
    [ "$(field canary.json sql verdict)" = slower ]
    [ "$(field canary.json page verdict)" = same ]
    jq -e '.types[0] | .mean_change > 0.07 and .mean_change < 0.13 and .mean_low > 0 and .mean_p < 0.01' canary.json
    jq -e '.test == "paired_by_time" and .windows >= 16 and .windows <= 64 and .windows_drift == false' canary.json
    jq -e '.sides[0].finished + .sides[1].finished == 6000 and .sides[0].blocks == .sides[1].blocks' canary.json
    run -0 "$CAIRN" compare canary.cairn --a 'attr.version = 1' --b 'attr.version = 2'
    [[ "$output" == *"ratios tested together, paired by time, over "*" windows of "*" tasks of A;"* ]]
    "$CAIRN" compare --json same.cairn --a 'attr.version = 1' --b 'attr.version = 2' >same.json
    jq -e '[.types[].verdict] == ["same", "same"] and .test == "paired_by_time"' same.json
    run -1 "$CAIRN" compare --fail-if 'mean(sql) > +2%' canary.cairn --a 'attr.version = 1' --b 'attr.version = 2'
}

@test "parts that do not overlap, and two recordings, are compared by blocks" {
    "$CAIRN" compare --json before.cairn --a 'begin < 40ms' --b 'begin >= 40ms' >parts.json
    jq -e '.test == "blocks" and .windows == null and .windows_drift == false' parts.json
    "$CAIRN" compare --json before.cairn before.cairn >two.json
    jq -e '.test == "blocks"' two.json
}

@test "regions are compared as well" {
    "$CAIRN" compare --regions --json before.cairn after.cairn >regions.json
    jq -e '.unit == "second" and .types[0].type == "brew" and .types[0].verdict == "slower"' regions.json
    jq -e '.types[0] | .finished_a == 3000 and .p50_change > 0.18 and .p50_change < 0.22' regions.json
    run -0 "$CAIRN" compare --regions before.cairn after.cairn
    [[ "$output" == *"3,000 regions in"*"total/s"* ]]
}

@test "the same question has the same answer" {
    "$CAIRN" compare --json before.cairn after.cairn >once.json
    "$CAIRN" compare --json before.cairn after.cairn | diff once.json -
}

# sides SEED...: irregular traces of these seeds, each beside the one before; compared with the independent decoder's figures
sides() {
    cp before.cairn side.cairn
    for seed; do
        make_up irregular "$seed"
        "$CAIRN_SOURCE/tests/independent/comparesides.py" "$CAIRN" side.cairn irregular.cairn
        mv irregular.cairn side.cairn
    done
}

@test "figures agree with the independent decoder's" {
    "$CAIRN_SOURCE/tests/independent/comparesides.py" "$CAIRN" before.cairn after.cairn
    sides $(chosen 10 11 13 25) $(drawn 2 200)
}

@test "a damaged side is compared as far as it goes, and told of" {
    head -c $(($(stat -c %s after.cairn) - 3000)) after.cairn >torn.cairn
    run --separate-stderr "$CAIRN" compare --json before.cairn torn.cairn
    [ "$status" -le 1 ]
    jq -e '.sides[1].diagnostics | length > 0' <<<"$output"
    run -1 "$CAIRN" compare before.cairn nothing-here.cairn
    run -2 "$CAIRN" compare before.cairn
    run -2 "$CAIRN" compare --json --csv before.cairn after.cairn
}
