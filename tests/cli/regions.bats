#!/usr/bin/env bats
# `cairn regions`: types, call sites, filters.
# SPDX-License-Identifier: Apache-2.0

load shop

count_of() {
    "$CAIRN" regions --json "$@" shop.cairn | jq -c '[.types[] | select(.type == "brew") | .count] | add'
}

@test "numbers per type and call site, in json" {
    "$CAIRN" regions --json shop.cairn >regions.json
    jq -e '[.types[].type] == ["wait", "brew"]' regions.json
    jq -e '.types[0] | [.count, .unfinished, .errors, .total_ns, .self_ns, .min_ns, .max_ns] ==
        [2, 0, 0, 520, 420, 20, 500]' regions.json
    jq -e '.types[1] | [.count, .unfinished, .total_ns, .self_ns] == [3, 1, 450, 450]' regions.json
    jq -e '.types[1].sites | map([.file, .line, .function, .count, .total_ns]) ==
        [["src/app.c", 30, "brew", 2, 450], ["src/bar.c", 5, "pour", 1, null]]' regions.json
    jq -e '.diagnostics[] | select(.name == "negative_region") | .count == 1' regions.json
}

@test "csv has a line per type, with --sites one per call site" {
    run -0 "$CAIRN" regions --csv shop.cairn
    [[ "${lines[0]}" == type,count,* ]]
    [ "${#lines[@]}" -eq 3 ]
    run -0 "$CAIRN" regions --csv --sites shop.cairn
    [[ "${lines[0]}" == type,file,line,function,count,* ]]
    [[ "${lines[3]}" == brew,src/bar.c,5,pour,1,0,1,* ]]
    [ "${#lines[@]}" -eq 4 ]
}

@test "the table shows where, and each place with --sites" {
    run -0 "$CAIRN" regions shop.cairn
    [[ "${lines[1]}" == wait*"wait app.c:40"* ]]
    [[ "${lines[2]}" == brew*"2 places"* ]]
    [[ "$output" == *"negative_region (1×)"* ]]
    run -0 "$CAIRN" regions --sites shop.cairn
    [[ "${lines[4]}" =~ ^\ +pour\ bar.c:5\ +1\ +1 ]]
}

@test "filters are about the region, or its task" {
    [ "$(count_of)" = 3 ]
    [ "$(count_of --task 1)" = 1 ]
    [ "$(count_of --task background)" = 1 ]
    [ "$(count_of --thread worker)" = 1 ]
    [ "$(count_of --min 101ns)" = 2 ]
    [ "$(count_of --max 100ns)" = 1 ]
    [ "$(count_of --from 100us)" = 1 ]
    [ "$(count_of --unfinished)" = 1 ]
    [ "$(count_of --complete)" = 2 ]
    [ "$(count_of --failed)" = 1 ]
    [ "$(count_of --log foam)" = 1 ]
    run -0 "$CAIRN" regions shop.cairn nothing
    [[ "${lines[0]}" == "No regions match. "* ]]
}

@test "misuse is shown with both call sites, as the recorder wrote it" {
    ${CAIRN_CC:-cc} -I"$CAIRN_SOURCE/include" -x c - -L"$CAIRN_BUILD" -lcairn -pthread -Wl,-rpath,"$CAIRN_BUILD" -o misuse <<'C'
#include <cairn/cairn.h>
#include <pthread.h>
static cairn_region handed_over;
static void *other(void *unused)
{
    cairn_region_end(handed_over); /* line 6 */
    return unused;
}
int main(void)
{
    cairn_options options = {.size = sizeof options, .path = "misuse.cairn"};
    if (cairn_start(&options) != 0) return 1;
    handed_over = cairn_region_begin(CAIRN_BACKGROUND, "handed over");
    cairn_region a = cairn_region_begin(CAIRN_BACKGROUND, "a");
    cairn_region b = cairn_region_begin(CAIRN_BACKGROUND, "b");
    cairn_region_end(a); /* line 16 */
    cairn_region_end(b);
    cairn_region_end(b); /* line 18 */
    pthread_t thread;
    if (pthread_create(&thread, 0, other, 0) != 0) return 1;
    pthread_join(thread, 0);
    return cairn_stop();
}
C
    ./misuse
    "$CAIRN" regions --json misuse.cairn >misuse.json
    jq -e '[.types[] | [.type, .count, .unfinished, .errors]] | sort ==
        [["a", 1, 0, 1], ["b", 1, 0, 0], ["handed over", 1, 0, 1]]' misuse.json
    example() { jq -r --arg name "$1" '.diagnostics[] | select(.name == $name and .count == 1) | .example' misuse.json; }
    [[ "$(example misnested)" == *"'a' of "*":14 (main) ended at "*":16 (main) inside 'b' of "*":15 (main)"* ]]
    [[ "$(example double_region_end)" == *"'b' ended at "*":17 (main) and again at "*":18 (main)"* ]]
    [[ "$(example cross_thread_end)" == *":13 (main) on "*" and ended at "*":6 (other) on "* ]]
}

@test "--by task and --by thread make groups that add up to their types" {
    for by in task thread; do
        "$CAIRN" regions --by $by --json shop.cairn | jq -c '[.groups | group_by(.type)[] | [.[0].type, (map(.count) | add),
            (map(.self_ns) | add), (map(.errors) | add)]]' >groups
        "$CAIRN" regions --json shop.cairn | jq -c '[.types | sort_by(.type)[] | [.type, .count, .self_ns, .errors]]' |
            diff - groups
    done
    "$CAIRN" regions --by task --json shop.cairn >groups.json
    jq -e '[.groups[] | [.type, .group, .count]] == [["wait", "order", 2], ["brew", "payment", 1], ["brew", "order", 1],
        ["brew", "(background)", 1]]' groups.json
    run -0 "$CAIRN" regions --by thread shop.cairn
    [[ "${lines[0]}" =~ ^type\ +thread\ +count ]]
    run -2 "$CAIRN" regions --by outcome shop.cairn
    run -2 "$CAIRN" regions --by task --sites shop.cairn
}
