/* Lines of text, of which those that only count up or down are put together: "level#1..#100".
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_TESTS_RUNLINES_H
#define CAIRN_TESTS_RUNLINES_H

/* Adds to the present line. */
void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Adds "#number". The first number of a line is the one that may count. */
void add_number(unsigned number);
/* Ends the line; it is printed, to stdout, once it is known how far it goes on. */
void end_line(void);
/* Prints what waits. */
void end_lines(void);

#endif
