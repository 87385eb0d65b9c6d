#!/usr/bin/env bats
# `cairn task`: the story of one task.
# SPDX-License-Identifier: Apache-2.0

load shop

@test "the head tells type, id, latency, times, attributes and subtasks" {
    run -0 "$CAIRN" task shop.cairn 1
    [ "${lines[0]}" = "order 1  7.00 µs" ]
    [[ "$output" == *"began      0.000001 s on main, app.c:10 (main)"* ]]
    [[ "$output" == *"attributes size = -3"* ]]
    [[ "$output" == *'name = Zoë, "the" barista'* ]]
    [[ "$output" == *"└ payment 2  600 ns, failed: no milk"* ]]
}

@test "lines are in order of time, nested, with gaps and what is odd" {
    run -0 "$CAIRN" task shop.cairn 1
    story="${output#*since}"
    [[ "$story" == *"begins: order 1"*"wait  500 ns"*"brew  100 ns"*"begins: payment 2"*"fails: payment 2, no milk"*"6.00 µs nothing recorded"*"ends: order 1"*"ends again, without effect"* ]]
    [[ "$story" =~ 0\.200\ +0\.100\ \ main\ {14}brew ]]
    [[ "$story" =~ 0\.250\ +0\.050\ \ main\ {16}barista ]]
    [[ "$story" == *"worker          brew  350 ns  [payment 2]"* ]]
    [[ "$story" == *"wait  20 ns  (explicit times)"* ]]
    [[ "$story" == *"wait  ends before it begins"* ]]
}

@test "json tells the same" {
    "$CAIRN" task --json shop.cairn 1 >task.json
    jq -e '.task | .id == "1" and .type == "order" and .status == "ok" and .latency_ns == 7000 and
        .begin == "seen" and .began_on == "main"' task.json
    jq -e '.subtasks | length == 1 and .[0].id == "2" and .[0].parent == "1" and .[0].status == "failed" and
        .[0].reason == "no milk"' task.json
    jq -e '.parents == [] and .events_left_out == 0' task.json
    jq -e '[.events[] | select(.kind == "region" and .name == "brew") | [.at_ns, .duration_ns, .thread, .depth, .task]] ==
        [[200, 100, "main", 1, "1"], [450, 350, "worker", 0, "2"]]' task.json
    jq -e '[.events[] | select(.kind == "attribute") | [.name, .value]] ==
        [["size", -3], ["name", "Zoë, \"the\" barista"]]' task.json
    jq -e '[.events[] | select(.kind == "gap") | [.at_ns, .duration_ns]] == [[1000, 6000]]' task.json
    jq -e '[.events[].at_ns] == ([.events[].at_ns] | sort)' task.json
}

@test "a subtask knows its parents" {
    run -0 "$CAIRN" task shop.cairn 2
    [ "${lines[0]}" = "payment 2  600 ns, failed: no milk" ]
    [[ "$output" == *"child of   order 1"* ]]
    [ "$("$CAIRN" task --json shop.cairn 2 | jq -c .parents)" = '[{"id":"1","type":"order"}]' ]
}

@test "tasks begun before, without begin, while off, and unfinished" {
    run -0 "$CAIRN" task shop.cairn 5r1
    [[ "$output" == *"before this recording"* ]]
    [ "$("$CAIRN" task --json shop.cairn 5r1 | jq -c '[.task.begin, .task.latency_ns]')" = '["before",19500]' ]
    run -0 "$CAIRN" task shop.cairn 6
    [[ "$output" == *"its begin is not in the trace"* ]]
    run -0 "$CAIRN" task shop.cairn off
    [[ "$output" == *"while off"* ]]
    run -0 "$CAIRN" task shop.cairn background
    [[ "$output" == *"brew  never ended"* ]]
    [[ "$output" == *"nobody's"* ]]
    run -0 "$CAIRN" task shop.cairn 3
    [[ "${lines[0]}" == "order 3  not ended, "*" so far" ]]
}

@test "csv has the events" {
    run -0 "$CAIRN" task --csv shop.cairn 2
    [[ "${lines[0]}" == kind,at_ns,duration_ns,thread,* ]]
    [[ "$output" == *$'\nlog,100,,worker,,2,1,barista,"milk, please",,,src/app.c,31\r'* ]]
}

@test "what is not there is said" {
    run -1 "$CAIRN" task shop.cairn 77
    [[ "$output" == *"there is no task 77"* ]]
    run -2 "$CAIRN" task shop.cairn milk
    [[ "$output" == *"'milk' is not a task id"* ]]
    run -2 "$CAIRN" task shop.cairn
    [[ "$output" == *"an argument is missing"* ]]
}
