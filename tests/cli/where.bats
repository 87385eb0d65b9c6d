#!/usr/bin/env bats
# --where: the filter language, as a user of `tasks`, `regions` and `logs` meets it.
# SPDX-License-Identifier: Apache-2.0

load madeup
load shop

# ids EXPRESSION...: the finished tasks that meet it
ids() {
    "$CAIRN" tasks --slowest 100 --json --where "$@" shop.cairn | jq -c '[.tasks[].id] | sort'
}

messages() {
    "$CAIRN" logs --json --where "$@" shop.cairn | jq -c '[.logs[].message[:5]]'
}

# types COMMAND...: type and count of each row
types() {
    "$CAIRN" "$@" --json shop.cairn | jq -c '[.types[] | "\(.type) \(.count)"]'
}

@test "tasks by what is known of them at their end" {
    [ "$(ids 'type = order and latency > 5us')" = '["1","5r1","7"]' ]
    [ "$(ids 'failed or latency >= 100us')" = '["2","7"]' ]
    [ "$(ids 'reason ~ milk and parent.type = order and parent = 1')" = '["2"]' ]
    [ "$(ids 'end_thread = worker or id in (5r1, 7)')" = '["2","5r1","7"]' ]
    [ "$(types tasks --where 'unfinished')" = '["(begun while off) 1","order 1"]' ]
}

@test "whether a task is a root is not known if its begin is not there" {
    [ "$(ids root)" = '["1","7"]' ]
    [ "$(ids 'root = false')" = '["2"]' ]
    [ "$(ids 'not root')" = '["2","5r1","6"]' ]
}

@test "tasks by their details, which take a first pass" {
    [ "$(ids 'log ~ "milk, please"')" = '["2"]' ]
    [ "$(ids 'attr.size < 0 and attr."name" ~ "\"the\""')" = '["1"]' ]
    [ "$(ids 'thread = "work*" or subtasks = 1')" = '["1","2"]' ]
    [ "$(ids 'region = brew and not region = wait')" = '["2"]' ]
    [ "$(ids 'logs = 0')" = '["5r1","6","7"]' ]
}

@test "what is not there is neither equal nor unequal" {
    [ "$(ids 'attr.size = 7')" = '[]' ]
    [ "$(ids 'attr.size != 7')" = '["1"]' ]
    [ "$(ids 'not attr.size = -3')" = '["2","5r1","6","7"]' ]
    [ "$(ids 'has attr.size')" = '["1"]' ]
}

@test "regions and logs, also by their task" {
    [ "$(types regions --where 'task.failed')" = '["brew 1"]' ]
    [ "$(types regions --where 'file = bar.c or duration = 20ns')" = '["wait 1","brew 1"]' ]
    [ "$(types regions --where 'task.attr.size = -3 and self > 50ns')" = "$(types regions --task 1 --where 'self > 50ns')" ]
    [ "$(messages 'thread = worker or type = "(background)"')" = '["milk,","nobod"]' ]
    [ "$(messages 'task.finished and not task.failed')" = '["extra"]' ]
}

@test "the short forms mean what their expressions mean, and combine with them" {
    for pair in '--type=o*r|type = "o*r"' '--task=1|id = 1' '--thread=worker|thread = worker' \
        '--from=10us|begin >= 10us' '--to=10us|begin < 10us' '--min=19us|latency >= 19us' '--max=7us|latency <= 7us' \
        '--log=foam|log ~ foam' '--complete|finished' '--unfinished|unfinished' '--failed|failed'; do
        # But for the time that rates refer to, which --from and --to cut too.
        "$CAIRN" tasks --json "${pair%%|*}" shop.cairn | jq 'del(.types[] | .rate_per_s, .concurrency_mean)' >short.json
        "$CAIRN" tasks --json --where "${pair#*|}" shop.cairn | jq 'del(.types[] | .rate_per_s, .concurrency_mean)' >long.json
        [ -s short.json ]
        diff short.json long.json
    done
    [ "$("$CAIRN" tasks -n 9 --json --min 19us --where 'not id = 7' shop.cairn | jq -c '[.tasks[].id]')" = '["5r1"]' ]
}

@test "a first pass leaves no findings behind: they are counted once" {
    "$CAIRN" tasks --json shop.cairn | jq -c .diagnostics >one-pass.json
    "$CAIRN" tasks --json --where 'logs >= 0' shop.cairn | jq -c .diagnostics >two-passes.json
    diff one-pass.json two-passes.json
    "$CAIRN" regions --json shop.cairn | jq -c .diagnostics >one-pass.json
    "$CAIRN" regions --json --where 'has type or task.failed' shop.cairn | jq -c .diagnostics >two-passes.json
    diff one-pass.json two-passes.json
    "$CAIRN" regions --json --where 'task.failed or has type' shop.cairn | jq -c .diagnostics >two-passes.json
    diff one-pass.json two-passes.json
}

@test "what is listed is what the list of all has, on made-up traces" {
    for seed in $(chosen 10 42) $(drawn 1 20); do
        make_up irregular "$seed" 1500
        "$CAIRN" tasks -n 100000 --json irregular.cairn >all.json || [ $? -eq 1 ] # damage
        for pair in 'latency > 100us|.latency_ns > 100000' 'failed|.status == "failed"' 'has parent|.parent != null' \
            'type = payment or type ~ Z|.type == "payment" or (.type | contains("Z"))' \
            'begin < 0 or end_thread = 43|.begin_ns < 0 or .end_thread == "thread 43"' \
            'not (reason = "*e*" and latency <= 1ms)|(.reason != null and (.reason | contains("e")) and .latency_ns <= 1000000) | not'; do
            jq -c "[.tasks[] | select(${pair#*|}) | .id] | sort" all.json >expected.json
            "$CAIRN" tasks -n 100000 --json --where "${pair%%|*}" irregular.cairn | jq -c '[.tasks[].id] | sort' >found.json
            diff expected.json found.json || { echo "$pair"; false; }
        done
    done
}

# count KIND [OPTION...]: how many tasks, regions or logs
count() {
    "$CAIRN" "$@" --json irregular.cairn | jq '[.types[]?.count, (.logs[]? | 1)] | add // 0'
}

@test "an expression and its opposite share everything between them, on made-up traces" {
    for seed in $(chosen 13) $(drawn 1 20); do
        make_up irregular "$seed" 1500
        for kind in tasks regions logs; do
            all=$(count $kind) prefix=task.
            [ $kind != tasks ] || prefix=
            for condition in "${prefix}failed" "${prefix}latency > 1ms" "${prefix}log ~ e" "${prefix}logs > 1" \
                "${prefix}thread = 42 or ${prefix}region ~ r" "has ${prefix}parent and not ${prefix}unfinished" \
                "type ~ e or has ${prefix}attr.size"; do
                some=$(count $kind --where "$condition") others=$(count $kind --where "not ($condition)")
                [ $((some + others)) -eq "$all" ] || { echo "$kind: $condition: $some and $others"; false; }
            done
        done
    done
}

# empty EXPECTED COMMAND...: what it answers where nothing matches
empty() {
    local expected="$1"
    shift
    run -0 "$CAIRN" "$@" shop.cairn
    [[ "$output" == *"$expected"* ]] || { echo "$output"; false; }
}

@test "an empty answer tells which name is not in the trace, and the nearest that is" {
    empty "No tasks match. Nothing here has an attribute 'sise'; did you mean 'size'?" tasks --where 'attr.sise = 7'
    empty "No finished tasks match. Nothing here has an attribute 'the name'." tasks --slowest 3 --where 'attr."the name" = x'
    empty "No tasks match. No task here is of type 'payments'; did you mean 'payment'?" tasks --type payments
    empty "No tasks match. No task here is of type 'oder'; did you mean 'order'?" tree --where 'type in (order, oder) and latency > 1h'
    empty "No tasks match. No task here is of type 'brew', but regions are." tasks --type brew
    empty "No regions match. No region here is of type 'order', but tasks are." regions --type order
    empty "No logs match. No log here is of category 'baristo'; did you mean 'barista'?" logs --where 'category = baristo'
    empty "No tasks match. Nothing here failed with 'no milc'; did you mean 'no milk'?" tasks --by thread --where 'reason = "no milc"'
    empty "No tasks match. No task here is of type 'oder'" series --type oder
    empty "   No finished tasks match. Nothing here has an attribute 'sise'; did you mean 'size'?" compare --a 'attr.sise = 7' --b 'not has attr.size'
    empty "Nothing here has an attribute 'sise'; did you mean 'size'?" tasks --by attr.sise
    empty "No tasks match. Attribute 'size' is a number here: its value stands without quotes." tasks --where 'attr.size = "-3"'
    empty "No tasks match. Attribute 'name' is text here: its value stands in quotes, or is a word." tasks --where 'attr.name in (7, true)'
    for there in 'attr.size > 1000' 'has attr.size and latency > 1h' 'attr.name ~ 7' 'attr.size in (7, "7")' 'type = "(background)"' 'type = p*t and latency > 1h'; do
        run -0 "$CAIRN" tasks --where "$there" shop.cairn
        [ "${lines[0]}" = "No tasks match." ]
    done
    [ "$("$CAIRN" tasks --csv --where 'attr.sise = 7' shop.cairn | wc -l)" -eq 1 ]
}

@test "errors name what is wrong and point at the place" {
    run -2 "$CAIRN" tasks --where 'type = "x" and latncy > 10ms' shop.cairn
    [ "${lines[0]}" = "cairn tasks: --where: there is no field 'latncy' of tasks; did you mean 'latency'?" ]
    [ "${lines[1]}" = '  type = "x" and latncy > 10ms' ]
    [ "${lines[2]}" = '                 ^' ]
    run -2 "$CAIRN" regions --where 'latency > 1ms' shop.cairn
    [[ "${lines[0]}" == *"did you mean 'task.latency'?" ]]
    run -2 "$CAIRN" logs --where "$(printf 'message = \e[31m x')" shop.cairn
    [[ "$output" != *$'\e'* ]]
    run -2 "$CAIRN" tasks --where '' shop.cairn
}

@test "the help has every field, and doc/filters.md too" {
    "$CAIRN" help filters >help.txt
    fields="$(sed -n '/^fields of/,/^$/s/^  \([a-z_.A-Z]*\)  .*/\1/p' help.txt)"
    [ "$(wc -w <<<"$fields")" -ge 40 ]
    for field in $fields; do
        grep -q "\`$field\`" "$CAIRN_SOURCE/doc/filters.md" || { echo "$field"; false; }
    done
    run -2 "$CAIRN" help --man filters
}

@test "every example of the help and of doc/filters.md is an expression" {
    { "$CAIRN" help filters; cat "$CAIRN_SOURCE/doc/filters.md"; } |
        sed -n "s/^ *cairn \(tasks\|regions\|logs\) --where '\([^']*\)' .*/\1 \2/p" >examples.txt
    [ "$(wc -l <examples.txt)" -ge 8 ]
    while read -r command expression; do
        "$CAIRN" "$command" --where "$expression" shop.cairn >/dev/null
    done <examples.txt
}
