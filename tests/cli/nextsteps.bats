#!/usr/bin/env bats
# What reports name as the next step can be pasted into a shell and is answered, however odd the names in the trace are.
# SPDX-License-Identifier: Apache-2.0

bats_require_minimum_version 1.5.0

# make_orders FACTOR: the text form of 2000 orders with a subtask and a region each; from the 1000th on they take FACTOR times
# as long.
make_orders() {
    cat <<'TEXT'
head round=1 clock=monotonic start=1000,1000,1700000000000000000 last=80001000,80001000,1700000000080000000
site number=1 role=task text="-it's \"50 %\" \\ \x1b[31mof them\xff"
site number=2 role=task text="pay ment"
site number=3 role=attr value=text text="a key"
site number=6 role=end
site number=7 role=region text="-it's \x1b[31m \"slow\""
thread index=1 tid=101 name="main"
block events thread=1 begin=1000
TEXT
    awk -v factor="$1" 'BEGIN {
        for (i = 1; i <= 2000; i++) {
            begin = 1000 + i * 39000
            time = (1000 + 10 * (37 * i % 101)) * (i < 1000 ? 1 : factor)
            printf "  task_begin site=1 time=%d id=1:1:%d\n  task site=0 time=%d id=1:1:%d birth=%d\n", begin, i, begin, i, begin
            printf "  attr_text site=3 time=%d text=\"number %d\"\n", begin + 1, i % 3
            printf "  region_begin site=7 time=%d\n  region_end site=6 time=%d\n", begin + 4, begin + time - 300
            printf "  task_child site=2 time=%d id=1:2:%d parent_id=1:1:%d parent_birth=%d\n", begin + time - 200, i + 5000, i, begin
            printf "  task_end site=6 time=%d id=1:2:%d birth=%d\n", begin + time - 100, i + 5000, begin + time - 200
            printf "  task_end site=6 time=%d id=1:1:%d birth=%d\n", begin + time, i, begin
        }
    }'
}

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    make_orders 1 >before.txt
    make_orders 3 >after.txt
    "$CAIRN" assemble before.txt -o 'be fore.cairn'
    "$CAIRN" assemble after.txt -o 'af ter.cairn'
}

setup() {
    cd "$BATS_FILE_TMPDIR"
    mkdir -p bin
    ln -sf "$CAIRN" bin/cairn
    PATH=$PWD/bin:$PATH
}

# follow ARGUMENTS...: what `cairn ARGUMENTS...` prints names at least one next step; each is answered, with something.
follow() {
    local step
    cairn "$@" >answer
    [ -z "$(tr -d '\n[:print:]' <answer | LC_ALL=C tr -d '\200-\377')" ]
    sed -n '/^ *next: /,/^$/s/^ *\(next: \)\{0,1\}\(cairn .*\)    # .*/\2/p' answer >steps
    [ -s steps ] || { cat answer; false; }
    while read -r step; do
        echo "$step"
        sh -c "$step" >said 2>&1 || { cat said; false; }
        ! grep -E '^(No |Nothing )' said
    done <steps
}

@test "next steps are answered, whatever the names" {
    for command in info tasks 'tasks --slowest 2' regions 'explain --slowest 5%'; do
        follow $command 'af ter.cairn'
    done
    for command in tree 'tree --min 2us' series 'series --heat --where failed=false' 'tasks --by attr.a@key' 'tasks --by thread --min 2us' \
        'regions --by task' 'regions --by thread --from 30us'; do
        IFS=' ' read -ra words <<<"$command"
        follow "${words[@]//@/ }" 'af ter.cairn'
    done
}

@test "a comparison goes on in the regions of what changed, or in the slower part" {
    follow compare 'be fore.cairn' 'af ter.cairn'
    grep -F "cairn compare --regions --where 'task.type = " steps
    follow compare 'af ter.cairn' 'be fore.cairn'
    follow compare --regions 'be fore.cairn' 'af ter.cairn'
    follow compare 'af ter.cairn' --a 'begin < 39ms' --b 'begin >= 39ms' --min 1us
    grep -F "cairn tasks --where 'begin >= 39ms' --min 1000ns --slowest 5 'af ter.cairn' " steps
    follow compare --regions 'af ter.cairn' --b 'begin < 39ms' --a 'begin >= 39ms'
    grep -F "cairn regions --where 'begin >= 39ms' --sites " steps
    run -0 cairn compare 'be fore.cairn' 'be fore.cairn'
    [[ "$output" != *next:* ]]
}
