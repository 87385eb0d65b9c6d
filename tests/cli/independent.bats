#!/usr/bin/env bats
# The reports agree with tests/independent/decode.py, a second decoder and calculation written from doc/format.md
# alone: counts, totals, self times, extremes, exact percentiles, per type and per call site; groups, trees, flame data,
# series and concurrency.
# SPDX-License-Identifier: Apache-2.0

load madeup
load shop
load webshop

setup() {
    cd "$BATS_TEST_TMPDIR"
}

agree() {
    "$CAIRN_SOURCE/tests/independent/compare.py" "$CAIRN" "$1"
    "$CAIRN_SOURCE/tests/independent/compare_groups.py" "$CAIRN" "$1"
}

agree_on_irregular() {
    for seed; do
        make_up irregular "$seed"
        agree irregular.cairn
    done
}

@test "traces written by hand" {
    make_shop shop.cairn
    agree shop.cairn
    for name in everything misnested open-region times flight-stopped sampling; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$name.cairn"
        agree "$name.cairn"
    done
}

@test "made-up irregular traces" {
    agree_on_irregular $(chosen 10 11 13 25 42) # of every kind: see there
}

@test "made-up irregular traces of seeds that nobody chose" {
    agree_on_irregular $(drawn 4 300)
}

@test "made-up traces keep to the format but for what is left out of them" {
    for seed in $(chosen 1 2 3 10); do
        make_up irregular "$seed"
        "$CAIRN" check --json irregular.cairn >check.json || [ $? -eq 1 ]
        jq -e '[.findings[] | select(.severity == "damage") | .example | select(contains("are missing") | not)] == []' check.json
    done
}

@test "a recorded web shop" {
    record_web_shop 400 --report-every 40
    agree shop.cairn/*.cairn
}

@test "a difference is found: another trace's numbers do not pass" {
    make_shop shop.cairn
    # Answers every question with the shop's numbers, whatever the trace.
    printf '#!/bin/bash\nexec "%s" "${@:1:$#-1}" "%s"\n' "$CAIRN" "$PWD/shop.cairn" >liar
    chmod +x liar
    sed 's/time=9000/time=9001/' shop.cairn.txt >later.txt
    "$CAIRN" assemble later.txt -o later.cairn
    run "$CAIRN_SOURCE/tests/independent/compare.py" ./liar later.cairn
    [ "$status" -eq 1 ]
    [[ "$output" == *"tasks 'order': total_ns is 131500, should be 131501"* ]]
    run "$CAIRN_SOURCE/tests/independent/compare_groups.py" ./liar later.cairn
    [ "$status" -eq 1 ]
    [[ "$output" == *"concurrency of 'order'"* ]]
}
