#!/usr/bin/env bats
# `cairn check`: what is right passes, what was changed does not.
# SPDX-License-Identifier: Apache-2.0

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    ${CAIRN_CC:-cc} -I"$CAIRN_SOURCE/include" "$CAIRN_SOURCE/tests/cli/programs/annotated.c" -L"$CAIRN_BUILD" -lcairn \
        -pthread -Wl,-rpath,"$CAIRN_BUILD" -o annotated
    "$CAIRN" record --quiet -o demo -- ./annotated exec ./annotated
    cp demo.cairn/*.0.cairn one.cairn
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

# flip FILE OFFSET: inverts a byte
flip() {
    local byte=$(od -An -tu1 -j"$2" -N1 "$1")
    printf "\\x$(printf %x $((byte ^ 255)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "what the recorder writes is without a finding, file by file and as a folder" {
    run "$CAIRN" check demo.cairn
    [ "$status" -eq 0 ]
    [[ "$output" == *"2 of 2 files checked"* ]]
    [[ "$output" != *warning:* ]]
    [[ "$output" != *damage:* ]]
    "$CAIRN" check one.cairn
}

@test "a flipped byte of a sealed block is found, wherever it is" {
    size=$(stat -c %s one.cairn)
    for offset in $(seq 4096 97 $((size - 1))); do
        cp one.cairn flipped.cairn
        flip flipped.cairn "$offset"
        run timeout 20 "$CAIRN" check flipped.cairn
        [ "$status" -eq 1 ] || { echo "offset $offset: $status $output"; false; }
        [[ "$output" == *flipped.cairn* ]]
    done
}

@test "--json tells the same" {
    cp one.cairn flipped.cairn
    flip flipped.cairn 5000
    run "$CAIRN" check --json flipped.cairn
    [ "$status" -eq 1 ]
    python3 -c '
import json, sys
result = json.loads(sys.argv[1])
assert result["files"] == 1 and result["ok"] is False
found = [f for f in result["findings"] if f["severity"] == "damage"]
assert found and all(f["name"] and f["count"] >= 1 and f["advice"] and f["example"] for f in found)' "$output"
    run "$CAIRN" check --json one.cairn
    [ "$status" -eq 0 ]
    python3 -c 'import json, sys; assert json.loads(sys.argv[1])["ok"] is True' "$output"
}

@test "what a finding quotes cannot steer the terminal" {
    cp one.cairn $'red\e[31m.cairn'
    flip $'red\e[31m.cairn' 5000
    run "$CAIRN" check $'red\e[31m.cairn'
    [ "$status" -eq 1 ]
    [[ "$output" == *'red\x1b[31m.cairn'* && "$output" != *$'\e'* ]]
}

@test "JSON ends with its last line" {
    [ "$("$CAIRN" check --json one.cairn | tail -n 1)" = "}" ]
    [ "$("$CAIRN" ps --json | tail -n 1)" = "}" ]
}
