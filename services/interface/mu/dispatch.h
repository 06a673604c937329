/* dispatch.h - from the words of the command line to the command that is meant. */
#pragma once

#include "services/interface/mu/cli.h"

/* Finds the command (or the service, whose methods are commands, too) and runs it. Returns the exit
 * status. */
int dispatch(struct cli *cli, int argc, char **argv);
