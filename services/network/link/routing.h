/* services/network/link/routing.h - what routes.h finds is done: the router is told its tables, the
 * registry what other nodes offer, the neighbours what they ought to know.
 *
 * With the mesh's lock. While this node is in no network, all of it does nothing. */
#pragma once

#include "services/network/link/mesh.h"

/* Begins, for the seat as it is: behind a first certificate, or a new key. Returns 0 or -ENOMEM. */
int routing_begin(struct mesh *mesh);

/* Takes back all that was told to the registry and the router. Fine where it was not begun. */
void routing_end(struct mesh *mesh);

/* As both, for this node's new key; but what router and registry know stays until they are told
 * something else. Returns 0 or -errno, and then nothing is routed. */
int routing_begin_again(struct mesh *mesh);

/* This node's certificates or addresses changed. */
void routing_set_self(struct mesh *mesh);

void routing_set_offers(struct mesh *mesh, const struct offer *offers, uint32_t count);

/* The registry has begun anew and knows nothing of other nodes. */
void routing_import_again(struct mesh *mesh);

/* Links. */
void routing_up(struct mesh *mesh, const struct linked_node *node);
void routing_carries(struct mesh *mesh, struct linked_node *node, uint64_t channel);
/* It said what its router knows. */
void routing_greeted(struct mesh *mesh, struct linked_node *node);
void routing_down(struct mesh *mesh, const struct linked_node *node);

/* A neighbour's message. False where it is for somebody else here. */
bool routing_hear(struct mesh *mesh, const struct linked_node *node, struct span message);

/* What is believed has changed. */
void routing_recheck(struct mesh *mesh);

/* On a thread of the client's: the router or the registry did not take what it was told, maybe
 * because this process had no channel yet. It is told again a moment later. */
void routing_refused(struct mesh *mesh, const struct mu_result *result);

/* Does what is due. Returns when to come again. */
uint64_t routing_due(struct mesh *mesh, uint64_t now_ms);
