/* tests/integration/client/node.h - a router and probe services in a folder of their own; of
 * node_remote.c, a whole node that the client reaches over an encrypted link. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "mu/client.h"

enum { NODE_DIR_MAX = 64, NODE_PROBES_MAX = 4 };

struct node {
    char dir[NODE_DIR_MAX];
    pid_t router;
    pid_t probes[NODE_PROBES_MAX];
    struct mu_client *client; /* owned */
};

/* Starts a router, and connects to it. */
void node_start(struct node *node);

/* One more client, as node->client is. Returns 0 or -errno. */
int node_open(const struct node *node, struct mu_client **clientp);

/* True where the client is not on the node's machine. */
bool node_is_remote(void);

/* Starts a router only; not of node_remote.c. */
void node_start_router(struct node *node);

/* Starts probe service number `index`, with `threads` for its handlers, and waits until it answers.
 */
void node_start_probe(struct node *node, int index, const char *threads);

/* Sends the signal and waits for the end. Returns the wait status. */
int node_end(pid_t *pid, int signal);

/* Waits until a call of probe.Echo succeeds; fails the test after ten seconds. */
void node_wait_for_probe(struct node *node);

/* Waits until the router knows no probe that takes calls; fails the test after ten seconds. */
void node_wait_for_probe_gone(struct node *node);

/* Ends everything and removes the folder. Checks that living services exit with 0. */
void node_stop(struct node *node);
