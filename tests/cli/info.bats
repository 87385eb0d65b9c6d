#!/usr/bin/env bats
# `cairn info`: what is in a trace, for people and for programs.
# SPDX-License-Identifier: Apache-2.0

load shop

@test "it tells processes, threads, duration, state and counts" {
    run -0 "$CAIRN" info shop.cairn
    [[ "$output" == *"1 process, 2 threads"* ]]
    [[ "$output" == *"2023-11-14 22:13:20.000 UTC, for 1.00 ms"* ]]
    [[ "$output" == *"pid 42, round 2, stopped: complete"* ]]
    [[ "$output" =~ worker\ +43 ]]
    [[ "$output" =~ "logs, formatted or not"\ +4 ]]
    [[ "$output" =~ all\ +25 ]]
}

@test "findings of the analyses are among the diagnostics" {
    "$CAIRN" info --json shop.cairn >info.json
    jq -e '.diagnostics | map({(.name): .count}) | add | .double_end == 1 and .negative_region == 1' info.json
    jq -e '.diagnostics[] | select(.name == "double_end") | .severity == "warning" and (.advice | length > 20)' info.json
    jq -e '.diagnostics[] | select(.name == "double_end") | .example | contains("app.c:99 (main) and again at")' info.json
}

@test "json has counts per kind, processes and threads" {
    "$CAIRN" info --json shop.cairn >info.json
    jq -e '.recovered == {"task_begin": 4, "task_end": 5, "task_fail": 1, "region_begin": 4, "region_end": 3,
        "region_at": 2, "log": 4, "attr": 2, "link": 0, "counter": 0, "total": 25}' info.json
    jq -e '.lost.total == 0 and .lost.log == 0 and .first_lost_ns == null' info.json
    jq -e '.duration_ns == 1000000 and .processes[0].pid == 42 and .processes[0].state == "stopped"' info.json
    jq -e '[.threads[].name] == ["main", "worker"] and .threads[1].tid == 43' info.json
}

@test "losses are told by kind and time, also by the other commands" {
    {
        echo "cairn-text 1"
        echo "head pid=42 round=1 clock=monotonic start=1000,1000,1700000000000001000 last=1001000,1001000,1700000000001001000 lost=log:3 first_lost_ticks=2000 last_lost_ticks=5000"
        echo 'thread index=1 tid=42 begin=1500 name="main" lost=region_begin:4,region_end:4'
    } >lossy.txt
    "$CAIRN" assemble lossy.txt -o lossy.cairn
    "$CAIRN" info --json lossy.cairn >info.json 2>/dev/null
    jq -e '.lost.log == 3 and .lost.region_begin == 4 and .lost.total == 11 and .recovered.total == 0' info.json
    run -0 --separate-stderr "$CAIRN" tasks lossy.cairn
    [ "$output" = "No tasks in this trace." ]
    [[ "$stderr" == *"11 events were lost"* ]]
}

@test "csv has a line per kind" {
    run -0 "$CAIRN" info --csv shop.cairn
    [ "${lines[0]}" = $'kind,recovered,lost,overwritten\r' ]
    [ "${lines[7]}" = $'log,4,0,0\r' ]
    [ "${#lines[@]}" -eq 11 ]
}

@test "damage is shown, what is valid is counted, and the exit code is 1" {
    size=$(stat -c %s shop.cairn)
    cp shop.cairn cut.cairn
    truncate -s $((size - 40)) cut.cairn
    run -1 --separate-stderr "$CAIRN" info cut.cairn
    [[ "$output" == *"damage"* ]]
    [[ "$output" =~ "tasks begun"\ +4 ]]
    [[ "$stderr" == *"cut.cairn: the trace is damaged"*"at offset "* ]]
}

@test "usage errors exit with 2 and say what is wrong" {
    run -2 "$CAIRN" info
    [[ "$output" == *"usage: cairn info"* ]]
    run -2 "$CAIRN" info shop.cairn more
    [[ "$output" == *"'more' is one argument too many"* ]]
    run -2 "$CAIRN" info --jsn shop.cairn
    [[ "$output" == *"no option --jsn"* ]]
    run -2 "$CAIRN" info --json --csv shop.cairn
    run -1 "$CAIRN" info missing.cairn
    [[ "$output" == *"missing.cairn"* ]]
}
