#!/usr/bin/env bats
# Bad input of every kind, to every command: a clear message, exit code 1 or 2, never a crash or a hang; what is
# valid beside the damage is still told. SPDX-License-Identifier: Apache-2.0

setup_file() {
    cd "$BATS_FILE_TMPDIR"
    "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/everything.txt" -o good.cairn
}

setup() {
    cd "$BATS_TEST_TMPDIR"
    cp "$BATS_FILE_TMPDIR/good.cairn" .
}

mortal=() # what to run the tool with
readers=(info tasks regions logs "task 1" "convert --to chrome -o -" check dump join
    tree flame series explain "compare --a failed --b finished" "sql select(count(id))from(tasks)")

# read_with N FILE: the Nth command on a file, bounded; its status is in $status
read_with() {
    local words=(${readers[$1]})
    run timeout 20 "${mortal[@]}" "$CAIRN" "${words[0]}" "$2" "${words[@]:1}"
}

# refused PATH PIECE: every command ends with 1 and names the file; at least one says the piece
refused() {
    local said=
    for reader in "${!readers[@]}"; do
        read_with "$reader" "$1"
        [ "$status" -eq 1 ] || { echo "${readers[$reader]} $1: $status $output"; return 1; }
        [[ "$output" == *"$1"* ]] || { echo "${readers[$reader]} $1: $output"; return 1; }
        [[ "$output" != *"$2"* ]] || said=yes
    done
    [ "$said" = yes ]
}

@test "missing, empty, text, a folder without traces, a device, a FIFO" {
    refused no-such-file "No such file"
    : >empty
    refused empty "is empty"
    echo "a letter, much longer than a magic number" >text
    refused text "not a trace"
    mkdir folder
    refused folder "no trace"
    echo letter >folder/letter
    refused folder "no trace"
    refused /dev/null "not a regular file"
    mkfifo fifo
    refused fifo "not a regular file"
}

@test "unreadable" {
    if [ "$(id -u)" -eq 0 ]; then
        mortal=(setpriv --bounding-set=-dac_override,-dac_read_search)
        "${mortal[@]}" true || skip "root cannot give up reading everything here"
    fi
    chmod 0 good.cairn
    refused good.cairn "Permission denied"
}

@test "another version" {
    printf '\x63' | dd of=good.cairn bs=1 seek=8 conv=notrunc status=none
    unset 'readers[7]' # dump shows what is there, whatever the version
    refused good.cairn "version"
}

# Neither a multiple of a word nor of the number of commands.
step=$([ -n "${CAIRN_LONG:-}" ] && echo 1 || echo 5)

@test "cut off anywhere behind the head the rest is read; within the head it is refused" {
    size=$(stat -c %s good.cairn)
    reader=0
    for length in $(seq 0 $((61 * step)) 4095) $(seq $((4096 + RANDOM % step)) "$step" $((size - 1))); do
        head -c "$length" good.cairn >cut.cairn
        read_with "$reader" cut.cairn
        if [ "$status" -gt 1 ] || { [ "$length" -lt 4096 ] && [ "$status" -ne 1 ]; }; then
            echo "${readers[$reader]} at $length: $status $output"
            false
        fi
        [ "$length" -ge 4096 ] || [[ "$output" == *cut.cairn* ]]
        reader=$(((reader + 1) % ${#readers[@]}))
    done
}

@test "a flipped byte anywhere neither crashes nor hangs a command" {
    size=$(stat -c %s good.cairn)
    reader=0
    for offset in $(seq 0 5 200) $(seq $((4000 + RANDOM % step)) $((4 * step - 1)) $((size - 1))); do
        cp good.cairn flipped.cairn
        byte=$(od -An -tu1 -j"$offset" -N1 good.cairn)
        printf "\\x$(printf %x $((byte ^ 255)))" | dd of=flipped.cairn bs=1 seek="$offset" conv=notrunc status=none
        read_with "$reader" flipped.cairn
        [ "$status" -le 1 ] || { echo "${readers[$reader]} at $offset: $status $output"; false; }
        reader=$(((reader + 1) % ${#readers[@]}))
    done
}

@test "what is valid beside the damage is still told, and the damage with file and offset" {
    python3 - good.cairn <<'PY'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
at = 4096
while True:  # the events block of number 2: invert a byte of its last event
    magic, checksum, size, kind, flags, number = struct.unpack_from("<IIIHHQ", data, at)
    if kind == 1 and number == 2:
        data[at + size - 3] ^= 255
        break
    at += size
open("changed.cairn", "wb").write(data)
PY
    run "$CAIRN" info changed.cairn
    [ "$status" -le 1 ]
    [[ "$output" == *checksum* ]]
    [[ "$output" == *changed.cairn*offset* ]]
    run "$CAIRN" logs changed.cairn
    [[ "$output" == *"extra foam"* ]]
    for command in tasks regions logs "convert -o changed.json"; do
        run "$CAIRN" $command changed.cairn
        [ "$status" -eq 1 ]
        [[ "$output" == *"the trace is damaged (checksum)"*changed.cairn*offset* ]]
    done
    "$CAIRN" tasks changed.cairn 2>/dev/null | grep -q '^order'
    grep -q '"name":"order"' changed.json
}

@test "a damaged file in a folder does not keep the good one from being read" {
    mkdir both
    cp good.cairn both/good.cairn
    head -c 3000 good.cairn >both/bad.cairn
    run "$CAIRN" info both
    [[ "$output" == *bad.cairn* ]]
    run "$CAIRN" tasks both
    [ "$status" -le 1 ]
    [[ "$output" == *order* ]]
}

@test "times that are any number of years apart do not wrap" {
    cat >far.txt <<'TEXT'
cairn-text 1
head start=1000,1000,1000 last=900000,900000,900000
site number=1 role=task text="request"
site number=2 role=log text="plain"
thread index=1 tid=7
block events number=1 thread=1 begin=500
  task_again id=1:1:5
  log site=2 time=600 text="before the start, of a task whose begin is not known"
TEXT
    "$CAIRN" assemble far.txt -o far.cairn
    [[ "$("$CAIRN" task --csv far.cairn 5 2>/dev/null)" == *$'\nlog,-9223372036854775808,'* ]]
}

@test "a round that cannot be, in the head, leaves ids that can be asked for" {
    sed 's/^head pid=42/head pid=42 round=4194305/' "$CAIRN_SOURCE/tests/traces/everything.txt" >round.txt
    "$CAIRN" assemble round.txt -o round.cairn
    run "$CAIRN" task round.cairn 1
    [ "$status" -eq 1 ]
    [[ "$output" == *"there is no task 1."* ]]
    "$CAIRN" task round.cairn 1r1 | grep payment
}
