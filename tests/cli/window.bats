#!/usr/bin/env bats
# Reports on what holds only a part: a flight recorder's window, a snapshot, sampled tasks, forked processes.
# SPDX-License-Identifier: Apache-2.0

bats_require_minimum_version 1.5.0

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    for name in flight-stopped flight-snapshot sampling; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$name.cairn"
    done
    # The snapshot without its last chunk, before which another one is missing.
    sed '/number=6/,/task_end/d' "$CAIRN_SOURCE/tests/traces/flight-snapshot.txt" >whole.txt
    "$CAIRN" assemble whole.txt -o whole.cairn
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

@test "info tells the window, what has left it, and how many snapshots were taken" {
    run -0 "$CAIRN" info flight-stopped.cairn
    [[ "$output" == *"window     256 KiB, at most 100 µs; complete from +0.000029 s on: 71.0 µs"* ]]
    [[ "$output" == *"snapshots  2 taken, 1 suppressed: too many, or too soon after another"* ]]
    [[ "$output" =~ worker\ +43\ .*\ 14\ +0\.000029 ]]
    [[ "$output" =~ "logs, formatted or not"\ +2\ +·\ +20 ]]
    [[ "$output" =~ all\ +7\ +·\ +39 ]]
    "$CAIRN" info --json flight-stopped.cairn >info.json
    jq -e '.overwritten.log == 20 and .overwritten.total == 39 and .window_begin_ns == 29000' info.json
    jq -e '.threads[1] | .overwritten.region_begin == 7 and .overwritten_until_ns == 29000' info.json
    jq -e '.processes[0] | .window_bytes == 262144 and .window_ns == 100000 and .snapshots_taken == 2' info.json
}

@test "info says in a sentence why a snapshot was taken" {
    run -0 "$CAIRN" info whole.cairn
    [[ "$output" == *"snapshot of a flight recorder"* ]]
    [[ "$output" == *"snapshot   taken at +0.000079 s because request 7 ran 70.0 µs, longer than 50.0 µs"* ]]
    [[ "$output" == *"complete from +0.000013 s on: 66.0 µs"* ]]
    [[ "$output" == *"parent     forked from 41"* ]]
    [[ "$output" == *"types      only request,job*, since they were switched at 0.000001 s"* ]]
    run -1 "$CAIRN" info flight-snapshot.cairn # here the end of the task is in it: its true latency is known
    [[ "$output" == *"because request 7 ran 69.0 µs, longer than 50.0 µs"* ]]
    "$CAIRN" info --json whole.cairn >info.json
    jq -e '.processes[0] | .state == "snapshot" and .snapshot_reason == "slow" and .snapshot_task == "7" and
        .snapshot_type == "request" and .snapshot_ns == 79000 and .snapshot_threshold_ns == 50000 and
        .types == "request,job*" and .types_changed_ns == 500 and .parent == null and .parent_pid == 41' info.json
    "$CAIRN" check whole.cairn
}

@test "every reason has its words" {
    for reason in call:"the program called cairn_snapshot" outside:"cairn snapshot" signal:"its signal came" \
        failed:"request 7 failed after 70.0 µs" overdue:"request 7 was still running after 70.0 µs, longer than"; do
        keys=snapshot_task
        [[ "$reason" == failed:* || "$reason" == overdue:* ]] || keys=nothing
        sed "s/snapshot_reason=slow/snapshot_reason=${reason%%:*}/; /^head/{
            $([[ $keys == nothing ]] && echo 's/snapshot_task=[^ ]* snapshot_task_birth=[^ ]* //;')
            $([[ $reason == overdue:* ]] || echo 's/snapshot_threshold_ns=[^ ]* //;')
        }" whole.txt >reason.txt
        "$CAIRN" assemble reason.txt -o reason.cairn
        "$CAIRN" check reason.cairn
        run -0 "$CAIRN" info reason.cairn
        [[ "$output" == *"${reason#*:}"* ]]
    done
}

@test "tasks from before the window have their true begin; what had ended before it does not count" {
    "$CAIRN" tasks --json flight-stopped.cairn >tasks.json
    jq -e '.types[] | select(.type == "request") | .count == 3 and .unfinished == 2 and .before_window == 2 and
        .begin_lost == 0 and .max_ns == 38000' tasks.json
    jq -e '.types[] | select(.type == "job") | .count == 2 and .before_window == 2 and .max_ns == 34000' tasks.json
    jq -e '.diagnostics == []' tasks.json
    run -0 "$CAIRN" tasks flight-stopped.cairn
    [[ "$output" == *"4 began before the flight recorder's window; latency is the true one."* ]]
    run -0 "$CAIRN" regions flight-stopped.cairn
    [[ "$output" == *"2 began before the flight recorder's window"* ]]
    "$CAIRN" tasks --slowest 9 --json flight-stopped.cairn | jq -e '[.tasks[] | [.id, .latency_ns, .parent]] ==
        [["3", 38000, null], ["2", 34000, "1"]]'
    "$CAIRN" tasks --unfinished --min 90us --json flight-stopped.cairn |
        jq -e '[.types[] | [.type, .count]] | sort == [["job", 1], ["request", 1]]'
}

@test "the story of a task from before the window" {
    run -0 "$CAIRN" task flight-stopped.cairn 1
    [[ "$output" == *"request 1"*"not ended"*", 96.0 µs so far"* ]]
    [[ "$output" == *"before the flight recorder's window; its time is the true one"* ]]
    [[ "$output" == *"└ job 2  34.0 µs"* ]]
    [[ "$output" == *"… 25.0 µs before the window"* ]]
    [[ "$output" == *"wait  21.5 µs  (began before the window)"* ]]
    run -0 "$CAIRN" task flight-stopped.cairn 2
    [[ "$output" == *"child of   request 1"* ]]
    run -0 "$CAIRN" task flight-stopped.cairn 4
    [[ "$output" == *"request 4  ended before the flight recorder's window"* ]]
    "$CAIRN" task --json flight-stopped.cairn 4 >task.json
    jq -e '.task.status == "ended_before_window" and .task.begin == "before_window" and .task.latency_ns == null' task.json
    jq -e '[.events[].kind] == ["before_window", "log"]' task.json
}

@test "the Chrome export draws them from their true begin" {
    "$CAIRN" convert flight-stopped.cairn -o out.json
    jq -e '.otherData.overwritten.log == 20 and .otherData.window_begin_ns == 29000' out.json
    task() { jq -e "[.traceEvents[] | select(.ph == \"b\" and .args.task == \"$1\")] | length == 1 and (.[0] | $2)" out.json; }
    task "job 2" '.args.begun_before_window and .args.parent == "request 1" and .ts == 5'
    task "request 1" '.args.unfinished and .args.begin_missing == null'
    task "request 4" '.args.ended_before_window and .args.unfinished == null'
    task "request 6" '.args.begun_before_window == null and .args.unfinished'
    jq -e '[.traceEvents[] | select(.ph == "e" and .ts == 29)] | length == 1' out.json # request 4, at the window
}

@test "sampled tasks: what was recorded, and what there was" {
    "$CAIRN" tasks --json sampling.cairn >tasks.json
    jq -e '[.types[] | [.type, .count, .estimated_count, .one_in, .skipped]] == [["order", 5, 14, 4, 9],
        ["payment", 4, 13, null, null], ["ping", 0, 40, 1000, 40]]' tasks.json
    jq -e '.types[0] | .total_ns == 11600 and .estimated_total_ns == 13400 and .mean_ns == 957' tasks.json
    jq -e '.types[0].p50_ns | . >= 198 and . <= 202' tasks.json # 300 without weights
    run -0 "$CAIRN" tasks sampling.cairn
    [[ "${lines[0]}" =~ ^type\ +"1 in"\ +count\ .*"est. count"\ +"est. total"\ +total ]]
    [[ "${lines[1]}" =~ ^order\ +4\ +5\ +·\ +·\ +14\  ]]
    [[ "$output" == *"Columns named est. are estimates of all there was"* ]]
    [[ "$output" == *"49 tasks without parent were skipped, which is counted"* ]]
    [[ "$output" == *"order: about 14 finished tasks"* ]]
    "$CAIRN" regions --json sampling.cairn | jq -e '.types[0] | .count == 4 and .estimated_count == 13 and .estimated_total_ns == 65'
    run -0 "$CAIRN" info sampling.cairn
    [[ "$output" =~ sampled\ +"1 in"\ +"roots recorded"\ +skipped ]]
    [[ "$output" =~ order\ +4\ +3\ +9 ]]
    "$CAIRN" info --json sampling.cairn | jq -e '.sampling | map({(.type): .skipped}) | add == {order: 9, ping: 40}'
}

@test "filters that ask for more than the type leave only estimates by weight" {
    "$CAIRN" tasks --json --max 1us sampling.cairn |
        jq -e '.types[] | select(.type == "order") | .count == 3 and .estimated_count == 12 and .skipped == null'
    "$CAIRN" tasks --json sampling.cairn 'p*' | jq -e '[.types[] | [.type, .estimated_count]] == [["payment", 13], ["ping", 40]]'
}

@test "a folder: snapshots beside their trace are left out, parents are named" {
    mkdir folder
    sed 's/^head .*/head state=stopped session=1,2 window_bytes=262144 pid=42 parent_session=77 parent_pid=41/' whole.txt >trace.txt
    "$CAIRN" assemble trace.txt -o folder/b.cairn
    printf 'head session=77,1 pid=41\n' >parent.txt
    "$CAIRN" assemble parent.txt -o folder/c.cairn
    cp whole.cairn folder/a.cairn
    run -0 "$CAIRN" info folder
    [[ "$output" == *"2 processes"* ]]
    [[ "$output" == *"forked from 41, process 2"* ]]
    [[ "$output" == *"note"*"snapshots_skipped"* ]]
    "$CAIRN" info --json folder | jq -e '.processes[0].parent == 2 and .processes[1].parent == null'
    rm folder/b.cairn folder/c.cairn
    run -0 "$CAIRN" info folder
    cp whole.cairn folder/again.cairn
    run -1 "$CAIRN" info folder
    [[ "$output" == *"folder: has 2 snapshots of one recording"*"(a.cairn, again.cairn)"* ]]
}

@test "the text form has all of it" {
    for name in flight-stopped flight-snapshot sampling; do
        "$CAIRN" dump "$name.cairn" >dumped.txt
        run ! grep -E '^ *(patch|words)' dumped.txt
        "$CAIRN" assemble dumped.txt -o again.cairn
        cmp "$name.cairn" again.cairn
    done
}
