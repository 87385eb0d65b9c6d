#!/usr/bin/env bats
# `cairn flame`: folded stacks.
# SPDX-License-Identifier: Apache-2.0

load shop

@test "lines that flame graph tools take, in whole microseconds" {
    run -0 "$CAIRN" flame --with-gaps shop.cairn
    [ "${lines[0]}" = "(background);brew 831" ]
    [ "${lines[1]}" = "order;(no region) 1092" ] # 7 + 961 + 19.5 + 5 + 100 us, 500 ns of them in a region
    [ "${#lines[@]}" -eq 2 ]                   # less than half a microsecond is no line
}

@test "json and csv have all, to the nanosecond" {
    run -0 "$CAIRN" flame --csv shop.cairn
    [ "${lines[0]}" = $'task,stack,count,self_ns\r' ]
    "$CAIRN" flame --json --with-gaps shop.cairn >flame.json
    jq -e '[.stacks[] | [.task, .stack, .count, .self_ns]] == [["(background)", "brew", 1, 831000],
        ["order", "(no region)", 5, 1092000], ["order", "wait", 2, 420], ["order", "wait;brew", 1, 100],
        ["payment", "(no region)", 1, 250], ["payment", "brew", 1, 350]]' flame.json
    jq -e '.diagnostics | length > 0' flame.json
}

@test "finished regions add up to the table of regions by task" {
    "$CAIRN" flame --complete --json shop.cairn | jq -c '[.stacks | group_by(.task)[] | [.[0].task, (map(.self_ns) | add)]]' >flame
    "$CAIRN" regions --by task --complete --json shop.cairn |
        jq -c '[.groups | group_by(.group)[] | [.[0].group, (map(.self_ns) | add)]]' | diff - flame
}

@test "a type of task, a window, a task" {
    [ "$("$CAIRN" flame --json shop.cairn 'pay*' | jq -c '[.stacks[].task] | unique')" = '["payment"]' ]
    [ "$("$CAIRN" flame --csv --from 100us shop.cairn | sed 1d)" = $'(background),brew,1,831000\r' ]
    [ "$("$CAIRN" flame --csv --task 2 shop.cairn | sed 1d)" = $'payment,brew,1,350\r' ]
    [ "$("$CAIRN" flame --csv --type wait shop.cairn | sed 1d)" = $'order,wait,2,420\r' ]
    run -0 --separate-stderr "$CAIRN" flame shop.cairn nothing
    [ -z "$output" ]
    [ "$stderr" = "cairn: shop.cairn: No regions match. No task here is of type 'nothing'." ]
    run -0 --separate-stderr "$CAIRN" flame --type order shop.cairn # the type of tasks, not of regions
    [ -z "$output" ]
    [ "${stderr_lines[0]}" = "cairn: shop.cairn: No regions match. No region here is of type 'order', but tasks are." ]
    [[ "${stderr_lines[1]}" == "next: cairn flame shop.cairn order "* ]]
    run -0 --separate-stderr "$CAIRN" flame shop.cairn brew # the type of regions, not of tasks
    [ "${stderr_lines[0]}" = "cairn: shop.cairn: No regions match. No task here is of type 'brew', but regions are." ]
    [[ "${stderr_lines[1]}" == "next: cairn flame --type brew shop.cairn "* ]]
    run -0 --separate-stderr "$CAIRN" flame shop.cairn payment --from 900us # both are there, but not together
    [ "$stderr" = "cairn: shop.cairn: No regions match." ]
}

@test "names cannot break a line" {
    sed 's/text="brew"/text="brew; \\nhot"/' shop.cairn.txt >odd.txt
    "$CAIRN" assemble odd.txt -o odd.cairn
    run -0 "$CAIRN" flame odd.cairn
    [ "${lines[0]}" = "(background);brew:  hot 831" ]
}

@test "gaps are of whole tasks: no filters that cut them" {
    for filter in --type=brew --thread=main --from=1us --failed --where='self > 1us'; do
        run -2 "$CAIRN" flame --with-gaps "$filter" shop.cairn
    done
    run -0 "$CAIRN" flame --with-gaps --csv shop.cairn payment
    [ "${lines[1]}" = $'payment,(no region),1,250\r' ]
}
