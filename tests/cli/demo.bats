#!/usr/bin/env bats
# The example programs, recorded: what the trace says is what their clients saw.
# SPDX-License-Identifier: Apache-2.0

load webshop

REQUESTS=600

# Recorded once for all tests.
setup_file() {
    export WORK="$BATS_FILE_TMPDIR"
    cd "$WORK"
    record_web_shop "$REQUESTS" --report-every 40 --stock 2
    "$CAIRN" tasks --json shop.cairn >tasks.json
    "$CAIRN" regions --json shop.cairn >regions.json
    "$CAIRN" info --json shop.cairn >info.json
}

setup() {
    cd "$WORK"
}

# number FILE TYPE KEY: a number in the object of a type.
number() {
    tr -d '\n' <"$1" | sed 's/": */":/g; s/{/\n{/g' | grep -F "\"type\":\"$2\"" | sed -n "s/.*\"$3\":\([0-9]*\).*/\1/p"
}

types=('GET /product' 'GET /search' 'POST /order' 'GET /report')

@test "the load was answered, all of it rightly, and the server has cleaned up" {
    [ ! -e load.failed ] || { cat load.err; false; }
    grep -q "^{\"answers\":$REQUESTS," load.json
    [ -z "$(ls data)" ]
}

@test "each request type has as many tasks as its clients got answers" {
    local sum=0
    for type in "${types[@]}"; do
        echo "$type: $(number tasks.json "$type" count) tasks, $(number load.json "$type" count) answers"
        [ "$(number tasks.json "$type" count)" -eq "$(number load.json "$type" count)" ]
        [ "$(number tasks.json "$type" unfinished)" -eq 0 ]
        sum=$((sum + $(number tasks.json "$type" count)))
    done
    [ "$sum" -eq "$REQUESTS" ]
}

@test "failed orders are those that their clients were refused" {
    [ "$(number load.json 'POST /order' failed)" -gt 0 ]
    [ "$(number tasks.json 'POST /order' errors)" -eq "$(number load.json 'POST /order' failed)" ]
    # A product that does not exist is answered with 404, which is no failure of the shop.
    [ "$(number load.json 'GET /product' failed)" -gt 0 ]
    [ "$(number tasks.json 'GET /product' errors)" -eq 0 ]
}

@test "all latencies together fit into the time that the clients were connected" {
    # Each task lies between its client's first request and the close that follows the last answer, and
    # those of one client do not overlap: the inequality holds however slow the machine is.
    local sum=0 connected
    connected=$(sed -n 's/.*"connected_ns":\([0-9]*\).*/\1/p' load.json)
    for type in "${types[@]}"; do sum=$((sum + $(number tasks.json "$type" total_ns))); done
    echo "tasks $sum ns, clients $connected ns"
    [ "$sum" -le "$connected" ]
    # Nor are they off by a factor: the clients do little but wait.
    [ "$sum" -ge $((connected / 20)) ]
}

@test "regions count what happened: an answer sent per request, a second wait in the queue per order" {
    local orders
    orders=$(number load.json 'POST /order' count)
    [ "$(number regions.json send count)" -eq "$REQUESTS" ]
    [ "$(number regions.json queued count)" -eq $((REQUESTS + orders)) ]
    [ "$(number regions.json 'in batch' count)" -eq "$orders" ]
    [ "$(number regions.json handle unfinished)" -eq 0 ]
}

@test "the background job is there with its subtasks" {
    local reports
    reports=$(number tasks.json report count)
    [ "$reports" -ge 1 ]
    [ "$(number tasks.json 'report section' count)" -eq $((4 * reports)) ]
    [ "$(number tasks.json checkpoint count)" -eq "$reports" ]
}

@test "nothing was lost" {
    # The first of its name is that of the whole; each thread has one too.
    tr -d '\n ' <info.json | grep -o '"lost":{[^}]*}' | head -n 1 | grep -q '"total":0}'
}

@test "the slowest order's story crosses the threads" {
    local id
    id=$("$CAIRN" tasks --slowest 1 --json shop.cairn 'POST /order' | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | head -n 1)
    run "$CAIRN" task shop.cairn "$id"
    [ "$status" -eq 0 ]
    for word in 'POST /order' queued parse query 'wait for batch' 'in batch' send worker committer 'order batch' customer; do
        [[ $output == *"$word"* ]] || { echo "no \"$word\" in:"; echo "$output"; false; }
    done
}

@test "hello: a thousand orders" {
    run "$CAIRN" record -o hello -- "$CAIRN_BUILD/hello"
    [ "$status" -eq 0 ]
    "$CAIRN" tasks --json hello.cairn >hello.json
    "$CAIRN" regions --json hello.cairn >milk.json
    [ "$(number hello.json order count)" -eq 1000 ]
    [ "$(number milk.json 'steam milk' count)" -eq 1000 ]
    [ "$("$CAIRN" logs hello.cairn | grep -c 'ml at 65.0 degrees')" -eq 1000 ]
}

@test "the demo runs from anywhere and leaves its two files" {
    mkdir elsewhere
    cd elsewhere
    DEMO_SECONDS=1 run "$CAIRN_SOURCE/tools/demo"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ $output == *"all of them right"*"GET /search"*"take write lock"*"wait for batch"*"What it waited for"*"take write lock"* ]]
    [ "$(ls | tr '\n' ' ')" = "demo.cairn demo.json " ]
    [ "$(head -c 1 demo.json)" = "{" ]
}

@test "the demo says what it lacks" {
    CAIRN_BUILD=/nonexistent run "$CAIRN_SOURCE/tools/demo" "$WORK"
    [ "$status" -eq 1 ]
    [[ $output == *"/nonexistent/cairn is not there"*"make demo"* ]]
    run "$CAIRN_SOURCE/tools/demo" /nonexistent
    [ "$status" -eq 1 ]
    [[ $output == *"cannot go to /nonexistent"* ]]
    DEMO_SECONDS=soon run "$CAIRN_SOURCE/tools/demo" "$WORK"
    [ "$status" -eq 1 ]
    [[ $output == *'"soon"'* ]]
}
