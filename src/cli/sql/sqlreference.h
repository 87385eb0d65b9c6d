/* The reference of all SQL tables. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_SQLREFERENCE_H
#define CAIRN_CLI_SQLREFERENCE_H

#include <stdio.h>

/* Prints it as Markdown: the part of doc/sql.md that tests/cli/sql.bats compares. */
void sqlreference_print(FILE *out);

#endif
