/* services/network/link/peers.h - what this node says to those that are linked to it, and what it
 * makes of what they say. All of it is called with the mesh's lock, by the clerk. */
#pragma once

#include "services/network/link/mesh.h"

/* A link is up. */
void peers_up(struct mesh *mesh, const struct inbox_item *item);

/* A link's node channel is open. */
void peers_carries(struct mesh *mesh, const struct inbox_item *item);

/* A link's peer said something. What is no message of this protocol ends the link. */
void peers_message(struct mesh *mesh, const struct inbox_item *item);

/* A link is down. */
void peers_down(struct mesh *mesh, const struct inbox_item *item);

/* Says anew what this node is: behind a new certificate. */
void peers_greet_all(struct mesh *mesh);

/* Tells every linked node that this one has another key, for which those that dialled are to dial
 * again. */
void peers_say_moved(struct mesh *mesh);

/* Tells all that are linked that this process is about to stop on purpose. */
void peers_say_leaving(struct mesh *mesh);

/* Where others dial this node; borrowed from the mesh. Returns how many. */
size_t peers_own_addresses(struct mesh *mesh, char *addresses[TOKEN_ADDRESSES_MAX]);

/* Tells everybody but the link number `except` of a revocation list. */
void peers_broadcast_list(struct mesh *mesh, struct span list, uint64_t except);

/* Asks the link number `link` to certify what `request` says. */
void peers_ask(struct mesh *mesh, uint64_t link, const struct request *request);
