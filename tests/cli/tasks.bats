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
        estimated_total_ns: 131500, estimated_self_ns: 130900, slowest: "7", one_in: null, skipped: null,
        rate_per_s: 4000, subtask_ns: 600, concurrency_mean: .types[0].concurrency_mean, concurrency_peak: null}' tasks.json
    jq -e '.types[0].p50_ns | . > 7000 * 0.99 and . < 7000 * 1.01' tasks.json
    jq -e '.types[1] | .type == "payment" and .errors == 1 and .total_ns == 600' tasks.json
    jq -e '.types[2] | .type == "(begun while off)" and .finished == 0 and .max_ns == null' tasks.json
}

@test "csv has the same numbers" {
    run -0 "$CAIRN" tasks --csv shop.cairn
    [ "${lines[0]}" = $'type,count,finished,unfinished,errors,begun_before,begin_lost,total_ns,self_ns,min_ns,mean_ns,p50_ns,p90_ns,p99_ns,p999_ns,max_ns,before_window,estimated_count,estimated_total_ns,estimated_self_ns,slowest,one_in,skipped,rate_per_s,subtask_ns,concurrency_mean,concurrency_peak\r' ]
    [[ "${lines[1]}" == order,5,4,1,0,1,1,131500,130900,5000,32875,* ]]
    [ "${lines[3]}" = $'(begun while off),1,0,1,0,0,0,,,,,,,,,,0,1,,,,,,0,,1,\r' ]
}

@test "the table is aligned, has a distribution with marks, findings and the next step" {
    run -0 "$CAIRN" tasks shop.cairn
    head="${lines[0]}" order="${lines[1]}"
    [[ "$head" =~ ^type\ +count\ +unfinished\ +failed\ +total\ .*max\ +rate$ ]]
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
    [[ "$output" == *"(no room for: "*"p90"* ]]
    [[ "${lines[0]}" != *p90* ]]
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

@test "how many there were in a time: rate, subtasks, on average, and at most when asked for" {
    run -0 "$CAIRN" tasks --wide shop.cairn
    [[ "${lines[0]}" =~ max\ +subtasks\ +rate\ +at\ once\ +peak$ ]]
    [[ "${lines[1]}" =~ 600\ ns\ +4,000/s\ +1.09\ +·$ ]]
    "$CAIRN" tasks --concurrency --json shop.cairn >load.json
    # Of the orders 2, 3 and 5 are open at once: 5 from before the start on, 3 to the end.
    jq -e '[.types[] | [.type, .concurrency_peak]] == [["order", 2], ["payment", 1], ["(begun while off)", 1]]' load.json
    # Of 1 ms: 7 us of order 1, 19 of 5, 5 of 6, 961 of 3 and 100 of 7.
    jq -e '.types[0].concurrency_mean | . * 1000 | round == 1092' load.json
    jq -e '.types[0] | .subtask_ns == .total_ns - .self_ns' load.json
    [ "$("$CAIRN" tasks --concurrency --min 19us --json shop.cairn | jq '.types[0].concurrency_peak')" -eq 2 ]
    [ "$("$CAIRN" tasks --from 45us --to 95us --json shop.cairn | jq '.types[0].concurrency_mean')" = 0.92 ]
}

@test "--skip shows the next page, and the page before tells how" {
    "$CAIRN" tasks --slowest 9 --json shop.cairn | jq -c '[.tasks[].id]' >all
    for skip in 0 2 4; do "$CAIRN" tasks --slowest 2 --skip $skip --json shop.cairn | jq -c '.tasks[].id'; done |
        jq -sc . | diff all -
    run -0 "$CAIRN" tasks -n 2 --type 'o*r' shop.cairn
    [[ "$output" == *"1 to 2 of 4; next page: cairn tasks --slowest 2 --skip 2 --type 'o*r' shop.cairn"* ]]
    run -0 "$CAIRN" tasks --slowest 2 --skip 2 --type 'o*r' shop.cairn
    [[ "$output" == *"3 to 4 of 4"* ]]
    [[ "$output" != *"next page"* ]]
    run -0 "$CAIRN" tasks --slowest 2 --skip 4 --type 'o*r' shop.cairn
    [[ "${lines[0]}" == "No more finished tasks: there are 4." ]]
    [ "$("$CAIRN" tasks --slowest 2 --skip 1 --json shop.cairn | jq .candidates)" -eq 5 ]
}

@test "the oldest of the unfinished ones" {
    "$CAIRN" tasks --slowest 5 --unfinished --json shop.cairn >oldest.json
    jq -e '[.tasks[] | [.id, .latency_ns, .status, .end_thread]] == [["3", 961000, "unfinished", null]]' oldest.json
}

@test "--by makes groups that add up to their types" {
    for by in attr.size attr.none thread parent outcome reason process; do
        "$CAIRN" tasks --by $by --json shop.cairn | jq -c '[.groups | group_by(.type)[] | [.[0].type, (map(.count) | add),
            (map(.total_ns) | add), (map(.errors) | add)]]' >groups
        "$CAIRN" tasks --json shop.cairn | jq -c '[.types | sort_by(.type)[] | [.type, .count, .total_ns, .errors]]' |
            diff - groups
    done
    "$CAIRN" tasks --by attr.size --json shop.cairn >groups.json
    jq -e '[.by, .groups[0:2][].group] == ["attr.size", null, "-3"]' groups.json
    [ "$("$CAIRN" tasks --by thread --json shop.cairn | jq -c '[.groups[].group]')" = '["main (42)","worker (43)","unknown thread"]' ]
    run -0 "$CAIRN" tasks --by reason --failed shop.cairn
    [[ "${lines[0]}" =~ ^type\ +reason\ +count ]]
    [[ "${lines[1]}" =~ ^payment\ +no\ milk\ +1\  ]]
    run -0 "$CAIRN" tasks --by outcome --csv shop.cairn
    [[ "${lines[1]}" == order,ok,4,4,0,* ]]
    run -0 "$CAIRN" tasks --by outcome shop.cairn nothing
    [[ "${lines[0]}" == "No tasks match. "* ]]
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
    [[ "${lines[0]}" == "No tasks match. "* ]]
    run -0 "$CAIRN" tasks --slowest 3 shop.cairn nothing
    [[ "${lines[0]}" == "No finished tasks match. "* ]]
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
    run -2 "$CAIRN" tasks --skip 3 shop.cairn
    run -2 "$CAIRN" tasks --by size shop.cairn
    [[ "$output" == *"'size' is none of attr.KEY, thread"* ]]
    run -2 "$CAIRN" tasks --by task shop.cairn
    run -2 "$CAIRN" tasks --by thread --slowest 3 shop.cairn
    run -2 "$CAIRN" tasks --type
    [[ "$output" == *"--type needs PATTERN"* ]]
}

@test "output that cannot be written is an error" {
    [ -c /dev/full ] || skip "no /dev/full here"
    run -1 bash -c "'$CAIRN' tasks --json shop.cairn >/dev/full"
    [[ "$output" == *"could not be written"* ]]
}
