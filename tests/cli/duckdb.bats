#!/usr/bin/env bats
# `cairn sql --engine duckdb`: the same answers as SQLite's, types, limits, errors, interruption; and without the library.
# SPDX-License-Identifier: Apache-2.0
#
# DuckDB's library is $CAIRN_DUCKDB, or the system's, or that of an npm package, which is fetched into the build tree once.

load shop

setup_file() {
    make_shop "$BATS_FILE_TMPDIR/shop.cairn"
    for name in everything times damage; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$BATS_FILE_TMPDIR/$name.cairn"
    done
    has_duckdb || fetch_duckdb || true
}

has_duckdb() {
    "$CAIRN" sql --engine duckdb "$BATS_FILE_TMPDIR/shop.cairn" 'SELECT 1' >/dev/null 2>&1
}

# Exports CAIRN_DUCKDB, if the package can be had.
fetch_duckdb() {
    local folder=$CAIRN_BUILD/duckdb-1.5.6 machine new
    [ -z "${CAIRN_DUCKDB:-}" ] || return 1
    case $(uname -m) in x86_64) machine=x64 ;; aarch64) machine=arm64 ;; *) return 1 ;; esac
    if [ ! -f "$folder/package/libduckdb.so" ]; then
        command -v npm >/dev/null || return 1
        new=$(mktemp -d "$CAIRN_BUILD/duckdb.XXXXXX")
        (cd "$new" && timeout 300 npm pack --silent "@duckdb/node-bindings-linux-$machine@1.5.6-r.1" &&
            tar xzf ./*.tgz && rm ./*.tgz && mv -T "$new" "$folder") >/dev/null 2>&1 || { rm -rf "$new"; return 1; }
    fi
    export CAIRN_DUCKDB=$folder/package/libduckdb.so
}

# Each test that needs the library begins with this. With a library that was named or fetched, not to start is a failure.
needs_duckdb() {
    [ -n "${CAIRN_DUCKDB:-}" ] || has_duckdb ||
        skip "no libduckdb.so 1.4 or later, and npm could not fetch it; CAIRN_DUCKDB names one"
}

# duck STATEMENT: of the shop, as compact JSON
duck() {
    "$CAIRN" sql --engine duckdb --json shop.cairn "$@" | jq -c .
}

engines_agree() {
    "$CAIRN_SOURCE/tests/independent/sqlengines.py" "$CAIRN" "$@" 2>"$BATS_TEST_TMPDIR/told"
}

# ---- The same answers ----------------------------------------------------------------------------------------

@test "both engines give the same rows: traces written by hand, and several at once" {
    needs_duckdb
    engines_agree shop.cairn
    for name in everything misnested flight-stopped sampling damage; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$BATS_TEST_TMPDIR/$name.cairn"
        engines_agree "$BATS_TEST_TMPDIR/$name.cairn"
    done
    engines_agree shop.cairn everything.cairn damage.cairn
}

@test "both engines give the same rows: irregular traces, of more rows than a vector has" {
    needs_duckdb
    for seed in 11 $(od -An -N4 -tu4 /dev/urandom); do
        echo "seed $seed"
        "$CAIRN_SOURCE/tests/independent/irregular.py" "$seed" 9000 >"$BATS_TEST_TMPDIR/irregular.txt"
        "$CAIRN" assemble "$BATS_TEST_TMPDIR/irregular.txt" -o "$BATS_TEST_TMPDIR/irregular.cairn"
        engines_agree "$BATS_TEST_TMPDIR/irregular.cairn"
    done
}

@test "a difference is found: an engine that answers from another trace does not pass" {
    needs_duckdb
    sed 's/time=9000/time=9001/' shop.cairn.txt >later.txt
    "$CAIRN" assemble later.txt -o later.cairn
    printf '#!/bin/sh\n[ "$4" = duckdb ] && exec "%s" sql --engine duckdb --json "%s"\nexec "%s" "$@"\n' \
        "$CAIRN" "$PWD/later.cairn" "$CAIRN" >liar
    chmod +x liar
    run "$CAIRN_SOURCE/tests/independent/sqlengines.py" ./liar shop.cairn
    [ "$status" -eq 1 ]
    [[ "$output" == *"latency_ns: 7000 with SQLite, 7001 with DuckDB"* ]]
}

@test "odd names, bytes and NULs: what is not UTF-8 is replaced, as JSON has it; all else goes through as it is" {
    needs_duckdb
    cd "$BATS_TEST_TMPDIR"
    printf '%s\n' 'cairn-text 1' \
        'head clock=monotonic start=1000,1000,1700000000000001000 last=1001000,1001000,1700000000001001000' \
        "site number=1 role=task text=\"it's; DROP TABLE \\\"x\\\" -- \\xff\"" \
        'site number=2 role=attr value=text text="a\"b"' 'site number=3 role=log text="\xc3"' \
        'site number=4 role=attr value=uint text="big"' \
        'block events number=1 begin=1500' '  task_begin site=1 time=2000 id=1:1:1' '  task id=1:1:1 birth=2000' \
        '  attr_text site=2 time=2010 text="x\x00y"' '  log site=3 time=2020 text="\x00\xfe\x1b[31m"' \
        '  attr site=4 time=2030 value=18446744073709551615' \
        '  log site=3 time=2040 text="longer than a DuckDB text that is stored in place \xf0\x9f\x98 and so on"' \
        '  task_end site=0 time=3000 id=1:1:1 birth=2000' >odd.txt
    "$CAIRN" assemble odd.txt -o odd.cairn
    engines_agree odd.cairn
    ask() { "$CAIRN" sql --engine duckdb --json odd.cairn "$@" | jq -c .; }
    [ "$(ask 'SELECT hex(message) AS h FROM logs LIMIT 1')" = '[{"h":"00EFBFBD1B5B33316D"}]' ]
    [ "$(ask "SELECT value, length(value.text) AS n FROM attributes WHERE value.text = 'x' || chr(0) || 'y'")" = '[{"value":"x\u0000y","n":3}]' ]
    [ "$(ask "SELECT count(*) AS n FROM tasks WHERE type LIKE 'it''s; DROP TABLE \"x\"%'")" = '[{"n":1}]' ]
    run -0 "$CAIRN" sql --engine duckdb odd.cairn 'SELECT type, message FROM tasks JOIN logs USING (task_key)'
    [[ "$output" != *$'\e'* ]]
}

@test "a statement may read several tables at once, on several threads" {
    needs_duckdb
    expected=$(duck "SELECT sum(n) AS n FROM (SELECT count(*) AS n FROM regions UNION ALL SELECT count(*) FROM logs UNION ALL SELECT count(*) FROM tasks)")
    [ "$expected" = "$("$CAIRN" sql --json shop.cairn "SELECT sum(n) AS n FROM (SELECT count(*) AS n FROM regions UNION ALL SELECT count(*) FROM logs UNION ALL SELECT count(*) FROM tasks)" | jq -c .)" ]
    many=$(printf "SELECT task_key FROM tasks UNION ALL SELECT task_key FROM logs UNION ALL SELECT task_key FROM slowest UNION ALL %.0s" {1..20})
    run -1 --separate-stderr "$CAIRN" sql --engine duckdb --json damage.cairn shop.cairn "SELECT count(*) > 0 AS n FROM ($many SELECT 1)"
    [ "$(jq -c . <<<"$output")" = '[{"n":1}]' ]
    [ "$(grep -c 'the trace is damaged' <<<"$stderr")" -eq 1 ]
}

# ---- The language --------------------------------------------------------------------------------------------

@test "columns of ANY are unions, of NUMBER floating; what the engine has no type for is text" {
    needs_duckdb
    run -0 "$CAIRN" sql --engine duckdb --json everything.cairn \
        "SELECT key, value, union_tag(value) AS t, value.integer AS i FROM attributes"
    [ "$(jq -c '[.[] | [.key, .value, .t, .i]]' <<<"$output")" = \
        '[["size",-3,"integer",-3],["price",1.5,"real",null],["name","Zoë","text",null],["hot",1,"integer",1],["size",12,"integer",12],["name","mild","text",null]]' ]
    run -0 "$CAIRN" sql --engine duckdb --json everything.cairn "SELECT sum(arg1.integer) AS n, typeof(max(value)) AS t FROM logs, counters"
    [ "$(jq -c . <<<"$output")" = '[{"n":96,"t":"DOUBLE"}]' ]
    run -0 "$CAIRN" sql --engine duckdb shop.cairn "SELECT true AS b, 9223372036854775808::HUGEINT AS h, 5::HUGEINT AS i, -5::HUGEINT AS j,
        '\\x00\\xff'::BLOB AS x, DATE '2020-01-02' AS d, [1, 2] AS l, {'a': 1} AS s, 1.5 AS f, 18446744073709551615::UBIGINT AS u, NULL AS n"
    [[ "${lines[1]}" =~ ^1\ +9.22337203685478e\+18\ +5\ +-5\ +"X'00ff'"\ +2020-01-02\ +"[1, 2]"\ +"{'a': 1}"\ +1.5\ +1.84467440737096e\+19\ +·$ ]]
}

@test "table functions take arguments by place and by name" {
    needs_duckdb
    [ "$(duck "SELECT id FROM slowest('o*r', 2)")" = '[{"id":"7"},{"id":"5r1"}]' ]
    [ "$(duck "SELECT id FROM slowest(filter := 'failed')")" = '[{"id":"2"}]' ]
    [ "$(duck "SELECT id FROM slowest('o*r', n := 1 + 0)")" = '[{"id":"7"}]' ]
    [ "$(duck "SELECT count(*) AS n FROM slowest")" = '[{"n":5}]' ]
    run -1 "$CAIRN" sql --engine duckdb shop.cairn "SELECT * FROM task_stats(NULL, 'faild')"
    [ "${lines[-1]}" = '  ^' ]
    run -1 "$CAIRN" sql --engine duckdb shop.cairn 'SELECT * FROM histogram'
    [ "${lines[0]}" = "cairn sql: histogram needs the pattern: histogram('...'). The type, or a pattern with \`*\` and \`?\`." ]
    run -1 "$CAIRN" sql --engine duckdb shop.cairn "SELECT * FROM slowest(NULL, 'many')"
    [[ "$output" == *"n must be a count"* ]]
    run -1 "$CAIRN" sql --engine duckdb shop.cairn "SELECT * FROM slowest(NULL, 1, NULL, 2)"
}

@test "percentile, hist and duration" {
    needs_duckdb
    values='WITH v(x) AS (VALUES (5), (1), (4), (NULL), (2), (3))'
    [ "$(duck "$values SELECT percentile(x, 0) a, percentile(x, 0.2) b, percentile(x, 0.21) c, percentile(x, 1) d FROM v")" = \
        '[{"a":1,"b":1,"c":2,"d":5}]' ]
    [ "$(duck "$values SELECT hist(x * 100) a FROM v" | jq -r '.[0].a')" = \
        '[{"low":100,"high":101,"count":1},{"low":200,"high":202,"count":1},{"low":300,"high":304,"count":1},{"low":400,"high":404,"count":1},{"low":500,"high":504,"count":1}]' ]
    # In groups on several threads, whose states are merged.
    [ "$(duck "SELECT hist(x) = (SELECT hist(y) FROM range(3000) u(y)) AS same, count(*) AS n FROM range(3000) t(x), range(2) g(k) GROUP BY k")" = \
        '[{"same":1,"n":3000},{"same":1,"n":3000}]' ]
    [ "$(duck "SELECT duration(1500) a, duration(-1500) b, duration(NULL) c, duration(sum(x)) d FROM range(100) t(x)")" = \
        '[{"a":"1.50 µs","b":"-1.50 µs","c":null,"d":"4.95 µs"}]' ]
}

@test "statements from a pipe end where DuckDB ends them" {
    needs_duckdb
    run -0 "$CAIRN" sql --engine duckdb --csv shop.cairn <<<$'SELECT \'a;b\' AS a; SELECT $$;$$ AS b, $x$;$$;$x$ AS c;\n/* ; /* ; */ ; */\n-- ;\nSELECT "d;" FROM (SELECT E\'\\\';\' AS "d;");SELECT 3\n AS e'
    [ "$(tr -d '\r' <<<"$output" | tr '\n' ' ')" = "a a;b b,c ;,;\$\$; d; '; e 3 " ]
    run -1 "$CAIRN" sql --engine duckdb --csv shop.cairn <<<$'SELECT 1;\nSELCT 2;\nSELECT 3;'
    [[ "$output" == *SELCT* ]]
    [[ "$output" != *3* ]]
}

@test "the examples of doc/sql.md for DuckDB run" {
    needs_duckdb
    sed -n '/^## Engines$/,/^## /p' "$CAIRN_SOURCE/doc/sql.md" | sed -n '/^```sql$/,/^```$/p' | grep -v '^```' >"$BATS_TEST_TMPDIR/examples.sql"
    [ "$(grep -c '^--' "$BATS_TEST_TMPDIR/examples.sql")" -ge 3 ]
    "$CAIRN" sql --engine duckdb --json everything.cairn <"$BATS_TEST_TMPDIR/examples.sql"
}

# ---- Limits --------------------------------------------------------------------------------------------------

@test "huge limits, and more columns than a table has room for" {
    needs_duckdb
    [ "$(duck 'SELECT count(*) AS n FROM (SELECT * FROM tasks LIMIT 9223372036854775807)')" = '[{"n":7}]' ]
    [ "$(duck 'SELECT count(*) AS n FROM slowest(NULL, 9223372036854775807)')" = '[{"n":5}]' ]
    [ "$(duck "SELECT $(printf "'a' AS c%d, " {1..99})1" | jq '.[0] | length')" -eq 100 ]
    run -1 "$CAIRN" sql --engine duckdb shop.cairn "SELECT $(printf '1,%.0s' {1..100})1"
    [[ "$output" == *"too many columns"* ]]
    run -1 "$CAIRN" sql --engine duckdb shop.cairn "SELECT $(printf '(%.0s' {1..20000})1$(printf ')%.0s' {1..20000})"
}

@test "nothing can be written, read besides, attached or loaded" {
    needs_duckdb
    cd "$BATS_TEST_TMPDIR"
    cp "$BATS_FILE_TMPDIR/shop.cairn" .
    echo 1 >x.csv
    for statement in "ATTACH 'x.db' AS x" 'CREATE TABLE x (a INTEGER)' 'CREATE TEMP TABLE x AS SELECT 1' 'DROP VIEW tasks' \
        "COPY (SELECT 1) TO 'y.csv'" "EXPORT DATABASE 'z'" 'SET threads = 1' 'RESET threads' 'BEGIN;' 'COMMIT;' 'CHECKPOINT;' \
        'LOAD json' 'INSTALL httpfs' 'PRAGMA enable_profiling' "PRAGMA table_info('tasks')" 'PRAGMA database_size; SET memory_limit = 1' 'VACUUM;' 'CALL pragma_version()' \
        'CREATE OR REPLACE VIEW tasks AS SELECT 1' 'CREATE MACRO m(x) AS x' 'PREPARE p AS SELECT 1' 'SET VARIABLE x = 1' 'USE main' \
        '(INSERT INTO tasks SELECT 1)' 'EXPLAIN ANALYZE CREATE TABLE x (a INTEGER)'; do
        run -1 "$CAIRN" sql --engine duckdb shop.cairn "$statement"
        [[ "$output" == *"only SELECT is allowed"* || "$output" == *"read-only"* || "$output" == *"syntax error"* ]] ||
            { echo "$statement: $output"; false; }
    done
    for statement in "SELECT * FROM 'x.csv'" "SELECT * FROM read_csv('x.csv')" "SELECT * FROM read_text('x.csv')" "SELECT * FROM glob('*')"; do
        run -1 "$CAIRN" sql --engine duckdb shop.cairn "$statement"
        [[ "$output" == *"Permission Error"* ]]
    done
    [ "$(ls | tr '\n' ' ')" = 'shop.cairn x.csv ' ]
    cmp shop.cairn "$BATS_FILE_TMPDIR/shop.cairn"
    run -0 "$CAIRN" sql --engine duckdb shop.cairn 'EXPLAIN SELECT * FROM tasks; DESCRIBE tasks; SHOW TABLES; (SELECT 1); FROM tasks'
}

@test "memory is bounded by --memory, and nothing is put on the disk for want of it" {
    needs_duckdb
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here"
    run -1 --separate-stderr "$CAIRN" sql --engine duckdb --memory 40M "$BATS_FILE_TMPDIR/shop.cairn" \
        'SELECT len(list(x)) FROM range(50000000) t(x)'
    [[ "$stderr" == *"Out of Memory"* ]]
    [ -z "$(ls)" ]
}

@test "a query is stopped by --timeout and by SIGINT" {
    needs_duckdb
    for statement in 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c' \
        'SELECT count(*) FROM range(1000000000000)' 'SELECT x FROM range(1000000000000) t(x) WHERE x % 1000000000 = 5'; do
        run -1 "$CAIRN" sql --engine duckdb --timeout 100ms shop.cairn "$statement"
        [[ "$output" == *"stopped after 100 ms"* ]]
    done
    mkfifo "$BATS_TEST_TMPDIR/rows"
    "$CAIRN" sql --engine duckdb --csv shop.cairn 'SELECT x FROM range(1000000000000) t(x)' \
        >"$BATS_TEST_TMPDIR/rows" 2>"$BATS_TEST_TMPDIR/error" 3>&- &
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

@test "the prompt goes on after errors and Ctrl-C" {
    needs_duckdb
    run -0 env XDG_STATE_HOME="$BATS_TEST_TMPDIR/state" NO_COLOR=1 TERM=xterm "$CAIRN_SOURCE/tests/cli/programs/typed.py" \
        "$CAIRN" sql --engine duckdb shop.cairn -- $'SELCT;\n' $'SELECT count(*) FROM range(1000000000000);\n' $'\x03' \
        $'SELECT 40 + 2 AS answer;\n' $'\x04'
    [[ "$output" == *'near "SELCT"'* ]]
    [[ "$output" == *"interrupted"* ]]
    [[ "$output" == *"answer"*"42"* ]]
}

@test "errors show the place; a table's own have no word of DuckDB's before them" {
    needs_duckdb
    run -1 "$CAIRN" sql --engine duckdb shop.cairn 'SELECT type, latency FROM tasks'
    [[ "${lines[0]}" == 'cairn sql: Binder Error: Referenced column "latency" not found'* ]]
    [[ "$output" == *latency_ns* ]]
    [ "${lines[-1]}" = '                     ^' ]
    run -1 "$CAIRN" sql --engine duckdb shop.cairn 'SELECT * FROM task'
    [[ "$output" == *'Did you mean "tasks"?'* ]]
    run -1 "$CAIRN" sql --engine duckdb shop.cairn "SELECT * FROM critical_path('no id')"
    [[ "${lines[0]}" == "cairn sql: 'no id' is not a task id"* ]]
    run -1 sh -c "'$CAIRN' sql --engine duckdb --csv shop.cairn 'SELECT x FROM range(1000000000000) t(x)' >/dev/full"
}

# ---- Without the library -------------------------------------------------------------------------------------

@test "no library, another library, another version: what was tried is said, and what to do" {
    run -2 "$CAIRN" sql --engine mysql shop.cairn 'SELECT 1'
    [[ "$output" == *"--engine is sqlite or duckdb"* ]]
    run -1 env CAIRN_DUCKDB=/nowhere/libduckdb.so "$CAIRN" sql --engine duckdb shop.cairn 'SELECT 1'
    [[ "$output" == *"/nowhere/libduckdb.so"*"CAIRN_DUCKDB="*"--engine sqlite"* ]]
    cd "$BATS_TEST_TMPDIR"
    echo 'const char *duckdb_library_version(void) { return "v0.9.2"; }' >old.c
    echo 'int duckdb;' >other.c
    for name in old other; do ${CAIRN_CC%% *} -shared -fPIC -o "$name.so" "$name.c"; done
    run -1 env CAIRN_DUCKDB="$PWD/old.so" "$CAIRN" sql --engine duckdb "$BATS_FILE_TMPDIR/shop.cairn" 'SELECT 1'
    [[ "$output" == *"old.so is DuckDB v0.9.2; needed is DuckDB 1.4 or a later 1."* ]]
    run -1 env CAIRN_DUCKDB="$PWD/other.so" "$CAIRN" sql --engine duckdb "$BATS_FILE_TMPDIR/shop.cairn" 'SELECT 1'
    [[ "$output" == *"other.so has no duckdb_library_version"* ]]
    run -0 env CAIRN_DUCKDB=/nowhere "$CAIRN" sql --engine sqlite "$BATS_FILE_TMPDIR/shop.cairn" 'SELECT 1'
}
