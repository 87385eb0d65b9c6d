/* Man pages made from the tables of the commands. SPDX-License-Identifier: Apache-2.0 */
#ifndef CAIRN_CLI_MANPAGE_H
#define CAIRN_CLI_MANPAGE_H

#include "cli/cli.h"

/* cairn(1), and cairn-NAME(1), in roff with the man macros. */
void manpage_print_tool(FILE *out);
void manpage_print_command(const struct cli_command *command, FILE *out);

#endif
