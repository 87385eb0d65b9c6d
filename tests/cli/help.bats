#!/usr/bin/env bats
# `cairn help`: help, man pages and completion come from the tables of the commands.
# SPDX-License-Identifier: Apache-2.0

bats_require_minimum_version 1.5.0

commands() {
    "$CAIRN" help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

@test "the overview lists the commands, and --help and help NAME agree" {
    [ "$(commands | wc -l)" -ge 12 ]
    for name in $(commands); do
        diff <("$CAIRN" help "$name") <("$CAIRN" "$name" --help)
    done
}

@test "no command, an unknown one, and an unknown shell are usage errors" {
    run "$CAIRN"
    [ "$status" -eq 2 ]
    run "$CAIRN" no-such-command
    [ "$status" -eq 2 ]
    run "$CAIRN" help no-such-command
    [ "$status" -eq 2 ]
    run "$CAIRN" help --completion tcsh
    [ "$status" -eq 2 ]
}

@test "every man page has its option names and is clean to mandoc" {
    "$CAIRN" help --man >"$BATS_TEST_TMPDIR/cairn.1"
    for name in $(commands); do
        "$CAIRN" help --man "$name" >"$BATS_TEST_TMPDIR/cairn-$name.1"
        for option in $("$CAIRN" help "$name" | sed -n 's/^ .*--\([a-z-]*\).*/\1/p'); do
            grep -qF -- "\\-\\-${option//-/\\-}" "$BATS_TEST_TMPDIR/cairn-$name.1"
        done
    done
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    run mandoc -Tlint -W style "$BATS_TEST_TMPDIR"/*.1
    [ -z "$output" ]
}

# completed WORD...: what bash would offer for the last word
completed() {
    bash -c 'source <("$0" help --completion bash); COMP_WORDS=(cairn "$@"); COMP_CWORD=$#; _cairn; echo "${COMPREPLY[*]}"' \
        "$CAIRN" "$@"
}

@test "completion offers commands, options of the command, and files" {
    [ "$(completed reco)" = record ]
    [ "$(completed help conv)" = convert ]
    [ "$(completed convert --ou)" = --output ]
    [ "$(completed record --ou)" = --output ]
    [ -z "$(completed check --ou)" ]
    cd "$BATS_TEST_TMPDIR"
    touch one.cairn two.cairn
    [ "$(completed info on)" = one.cairn ]
}

@test "a mistyped command or option is guessed" {
    run -2 "$CAIRN" taks
    [ "${lines[0]}" = "cairn: there is no command 'taks'; did you mean 'tasks'?" ]
    run -2 "$CAIRN" zebra
    [ "${lines[0]}" = "cairn: there is no command 'zebra'" ]
    [ "${#lines[@]}" -eq 2 ]
    touch "$BATS_TEST_TMPDIR/some.cairn"
    run -2 "$CAIRN" "$BATS_TEST_TMPDIR/some.cairn"
    [ "${lines[2]}" = "next: cairn info $BATS_TEST_TMPDIR/some.cairn    # what is in this trace" ]
    run -2 "$CAIRN" help taks
    [ "${lines[0]}" = "cairn help: there is no command 'taks'; did you mean 'tasks'?" ]
    run -2 "$CAIRN" help filtres
    [ "${lines[0]}" = "cairn help: there is no command 'filtres'; did you mean 'filters'?" ]
    run -2 "$CAIRN" tasks --whre=failed x.cairn
    [ "${lines[0]}" = "cairn tasks: there is no option --whre; did you mean --where?" ]
    run -2 "$CAIRN" tasks --zebra x.cairn
    [ "${lines[0]}" = "cairn tasks: there is no option --zebra" ]
}
