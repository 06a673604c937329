/* down.h - stopping a node. */
#pragma once

#include "services/interface/mu/cli.h"

/* Stops the node of `cli`, waits until its process is gone, and says so. `*namep` becomes its name,
 * which the caller frees; where none runs it stays as it is. Says what is wrong. Returns EXIT_OK or
 * an exit status. */
int down(struct cli *cli, char **namep);
