/* Running a program in the foreground and outliving it. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_RUNPROGRAM_H
#define CAIRN_CLI_RUNPROGRAM_H

#include "base/base.h"

#include <sys/types.h>

enum { RUN_NOT_EXECUTABLE = 126, RUN_NOT_FOUND = 127, RUN_SIGNAL = 128 }; /* as shells have it */

struct run_result {
    int exit_code; /* of the program; RUN_SIGNAL + n if signal n killed it; or one of the above */
    int signal;    /* 0 if it exited */
    pid_t pid;
};

/* Whether run_program would find something to execute: 0, or -1 with *error and result->exit_code set. For what
 * must not be done in vain. */
int run_program_check(const char *program, struct run_result *result, struct cairn_error *error);

/* Runs arguments[0], found in PATH, and waits for its end. What a terminal sends (Ctrl-C) reaches the program
 * by itself; SIGINT, SIGQUIT, SIGTERM and SIGHUP that a process sends to us are passed on. None of them ends
 * this process. Returns 0, or -1 with *error set if the program could not be run; result is filled then too. */
int run_program(char **arguments, struct run_result *result, struct cairn_error *error);

#endif
