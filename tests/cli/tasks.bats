#!/usr/bin/env bats
# `cairn tasks`: types, distribution, the slowest, filters.
# SPDX-License-Identifier: Apache-2.0

load shop

type_of() {
    "$CAIRN" tasks --json "$@" shop.cairn | jq -c '.types[] | select(.type == "order") | [.count, .finished]'
}

@test "numbers per type, in json" {
    "$CAIRN" tasks --json shop.cairn >tasks.json
    jq -e '.types[0] == {type: "order", count: 5, finished: 4, unfinished: 1, errors: 0, begun_before: 1,
        begin_lost: 1, total_ns: 131500, self_ns: 130900, min_ns: 5000, mean_ns: 32875, p50_ns: .types[0].p50_ns,
        p90_ns: 100000, p99_ns: 100000, p999_ns: 100000, max_ns: 100000, before_window: 0, estimated_count: 5,
        estimated_total_ns: 131500, estimated_self_ns: 130900, slowest: "7", one_in: null, skipped: null}' tasks.json
    jq -e '.types[0].p50_ns | . > 7000 * 0.99 and . < 7000 * 1.01' tasks.json
    jq -e '.types[1] | .type == "payment" and .errors == 1 and .total_ns == 600' tasks.json
    jq -e '.types[2] | .type == "(begun while off)" and .finished == 0 and .max_ns == null' tasks.json
}

@test "csv has the same numbers" {
    run -0 "$CAIRN" tasks --csv shop.cairn
    [ "${lines[0]}" = $'type,count,finished,unfinished,errors,begun_before,begin_lost,total_ns,self_ns,min_ns,mean_ns,p50_ns,p90_ns,p99_ns,p999_ns,max_ns,before_window,estimated_count,estimated_total_ns,estimated_self_ns,slowest,one_in,skipped\r' ]
    [[ "${lines[1]}" == order,5,4,1,0,1,1,131500,130900,5000,32875,* ]]
    [ "${lines[3]}" = $'(begun while off),1,0,1,0,0,0,,,,,,,,,,0,1,,,,,\r' ]
}

@test "the table is aligned, has a distribution with marks, findings and the next step" {
    run -0 "$CAIRN" tasks shop.cairn
    head="${lines[0]}" order="${lines[1]}"
    [[ "$head" =~ ^type\ +count\ +unfinished\ +failed\ +total\ .*max$ ]]
    [ "${#head}" -eq "${#order}" ]
    [[ "$output" == *"order: 4 finished tasks by duration"* ]]
    [[ "$output" == *"█         1 ◂ p50"* ]]
    [[ "$output" == *"◂ p90 p99 p99.9 max"* ]]
    [[ "$output" == *"double_end (1×)"* ]]
    [[ "$output" == *"1 began before this recording"* ]]
    [[ "$output" == *"next: cairn task shop.cairn 7 "* ]]
    [[ "$output" != *$'\e'* ]]
}

@test "on a narrow terminal columns are left out, and it says which" {
    run -0 script -qec "stty cols 60; NO_COLOR=1 '$CAIRN' tasks shop.cairn" /dev/null
    [[ "$output" == *"(no room for: "*"mean"* ]]
    [[ "${lines[0]}" != *mean* ]]
    [[ "${lines[0]}" == *max* ]]
}

@test "--slowest lists the slowest first, with ids that are accepted back" {
    "$CAIRN" tasks --slowest 3 --json shop.cairn >slowest.json
    jq -e '[.tasks[] | [.id, .latency_ns, .status]] == [["7", 100000, "ok"], ["5r1", 19500, "ok"], ["1", 7000, "ok"]]' slowest.json
    jq -e '.tasks[1].begin_ns == -500' slowest.json
    for id in $(jq -r '.tasks[].id' slowest.json); do
        [ "$("$CAIRN" task --json shop.cairn "$id" | jq -r .task.id)" = "$id" ]
    done
    run -0 "$CAIRN" tasks -n 5 shop.cairn
    [[ "${lines[5]}" == *"payment"*"600 ns"*"failed  no milk"*"worker"* ]]
}

@test "filters" {
    [ "$(type_of)" = "[5,4]" ]
    [ "$(type_of --type 'o*r')" = "[5,4]" ]
    [ "$(type_of --type nothing)" = "" ]
    [ "$(type_of --task 1)" = "[1,1]" ]
    [ "$(type_of --thread worker)" = "" ]
    [ "$(type_of --thread main)" = "[5,4]" ]
    [ "$(type_of --min 19us)" = "[3,2]" ]
    [ "$(type_of --max 7us)" = "[2,2]" ]
    [ "$(type_of --from 10us)" = "[3,2]" ]
    [ "$(type_of --to 10us)" = "[2,2]" ]
    [ "$(type_of --log foam)" = "[1,1]" ]
    [ "$(type_of --complete)" = "[4,4]" ]
    [ "$(type_of --unfinished)" = "[1,0]" ]
    [ "$("$CAIRN" tasks --json --failed shop.cairn | jq -r '.types[].type')" = payment ]
    [ "$("$CAIRN" tasks --json shop.cairn 'pay*' | jq -r '.types[].type')" = payment ]
}

@test "an empty answer says so" {
    run -0 "$CAIRN" tasks shop.cairn nothing
    [[ "${lines[0]}" == "No tasks match." ]]
    run -0 "$CAIRN" tasks --slowest 3 shop.cairn nothing
    [[ "${lines[0]}" == "No finished tasks match." ]]
    [ "$("$CAIRN" tasks --json shop.cairn nothing | jq -c .types)" = "[]" ]
}

@test "wrong values are refused with what would be right" {
    run -2 "$CAIRN" tasks --min 10 shop.cairn
    [[ "$output" == *"'10' is not a duration such as 10ms"* ]]
    run -2 "$CAIRN" tasks --slowest many shop.cairn
    run -2 "$CAIRN" tasks --task zzz shop.cairn
    [[ "$output" == *"'zzz' is not a task id"* ]]
    run -2 "$CAIRN" tasks --thread nobody shop.cairn
    [[ "$output" == *"cairn info"* ]]
    run -2 "$CAIRN" tasks --unfinished --complete shop.cairn
    run -2 "$CAIRN" tasks --type
    [[ "$output" == *"--type needs PATTERN"* ]]
}

@test "output that cannot be written is an error" {
    [ -c /dev/full ] || skip "no /dev/full here"
    run -1 bash -c "'$CAIRN' tasks --json shop.cairn >/dev/full"
    [[ "$output" == *"could not be written"* ]]
}
