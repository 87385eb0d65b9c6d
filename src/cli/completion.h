/* Completion for shells, made from the tables of the commands. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_COMPLETION_H
#define CAIRN_CLI_COMPLETION_H

#include <stdio.h>

void completion_print_bash(FILE *out);

#endif
