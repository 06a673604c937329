/* nodes_services.h - the services that came with Mu, spread over several nodes. */
#pragma once

#include "services/interface/mu/nodes.h"
#include "services/interface/mu/ready.h"

enum { NODES_SERVICES_MAX = 64 };

struct nodes_service {
    char name[64];
    size_t home; /* index of the node that runs it */
};

struct nodes_services {
    struct nodes *nodes; /* borrowed */
    struct nodes_service all[NODES_SERVICES_MAX];
    size_t count;
    size_t count_new; /* registered now */
};

/* Brings each to one node, once, as seed.h says: where it is already, else to the next in turn; but
 * `auth` to every node, whose accounts are its own, and leaves it out of `services`.
 * Says what is wrong. Returns EXIT_OK, or an exit status, with all that were not refused. */
int nodes_spread(struct nodes_services *services, struct nodes *nodes);

/* Waits until what runs on the nodes is up, and leaves in `services` those that are. What is not is
 * said in warnings, and makes the last other outcome than READY_UP. Says what is wrong. Returns
 * EXIT_OK or an exit status. */
int nodes_wait_ready(struct nodes_services *services, enum ready_outcome *outcomep);

/* Waits until each node can call each of them that another one runs. Says which it cannot. Returns
 * EXIT_OK or an exit status. */
int nodes_wait_calls(struct nodes_services *services);
