# cairn: the commands for people. The build itself is CMake's: see CMakeLists.txt and CMakePresets.json.
# SPDX-License-Identifier: Apache-2.0

PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

# One build folder; each goal turns on what it needs in it, and nothing else.
CONFIGURE = cmake --preset release -DCAIRN_TESTS=OFF -DCAIRN_EXAMPLES=OFF -DCAIRN_BENCH=OFF
BUILD = MAKEFLAGS= GNUMAKEFLAGS=--no-print-directory cmake --build build -j$(JOBS)

.PHONY: build demo check check-long bench bench-peers bench-analysis install clean format help two-file

build: need-cmake
	@$(CONFIGURE) >/dev/null
	@$(BUILD)

help:
	@echo 'make             build/cairn, build/libcairn.so and build/libcairn.a (needs cmake, a C compiler, SQLite, libedit)'
	@echo 'make demo        records a real program under load and shows what was slow and why'
	@echo 'make check       all tests, some minutes'
	@echo 'make check-long  all tests in every build, and fuzzing: some hours'
	@echo 'make bench       what an annotation costs on this machine, some minutes'
	@echo 'make bench-peers the same beside other tracers'
	@echo 'make bench-analysis how fast the tool answers, and in how much memory; some minutes, 2 GB of disk'
	@echo 'make install     to PREFIX, now $(PREFIX); DESTDIR is put before it'
	@echo 'make two-file    build/two-file/cairn.h and cairn.c, to compile into a program'
	@echo 'make format      clang-format over all C files'
	@echo 'make clean       removes build/'
	@echo
	@echo 'demo, check, bench and bench-peers first install with apt what they need and the machine lacks.'

demo:
	@tools/bootstrap demo
	@$(CONFIGURE) -DCAIRN_EXAMPLES=ON >/dev/null
	@$(BUILD)
	@tools/demo

check:
	@tools/bootstrap check
	@tools/check

check-long:
	@tools/bootstrap check
	@tools/check --long

bench:
	@tools/bootstrap bench
	@$(CONFIGURE) -DCAIRN_BENCH=ON >/dev/null
	@$(BUILD)
	@tools/bench

bench-peers:
	@tools/bootstrap bench
	@$(CONFIGURE) -DCAIRN_BENCH=ON >/dev/null
	@$(BUILD)
	@tools/bench-peers

bench-analysis:
	@tools/bootstrap bench
	@$(CONFIGURE) -DCAIRN_BENCH=ON >/dev/null
	@$(BUILD)
	@tools/bench-analysis

install: build
	@DESTDIR='$(DESTDIR)' cmake --install build --prefix '$(PREFIX)'

two-file:
	@tools/amalgamate build/two-file
	@echo 'build/two-file/cairn.h and build/two-file/cairn.c'

format:
	@tools/c-files | xargs clang-format -i

clean:
	rm -rf build

.PHONY: need-cmake
need-cmake:
	@command -v cmake >/dev/null || { echo 'cmake is missing; tools/bootstrap build installs it' >&2; exit 1; }
