# Traces made up by the generators of tests/independent, and of which seeds. SPDX-License-Identifier: Apache-2.0
#
# With a sanitizer everything takes several times as long, and fuzz/ does more for it: one seed of each kind then, but for
# CAIRN_LONG=1.

is_brief() {
    [[ "${CAIRN_CC:-}" == *-fsanitize* && -z "${CAIRN_LONG:-}" ]]
}

# chosen SEED...: of which it is known what they make
chosen() {
    if is_brief; then echo "$1"; else echo "$@"; fi
}

# drawn COUNT COUNT_LONG: that nobody chose; the second number is that of CAIRN_LONG=1
drawn() {
    local count=$1
    [ -z "${CAIRN_LONG:-}" ] || count=$2
    ! is_brief || count=1
    od -An -v -w4 -tu4 -N$((4 * count)) /dev/urandom
}

# make_up GENERATOR SEED [ARGUMENT]: leaves GENERATOR.txt and GENERATOR.cairn in the current folder
make_up() {
    echo "$1 $2" # shown where a test fails
    "$CAIRN_SOURCE/tests/independent/$1.py" "${@:2}" >"$1.txt"
    "$CAIRN" assemble "$1.txt" -o "$1.cairn"
}
