# A trace with every irregularity of tasks and regions, made from the text form, for the tests of reports.
# SPDX-License-Identifier: Apache-2.0
#
# One tick is one nanosecond; the trace starts at 1000 and lasts 1 ms. Round 2.
#
#   order 1     2000..9000 main, parent of 2    order 5       began 500, round 1, ends 20000
#   payment 2   2400..3000 worker, fails        order 6       ends 30000, its begin is not there
#   order 3     40000..., never ends            order 7       50000..150000, all of it quiet
#   order 1     ends again at 9500
#
# A file of tests that loads this finds it as shop.cairn in its current folder, unless it has a setup of its own.

bats_require_minimum_version 1.5.0 # run -N, --separate-stderr

make_shop() {
    cat >"$1.txt" <<'TEXT'
cairn-text 1
head pid=42 round=2 clock=monotonic start=1000,1000,1700000000000001000 last=1001000,1001000,1700000000001001000 executable="/bin/app" command="app --fast" host="box" boot_id="b" limit_bytes=1048576
site number=1 role=task text="order" file="src/app.c" function="main" line=10
site number=2 role=task text="payment" file="src/app.c" function="pay" line=20
site number=3 role=region text="brew" file="src/app.c" function="brew" line=30
site number=4 role=region text="wait" file="src/app.c" function="wait" line=40
site number=5 role=log text="barista" file="src/app.c" function="brew" line=31
site number=6 role=region text="brew" file="src/bar.c" function="pour" line=5
site number=7 role=attr value=int text="size" line=50
site number=8 role=attr value=text text="name" line=51
site number=12 role=end file="src/app.c" function="main" line=99
site number=13 role=end text="no milk" file="src/app.c" function="pay" line=98
thread index=1 tid=42 begin=1500 name="main"
thread index=2 tid=43 begin=1600 end=900000 name="worker"

block events number=1 thread=1 begin=1500
  task_begin site=1 time=2000 id=2:1:1
  task id=2:1:1 birth=2000
  region_begin site=4 time=2100
  region_begin site=3 time=2200
  log site=5 time=2250 text="extra \x1b[31mfoam"
  region_end site=12 time=2300
  task_child site=2 time=2400 id=2:2:2 parent_id=2:1:1 parent_birth=2000
  region_end site=12 time=2600
  attr site=7 time=2700 value=-3
  attr_text site=8 time=2800 text="Zoë, \"the\" barista"
  region_at site=4 time=2900 begin_ns=2050 end_ns=2070
  region_at site=4 time=2910 begin_ns=2080 end_ns=2070
  task_end site=12 time=9000 id=2:1:1 birth=2000
  task_end site=12 time=9500 id=2:1:1 birth=2000
  task_end site=12 time=20000 id=1:1:5 birth=500
  task_end site=12 time=30000 id=2:1:6 birth=25000
  task_begin site=1 time=40000 id=2:1:3
  task_begin site=1 time=50000 id=2:1:7
  task_end site=12 time=150000 id=2:1:7 birth=50000
  task id=1 birth=0
  log site=5 time=160000 text="while off"
  task id=0 birth=0
  region_begin site=6 time=170000
  log site=5 time=180000 text="nobody's"

block events number=2 thread=2 begin=1600 task=2:2:2 task_birth=2400
  region_begin site=3 time=2450
  log site=5 time=2500 text="milk, please"
  region_end site=12 time=2800
  task_fail site=13 time=3000 id=2:2:2 birth=2400
TEXT
    "$CAIRN" assemble "$1.txt" -o "$1"
}

setup_file() {
    make_shop "$BATS_FILE_TMPDIR/shop.cairn"
}

setup() {
    cd "$BATS_FILE_TMPDIR"
}
