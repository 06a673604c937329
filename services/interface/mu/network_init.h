/* network_init.h - founding a network. */
#pragma once

#include "services/interface/mu/cli.h"
#include "mu/link/v1/link.pb-c.h"

/* Founds the network of `request` and writes its sealed root key into a new file at `path`, which
 * is gone again where that failed. `*replyp` is the caller's (bus_reply_free). Says what is wrong.
 * Returns EXIT_OK or an exit status. */
int network_init(struct cli *cli, const Mu__Link__V1__InitRequest *request, const char *path,
        Mu__Link__V1__InitReply **replyp);
