#!/usr/bin/env bats
# `cairn dump` and `cairn assemble`: the text form, both ways.
# SPDX-License-Identifier: Apache-2.0

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    ${CAIRN_CC:-cc} -I"$CAIRN_SOURCE/include" "$CAIRN_SOURCE/tests/cli/programs/annotated.c" -L"$CAIRN_BUILD" -lcairn \
        -pthread -Wl,-rpath,"$CAIRN_BUILD" -o annotated
    CAIRN_TRACE="$PWD/clean.cairn" ./annotated
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

@test "a recorded trace comes back byte for byte" {
    "$CAIRN" dump clean.cairn >clean.txt
    [ "$(grep -c '^ *task_begin ' clean.txt)" -eq 22 ]
    "$CAIRN" assemble clean.txt -o again.cairn
    cmp clean.cairn again.cairn
}

@test "-o writes a file, whole or not at all" {
    "$CAIRN" dump clean.cairn -o out.txt
    diff out.txt <("$CAIRN" dump clean.cairn)
    run "$CAIRN" dump no-such-trace -o none.txt
    [ "$status" -eq 1 ]
    [ ! -e none.txt ]
}

@test "text that is none gives an error with its line, and no trace" {
    printf 'cairn-text 1\nhead pid=1\nnonsense here\n' >bad.txt
    run "$CAIRN" assemble bad.txt -o bad.cairn
    [ "$status" -eq 1 ]
    [[ "$output" == *bad.txt* ]]
    [[ "$output" == *3* ]]
    [ ! -e bad.cairn ]
    run "$CAIRN" assemble bad.txt
    [ "$status" -eq 2 ]
}
