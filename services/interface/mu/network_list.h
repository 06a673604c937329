/* network_list.h - nodes, links and routes, asked of the service `link`. */
#pragma once

#include "services/interface/mu/cli.h"
#include "mu/link/v1/link.pb-c.h"

struct arguments;

/* Ask; say why it failed. Nodes come sorted by name, routes by service, the nearest first.
 * `*replyp` is the caller's (bus_reply_free). EXIT_OK or an exit status; network_none's where the
 * node is in no network. */
int network_nodes(struct cli *cli, Mu__Link__V1__NodesReply **replyp);
int network_links(struct cli *cli, Mu__Link__V1__LinksReply **replyp);
int network_routes(struct cli *cli, const char *prefix, Mu__Link__V1__RoutesReply **replyp);

/* Sorts routes by service, the nearest first. */
void network_sort_routes(Mu__Link__V1__RoutesReply *reply);

/* mu network nodes, which is mu node list, too. */
int network_nodes_run(struct cli *cli, const struct arguments *arguments);

/* How a node stands, in a word or two: "this node", "linked", "3 hops", "revoked", … static text
 * but for the hops. */
enum { NETWORK_STAND_MAX = 32 }; /* bytes with the final NUL */
const char *network_stand(const Mu__Link__V1__Node *node, char text[NETWORK_STAND_MAX]);
