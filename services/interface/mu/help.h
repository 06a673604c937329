/* help.h - what the table of commands says, for people and for programs. */
#pragma once

#include "services/interface/mu/command.h"

/* Of one command (of a noun, its children), or of all (NULL): for people, or with -o json every
 * command, flag, example and exit status. Returns EXIT_OK or an exit status. */
int help_show(const struct cli *cli, const struct command *command);

/* One row of a two-column list, as help prints them everywhere. */
void help_row(const char *left, const char *right);

/* "-n, --lines N", as help prints a flag. */
void help_flag(const struct flag *flag, char *text, size_t size);
