#!/usr/bin/env bats
# libcairn-reader: what a program learns through cairn/reader.h is what the tool says, and what an independent decoder
# makes of the trace; and the example that reads one. SPDX-License-Identifier: Apache-2.0

load madeup
load shop

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    ${CAIRN_CC:-cc} -Wall -Wextra -Werror -I"$CAIRN_SOURCE/include" "$CAIRN_SOURCE/tests/cli/programs/retold.c" \
        -L"$CAIRN_BUILD" -lcairn-reader -Wl,-rpath,"$CAIRN_BUILD" -o retold
    # Answers as the tool does, but with what the library says in place of what the tool would.
    cat >retelling <<'END'
#!/bin/sh
"$CAIRN" "$@" >told.json
code=$?
[ $code -le 1 ] && "${0%/*}/retold" "$1" "$3" >retold.json && jq -s '.[0] * .[1]' told.json retold.json || exit 2
exit $code
END
    chmod +x retelling
}

setup() {
    cd "$BATS_TEST_TMPDIR"
}

agree() {
    "$CAIRN_SOURCE/tests/independent/compare.py" "$BATS_FILE_TMPDIR/retelling" "$1"
}

@test "the library says what an independent decoder says: traces written by hand" {
    make_shop shop.cairn
    agree shop.cairn
    for name in everything misnested open-region times flight-stopped sampling; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$name.cairn"
        agree "$name.cairn"
    done
}

@test "the library says what an independent decoder says: made-up irregular traces" {
    for seed in $(chosen 10 11 13 25 42) $(drawn 2 100); do
        make_up irregular "$seed"
        agree irregular.cairn
    done
}

@test "the example tells of the slowest tasks" {
    make_shop shop.cairn
    run -0 "$CAIRN_BUILD/slowest" shop.cairn order
    [ "$output" = "order 7: 0.100 ms" ]
    run -0 "$CAIRN_BUILD/slowest" shop.cairn payment
    [ "${lines[0]}" = "payment 2: 0.001 ms, failed: no milk" ]
    [ "${lines[1]}" = "    brew: 0.000 ms in 1" ]
    run -0 "$CAIRN_BUILD/slowest" shop.cairn none
    [ -z "$output" ]
    run -1 --separate-stderr "$CAIRN_BUILD/slowest" missing.cairn order
    [[ "$stderr" == "slowest: missing.cairn: "* ]]
}

@test "of several types that match, the example tells of that with the most time" {
    cat >two.txt <<'TEXT'
cairn-text 1
head pid=42 round=2 clock=monotonic start=1000,1000,1700000000000001000 last=1001000,1001000,1700000000000001000 boot_id="b"
site number=1 role=task text="often"
site number=2 role=task text="once"
site number=12 role=end
thread index=1 tid=42 begin=1500 name="main"
block events number=1 thread=1 begin=1500
  task_begin site=1 time=2000 id=2:1:1
  task_end site=12 time=32000 id=2:1:1 birth=2000
  task_begin site=1 time=40000 id=2:1:2
  task_end site=12 time=70000 id=2:1:2 birth=40000
  task_begin site=2 time=80000 id=2:2:3
  task_end site=12 time=120000 id=2:2:3 birth=80000
TEXT
    "$CAIRN" assemble two.txt -o two.cairn
    run -0 "$CAIRN_BUILD/slowest" two.cairn 'o*'
    [ "$output" = "often 1: 0.030 ms"$'\n'"often 2: 0.030 ms" ]
}
