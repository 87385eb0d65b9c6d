#!/usr/bin/env bats
# Critical paths agree, step by step, with tests/independent/critical_path.py, which finds them by brute force: of all
# tasks of a trace. SPDX-License-Identifier: Apache-2.0

load madeup
load shop
load webshop

setup() {
    cd "$BATS_TEST_TMPDIR"
}

agree() {
    "$CAIRN_SOURCE/tests/independent/critical_path.py" "$CAIRN" "$1"
}

# agree_on GENERATOR SEED...
agree_on() {
    for seed in "${@:2}"; do
        make_up "$1" "$seed"
        agree "$1.cairn"
    done
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
    agree_on forked $(chosen 1 2 3 4 5)
}

@test "made-up irregular traces" {
    agree_on irregular $(chosen 10 11 13) # of every kind: see there
}

@test "made-up traces of seeds that nobody chose" {
    agree_on forked $(drawn 2 200)
    agree_on irregular $(drawn 2 200)
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
