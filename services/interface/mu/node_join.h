/* node_join.h - letting a node into a network, from both sides. */
#pragma once

#include "services/interface/mu/cli.h"
#include "mu/link/v1/link.pb-c.h"

/* Asks for a join token; joins with one. `*replyp` is the caller's (bus_reply_free). Say what is
 * wrong. Return EXIT_OK or an exit status. */
int node_invite(struct cli *cli, const Mu__Link__V1__InviteRequest *request,
        Mu__Link__V1__InviteReply **replyp);
int node_join(struct cli *cli, const Mu__Link__V1__JoinRequest *request,
        Mu__Link__V1__JoinReply **replyp);
