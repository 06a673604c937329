/* status.h - what the supervisor says about the node, for the commands that show it. */
#pragma once

#include "services/interface/mu/cli.h"
#include "mu/node/v1/node.pb-c.h"

/* Ask; say why it failed. `*replyp` is the caller's (bus_reply_free). EXIT_OK or an exit status. */
int status_ask(struct cli *cli, Mu__Node__V1__StatusReply **replyp);
int status_list(struct cli *cli, Mu__Node__V1__ListReply **replyp);

/* Prints one screen for people; where this node is in a network, with how it stands there. */
void status_print(struct cli *cli, const Mu__Node__V1__StatusReply *status,
        const Mu__Node__V1__ListReply *list);
