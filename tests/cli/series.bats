#!/usr/bin/env bats
# `cairn series`: tasks and counters over time.
# SPDX-License-Identifier: Apache-2.0

load shop

setup_file() {
    make_shop "$BATS_FILE_TMPDIR/shop.cairn"
    cd "$BATS_FILE_TMPDIR" || return
    { sed '/^block/,$d' shop.cairn.txt
      echo 'site number=14 role=counter value=uint text="queue"'
      sed -n '/^block/,$p' shop.cairn.txt
      echo '  counter site=14 time=4000 value=7'
      echo '  counter site=14 time=5000 value=3'
      echo '  counter site=14 time=800000 value=5'; } >counted.txt
    "$CAIRN" assemble counted.txt -o counted.cairn
}

@test "buckets of each type, and counters" {
    "$CAIRN" series --buckets 4 --json counted.cairn >series.json
    jq -e '[.buckets[] | select(.type == "order") | [.bucket, .begin_ns, .end_ns, .finished, .rate_per_s, .max_ns]] ==
        [[0, 0, 250000, 4, 16000, 100000], [1, 250000, 500000, 0, 0, null], [2, 500000, 750000, 0, 0, null],
         [3, 750000, 1000000, 0, 0, null]]' series.json
    jq -e '[.buckets[] | select(.type == "order") | .concurrency_mean * 1000 | round] == [1368, 1000, 1000, 1000]' series.json
    jq -e '[.buckets[] | select(.type == "payment") | .errors] == [1, 0, 0, 0]' series.json
    jq -e '[.counters[] | [.counter, .pid, .bucket, .count, .min, .mean, .max, .last]] == [["queue", 42, 0, 2, 3, 5, 7, 3],
        ["queue", 42, 1, 0, null, null, null, null], ["queue", 42, 2, 0, null, null, null, null],
        ["queue", 42, 3, 1, 5, 5, 5, 5]]' series.json
}

@test "csv has the same numbers: of types, of counters, and the heat map" {
    run -0 "$CAIRN" series --csv -b 2 counted.cairn
    [[ "${lines[0]}" == type,bucket,begin_ns,end_ns,finished,errors,rate_per_s,concurrency_mean,min_ns,mean_ns,p50_ns,* ]]
    [ "${#lines[@]}" -eq 7 ]
    run -0 "$CAIRN" series --csv -b 2 --counters counted.cairn
    [ "${lines[1]}" = $'queue,42,0,0,500000,2,3,5,7,3\r' ]
    run -0 "$CAIRN" series --csv -b 2 --heat counted.cairn
    [ "${lines[0]}" = $'type,bucket,begin_ns,end_ns,latency_from_ns,latency_to_ns,count\r' ]
    [ "${#lines[@]}" -eq 6 ]
    [ "$("$CAIRN" series --json --heat counted.cairn | jq '[.heat[].count] | add')" -eq 5 ]
}

@test "drawn: a line per measure, and shades for the heat map" {
    run -0 "$CAIRN" series shop.cairn
    [ "${lines[0]}" = "0.000000 to 0.001000 s, 60 buckets of 16.7 µs" ]
    [ "${lines[1]}" = "order: 4 finished" ]
    [[ "${lines[2]}" == "  rate    ▅█▁▁▁▁▅▁"*" 0/s to 119,998/s" ]]
    [[ "$output" == *"failed  █▁"* ]]
    run -0 "$CAIRN" series --heat shop.cairn order
    [[ "$output" == *"65.5 µs       █"* ]]
    run -0 "$CAIRN" series counted.cairn
    [[ "$output" == *"counter queue"*"3 to 7"* ]]
    run -0 --keep-empty-lines "$CAIRN" series --counters counted.cairn
    [ "${lines[2]}" = "counter queue" ] # one empty line above it
}

@test "a part of the time looks as in the whole" {
    "$CAIRN" series --json --buckets 10 shop.cairn | jq -c '[.buckets[] | select(.bucket == 1) |
        [.type, .finished, .concurrency_mean]] | sort' >whole
    "$CAIRN" series --json --buckets 1 --from 100us --to 200us shop.cairn |
        jq -c '[.buckets[] | [.type, .finished, .concurrency_mean]] | sort' | diff whole -
    run -0 "$CAIRN" series --from 5s shop.cairn
    [[ "$output" == *"nothing between these times"* ]]
}

@test "wrong values are refused" {
    run -2 "$CAIRN" series --buckets 10001 shop.cairn
    run -2 "$CAIRN" series --heat --counters shop.cairn
    run -2 "$CAIRN" series
    [[ "$output" == *"TRACE is missing"* ]]
    run -2 "$CAIRN" series --from 2s --to 1s shop.cairn
}
