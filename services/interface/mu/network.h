/* network.h - `mu network`, `mu node` and `mu key`: what their commands share. All of them ask the
 * service `link`, which holds this node's place in its network. */
#pragma once

#include "services/interface/mu/cli.h"
#include "mu/link/v1/link.pb-c.h"

#define NETWORK_SERVICE "link" /* which runs on nodes that are in a network, and only there */

enum {
    NETWORK_WAIT_MS = 60000, /* for a join or a renewal: others have a part in it */
    NETWORK_LOOK_MS = 1000   /* where the network is only a part of the picture */
};

/* Calls `endpoint` of the service `link` and waits `wait_ms` (0: as for any call). `*replyp` is the
 * caller's (bus_reply_free). Says why it failed, and what to do. Returns EXIT_OK or an exit status.
 */
int network_call(struct cli *cli, const char *endpoint, const ProtobufCMessage *request,
        const ProtobufCMessageDescriptor *reply_type, uint32_t wait_ms, ProtobufCMessage **replyp);

/* Asks link.Show within NETWORK_LOOK_MS and says nothing. NULL where this node is in no network, or
 * its link does not answer; else the caller's (bus_reply_free). */
Mu__Link__V1__ShowReply *network_look(struct cli *cli);

/* Registers the service `link` and waits until it takes calls; does nothing where it does so
 * already. Says what is wrong. Returns EXIT_OK or an exit status. */
int network_bring_up(struct cli *cli);

/* Says that this node is in no network, and how it gets into one. Returns the exit status. */
int network_none(const struct cli *cli);

/* Prints a reply of `link` as JSON. Returns EXIT_OK or an exit status. */
int network_print_json(const struct cli *cli, const ProtobufCMessage *reply);

/* `self`, or an empty one, static, where a reply came without. */
const Mu__Link__V1__Self *network_self(const Mu__Link__V1__Self *self);

/* Prints for people who this node is, one thing a line. */
void network_print_self(const struct cli *cli, const Mu__Link__V1__Self *self);
