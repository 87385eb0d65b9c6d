#!/usr/bin/env bats
# Critical paths agree, step by step, with tests/independent/critical_path.py, which finds them by brute force: of all
# tasks of a trace. SPDX-License-Identifier: Apache-2.0

load shop
load webshop

setup() {
    cd "$BATS_TEST_TMPDIR"
}

agree() {
    "$CAIRN_SOURCE/tests/independent/critical_path.py" "$CAIRN" "$1"
}

# made_up GENERATOR SEED: a trace of that seed, compared
made_up() {
    echo "$1 $2"
    "$CAIRN_SOURCE/tests/independent/$1.py" "$2" >made-up.txt
    "$CAIRN" assemble made-up.txt -o made-up.cairn
    agree made-up.cairn
}

any_seed() {
    od -An -N4 -tu4 /dev/urandom | tr -d ' '
}

@test "traces written by hand" {
    make_shop shop.cairn
    agree shop.cairn
    for name in everything flight-stopped sampling; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$name.cairn"
        agree "$name.cairn"
    done
}

@test "made-up traces of tasks that fork and join" {
    for seed in 1 2 3 4 5; do made_up forked "$seed"; done
}

@test "made-up irregular traces" {
    for seed in 10 11 13; do made_up irregular "$seed"; done # of every kind: see there
}

@test "made-up traces of seeds that nobody chose" {
    for ((i = 0; i < (${CAIRN_LONG:-0} ? 200 : 3); i++)); do
        made_up forked "$(any_seed)"
        made_up irregular "$(any_seed)"
    done
}

@test "a recorded web shop" {
    record_web_shop 100
    agree shop.cairn/*.cairn
}

@test "a difference is found: another trace's path does not pass" {
    make_shop shop.cairn
    printf '#!/bin/sh\nexec "%s" task --json "%s" "$4"\n' "$CAIRN" "$PWD/shop.cairn" >liar
    chmod +x liar
    sed 's/region_end site=12 time=2800/region_end site=12 time=2810/' shop.cairn.txt >later.txt
    "$CAIRN" assemble later.txt -o later.cairn
    run "$CAIRN_SOURCE/tests/independent/critical_path.py" ./liar later.cairn
    [ "$status" -eq 1 ]
    [[ "$output" == *"task 2: step 1 is "*"'duration_ns': 350"*"should be [50.0, 360.0, 'region'"* ]]
}
