#!/usr/bin/env bats
# How often `cairn compare` is wrong about recordings of a real program: see doc/comparing.md. What was measured is printed
# (bats --show-output-of-passing-tests); CAIRN_LONG=1 has 100,000 tasks and 200 pairs. SPDX-License-Identifier: Apache-2.0

load webshop

setup() {
    cd "$BATS_TEST_TMPDIR"
}

@test "pairs split out of one recording: false alarms keep to the level" {
    if [ -n "${CAIRN_LONG:-}" ]; then record_web_shop 90000; else record_web_shop 3000; fi
    "$CAIRN_BUILD/tests/aapairs" shop.cairn "$([ -n "${CAIRN_LONG:-}" ] && echo 200 || echo 40)"
}

# Nothing is expected: machines drift.
@test "separate recordings of one program: how many pairs are called" {
    local pairs=0 called=0
    for number in 1 2 3; do
        mkdir "$number"
        cd "$number"
        if [ -n "${CAIRN_LONG:-}" ]; then record_web_shop 20000; else record_web_shop 1500; fi
        cd ..
    done
    for pair in '1 2' '1 3' '2 3'; do
        set -- $pair
        "$CAIRN" compare --json "$1/shop.cairn" "$2/shop.cairn" >pair.json
        pairs=$((pairs + 1))
        jq -e '[.types[].verdict] | any(. == "slower" or . == "faster" or . == "mixed")' pair.json && called=$((called + 1))
        jq -r '.types[] | "  \(.type): \(.verdict), mean \(.mean_change)"' pair.json
    done
    echo "between separate recordings $called of $pairs pairs are called"
    [ "$pairs" -eq 3 ]
}
