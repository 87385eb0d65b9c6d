#!/usr/bin/env bats
# `cairn sql`: the same answers as the other commands, joins, order, arguments, limits, errors, interruption, damage.
# SPDX-License-Identifier: Apache-2.0

load madeup
load shop
load webshop

setup_file() {
    make_shop "$BATS_FILE_TMPDIR/shop.cairn"
    for name in everything times damage; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$BATS_FILE_TMPDIR/$name.cairn"
    done
}

# sql STATEMENT: of the shop, as compact JSON
sql() {
    "$CAIRN" sql --json shop.cairn "$@" | jq -c .
}

agree() {
    "$CAIRN_SOURCE/tests/independent/sqlagrees.py" "$CAIRN" "$1"
}

# ---- The same answers ----------------------------------------------------------------------------------------

@test "answers are those of the other commands: traces written by hand" {
    agree shop.cairn
    for name in everything misnested open-region times flight-stopped flight-snapshot sampling killed damage; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$BATS_TEST_TMPDIR/$name.cairn"
        agree "$BATS_TEST_TMPDIR/$name.cairn"
    done
}

@test "answers are those of the other commands: irregular traces" {
    cd "$BATS_TEST_TMPDIR"
    for seed in $(chosen 10 11 13 25 42) $(drawn 1 50); do
        make_up irregular "$seed"
        agree irregular.cairn
    done
}

@test "a difference is found: another trace's numbers do not pass" {
    # Answers `sql` with a trace in which one task lasts a nanosecond longer.
    sed 's/time=9000/time=9001/' shop.cairn.txt >later.txt
    "$CAIRN" assemble later.txt -o later.cairn
    printf '#!/bin/sh\n[ "$1" = sql ] && exec "%s" sql --json "%s" "$4"\nexec "%s" "$@"\n' \
        "$CAIRN" "$PWD/later.cairn" "$CAIRN" >liar
    chmod +x liar
    run "$CAIRN_SOURCE/tests/independent/sqlagrees.py" ./liar shop.cairn
    [ "$status" -eq 1 ]
    [[ "$output" == *"total_ns: SQL has 131501, should be 131500"* ]]
}

@test "the examples of doc/sql.md run, and have rows on the demo's web shop" {
    cd "$BATS_TEST_TMPDIR"
    record_web_shop 400 --report-every 40
    sed -n '/^## Examples$/,/^## Engines$/p' "$CAIRN_SOURCE/doc/sql.md" | sed -n '/^```sql$/,/^```$/p' | grep -v '^```' >examples.sql
    [ "$(grep -c '^--' examples.sql)" -ge 10 ]
    "$CAIRN" sql --json shop.cairn <examples.sql >answers.json
    [ "$(jq -s length answers.json)" -eq "$(grep -c '^--' examples.sql)" ]
    jq -se '[.[] | select(length == 0)] | length <= 1' answers.json # no statement need have been slow
    agree shop.cairn
}

@test "doc/sql.md has the reference that the tool prints" {
    diff <("$CAIRN" sql --reference) <(sed -n '/^## Tables$/,$p' "$CAIRN_SOURCE/doc/sql.md")
}

# ---- Rows ----------------------------------------------------------------------------------------------------

@test "tasks: all columns" {
    [ "$(sql "SELECT * FROM tasks WHERE id = '2'" | jq -c '.[0] | del(.task_key, .parent_key)')" = \
        '{"id":"2","type":"payment","process":1,"parent":"1","parent_type":"order","begin_ns":1400,"end_ns":2000,"latency_ns":600,"self_ns":600,"status":"failed","reason":"no milk","begin_thread":"main","end_thread":"worker","weight":1,"concurrent":0,"subtask_count":0,"log_count":1,"attribute_count":0}' ]
    [ "$(sql "SELECT end_ns, latency_ns, self_ns, status, end_thread FROM tasks WHERE id = '3'")" = \
        '[{"end_ns":null,"latency_ns":null,"self_ns":null,"status":"unfinished","end_thread":null}]' ]
    [ "$(sql "SELECT log_count, attribute_count, subtask_count FROM tasks WHERE id = '1'")" = \
        '[{"log_count":1,"attribute_count":2,"subtask_count":1}]' ]
    [ "$(sql "SELECT c.id FROM tasks c JOIN tasks p ON p.task_key = c.parent_key WHERE p.id = '1'")" = '[{"id":"2"}]' ]
}

@test "CSV: names are quoted where they must be, and no row is a blank line" {
    run -0 "$CAIRN" sql --csv everything.cairn "SELECT 1 AS 'a,b', 2 AS 'say \"no\"'"
    [ "$output" = $'"a,b","say ""no"""\r\n1,2\r' ]
    run -0 "$CAIRN" sql --csv everything.cairn "SELECT NULL AS a UNION ALL SELECT ''"
    [ "$output" = $'a\r\n""\r\n""\r' ]
    run -0 "$CAIRN" sql --csv everything.cairn "SELECT NULL AS a, NULL AS b"
    [ "$output" = $'a,b\r\n,\r' ]
}

@test "a table that does not fit into memory is cut between rows, said, and no success" {
    (ulimit -v 40000; exec "$CAIRN" --version) || skip "the tool does not start in so little memory"
    cells=$(printf "printf('%%99d', x),%.0s" {1..90})
    rows="WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 4999) SELECT $cells x FROM c"
    run -1 bash -c 'ulimit -v 40000; exec "$0" sql everything.cairn "$1" >cut.txt' "$CAIRN" "$rows" # it is large
    [[ "$output" == *"out of memory: the answer is not complete"* ]]
    [ "$(awk '{print NF}' cut.txt | sort -u | wc -l)" -eq 2 ] # the head's, and the rows'
}

@test "arguments of formatted logs have their own types" {
    run -0 "$CAIRN" sql --json everything.cairn "SELECT arg1, arg2, arg3, arg4, typeof(arg3) AS t FROM logs WHERE format LIKE '%of%'"
    [ "$(jq -c . <<<"$output")" = '[{"arg1":2,"arg2":"tea","arg3":3.5,"arg4":null,"t":"real"}]' ]
    [ "$("$CAIRN" sql --csv everything.cairn 'SELECT sum(arg1) FROM logs' | tail -n 1)" = $'96.0\r' ] || # 99 - 5 + 2
        [ "$("$CAIRN" sql --csv everything.cairn 'SELECT sum(arg1) FROM logs' | tail -n 1)" = $'96\r' ]
}

@test "attributes, counters and links have values of their own types" {
    run -0 "$CAIRN" sql --json everything.cairn 'SELECT key, value, typeof(value) AS t, region_type FROM attributes'
    [ "$(jq -c '[.[] | [.key, .value, .t, .region_type]]' <<<"$output")" = \
        '[["size",-3,"integer",null],["price",1.5,"real","brew"],["name","Zoë","text",null],["hot",1,"integer",null],["size",12,"integer","brew"],["name","mild","text","brew"]]' ]
    [ "$("$CAIRN" sql --csv everything.cairn 'SELECT name, value, typeof(value) FROM counters' | tail -n 1)" = $'queue,7,integer\r' ]
    [ "$("$CAIRN" sql --csv everything.cairn 'SELECT task, to_task FROM links' | tail -n 1)" = $'1,2\r' ]
    [ "$("$CAIRN" sql --csv everything.cairn 'SELECT count(*) FROM attributes JOIN regions USING (region_key)' | tail -n 1)" = $'3\r' ]
}

@test "several traces: all rows, keys are unique, trace tells which" {
    run -0 "$CAIRN" sql --json shop.cairn everything.cairn "SELECT trace, count(*) AS n FROM tasks GROUP BY trace"
    [ "$(jq -c . <<<"$output")" = '[{"trace":1,"n":7},{"trace":2,"n":2}]' ]
    [ "$("$CAIRN" sql --csv shop.cairn everything.cairn 'SELECT count(DISTINCT task_key), count(DISTINCT region_key) FROM regions' | tail -n 1)" = \
        "$("$CAIRN" sql --csv shop.cairn everything.cairn 'SELECT count(DISTINCT trace || task), count(*) FROM regions' | tail -n 1)" ]
    [ "$("$CAIRN" sql --csv shop.cairn everything.cairn 'SELECT count(*) FROM logs JOIN tasks USING (task_key)' | tail -n 1)" = $'9\r' ]
    [ "$("$CAIRN" sql --csv shop.cairn everything.cairn 'SELECT count(*) FROM tasks WHERE trace = 2' | tail -n 1)" = $'2\r' ]
    [ "$("$CAIRN" sql --csv shop.cairn everything.cairn 'SELECT count(*) FROM logs ORDER BY time_ns' | tail -n 1)" = $'10\r' ]
    [ "$("$CAIRN" sql --csv shop.cairn everything.cairn "SELECT id FROM slowest('order', 1, NULL, 2)" | tail -n 1)" = $'1\r' ]
}

@test "conditions of every kind find the same rows, whatever is pushed down" {
    cd "$BATS_TEST_TMPDIR"
    make_up irregular 11
    "$CAIRN" sql --json irregular.cairn 'SELECT * FROM logs' >all.json || [ $? -eq 1 ]
    middle=$(jq '.[length / 2 | floor].time_ns' all.json)
    # condition, and the same for jq
    while IFS=@ read -r condition filter; do
        "$CAIRN" sql --json irregular.cairn "SELECT * FROM logs WHERE $condition" >some.json || [ $? -eq 1 ]
        # IN has the order of its list
        jq -e --argjson middle "$middle" --slurpfile all all.json \
            "sort == ([\$all[0][] | select($filter)] | sort)" some.json >/dev/null ||
            { echo "$condition"; false; }
    done <<CONDITIONS
time_ns < $middle@.time_ns < \$middle
time_ns <= $middle@.time_ns <= \$middle
time_ns = $middle@.time_ns == \$middle
time_ns >= $middle AND time_ns > 0@.time_ns >= \$middle and .time_ns > 0
time_ns > $middle - 0.5 AND time_ns < $middle + 0.5@.time_ns == \$middle
time_ns = '$middle'@.time_ns == \$middle
time_ns > 9e18@false
time_ns > -9e18@true
time_ns IS NULL@false
task = 'off'@.task == "off"
task = NULL@false
task = 'no id'@.task == "no id"
task IN ('off', 'background')@.task == "off" or .task == "background"
task_key = (SELECT max(task_key) FROM logs)@.task_key == ([\$all[0][].task_key] | max)
task_key = (SELECT max(task_key) + 0.0 FROM logs)@.task_key == ([\$all[0][].task_key] | max)
task_key IN (SELECT max(task_key) FROM logs UNION SELECT min(task_key) FROM logs)@.task_key == ([\$all[0][].task_key] | max, min)
task_key IN (NULL, 5)@false
task_key IN ('5', (SELECT max(task_key) + 0.0 FROM logs))@.task_key == ([\$all[0][].task_key] | max)
task_key NOT IN (SELECT max(task_key) FROM logs)@.task_key != ([\$all[0][].task_key] | max)
task_type = 'order'@.task_type == "order"
thread COLLATE NOCASE = 'MAIN'@.thread | ascii_downcase == "main"
site = 20.0@.site == 20
CONDITIONS
}

@test "rows come in order of time, also where a clock has stepped back, without a sort" {
    cd "$BATS_TEST_TMPDIR"
    cat >back.txt <<'TEXT'
cairn-text 1
head clock=monotonic start=1000,1000,1700000000000001000 last=1001000,1001000,1700000000001001000
site number=1 role=log text="l"
block events number=1 begin=1500
  log site=1 time=2000 text="a"
  log site=1 time=4000 text="c"
  log site=1 time=3000 text="b"
  log site=1 time=5000 text="d"
TEXT
    "$CAIRN" assemble back.txt -o back.cairn
    run -0 "$CAIRN" sql --json back.cairn 'SELECT group_concat(message, "") AS all_ FROM (SELECT message FROM logs ORDER BY time_ns LIMIT 9)'
    [ "$(jq -r '.[0].all_' <<<"$output")" = abcd ]
    [ "$("$CAIRN" sql --json back.cairn 'SELECT message FROM logs' | jq -r '[.[].message] | join("")')" = acbd ]
    [ "$("$CAIRN" sql --json back.cairn 'SELECT message FROM logs WHERE time_ns <= 2000' | jq -r '[.[].message] | join("")')" = ab ]
    run -0 "$CAIRN" sql --csv back.cairn 'EXPLAIN QUERY PLAN SELECT message FROM logs ORDER BY time_ns'
    [[ "$output" != *"TEMP B-TREE"* ]]
    run -0 "$CAIRN" sql --csv back.cairn 'EXPLAIN QUERY PLAN SELECT message FROM logs ORDER BY time_ns DESC'
    [[ "$output" == *"TEMP B-TREE"* ]]
    # Also where many rows go by, each second one late by one: whatever waits, one pair is cut.
    { sed '/log site=1 time/d' back.txt
        awk 'BEGIN { for (i = 0; i < 6001; i++) printf "  log site=1 time=%d text=\"x\"\n", 2000 + i + i % 2 * 2 }'
    } >pairs.txt
    "$CAIRN" assemble pairs.txt -o pairs.cairn
    "$CAIRN" sql --json pairs.cairn 'SELECT time_ns FROM logs ORDER BY time_ns' |
        jq -e '[.[].time_ns] | length == 6001 and . == sort'
    # One that is too late for that is an error, and never a wrong order.
    { sed '/time=3000/d' back.txt
        awk 'BEGIN { for (i = 0; i < 3000; i++) printf "  log site=1 time=%d text=\"x\"\n", 6000 + i }'
        echo '  log site=1 time=3000 text="b"'
    } >late.txt
    "$CAIRN" assemble late.txt -o late.cairn
    run -1 "$CAIRN" sql --csv late.cairn 'SELECT message FROM logs ORDER BY time_ns'
    [[ "$output" == *"ORDER BY +time_ns"* ]]
    run -0 "$CAIRN" sql --json late.cairn 'SELECT message FROM logs ORDER BY +time_ns LIMIT 4'
    [ "$(jq -r '[.[].message] | join("")' <<<"$output")" = abcd ]
}

# ---- Functions -----------------------------------------------------------------------------------------------

@test "percentile, hist and duration" {
    values='WITH v(x) AS (VALUES (5), (1), (4), (NULL), (2), (3))'
    [ "$(sql "$values SELECT percentile(x, 0) a, percentile(x, 0.2) b, percentile(x, 0.21) c, percentile(x, 1) d FROM v")" = \
        '[{"a":1,"b":1,"c":2,"d":5}]' ]
    [ "$(sql "SELECT percentile(x, 0.5) a FROM (SELECT 9007199254740993 x UNION ALL SELECT 1 UNION ALL SELECT 9007199254740995)" | tr -d ' ')" = '[{"a":9007199254740993}]' ] ||
        [[ "$("$CAIRN" sql --csv shop.cairn "SELECT percentile(x, 0.5) FROM (SELECT 9007199254740993 x UNION ALL SELECT 1 UNION ALL SELECT 9007199254740995)")" == *9007199254740993* ]]
    [ "$(sql "$values SELECT percentile(x + 0.5, 0.5) a, percentile(NULL, 0.5) b FROM v")" = '[{"a":3.5,"b":null}]' ]
    [ "$(sql "$values SELECT hist(x * 100) a, hist(NULL) b FROM v" | jq -r '.[0].a')" = \
        '[{"low":100,"high":101,"count":1},{"low":200,"high":202,"count":1},{"low":300,"high":304,"count":1},{"low":400,"high":404,"count":1},{"low":500,"high":504,"count":1}]' ]
    [ "$(sql "SELECT duration(1500) a, duration(-1500) b, duration(NULL) c")" = '[{"a":"1.50 µs","b":"-1.50 µs","c":null}]' ]
    for wrong in 'percentile(1, 2)' "percentile(1, 'x')" 'percentile(1, NULL)' "percentile('x', 0.5)" 'percentile(x, x / 9.0)'; do
        run -1 "$CAIRN" sql shop.cairn "$values SELECT $wrong FROM v WHERE x NOT NULL"
        [[ "$output" == *"percentile(x, p): "* ]]
    done
}

@test "table functions take patterns, counts and values of other tables" {
    [ "$(sql "SELECT id FROM slowest('o*r', 2)")" = '[{"id":"7"},{"id":"5r1"}]' ]
    [ "$(sql "SELECT count(*) n FROM slowest(NULL, 0)")" = '[{"n":0}]' ]
    [ "$(sql "SELECT count(*) n FROM slowest")" = '[{"n":5}]' ]
    [ "$(sql "SELECT type, count FROM task_stats('pay*')")" = '[{"type":"payment","count":1}]' ]
    [ "$(sql "SELECT type, count FROM task_stats WHERE pattern = 'pay*'")" = '[{"type":"payment","count":1}]' ]
    [ "$(sql "SELECT s.type, sum(h.count) n FROM task_stats s JOIN histogram(s.type) h GROUP BY 1 ORDER BY 1")" = \
        '[{"type":"order","n":4},{"type":"payment","n":1}]' ]
    [ "$(sql "SELECT type, count FROM task_stats(NULL, 'latency >= 19us')")" = '[{"type":"order","count":3}]' ]
    [ "$(sql "SELECT id FROM slowest WHERE filter = 'failed'")" = '[{"id":"2"}]' ]
    for filter in 'latency > 5us' 'failed' 'log ~ "foam"' 'thread = "worker" or unfinished'; do
        [ "$(sql "SELECT type, count, total_ns FROM task_stats('*', '$filter')")" = \
            "$("$CAIRN" tasks --json --where "$filter" shop.cairn | jq -c '[.types[] | {type, count, total_ns}]')" ]
    done
    [ "$(sql "SELECT type, count, total_ns FROM region_stats(NULL, 'task.failed')")" = \
        "$("$CAIRN" regions --json --failed shop.cairn | jq -c '[.types[] | {type, count, total_ns}]')" ]
    [ "$(sql "SELECT pattern, sum(count) n FROM histogram WHERE pattern IN ('payment', 'order') GROUP BY 1")" = \
        '[{"pattern":"order","n":4},{"pattern":"payment","n":1}]' ]
    run -1 "$CAIRN" sql shop.cairn "SELECT * FROM task_stats(NULL, 'faild')"
    [ "${lines[-1]}" = '  ^' ]
    run -1 "$CAIRN" sql shop.cairn 'SELECT * FROM histogram'
    [[ "$output" == *"histogram needs the pattern: histogram('...')"* ]]
    run -1 "$CAIRN" sql shop.cairn "SELECT * FROM slowest(NULL, 'many')"
    [[ "$output" == *"n must be a count"* ]]
}

@test "critical_path: steps of one task, or of each of another table" {
    run -0 "$CAIRN" task --json shop.cairn 1
    latency=$(jq .task.latency_ns <<<"$output")
    [ "$(sql "SELECT sum(duration_ns) AS n, min(begin_ns) AS b FROM critical_path('1')")" = \
        "[{\"n\":$latency,\"b\":$(jq .task.begin_ns <<<"$output")}]" ]
    [ "$(sql "SELECT s.id, sum(p.duration_ns) = s.latency_ns AS same FROM slowest(NULL, 3) s JOIN critical_path(s.id) p GROUP BY s.id ORDER BY s.latency_ns DESC")" = \
        "$(sql "SELECT id, 1 AS same FROM slowest(NULL, 3)")" ]
    [ "$(sql "SELECT * FROM critical_path('77')")" = '[]' ]
    run -1 "$CAIRN" sql shop.cairn "SELECT * FROM critical_path('no id')"
    [[ "$output" == *"'no id'"* ]]
    run -1 "$CAIRN" sql shop.cairn "SELECT * FROM critical_path"
    [[ "$output" == *"critical_path needs the id: critical_path('...')"* ]]
}

@test "compare: two traces, or two parts of each" {
    rows() { "$CAIRN" sql --json "$@" | jq -c .; }
    [ "$(rows shop.cairn everything.cairn "SELECT DISTINCT type, verdict, trace FROM compare WHERE verdict LIKE 'only%' ORDER BY 1")" = \
        "$("$CAIRN" compare --json shop.cairn everything.cairn | jq -c '[.types[] | select(.verdict | startswith("only")) | {type, verdict, trace: 1}] | sort_by(.type)')" ]
    [ "$(rows shop.cairn everything.cairn "SELECT DISTINCT trace, finished_a AS a, finished_b AS b FROM compare('2', '1') WHERE type = 'order'")" = \
        "$("$CAIRN" compare --json everything.cairn shop.cairn | jq -c '[.types[] | select(.type == "order") | {trace: 2, a: .finished_a, b: .finished_b}]')" ]
    [ "$(rows shop.cairn everything.cairn "SELECT count(DISTINCT trace) AS n FROM compare('finished', 'unfinished')")" = '[{"n":2}]' ]
    for wrong in '' '(1)' '(1, 2)' '(0, 1)' "(1, 'finished')" '(99999999999999999999, 1)' "(NULL, 'finished')"; do
        run -1 "$CAIRN" sql shop.cairn "SELECT * FROM compare$wrong"
        [[ "$output" == *"the sides must be the numbers of two traces of 1"* ]]
    done
    run -1 "$CAIRN" sql shop.cairn "SELECT * FROM compare('finished', 'faild')"
    [[ "$output" == *"side_b"* ]]
    [ "${lines[-1]}" = '  ^' ]
}

@test "what a side that is read besides finds damaged is told" {
    run -1 --separate-stderr "$CAIRN" sql --json shop.cairn damage.cairn "SELECT count(*) FROM compare"
    [[ "$stderr" == *"damage.cairn: the trace is damaged"* ]]
}

# ---- Odd input -----------------------------------------------------------------------------------------------

@test "odd names, bytes and NULs go through as they are" {
    cd "$BATS_TEST_TMPDIR"
    printf '%s\n' 'cairn-text 1' \
        'head clock=monotonic start=1000,1000,1700000000000001000 last=1001000,1001000,1700000000001001000' \
        "site number=1 role=task text=\"it's; DROP TABLE \\\"x\\\" -- \\xff\"" \
        'site number=2 role=attr value=text text="a\"b"' 'site number=3 role=log text="\xc3"' \
        'block events number=1 begin=1500' '  task_begin site=1 time=2000 id=1:1:1' '  task id=1:1:1 birth=2000' \
        '  attr_text site=2 time=2010 text="x\x00y"' '  log site=3 time=2020 text="\x00\xfe\x1b[31m"' \
        '  task_end site=0 time=3000 id=1:1:1 birth=2000' >odd.txt
    "$CAIRN" assemble odd.txt -o odd.cairn
    agree odd.cairn
    [ "$("$CAIRN" sql --csv odd.cairn "SELECT hex(CAST(message AS BLOB)) FROM logs" | tail -n 1)" = $'00FE1B5B33316D\r' ]
    [ "$("$CAIRN" sql --json odd.cairn 'SELECT value FROM attributes' | jq -c .)" = '[{"value":"x\u0000y"}]' ]
    run -0 "$CAIRN" sql odd.cairn 'SELECT type, message, value FROM tasks JOIN logs USING (task_key) JOIN attributes USING (task_key)'
    [[ "$output" == *"it's; DROP TABLE \"x\" -- \\xff"*'\x00\xfe\x1b[31m'*'x\x00y'* ]]
    [[ "$output" != *$'\e'* ]]
    [ "$("$CAIRN" sql --csv odd.cairn "SELECT count(*) FROM tasks WHERE type GLOB 'it''s*'" | tail -n 1)" = $'1\r' ]
    [ "$("$CAIRN" sql --csv odd.cairn "SELECT count(*) FROM attributes WHERE value = 'x' || char(0) || 'y' AND key = 'a\"b'" | tail -n 1)" = $'1\r' ]
    [ "$("$CAIRN" sql --csv odd.cairn "SELECT count(*) FROM attributes WHERE key = 'a\"b' || char(0)" | tail -n 1)" = $'0\r' ]
}

@test "huge limits and offsets" {
    [ "$(sql 'SELECT count(*) n FROM (SELECT * FROM tasks LIMIT 9223372036854775807)')" = '[{"n":7}]' ]
    [ "$(sql 'SELECT id FROM tasks LIMIT 9223372036854775807 OFFSET 9223372036854775807')" = '[]' ]
    [ "$(sql 'SELECT count(*) n FROM (SELECT * FROM tasks LIMIT -1 OFFSET -9223372036854775808)')" = '[{"n":7}]' ]
    [ "$(sql 'SELECT count(*) n FROM slowest(NULL, 9223372036854775807)')" = '[{"n":5}]' ]
    run -1 "$CAIRN" sql shop.cairn "SELECT length(zeroblob(1000000000))"
    [[ "$output" == *"too big"* ]]
    run -1 "$CAIRN" sql shop.cairn "SELECT $(printf '(%.0s' {1..400})1$(printf ')%.0s' {1..400})"
    run -1 "$CAIRN" sql shop.cairn "SELECT $(printf '1,%.0s' {1..200})1"
    [[ "$output" == *"too many columns"* ]]
}

@test "nothing can be written, attached or loaded" {
    cd "$BATS_TEST_TMPDIR"
    cp "$BATS_FILE_TMPDIR/shop.cairn" .
    for statement in "ATTACH 'x.db' AS x" 'CREATE TABLE x (a)' 'CREATE TEMP TABLE x AS SELECT 1' 'DROP TABLE tasks' \
        "INSERT INTO tasks (id) VALUES ('1')" "UPDATE tasks SET id = '1'" 'PRAGMA journal_mode = WAL' "VACUUM INTO 'x.db'" \
        'PRAGMA writable_schema = 1' 'BEGIN;' "SELECT load_extension('x')" 'DETACH main' 'CREATE VIEW v AS SELECT 1' \
        'DELETE FROM sqlite_master'; do
        run -1 "$CAIRN" sql shop.cairn "$statement"
        [[ "$output" == *"only SELECT is allowed"* || "$output" == *"not authorized"* || "$output" == *"may not be"* ]]
    done
    [ "$(ls)" = shop.cairn ]
    cmp shop.cairn "$BATS_FILE_TMPDIR/shop.cairn"
    run -0 "$CAIRN" sql shop.cairn 'PRAGMA table_info(threads)'
}

@test "errors show the place and what may have been meant" {
    run -1 "$CAIRN" sql shop.cairn 'SELECT type, latency FROM tasks'
    [ "${lines[0]}" = 'cairn sql: no such column: latency' ]
    [ "${lines[1]}" = '  SELECT type, latency FROM tasks' ]
    [ "${lines[2]}" = '               ^' ]
    [ "${lines[3]}" = 'Did you mean tasks.latency_ns?' ]
    run -1 "$CAIRN" sql shop.cairn 'SELECT * FROM task'
    [[ "$output" == *"Did you mean tasks?"* ]]
    run -1 "$CAIRN" sql shop.cairn 'SELECT percentil(1, 1)'
    [[ "$output" == *"Did you mean percentile?"* ]]
    run -1 "$CAIRN" sql shop.cairn $'SELECT 1;\nSELECT "ü",\n  FROM tasks'
    [ "${lines[-2]}" = '    FROM tasks' ]
    [ "${lines[-1]}" = '    ^' ]
    run -1 "$CAIRN" sql missing.cairn 'SELECT 1'
    run -2 "$CAIRN" sql 'SELECT 1'
    run -2 "$CAIRN" sql
    run -2 "$CAIRN" sql --json --csv shop.cairn 'SELECT 1'
}

@test "a join is bounded by --memory" {
    cd "$BATS_TEST_TMPDIR"
    make_up irregular 1 40000
    run ! --separate-stderr "$CAIRN" sql --memory 8K irregular.cairn \
        'SELECT count(*) FROM tasks JOIN regions USING (task_key)'
    [[ "$stderr" == *"To join '"*"--memory"* ]]
    [ -z "$output" ]
}

# ---- Forms ---------------------------------------------------------------------------------------------------

@test "table, json and csv have the same cells; names are unique" {
    statement="SELECT id, id, NULL AS none, 1.5 AS f, X'00ff' AS b FROM tasks WHERE id = '2'"
    run -0 "$CAIRN" sql shop.cairn "$statement"
    [ "${lines[0]}" = 'id  id_2  none  f    b' ] || [ "${lines[0]}" = 'id  id_2  none    f  b' ]
    [[ "${lines[1]}" =~ ^2\ +2\ +·\ +1.5\ +"X'00ff'"$ ]]
    [ "$(sql "$statement")" = "[{\"id\":\"2\",\"id_2\":\"2\",\"none\":null,\"f\":1.5,\"b\":\"X'00ff'\"}]" ]
    run -0 "$CAIRN" sql --csv shop.cairn "$statement"
    [ "${lines[0]}" = $'id,id_2,none,f,b\r' ]
    [ "${lines[1]}" = $'2,2,,1.5,X\'00ff\'\r' ]
    [ "$(sql 'SELECT id FROM tasks WHERE 0')" = '[]' ]
    [ "$("$CAIRN" sql --csv shop.cairn 'SELECT id FROM tasks WHERE 0')" = $'id\r' ]
    [ "$("$CAIRN" sql shop.cairn 'SELECT id FROM tasks WHERE 0')" = 'No rows.' ]
}

@test "a long table is printed in blocks, each with a head" {
    run -0 "$CAIRN" sql shop.cairn 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 12000) SELECT x FROM c'
    [ "$(grep -c 'x$' <<<"$output")" -eq 3 ]
    [ "$(grep -c '[0-9]' <<<"$output")" -eq 12000 ]
}

@test "an output that cannot be written is trouble" {
    run -1 sh -c "'$CAIRN' sql --csv shop.cairn 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c' >/dev/full"
}

# ---- Statements from stdin -----------------------------------------------------------------------------------

@test "statements are read from a pipe, over several lines, up to the first that fails" {
    run -0 "$CAIRN" sql --csv shop.cairn <<<$'SELECT 1\n  AS a; SELECT 2 AS b;\n\nSELECT 3 AS c'
    [ "$(tr -d '\r' <<<"$output" | tr '\n' ' ')" = 'a 1 b 2 c 3 ' ]
    run -1 "$CAIRN" sql --csv shop.cairn <<<$'SELECT 1;\nSELCT 2;\nSELECT 3;'
    [[ "$output" == *SELCT* ]]
    [[ "$output" != *3* ]]
    run -0 "$CAIRN" sql shop.cairn <<<$'.schema threads\n.quit\nSELECT 77;'
    [[ "$output" == *"CREATE TABLE threads ("* ]]
    [[ "$output" != *77* ]]
    run -0 "$CAIRN" sql shop.cairn </dev/null
}

# typed TEXT...: what the prompt shows when that is typed, piece by piece, on a terminal
typed() {
    XDG_STATE_HOME="$BATS_TEST_TMPDIR/state" NO_COLOR=1 TERM=xterm \
        "$CAIRN_SOURCE/tests/cli/programs/typed.py" "$CAIRN" sql shop.cairn -- "$@"
}

@test "the prompt completes names, keeps history, and lives on after errors and Ctrl-C" {
    run -0 typed $'SELECT count(*) AS many FROM task_s\t;\n' $'SELCT;\n' $'SELECT "gone\x03' \
        $'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)\n' $'SELECT count(*) FROM c;\n' $'\x03' \
        $'SELECT 40 + 2 AS answer;\n' $'\x04'
    [[ "$output" == *'near "SELCT"'* ]]
    [[ "$output" == *"interrupted"* ]]
    [[ "$output" == *"answer"*"42"* ]]
    grep -q 'FROM.040task_stats.040;' "$BATS_TEST_TMPDIR/state/cairn/sql_history"
    run -0 typed $'\x10\n' $'\x04' # the former line
    [[ "$output" == *"answer"*"42"* ]]
}

# ---- Stopping, damage, growth --------------------------------------------------------------------------------

endless='WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c'

@test "a query is stopped by --timeout and by SIGINT" {
    run -1 "$CAIRN" sql --timeout 100ms shop.cairn "$endless"
    [[ "$output" == *"stopped after 100 ms"* ]]
    run -1 "$CAIRN" sql --timeout 100ms shop.cairn <<<"$endless;"
    # Rows are flowing: the query runs.
    mkfifo "$BATS_TEST_TMPDIR/rows"
    "$CAIRN" sql --csv shop.cairn "${endless/count(\*)/x}" >"$BATS_TEST_TMPDIR/rows" 2>"$BATS_TEST_TMPDIR/error" 3>&- &
    pid=$!
    exec 4<"$BATS_TEST_TMPDIR/rows"
    read -r -u 4 _
    kill -INT "$pid"
    cat <&4 >/dev/null
    exec 4<&-
    wait "$pid" || code=$?
    [ "$code" -eq 1 ]
    [ "$(cat "$BATS_TEST_TMPDIR/error")" = "cairn sql: interrupted" ]
}

@test "a damaged trace gives what is valid, tells of the damage, and exits with 1" {
    run -1 --separate-stderr "$CAIRN" sql --csv damage.cairn 'SELECT count(*) FROM regions'
    [[ "$stderr" == *"the trace is damaged"* ]]
    [ "$(grep -c 'the trace is damaged' <<<"$stderr")" -eq 1 ]
    run -1 --separate-stderr "$CAIRN" sql --json damage.cairn "SELECT name FROM diagnostics WHERE severity = 'damage'"
    jq -e 'length > 0' <<<"$output"
}

@test "a trace that is still recorded into can be asked" {
    cd "$BATS_TEST_TMPDIR"
    mkdir data
    "$CAIRN" record -o growing -- "$CAIRN_BUILD/shop" --port-file port --seconds 120 --data data >record.log 2>&1 3>&- &
    recorder=$!
    for ((i = 0; i < 300; i++)); do [ -s port ] && break; sleep 0.1; done
    read -r port server <port
    "$CAIRN_BUILD/shop-load" --port "$port" --requests 50 --json >/dev/null 2>&1 || true
    run "$CAIRN" sql --csv growing.cairn "SELECT count(*) FROM tasks JOIN regions USING (task_key)"
    kill -TERM "$server"
    wait "$recorder" || true
    [ "$status" -eq 0 ]
    [ "$(tr -dc '0-9' <<<"${lines[1]}")" -gt 50 ]
}
