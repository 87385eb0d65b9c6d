#!/usr/bin/env bats
# `cairn ps`, `start`, `stop`, `snapshot`, `types`: a process that runs is traced from outside.
# SPDX-License-Identifier: Apache-2.0

bats_require_minimum_version 1.5.0

setup_file() {
    ${CAIRN_CC:-cc} -I"$CAIRN_SOURCE/include" "$CAIRN_SOURCE/tests/cli/programs/serving.c" "$CAIRN_BUILD/libcairn.a" \
        -pthread -o "$BATS_FILE_TMPDIR/serving"
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    name=serving-$$-$BATS_TEST_NUMBER # which no other process has
    cp "$BATS_FILE_TMPDIR/serving" "$name"
    unset CAIRN_TRACE CAIRN_LIMIT CAIRN_WINDOW CAIRN_TYPES CAIRN_SAMPLE CAIRN_SLOW CAIRN_FAILED CAIRN_CONTROL
    unset CAIRN_SNAPSHOT CAIRN_SNAPSHOT_SIGNAL CAIRN_SNAPSHOT_INTERVAL CAIRN_SNAPSHOTS_MAX CAIRN_HELPER CAIRN_FORK
    mkdir live
    export CAIRN_LIVE_DIR="$BATS_TEST_TMPDIR/live"
    pids=
    folder=
}

teardown() {
    for pid in $pids; do kill -CONT "$pid" && kill -TERM "$pid" || true; done 2>/dev/null
    for pid in $pids; do wait "$pid" || true; done 2>/dev/null
    [ -z "$folder" ] || rm -rf "$folder"
}

# within COMMAND...: tries until it succeeds, bounded
within() {
    for _ in $(seq 200); do
        "$@" && return
        sleep 0.05
    done
    echo "never: $*"
    return 1
}

# launch MODE [WRAPPER...]: the program in the background; $pid
launch() {
    local mode=$1
    shift
    "$@" "./$name" "$mode" >"out-$mode" 2>&1 3>&- &
    pid=$!
    pids="$pids $pid"
    within grep -q ready "out-$mode"
}

# field PID NAME: what `cairn ps` says of a process
field() {
    "$CAIRN" ps --json | python3 -c '
import json, sys
print(*[p[sys.argv[2]] for p in json.load(sys.stdin)["processes"] if p["pid"] == int(sys.argv[1])])' "$@"
}

is_state() {
    [ "$(field "$1" state)" = "$2" ]
}

# count FILE KIND: how many events of a kind were recovered
count() {
    "$CAIRN" info --json "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["recovered"][sys.argv[1]])' "$2"
}

# types_in FILE: the types of its tasks
types_in() {
    "$CAIRN" tasks --json "$1" | python3 -c 'import json,sys; print(*sorted(t["type"] for t in json.load(sys.stdin)["types"]))'
}

# begun FILE TYPE: how many tasks of a type
begun() {
    "$CAIRN" tasks --json "$1" | python3 -c '
import json, sys
print(sum(t["count"] for t in json.load(sys.stdin)["types"] if t["type"] == sys.argv[1]))' "$2"
}

@test "ps lists what can be traced" {
    launch busy
    [ "$(field "$pid" state)" = idle ]
    [ "$(field "$pid" name)" = "$name" ]
    [ "$(field "$pid" command)" = "./$name busy" ]
    [ "$(field "$pid" user)" = "$(id -un)" ]
    [ "$(field "$pid" trace)" = None ]
    "$CAIRN" ps | grep -E "^ *$pid +$(id -un) +idle .* ./$name busy$"
    "$CAIRN" ps --csv | grep "^$pid,1,idle,,"
    kill "$pid" && wait "$pid"
    [ -z "$(field "$pid" state)" ]
}

@test "start, work, stop: a whole trace, made by the process, in the current folder" {
    launch busy
    run --separate-stderr "$CAIRN" start "$pid"
    [ "$status" -eq 0 ]
    [ "$output" = "$PWD/cairn-$pid.cairn" ]
    [ "$(stat -c %a "$output")" = 600 ]
    [ "$(field "$pid" state)" = recording ]
    [ "$(field "$pid" trace)" = "$output" ]
    sleep 0.1
    run --separate-stderr "$CAIRN" stop "$name"
    [ "$status" -eq 0 ]
    [ "$output" = "$PWD/cairn-$pid.cairn" ]
    [[ "$stderr" == "cairn: cairn-$pid.cairn: "*", none lost"* ]]
    [ "$(field "$pid" state)" = idle ]
    "$CAIRN" check "$output"
    [ "$(types_in "$output")" = "job request" ]
    [ "$(count "$output" region_end)" -ge 10 ]
}

@test "it goes on being traced, again and again" {
    launch busy
    for round in 1 2 3 4 5; do
        "$CAIRN" start -o "round-$round.cairn" "$name"
        "$CAIRN" stop -q "$name"
        "$CAIRN" check "round-$round.cairn"
    done
    kill -0 "$pid"
}

@test "options of start reach the recorder" {
    launch busy
    trace=$("$CAIRN" start "$name" -o out/ --limit 3M --types 'req*,n*')
    [[ "$trace" == "$PWD/out/$pid"*.cairn ]]
    sleep 0.05
    "$CAIRN" stop -q "$name"
    [ "$(types_in out)" = request ]
    [ "$(count out region_begin)" -eq 0 ]
    "$CAIRN" dump "$trace" | grep -q 'limit_bytes=3145728'
}

@test "sampling: one in so many, said in the trace" {
    launch busy
    "$CAIRN" start "$name" -o one.cairn --sample 'request=1000000,*=1'
    sleep 0.05
    "$CAIRN" stop -q "$name"
    [ "$(begun one.cairn job)" -gt 5 ]
    [ "$(begun one.cairn request)" -le 1 ]
}

@test "what makes no sense is refused with a reason" {
    launch busy
    "$CAIRN" start "$pid" -o here.cairn
    run "$CAIRN" start "$pid"
    [ "$status" -eq 1 ]
    [[ "$output" == *"is being recorded already, to $PWD/here.cairn"* ]]
    run "$CAIRN" snapshot "$pid"
    [ "$status" -eq 1 ]
    [[ "$output" == *"keeps no window"* ]]
    "$CAIRN" stop -q "$pid"
    for what in stop snapshot types; do
        run "$CAIRN" $what "$pid"
        [ "$status" -eq 1 ]
        [[ "$output" == *"is not being recorded"* ]]
    done
    echo precious >letter
    run "$CAIRN" start "$pid" -o letter
    [ "$status" -eq 1 ]
    [[ "$output" == *"not a trace"* ]]
    [ "$(cat letter)" = precious ]
    run "$CAIRN" start "$pid" -o no/such/folder.cairn
    [ "$status" -eq 1 ]
    [[ "$output" == *"could not create"* ]]
    is_state "$pid" idle
}

@test "who is not there, or has no cairn, cannot be asked" {
    run "$CAIRN" start 4194303
    [ "$status" -eq 1 ]
    [[ "$output" == *"there is no process 4194303"* ]]
    run "$CAIRN" stop no-such-program-anywhere
    [ "$status" -eq 1 ]
    [[ "$output" == *"ps"* ]]
    run "$CAIRN" start $$
    [ "$status" -eq 1 ]
    [[ "$output" == *"cannot be reached"*"no cairn linked in"* ]]
    CAIRN_CONTROL=off launch busy
    run "$CAIRN" start "$pid"
    [ "$status" -eq 1 ]
    [ -z "$(field "$pid" state)" ]
}

@test "usage: no process, one too many, options that cannot be" {
    for arguments in start stop snapshot types 'ps 1' 'start 1 2' 'stop 1 2' 'snapshot 1 2' 'types 1 2 3' \
        'start 1 --window much' 'start 1 --slow *=1s' 'start 1 --sample x' 'start 1 -w 1M --signal KILL' 'stop --limit 1M 1'; do
        # shellcheck disable=SC2086 # words
        run "$CAIRN" $arguments
        [ "$status" -eq 2 ] || { echo "$arguments: $status"; return 1; }
    done
}

@test "two of one name: which one is asked" {
    launch busy
    first=$pid
    launch idle
    run "$CAIRN" start "$name"
    [ "$status" -eq 1 ]
    [[ "$output" == *"which one"*"$first"*"$pid"* || "$output" == *"which one"*"$pid"*"$first"* ]]
}

@test "a snapshot leaves the recording going, and is a trace of its own" {
    launch busy
    "$CAIRN" start "$name" -o all.cairn -w 1M,60s
    is_state "$pid" flight
    sleep 0.1
    first=$("$CAIRN" snapshot "$name")
    [ "$first" = "$PWD/all-1.cairn" ]
    second=$("$CAIRN" snapshot "$name" -o mine-%p-%n.cairn)
    [[ "$second" == "$PWD/mine-$pid-"*.cairn ]]
    is_state "$pid" flight
    [ "$("$CAIRN" stop -q "$name")" = "$PWD/all.cairn" ]
    for trace in "$first" "$second" all.cairn; do
        "$CAIRN" check "$trace"
        [ "$(types_in "$trace")" = "job request" ]
    done
    [ "$(count "$second" task_begin)" -ge "$(count "$first" task_begin)" ]
    [ "$(count all.cairn task_begin)" -ge "$(count "$second" task_begin)" ]
}

@test "slow and failed tasks make snapshots by themselves, so many and no more" {
    launch slow
    "$CAIRN" start "$name" -o slow.cairn -w 1M --slow 'nothing=1ns,request=50ms' --snapshots 'slow-%n.snap' \
        --interval 1ms --max 2
    within test -e slow-2.snap
    "$CAIRN" stop -q "$name"
    "$CAIRN" check slow-1.snap
    "$CAIRN" tasks --min 50ms slow-1.snap | grep -q request
    [ "$(find . -name 'slow-*.snap' | wc -l)" -eq 2 ]
}

@test "a signal makes a snapshot" {
    launch busy
    "$CAIRN" start "$name" -o sig.cairn -w 1M --signal USR2
    kill -USR2 "$pid"
    within test -e sig-1.cairn
    "$CAIRN" stop -q "$name"
    "$CAIRN" check sig-1.cairn
}

@test "types are switched off and on" {
    launch busy
    "$CAIRN" start "$name" -o types.cairn -w 1M
    "$CAIRN" types "$name" job
    sleep 0.05
    "$CAIRN" stop -q "$name"
    "$CAIRN" start "$name" -o again.cairn --types job
    "$CAIRN" types "$name"
    sleep 0.05
    "$CAIRN" stop -q "$name"
    [ "$(begun types.cairn job)" -gt "$(begun types.cairn request)" ]
    [ "$(begun again.cairn request)" -gt 0 ]
}

@test "a process that comes to no annotation: the request is withdrawn, and nothing is left of it" {
    launch idle
    run "$CAIRN" start "$pid" --timeout 200ms
    [ "$status" -eq 1 ]
    [[ "$output" == *"did not answer within 200 ms, and the request was withdrawn"* ]]
    kill -USR1 "$pid" # one request
    sleep 0.1
    is_state "$pid" idle
    [ ! -e "cairn-$pid.cairn" ]
    "$CAIRN" start "$pid" --timeout 10s >path 3>&- &
    tool=$!
    within sh -c "kill -USR1 $pid; sleep 0.05; ! kill -0 $tool 2>/dev/null"
    wait "$tool"
    is_state "$pid" recording
    "$CAIRN" stop -q "$pid"
    "$CAIRN" check "$(cat path)"
}

@test "who ends the tool withdraws its request" {
    launch idle
    "$CAIRN" start "$pid" --timeout 1min 2>err 3>&- &
    tool=$!
    sleep 0.2
    kill -TERM "$tool"
    code=0
    wait "$tool" || code=$?
    [ "$code" -eq 143 ]
    kill -USR1 "$pid"
    sleep 0.1
    is_state "$pid" idle
}

@test "a process that is stopped, and one that ends meanwhile" {
    launch busy
    kill -STOP "$pid"
    run "$CAIRN" start "$pid" --timeout 200ms
    [ "$status" -eq 1 ]
    [[ "$output" == *"because it is stopped"* ]]
    kill -CONT "$pid"
    launch idle
    "$CAIRN" start "$pid" --timeout 1min 2>err 3>&- &
    tool=$!
    sleep 0.2
    kill -KILL "$pid"
    code=0
    wait "$tool" || code=$?
    [ "$code" -eq 1 ]
    grep -q 'ended before it answered' err
}

@test "a recording that the program was started with is stopped and started from outside" {
    CAIRN_TRACE=$PWD/first.cairn launch busy
    is_state "$pid" recording
    [ "$("$CAIRN" stop -q "$pid")" = "$PWD/first.cairn" ]
    "$CAIRN" start -o second.cairn "$pid"
    sleep 0.05
    "$CAIRN" stop -q "$pid"
    "$CAIRN" check first.cairn
    "$CAIRN" check second.cairn
}

@test "a forked child is listed by its own pid, and asked by it" {
    launch fork
    within grep -q child out-fork
    child=$(sed -n 's/^child //p' out-fork)
    within is_state "$child" idle
    "$CAIRN" start "$child"
    is_state "$pid" idle
    sleep 0.05
    "$CAIRN" stop -q "$child"
    "$CAIRN" info --json "cairn-$child.cairn" | grep -q "\"pid\": $child"
    "$CAIRN" check "cairn-$child.cairn"
}

@test "a recorded family: a file for each, a snapshot of each beside them, every command takes the folder" {
    "$CAIRN" record -q -o family -w 1M -- "./$name" fork >out-fork 2>&1 3>&- &
    recorder=$!
    pids=$recorder
    within grep -q ready out-fork
    within grep -q child out-fork
    child=$(sed -n 's/^child //p' out-fork)
    parent=$(pgrep -P "$recorder")
    within is_state "$child" flight
    within is_state "$parent" flight
    "$CAIRN" snapshot "$child"
    "$CAIRN" snapshot "$parent"
    kill -TERM "$recorder"
    wait "$recorder"
    for pid in "$child" "$parent"; do
        [ "$(find family.cairn -name "$pid.*-*.cairn" | wc -l)" -eq 1 ]
        [ "$(find family.cairn -name "$pid.*" | wc -l)" -eq 2 ]
    done
    "$CAIRN" check family.cairn
    "$CAIRN" join family.cairn
    [ "$(types_in family.cairn)" = "job request" ]
    "$CAIRN" convert family.cairn -o family.json
    [ "$("$CAIRN" dump family.cairn | grep -c '^head ')" -eq 4 ]
    "$CAIRN" info --json family.cairn | python3 -c '
import json, sys
assert sorted(p["pid"] for p in json.load(sys.stdin)["processes"]) == sorted(map(int, sys.argv[1:]))' "$child" "$parent"
}

@test "only the user's own processes; root can ask all, and the process makes its file as its user" {
    [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null || skip "needs root and setpriv"
    folder=$(mktemp -d)
    chmod 755 "$folder"
    cp "$name" "$CAIRN" "$folder/"
    cd "$folder"
    mkdir theirs && chown 65534 theirs
    export CAIRN_LIVE_DIR=$folder/theirs
    touch out-busy # the shell makes it, as root
    launch busy setpriv --reuid=65534 --regid=65534 --clear-groups
    run setpriv --reuid=65533 --regid=65533 --clear-groups ./cairn ps --csv
    [ "$status" -eq 0 ]
    [[ "$output" != *"$name"* ]]
    run setpriv --reuid=65533 --regid=65533 --clear-groups ./cairn start "$pid"
    [ "$status" -eq 1 ]
    [[ "$output" == *"may not be looked at"* ]]
    run "$CAIRN" start "$pid" # here, where the process may not write
    [ "$status" -eq 1 ]
    [[ "$output" == *"may not write there"* ]]
    "$CAIRN" start "$pid" -o theirs/it.cairn
    sleep 0.05
    run setpriv --reuid=65534 --regid=65534 --clear-groups ./cairn stop "$pid"
    [ "$status" -eq 0 ]
    [ "$(stat -c %u theirs/it.cairn)" = 65534 ]
    "$CAIRN" check theirs/it.cairn
}

@test "namespaces of its own: found by our pid, its path is given as we see it" {
    unshare --pid --fork --mount --mount-proc true 2>/dev/null || skip "no namespaces here"
    mkdir mounted
    cat >inside <<SCRIPT
mount -t tmpfs none "$PWD/mounted" && exec "./$name" busy
SCRIPT
    unshare --pid --fork --kill-child --mount --mount-proc sh inside >out 2>&1 3>&- &
    pids=$!
    within grep -q ready out
    inner=$(pgrep -P "$pids")
    is_state "$inner" idle
    trace=$("$CAIRN" start "$inner" -o mounted/%p.cairn)
    [ "$trace" = "/proc/$inner/root$PWD/mounted/1.cairn" ]
    sleep 0.05
    [ "$("$CAIRN" stop -q "$inner")" = "$trace" ]
    [ "$(types_in "$trace")" = "job request" ]
    [ ! -e mounted/1.cairn ]
    kill -TERM "$inner"
}
