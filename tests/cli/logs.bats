#!/usr/bin/env bats
# `cairn logs`: lines in order of time, filters, hostile text.
# SPDX-License-Identifier: Apache-2.0

load shop

messages() {
    "$CAIRN" logs --json "$@" shop.cairn | jq -c '[.logs[].message]'
}

@test "each line has time, thread, task, type, category and message" {
    run -0 "$CAIRN" logs shop.cairn
    [[ "${lines[1]}" =~ ^\ +0\.000001\ +main\ +1\ +order\ +barista:\ extra ]]
    [[ "${lines[2]}" =~ worker\ +2\ +payment ]]
    [[ "${lines[3]}" =~ off\ +"(begun while off)" ]]
    [[ "${lines[4]}" =~ -\ +-\ +"barista: nobody's" ]]
    [ "${#lines[@]}" -eq 5 ]
}

@test "what could steer the terminal is escaped; json has it as it was" {
    run -0 "$CAIRN" logs shop.cairn
    [[ "$output" != *$'\e'* ]]
    [[ "$output" == *'extra \x1b[31mfoam'* ]]
    "$CAIRN" logs --json shop.cairn | jq -e '.logs[0].message == "extra \u001b[31mfoam"'
}

@test "json and csv" {
    "$CAIRN" logs --json shop.cairn >logs.json
    jq -e '.logs[1] == {time_ns: 1500, realtime_ns: 1700000000000002500, thread: "worker", task: "2",
        type: "payment", category: "barista", message: "milk, please", message_bytes: 12, file: "src/app.c",
        line: 31}' logs.json
    run -0 "$CAIRN" logs --csv shop.cairn
    [ "${lines[0]}" = $'time_ns,realtime_ns,thread,task,type,category,message,message_bytes,file,line\r' ]
    [ "${lines[2]}" = $'1500,1700000000000002500,worker,2,payment,barista,"milk, please",12,src/app.c,31\r' ]
}

@test "filters" {
    [ "$(messages --task 2)" = '["milk, please"]' ]
    [ "$(messages --type payment)" = '["milk, please"]' ]
    [ "$(messages --thread worker)" = '["milk, please"]' ]
    [ "$(messages --log please)" = '["milk, please"]' ]
    [ "$(messages --failed)" = '["milk, please"]' ]
    [ "$(messages --max 600ns)" = '["milk, please"]' ]
    [ "$(messages --from 159us --to 160us)" = '["while off"]' ]
    [ "$(messages --task off)" = '["while off"]' ]
    [ "$(messages --task background)" = "[\"nobody's\"]" ]
    [ "$(messages --min 1us)" = '["extra \u001b[31mfoam"]' ]
    [ "$(messages --complete | jq length)" = 2 ]
    run -0 "$CAIRN" logs --log nothing shop.cairn
    [ "$output" = "No logs match." ]
}
