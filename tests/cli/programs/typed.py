#!/usr/bin/env python3
"""Types at a program on a terminal of its own, and prints what it shows. SPDX-License-Identifier: Apache-2.0

    typed.py PROGRAM ARGUMENTS... -- TEXT...

Each text is typed when the program has been quiet for a while. The exit code is the program's; 99 if it does not end.
"""
import os
import pty
import select
import sys

QUIET_S, PATIENCE_S = 0.5, 60


def show(terminal, seconds):
    """Prints what comes until nothing has for so long. False: the program has ended."""
    while select.select([terminal], [], [], seconds)[0]:
        try:
            shown = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            return False
        if not shown:
            return False
        sys.stdout.buffer.write(shown)
    return True


def main():
    split = sys.argv.index("--")
    program, texts = sys.argv[1:split], sys.argv[split + 1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(program[0], program)
    for text in texts:
        if not show(terminal, QUIET_S):
            break
        os.write(terminal, text.encode())
    runs = show(terminal, PATIENCE_S)
    sys.stdout.buffer.flush()
    if runs:
        os.kill(child, 9)
        sys.exit(99)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
