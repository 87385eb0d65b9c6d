#!/usr/bin/env bats
# `cairn record` and `cairn join`: a program is run, recorded, and never noticed that it was.
# SPDX-License-Identifier: Apache-2.0

bats_require_minimum_version 1.5.0

setup_file() {
    ${CAIRN_CC:-cc} -I"$CAIRN_SOURCE/include" "$CAIRN_SOURCE/tests/cli/programs/annotated.c" -L"$CAIRN_BUILD" -lcairn \
        -pthread -Wl,-rpath,"$CAIRN_BUILD" -o "$BATS_FILE_TMPDIR/annotated"
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    ln -s "$BATS_FILE_TMPDIR/annotated" annotated
    unset CAIRN_TRACE CAIRN_LIMIT CAIRN_TYPES CAIRN_WINDOW CAIRN_SAMPLE CAIRN_SLOW CAIRN_FAILED
    export CAIRN_LIVE_DIR="$BATS_TEST_TMPDIR/live"
    mkdir live
}

# count FILE KIND: how many events of a kind were recovered
count() {
    "$CAIRN" info --json "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["recovered"][sys.argv[1]])' "$2"
}

expect_all() {
    [ "$(count "$1" task_begin)" -eq 23 ]
    [ "$(count "$1" region_begin)" -eq 41 ]
    [ "$(count "$1" log)" -eq 20 ]
    [ "$(count "$1" total)" -eq 207 ]
}

@test "what was recorded is in a private folder, and the exit code is the program's" {
    run "$CAIRN" record -o demo -- ./annotated exit 3
    [ "$status" -eq 3 ]
    [ "$(stat -c %a demo.cairn)" = 700 ]
    [ "$(stat -c %a demo.cairn/*)" = 600 ]
    [ "$(ls demo.cairn | wc -l)" -eq 1 ]
    expect_all demo.cairn
}

@test "the folder is named after the program by default, and .cairn is not added twice" {
    "$CAIRN" record ./annotated
    [ -d annotated.cairn ]
    "$CAIRN" record -o other.cairn -- ./annotated
    [ -d other.cairn ]
    mkdir below
    "$CAIRN" record -o below/third/ -- ./annotated
    [ -d below/third.cairn ]
}

@test "stdout is the program's alone; the summary goes to stderr and names every type of task" {
    "$CAIRN" record -o demo -- sh -c 'echo said; exec ./annotated' >out 2>err
    [ "$(cat out)" = said ]
    grep -q '^cairn: demo.cairn: .*207 events, none lost$' err
    grep -Eq '^order +21 +· +4 ' err
    grep -Eq '^refill +1 ' err
    grep -Eq '^clean +1 +1 ' err
    grep -q '^next: cairn tasks demo.cairn ' err
}

@test "--quiet says nothing" {
    run "$CAIRN" record --quiet -o demo -- ./annotated
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "what a killed program left is joined: one file, nothing missing, no live file" {
    run "$CAIRN" record -o demo -- ./annotated kill
    [ "$status" -eq 137 ]
    [[ "$output" == *"signal 9"* ]]
    [ "$(ls demo.cairn | wc -l)" -eq 1 ]
    [ -z "$(ls live)" ]
    expect_all demo.cairn
    "$CAIRN" check demo.cairn
}

@test "so it is after abort, which may dump core first" {
    ulimit -c 0
    run "$CAIRN" record -o demo -- ./annotated abort
    [ "$status" -eq 134 ]
    expect_all demo.cairn
}

@test "join does the same by hand, once" {
    CAIRN_TRACE="$PWD/by-hand.cairn" run ./annotated kill
    [ "$(ls live | wc -l)" -eq 1 ]
    expect_all by-hand.cairn
    "$CAIRN" convert by-hand.cairn -o before.json
    run "$CAIRN" join by-hand.cairn
    [ "$status" -eq 0 ]
    [ "$output" = "by-hand.cairn: joined" ]
    [ -z "$(ls live)" ]
    "$CAIRN" convert by-hand.cairn -o after.json
    diff <(grep -v otherData before.json) <(grep -v otherData after.json)
    run "$CAIRN" join by-hand.cairn
    [ "$output" = "by-hand.cairn: complete already" ]
}

@test "a join that was cut short is finished by the next" {
    CAIRN_TRACE="$PWD/cut.cairn" run ./annotated kill
    cp live/* kept.live
    cp cut.cairn kept.cairn
    live=$(ls live/*)
    "$CAIRN" join cut.cairn
    # The head was not written yet.
    cp kept.live "$live"
    dd if=kept.cairn of=cut.cairn bs=4096 count=1 conv=notrunc status=none
    expect_all cut.cairn
    "$CAIRN" join cut.cairn
    expect_all cut.cairn
    [ -z "$(ls live)" ]
    # The head was written, but the live file is still there.
    cp kept.live "$live"
    "$CAIRN" join cut.cairn
    expect_all cut.cairn
    [ -z "$(ls live)" ]
}

@test "join without the live file says so and changes nothing" {
    CAIRN_TRACE="$PWD/gone.cairn" run ./annotated kill
    rm live/*
    cp gone.cairn kept.cairn
    run "$CAIRN" join gone.cairn
    [ "$status" -eq 1 ]
    [[ "$output" == *"no live file"* ]]
    cmp gone.cairn kept.cairn
}

@test "a program that cannot be found or run gives 127 or 126 and leaves no folder" {
    run -127 "$CAIRN" record -o demo -- ./no-such-program
    [[ "$output" == *"no-such-program: cannot be run"* ]]
    [ ! -e demo.cairn ]
    echo text >text
    run -126 "$CAIRN" record -o demo -- ./text
    [ ! -e demo.cairn ]
}

@test "a program without cairn runs as ever, and is told about" {
    run "$CAIRN" record -o demo -- sh -c 'exit 9'
    [ "$status" -eq 9 ]
    [[ "$output" == *"recorded nothing"* ]]
    [ ! -e demo.cairn ]
}

@test "every process image gets a file of its own" {
    "$CAIRN" record -o demo -- ./annotated exec ./annotated
    [ "$(ls demo.cairn | wc -l)" -eq 2 ]
    [ "$(count demo.cairn task_begin)" -eq 46 ]
}

@test "an older recording is replaced" {
    "$CAIRN" record -o demo -- ./annotated exec ./annotated
    "$CAIRN" record -o demo -- ./annotated
    [ "$(ls demo.cairn | wc -l)" -eq 1 ]
}

@test "a program that cannot be found does not cost the older recording" {
    "$CAIRN" record -o demo -- ./annotated
    run -127 "$CAIRN" record -o demo -- ./anotated
    run -127 "$CAIRN" record -o demo -- no-such-program-anywhere
    expect_all demo.cairn
}

@test "what is no recording is left alone, and the program is not run" {
    mkdir demo.cairn
    echo precious >demo.cairn/letter
    run "$CAIRN" record -o demo -- touch ran
    [ "$status" -eq 1 ]
    [[ "$output" == *"holds other things than traces"* ]]
    [ "$(cat demo.cairn/letter)" = precious ]
    echo precious >file.cairn
    run "$CAIRN" record -o file -- touch ran
    [ "$status" -eq 1 ]
    [ "$(cat file.cairn)" = precious ]
    mkdir elsewhere
    ln -s elsewhere link.cairn
    run "$CAIRN" record -o link -- touch ran
    [ "$status" -eq 1 ]
    [[ "$output" == *"symbolic link"* ]]
    [ ! -e ran ]
}

# start NAME OPTION...: runs a recorded program in the background that waits for a signal; $recorder is its pid
start() {
    "$CAIRN" record -o "$1" "${@:2}" -- ./annotated wait >ready 2>err 3>&- &
    recorder=$!
    for _ in $(seq 200); do
        grep -q ready ready && return
        sleep 0.05
    done
    return 1
}

# stop: sends SIGTERM and waits, bounded; its exit code is in $code
stop() {
    kill -TERM "$recorder"
    for _ in $(seq 200); do
        kill -0 "$recorder" 2>/dev/null || break
        sleep 0.05
    done
    kill -KILL "$recorder" $(pgrep -P "$recorder") 2>/dev/null || true
    code=0
    wait "$recorder" || code=$?
}

@test "a signal sent to the command reaches the program, which ends as it likes" {
    start demo
    stop
    [ "$code" -eq 55 ]
    grep -q 'signal 15' ready
    expect_all demo.cairn
}

@test "a recording that is going on is not replaced, and can be read" {
    start demo
    expect_all demo.cairn
    run "$CAIRN" record -o demo -- touch ran
    again=$status
    run "$CAIRN" join demo.cairn
    stop
    [ "$again" -eq 1 ]
    [ ! -e ran ]
    [ "$status" -eq 1 ]
    [[ "$output" == *"still recording"* ]]
    expect_all demo.cairn
}

@test "--types and --limit reach the library" {
    "$CAIRN" record -o demo --types 'ord??,bre*' --limit 3M -- ./annotated
    [ "$(count demo.cairn task_begin)" -eq 21 ]
    [ "$(count demo.cairn region_begin)" -eq 20 ]
    [ "$(count demo.cairn log)" -eq 0 ]
    "$CAIRN" dump demo.cairn/*.cairn | grep -q 'limit_bytes=3145728'
}

# appears FILE: waits for it, bounded
appears() {
    for _ in $(seq 200); do
        [ ! -e "$1" ] || return 0
        sleep 0.05
    done
    return 1
}

@test "a flight recorder: the window at the end, and the snapshots with their reasons" {
    start demo -w 1M,60s --failed 'order' --interval 1ns --max 1
    program=$(pgrep -P "$recorder")
    appears "demo.cairn/$program.0-1.cairn"
    stop
    [ "$(ls demo.cairn | wc -l)" -eq 2 ]
    grep -q '^flight recorder: this is its window at the end; snapshots: 1, ' err
    grep -q "^  demo.cairn/$program.0-1.cairn  a task failed$" err
    expect_all demo.cairn
    "$CAIRN" check demo.cairn
    "$CAIRN" record -q -o demo -- ./annotated # and is replaced as any other
    [ "$(ls demo.cairn | wc -l)" -eq 1 ]
}

@test "a killed flight recorder: what its window held, with one file in the end" {
    run "$CAIRN" record -o demo -w 1M -- ./annotated kill
    [ "$status" -eq 137 ]
    [ "$(ls demo.cairn | wc -l)" -eq 1 ]
    [ -z "$(ls live)" ]
    expect_all demo.cairn
}

@test "snapshots go where --snapshots says, seen from here, also if the program goes elsewhere" {
    mkdir elsewhere
    "$CAIRN" record -q -o demo -w 1M --signal USR2 --snapshots 'shot-%n.cairn' -- \
        sh -c 'cd elsewhere && exec ../annotated wait' >ready 2>err 3>&- &
    recorder=$!
    appears demo.cairn
    for _ in $(seq 200); do grep -q ready ready && break; sleep 0.05; done
    kill -USR2 "$(pgrep -P "$recorder")"
    appears shot-1.cairn
    stop
    [ "$(ls demo.cairn | wc -l)" -eq 1 ]
    expect_all shot-1.cairn
}

@test "a folder whose name has a % in it" {
    "$CAIRN" record -o '100%p' -- ./annotated
    [ "$(ls '100%p.cairn' | wc -l)" -eq 1 ]
    expect_all '100%p.cairn'
}

@test "triggers need a window, which may come from the environment" {
    run "$CAIRN" record -o demo --slow '*=1s' -- touch ran
    [ "$status" -eq 2 ]
    [[ "$output" == *"need --window"* ]]
    [ ! -e ran ]
    CAIRN_WINDOW=1M "$CAIRN" record -o demo --slow '*=1s' -- ./annotated
    expect_all demo.cairn
}

@test "--sample records some tasks, whole" {
    "$CAIRN" record -o demo --sample 'order=1000000,*=1' -- ./annotated
    [ "$(count demo.cairn task_begin)" -le 4 ]
    "$CAIRN" check demo.cairn
}

@test "usage: what to run is missing, an unknown option, a bad size" {
    run "$CAIRN" record
    [ "$status" -eq 2 ]
    run "$CAIRN" record --no-such-option -- ./annotated
    [ "$status" -eq 2 ]
    run "$CAIRN" record --limit lots -- ./annotated
    [ "$status" -eq 2 ]
    [ ! -e annotated.cairn ]
}
