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

@test "a task that is met first by a formatted log has its text" {
    cat >met.txt <<'END'
cairn-text 1
head pid=42 round=1 clock=monotonic start=1000,1000,1000 last=900000,900000,900000
site number=1 role=task text="order" file="a.c" function="main" line=10
site number=2 role=end file="a.c" function="main" line=11
site number=3 role=log text="till" format="%d cups" file="a.c" function="main" line=12
thread index=1 tid=42 begin=1500 name="main"
block events number=1 thread=1 begin=1500
  task id=1:1:3 birth=1550
  logf site=3 time=1600 int=3
  task_end site=2 time=1700 id=1:1:3 birth=1550
END
    "$CAIRN" assemble met.txt -o met.cairn
    run -0 "$CAIRN" task met.cairn 3
    [[ "$output" == *"till: 3 cups"* ]]
}

@test "a gap is named by what is around it" {
    run -0 "$CAIRN" task shop.cairn 1
    [[ "$output" == *"… 6.00 µs nothing recorded, after payment 2 failed, before order 1 ended"* ]]
    run -0 "$CAIRN" task shop.cairn 7
    [[ "$output" == *"… 100 µs nothing recorded, after order 7 began, before order 7 ended"* ]]
    sed -e '/task_begin site=1 time=50000/a task_child site=2 time=50001 id=2:2:8 parent_id=2:1:7 parent_birth=50000' \
        -e '/task_begin site=1 time=50000/a task_child site=2 time=50002 id=2:2:9 parent_id=2:1:7 parent_birth=50000' \
        shop.cairn.txt >busy.txt
    "$CAIRN" assemble busy.txt -o busy.cairn
    run -0 "$CAIRN" task busy.cairn 7
    [[ "$output" == *"nothing recorded, after payment 9 began, before order 7 ended; payment 9 and 1 more were open"* ]]
    "$CAIRN" task --json busy.cairn 7 >busy.json
    jq -e '[.events[] | select(.kind == "gap") | [.after, .before, .meanwhile]] ==
        [["payment 9 began", "order 7 ended", "9"]]' busy.json
    jq -e '[.events[] | select(.kind != "gap") | .after, .before, .meanwhile] | unique == [null]' busy.json
}

@test "a linked task that was open during a gap is told" {
    sed -e '/task_begin site=1 time=50000/a task id=2:1:7 birth=50000\nlink site=12 time=50010 id=2:1:3 birth=40000' \
        -e '/task_end site=12 time=150000/a task_end site=12 time=150001 id=2:1:3 birth=40000' shop.cairn.txt >linked.txt
    "$CAIRN" assemble linked.txt -o linked.cairn
    run -0 "$CAIRN" task linked.cairn 7
    [[ "$output" == *"nothing recorded, after a link, before order 7 ended; order 3 (linked) was open"* ]]
    [ "${lines[-1]}" = "next: cairn task linked.cairn 3    # the story of what it caused: order" ]
}

@test "the critical path comes before the story, and sums up to the latency" {
    run -0 "$CAIRN" task shop.cairn 1
    path="${output#*critical path}"
    path="${path%since (*}"
    [[ "$path" =~ "200 ns   100 ns   1.4 %  main               wait > brew" ]]
    [[ "$path" =~ "450 ns   350 ns   5.0 %  worker  payment 2  brew" ]]
    [[ "$path" =~ "1.00 µs  6.00 µs  85.7 %  worker             (hand-over to main)" ]]
    "$CAIRN" task --json shop.cairn 1 >task.json
    jq -e '[.critical_path[] | [.kind, .at_ns, .duration_ns, .thread, .to_thread, .task, .name]] == [
        ["self", 0, 50, "main", null, "1", null],
        ["region", 50, 20, "main", null, "1", "wait"],
        ["self", 70, 30, "main", null, "1", null],
        ["region", 100, 100, "main", null, "1", "wait"],
        ["region", 200, 100, "main", null, "1", "wait > brew"],
        ["region", 300, 100, "main", null, "1", "wait"],
        ["handover", 400, 50, "main", "worker", "2", null],
        ["region", 450, 350, "worker", null, "2", "brew"],
        ["self", 800, 200, "worker", null, "2", null],
        ["handover", 1000, 6000, "worker", "main", "1", null]]' task.json
    jq -e '.critical_path[4] | .type == "order" and .file == "src/app.c" and .line == 30 and .share == 100 / 7000' task.json
    jq -e '[.by_type[] | [.kind, .type, .name, .count, .duration_ns]] == [
        ["handover", "order", null, 1, 6000], ["region", "payment", "brew", 1, 350],
        ["region", "order", "wait", 3, 220], ["self", "payment", null, 1, 200],
        ["region", "order", "wait > brew", 1, 100], ["self", "order", null, 2, 80],
        ["handover", "payment", null, 1, 50]]' task.json
    jq -e '([.critical_path[].duration_ns] | add) == .task.latency_ns and
        ([.by_type[].duration_ns] | add) == .task.latency_ns' task.json
}

@test "--path lists the steps alone, as a table and as csv" {
    run -0 "$CAIRN" task --path shop.cairn 2
    [[ "$output" == *"critical path"*"(hand-over to worker)"*"brew"*"(in no region)" ]]
    [[ "$output" != *"begins:"* ]]
    run -0 "$CAIRN" task --path --csv shop.cairn 2
    [[ "${lines[0]}" == kind,at_ns,duration_ns,share,thread,to_thread,task,type,name,other,file,line* ]]
    [[ "${lines[2]}" == region,50,350,*,worker,,2,payment,brew,,src/app.c,30* ]]
    [ "${#lines[@]}" -eq 4 ]
}

@test "a path of many steps is summed up by name" {
    {
        sed '/task_end site=12 time=9000/,$d' shop.cairn.txt
        for ((i = 0; i < 100; i++)); do
            echo "  region_begin site=3 time=$((3000 + 10 * i))"
            echo "  region_end site=12 time=$((3005 + 10 * i))"
        done
        echo "  task_end site=12 time=9000 id=2:1:1 birth=2000"
    } >loop.txt
    "$CAIRN" assemble loop.txt -o loop.cairn
    run -0 "$CAIRN" task loop.cairn 1
    [[ "$output" == *"critical path, by name"* ]]
    [[ "$output" =~ 500\ ns\ +7\.1\ %\ +100\ +brew ]]
    [[ "$output" == *" steps, which --path lists"* ]]
    run -0 "$CAIRN" task --path loop.cairn 1
    [ "$(grep -c "  brew$" <<<"$output")" -eq 100 ]
}

@test "what is no task, or lasted no time, has no critical path" {
    run -0 "$CAIRN" task shop.cairn background
    [[ "$output" != *"critical path"* ]]
    [ "$("$CAIRN" task --json shop.cairn background | jq -c '[.critical_path, .by_type]')" = '[[],[]]' ]
    sed 's/task_end site=12 time=9000/task_end site=12 time=1999/' shop.cairn.txt >backward.txt
    "$CAIRN" assemble backward.txt -o backward.cairn
    [ "$("$CAIRN" task --json backward.cairn 1 | jq -c '[.task.latency_ns, .critical_path]')" = '[0,[]]' ]
}

@test "json tells the same" {
    "$CAIRN" task --json shop.cairn 1 >task.json
    jq -e '.task | .id == "1" and .type == "order" and .status == "ok" and .latency_ns == 7000 and
        .begin == "seen" and .begin_thread == "main"' task.json
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
    [[ "$output" == *$'\nlog,100,,worker,,2,1,barista,"milk, please",,,src/app.c,31,,,\r'* ]]
}

@test "what is not there is said" {
    run -1 "$CAIRN" task shop.cairn 77
    [[ "$output" == *"there is no task 77"* ]]
    run -2 "$CAIRN" task shop.cairn milk
    [[ "$output" == *"'milk' is not a task id"* ]]
    run -2 "$CAIRN" task shop.cairn
    [[ "$output" == *"ID is missing"* ]]
}
