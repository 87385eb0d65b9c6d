#!/usr/bin/env bats
# `cairn tree`: subtasks by the path of their types.
# SPDX-License-Identifier: Apache-2.0

load shop

@test "the tree, with how many of each and their share" {
    run -0 "$CAIRN" tree shop.cairn
    [[ "${lines[0]}" =~ ^task\ +per\ parent\ +of\ root\ +count ]]
    [[ "${lines[1]}" =~ ^order\ +·\ +100.0\ %\ +5\  ]]
    [[ "${lines[2]}" =~ ^└─\ payment\ +0.2\ +0.5\ %\ +1\  ]]
    [[ "$output" == *"double_end (1×)"* ]]
}

@test "json and csv have the same numbers" {
    "$CAIRN" tree --json shop.cairn >tree.json
    jq -e '[.nodes[] | [.path, .type, .depth, .per_parent, .count, .total_ns]] == [["order", "order", 0, 0, 5, 131500],
        ["order;payment", "payment", 1, 0.2, 1, 600], ["(begun while off)", "(begun while off)", 0, 0, 1, null]]' tree.json
    jq -e '.nodes[1].share_of_root | . > 0.00456 and . < 0.00457' tree.json
    run -0 "$CAIRN" tree --csv shop.cairn
    [[ "${lines[0]}" == path,type,depth,per_parent,share_of_root,count,finished,* ]]
    [[ "${lines[2]}" == "order;payment,payment,1,0.2"* ]]
    diff <(jq -r '.nodes[] | [.path, .count, .total_ns] | @csv' tree.json | tr -d '"') \
        <("$CAIRN" tree --csv shop.cairn | sed 1d | tr -d '\r' | cut -d, -f1,6,12)
}

@test "TYPE picks trees by their root, filters choose tasks" {
    [ "$("$CAIRN" tree --json shop.cairn 'o*' | jq -c '[.nodes[].path]')" = '["order","order;payment"]' ]
    [ "$("$CAIRN" tree --json shop.cairn payment | jq -c .nodes)" = "[]" ]
    [ "$("$CAIRN" tree --json --failed shop.cairn | jq -c '[.nodes[] | [.path, .count]]')" = '[["order",0],["order;payment",1]]' ]
    run -0 "$CAIRN" tree shop.cairn nothing
    [[ "${lines[0]}" == "No tasks match. No task here is of type 'nothing'." ]]
}

@test "siblings and levels are drawn" {
    cat >deep.txt <<'TEXT'
head start=1000,1000,1700000000000001000 last=9000,9000,1700000000000009000
site number=1 role=task text="a"
site number=2 role=task text="b"
site number=3 role=task text="c"
site number=9 role=end
block events number=1 thread=1 begin=1500
task_begin site=1 time=2000 id=0:1:1
task_child site=2 time=2100 id=0:2:2 parent_id=0:1:1 parent_birth=2000
task_child site=3 time=2200 id=0:3:3 parent_id=0:2:2 parent_birth=2100
task_end site=9 time=2300 id=0:3:3 birth=2200
task_end site=9 time=2900 id=0:2:2 birth=2100
task_child site=3 time=3000 id=0:3:4 parent_id=0:1:1 parent_birth=2000
task_end site=9 time=3100 id=0:3:4 birth=3000
task_end site=9 time=4000 id=0:1:1 birth=2000
TEXT
    "$CAIRN" assemble deep.txt -o deep.cairn
    run -0 "$CAIRN" tree deep.cairn
    [[ "${lines[1]}" == "a "* ]]
    [[ "${lines[2]}" == "├─ b "*"40.0 %"* ]]
    [[ "${lines[3]}" == "│  └─ c "*"5.0 %"* ]]
    [[ "${lines[4]}" == "└─ c "*"5.0 %"* ]]
}
