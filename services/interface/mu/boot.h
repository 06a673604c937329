/* boot.h - from nothing to a node that answers. */
#pragma once

#include "services/interface/mu/cli.h"

enum { BOOT_WAIT_MS = 30000 };

/* Starts the node of `cli` in the background, called `name` (NULL: as the host); does nothing where
 * it answers already. Its services may not be up yet when this returns: see ready.h. `*startedp`
 * becomes true where it was started. Says what is wrong. Returns EXIT_OK or an exit status. */
int boot(struct cli *cli, const char *name, bool *startedp);

/* How long to wait for it, and for what it runs: --timeout, else BOOT_WAIT_MS. */
uint32_t boot_wait_ms(const struct cli *cli);
