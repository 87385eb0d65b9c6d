#!/usr/bin/env bats
# `cairn explain`: what it says of made-up requests, in every form; the counts are those of tests/independent/recount.py.
# SPDX-License-Identifier: Apache-2.0

load madeup

bats_require_minimum_version 1.5.0

# make_orders PERIOD SPREAD: the text form of 400 orders. Number i takes 1000 + 10 * (37 * i modulo SPREAD) ns; every
# PERIOD-th, a large one that meets a full disk, takes ten times as long. The 3rd of each twenty is an order for a tenant,
# and so is each slow one.
make_orders() {
    cat <<'TEXT'
head round=1 clock=monotonic start=1000,1000,1700000000000000000 last=8001000,8001000,1700000000008000000
site number=1 role=task text="order"
site number=2 role=task text="rare"
site number=3 role=attr value=int text="size"
site number=4 role=attr value=text text="tenant"
site number=5 role=log text="disk" format="%d bytes left"
site number=6 role=end
site number=7 role=region text="sync"
thread index=1 tid=101 name="main"
block events thread=1 begin=1000
TEXT
    awk -v period="$1" -v spread="$2" 'BEGIN {
        for (i = 1; i <= 400; i++) {
            begin = 1000 + i * 19000
            slow = i % period == 0
            end = begin + (1000 + 10 * (37 * i % spread)) * (slow ? 10 : 1)
            printf "  task_begin site=1 time=%d id=1:1:%d\n  task site=0 time=%d id=1:1:%d birth=%d\n", begin, i, begin, i, begin
            printf "  attr site=3 time=%d value=%d\n", begin + 1, slow ? 5000 + i : i % 13
            if (i % 20 == 3 || slow) printf "  attr_text site=4 time=%d text=\"acme\"\n", begin + 2
            if (slow) printf "  logf_1 site=5 time=%d int=%d\n  region_begin site=7 time=%d\n  region_end site=6 time=%d\n",
                begin + 3, i, begin + 4, end - 1000
            printf "  task_end site=6 time=%d id=1:1:%d birth=%d\n", end, i, begin
        }
        printf "  task_begin site=2 time=%d id=1:2:900\n  task_end site=6 time=%d id=1:2:900 birth=%d\n", end + 1, end + 9, end + 1
    }'
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_orders 20 7 >orders.txt
    "$CAIRN" assemble orders.txt -o orders.cairn
    make_orders 1000 101 >quiet.txt
    "$CAIRN" assemble quiet.txt -o quiet.cairn
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}

@test "tasks says what to ask next: the slowest, and what the slow ones have in common where they are enough" {
    run -0 "$CAIRN" tasks orders.cairn
    [[ "$output" == *"next: cairn task orders.cairn 50 "*$'\n'"      cairn explain orders.cairn order "* ]]
    run -0 "$CAIRN" tasks --to 100us orders.cairn
    [[ "$output" == *"next: cairn task orders.cairn "* && "$output" != *explain* ]]
}

@test "the strongest comes first, what it explains below it, then where the time goes, each with what to ask next" {
    run -0 "$CAIRN" explain --slowest 5% orders.cairn
    [[ "${lines[0]}" == "order, the type with the most time: 20 of 400 finished tasks are slow (5 %): at least "*" µs." ]]
    [ "${lines[1]}" = "what they have in common, and the others have not" ]
    [ "${lines[2]}" = "   1.  attribute size ≥ 5020" ]
    [ "${lines[3]}" = "       100 % of the slow, 0 % of the rest; without it no task is slow (p < 1e-29)" ]
    [ "${lines[4]}" = "       median latency 10.3 µs with it, 1.03 µs without" ]
    [[ "${lines[5]}" == '       goes with: log disk = "%d bytes left"; a log of category disk; a region sync; '* ]]
    [ "${lines[6]}" = "       next: cairn task orders.cairn 50    # 10.6 µs, the slowest of them" ]
    [ "${lines[7]}" = "where their time goes, and that of the others does not" ]
    # 89.96 % of the shortest: a limit that is shown holds for all that have it
    [ "${lines[8]}" = "   1.  share of its time in region sync ≥ 89 %" ]
    [ "${lines[10]}" = "       9.31 µs there in the average slow task, 0 ns in the others" ]
    [[ "$output" != *tenant*$'\n'*"2.  "* ]]
    [[ "$output" != *$'\e'* ]]
}

@test "what it names is accepted back" {
    id="$("$CAIRN" explain --json --slowest 5% orders.cairn order | jq -r '.findings[0].example')"
    [ "$("$CAIRN" task --json orders.cairn "$id" | jq .task.latency_ns)" = \
        "$("$CAIRN" tasks --json orders.cairn order | jq '.types[0].max_ns')" ]
}

@test "json has the shares, the limits and what was looked at; csv has the same findings" {
    "$CAIRN" explain --json --min 5us orders.cairn order >explain.json
    jq -e '[.type, .slow, .rest, .min_ns, .max_ns] == ["order", 20, 380, 5000, null]' explain.json
    jq -e '.looks > 100 and .correction >= 1 and .correction <= .looks and .left_out == 0' explain.json
    jq -e '.findings[0] | [.number, .aspect, .goes_with, .fact, .name, .relation, .low] ==
        [1, "common", null, "attribute_number", "size", "at_least", 5020]' explain.json
    jq -e '.findings[0] | [.slow_count, .slow_share, .rest_count, .likelihood] == [20, 1, 0, null]' explain.json
    jq -e '[.findings[] | select(.fact == "attribute_set")] == [] or ([.findings[] | select(.fact == "attribute_set")
        | [.name, .slow_count, .rest_count]] == [["tenant", 20, 20]])' explain.json
    jq -e 'all(.findings[]; .p <= 0.01)' explain.json
    "$CAIRN" explain --csv --min 5us orders.cairn order >explain.csv
    [ "$(head -n 1 explain.csv | tr -d '\r')" = "$(jq -r '.findings[0] | keys_unsorted | join(",")' explain.json)" ]
    [ "$(($(wc -l <explain.csv) - 1))" -eq "$(jq '.findings | length' explain.json)" ]
}

@test "--top leaves out whole findings, with what goes with them" {
    "$CAIRN" explain --json --top 1 --slowest 5% orders.cairn order >one.json
    jq -e '[.findings[] | select(.goes_with == null) | .aspect] | sort == ["common", "time"]' one.json
}

@test "the slow ones are a share, a number, or a range of latency; they alone, the others stay" {
    slow_of() { "$CAIRN" explain --json "$@" orders.cairn order | jq -c '[.slow, .rest]'; }
    [ "$(slow_of --slowest 20)" = "[20,380]" ]
    [ "$(slow_of --slowest 2e1)" = "[20,380]" ]
    [ "$(slow_of --min 5us)" = "[20,380]" ]
    fast="$(awk 'BEGIN { for (i = 1; i <= 400; i++) n += 37 * i % 7 <= 1 && i % 20; print n }')"
    [ "$(slow_of --max 1010ns)" = "[$fast,$((400 - fast))]" ]
    [ "$(slow_of --min 5us --from 4ms)" = "[10,180]" ]
}

@test "where there is nothing to be said it says so" {
    run -0 "$CAIRN" explain --slowest 4 quiet.cairn order
    [[ "$output" == *"Nothing distinguishes them beyond chance: "*"With so few slow tasks"*"--slowest 5% takes more."* ]]
    run -0 "$CAIRN" explain --slowest 1 --to 800us quiet.cairn order # 5 % of these are 2
    [[ "$output" == *"--slowest 5% takes more."* ]]
    run -0 "$CAIRN" explain --slowest 1 --to 600us quiet.cairn order # and of these no more than 1
    [[ "$output" == *"little can be told from chance." ]]
    run -0 "$CAIRN" explain --slowest 20% quiet.cairn order
    [[ "$output" == *"Nothing distinguishes them beyond chance: "* && "$output" != *"so few"* ]]
    run -0 "$CAIRN" explain --min 1ns orders.cairn order
    [[ "$output" == *"There is nothing to compare: all are slow."* ]]
    run -0 "$CAIRN" explain --min 1s orders.cairn order
    [[ "$output" == *"There is nothing to compare: none is slow."* ]]
    run -0 "$CAIRN" explain orders.cairn rare
    [[ "$output" == *"There is nothing to compare: all are slow."* ]]
    run -0 "$CAIRN" explain orders.cairn no-such-type
    [ "$output" = "No finished tasks match. No task here is of type 'no-such-type'." ]
    [ "$("$CAIRN" explain --json orders.cairn no-such-type | jq -c '[.findings, .slow, .rest]')" = "[[],0,0]" ]
}

@test "options that make no sense are usage errors" {
    for options in "--slowest 0" "--slowest 100%" "--slowest much" "--slowest 1%%" "--slowest nan" "--slowest -3" \
        "--slowest 0x10" "--slowest +5" "--slowest 1e999" "--slowest 1% --min 3ms" "--json --csv"; do
        run "$CAIRN" explain $options orders.cairn
        [ "$status" -eq 2 ]
        [[ "$output" == "cairn explain: "* ]]
    done
}

@test "a double end is told of once, though the trace is read twice" {
    sed '$p' orders.txt >twice.txt
    "$CAIRN" assemble twice.txt -o twice.cairn
    for command in explain tasks; do
        [ "$("$CAIRN" "$command" --json twice.cairn order | jq -c '[.diagnostics[] | select(.name == "double_end") | .count]')" = '[1]' ]
    done
}

@test "what text a trace has does not reach the terminal as it is" {
    sed 's/"%d bytes left"/"%d \\x1b[31m left"/' orders.txt >red.txt
    "$CAIRN" assemble red.txt -o red.cairn
    run -0 "$CAIRN" explain --slowest 5% red.cairn order
    [[ "$output" == *"log disk"* && "$output" != *$'\e'* ]]
}

# recount SEED...: traces of these seeds, counted again
recount() {
    for seed; do
        make_up requests "$seed" 1200
        "$CAIRN_SOURCE/tests/independent/recount.py" "$CAIRN" requests.txt request --slowest 12% || return
    done
}

@test "counts, medians and probabilities are those of a second count over the text" {
    run recount $(chosen 1 5 11 46)
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *" findings counted again "* && "$output" != *" 0 findings"* ]]
}

@test "so they are for seeds that nobody chose" {
    recount $(drawn 1 100)
}

@test "a wrong count is found" {
    make_up requests 5 800
    printf '#!/bin/sh\n"%s" "$@" | sed "s/\\"slow_count\\": \\([0-9]*\\)/\\"slow_count\\": 1\\1/"\n' "$CAIRN" >liar
    chmod +x liar
    run "$CAIRN_SOURCE/tests/independent/recount.py" ./liar requests.txt request --slowest 12%
    [ "$status" -eq 1 ]
    [[ "$output" == *"slow_count: 1"*", should be "* ]]
}

@test "SQL has the same findings" {
    cd "$BATS_FILE_TMPDIR"
    "$CAIRN_SOURCE/tests/independent/sqlagrees.py" "$CAIRN" orders.cairn
    [ "$("$CAIRN" sql --json orders.cairn "SELECT count(*) > 5 AS many FROM explain('order', '5%')" | jq '.[0].many')" = 1 ]
    [ "$("$CAIRN" sql --json orders.cairn "SELECT count(*) AS n FROM explain('order', '5%', 'attr.size < 100')" | jq '.[0].n')" = 0 ]
    for wrong in many 0 100% 0ms; do
        run -1 "$CAIRN" sql orders.cairn "SELECT * FROM explain('order', '$wrong')"
        [[ "$output" == *"slow must be a share, a number of tasks or a latency"* ]]
    done
}
