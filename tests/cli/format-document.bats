# doc/format.md is current, and enough to read a trace by: an independent decoder written from it agrees.
# SPDX-License-Identifier: Apache-2.0

setup() {
    folder=$(mktemp -d)
}

teardown() {
    rm -rf "$folder"
}

@test "the tables in doc/format.md are those of event.def" {
    "$CAIRN_SOURCE/tools/gen-format-table" --check
}

@test "an independent decoder counts what the reader counts" {
    for name in everything open-region times flight-stopped sampling; do
        "$CAIRN" assemble "$CAIRN_SOURCE/tests/traces/$name.txt" -o "$folder/$name.cairn"
        "$CAIRN" info --json "$folder/$name.cairn" >"$folder/info.json" ||
            [ $? -eq 1 ] # one of them has a gap
        "$CAIRN_SOURCE/tests/independent/decode.py" "$folder/$name.cairn" >"$folder/independent.json"
        python3 - "$folder/info.json" "$folder/independent.json" <<'EOF'
import json, sys
info, independent = (json.load(open(path)) for path in sys.argv[1:])
for key in "recovered", "lost", "overwritten":
    for kind, count in independent[key].items():
        assert info[key].get(kind, 0) == count, (key, kind, count, info[key])
assert sum(independent["recovered"].values()) > 0
EOF
    done
}
