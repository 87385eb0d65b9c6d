# Records the example web shop while clients visit it. SPDX-License-Identifier: Apache-2.0

# record_web_shop REQUESTS [SHOP OPTIONS]: leaves shop.cairn, record.log, what the clients saw in load.json and
# load.err, their status in load.failed if they were not content, and the shop's empty folder, data.
record_web_shop() {
    local requests=$1 recorder port server tries=0
    shift
    mkdir data
    "$CAIRN" record -o shop -- "$CAIRN_BUILD/shop" --port-file port --seconds 120 --data data "$@" \
        >record.log 2>&1 3>&- &
    recorder=$!
    while [ ! -s port ] && kill -0 "$recorder" 2>/dev/null && [ "$tries" -lt 300 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    [ -s port ] || { cat record.log; wait "$recorder" || echo "status $?"; return 1; }
    read -r port server <port
    "$CAIRN_BUILD/shop-load" --port "$port" --requests "$requests" --json >load.json 2>load.err || echo $? >load.failed
    kill -TERM "$server"
    wait "$recorder"
}
