/* A program of tests: named cases, told of in TAP. SPDX-License-Identifier: Apache-2.0
 *
 *     static void case_of_something(void) { CHECK(1 + 1 == 2); }
 *     static const struct testing_case cases[] = {{"something", case_of_something}};
 *     int main(int argc, char **argv) { return testing_main(cases, 1, argc, argv); }
 *
 * Arguments choose cases by name; none: all. A case that cannot run here calls testing_skip and returns. Exit
 * status: 0, 1 if a check failed, 77 if every case was skipped. */
#ifndef CAIRN_TESTS_TESTING_H
#define CAIRN_TESTS_TESTING_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <stdio.h>

struct testing_case {
    const char *name;
    void (*run)(void);
};

int testing_main(const struct testing_case *cases, size_t count, int argc, char **argv);
void testing_skip(const char *why);
void testing_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define CHECK(condition) ((condition) ? (void)0 : testing_fail(__FILE__, __LINE__, "not so: %s", #condition))
#define CHECK_EQUAL(value, expected)                                                                         \
    testing_check_equal(__FILE__, __LINE__, #value, (int64_t)(value), (int64_t)(expected))
void testing_check_equal(const char *file, int line, const char *what, int64_t value, int64_t expected);

/* A folder of the present case, without a slash at its end; removed with all that is in it after the case. */
const char *testing_folder(void);
/* The path of a file in it. Static storage, of the last eight calls. */
const char *testing_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How much to do: `count`, less under a sanitizer, more if $CAIRN_LONG is set. */
unsigned testing_scaled(unsigned count);

/* ThreadSanitizer knows nothing of what a forked child inherits from threads that it has not, and watches file
 * descriptors as if they were memory. */
bool testing_is_thread_sanitized(void);

uint64_t testing_now_ns(void);

/* Whether a check of the present case has failed, for a child that tells its parent by its exit status. */
bool testing_has_failed(void);

/* A fork that a sanitizer's allocator survives. */
pid_t testing_fork(void);

/* Runs a function in a forked child and returns its status as of waitpid. A check that fails there fails the case. */
int testing_in_child(void (*function)(void));
/* The same where the child has mounts of its own and is root. False if that is not permitted here. */
bool testing_may_mount(void);

#endif
