/* services/network/link/mesh.h - the link process as a whole.
 *
 * Two threads change it, one at a time, by its lock: the one that runs the endpoints' handlers, and
 * the clerk, which deals with what is in the inbox and what is due. What links hold has their own
 * lock (links.h), which is taken inside of this one, never around it. */
#pragma once

#include "mu/service.h"
#include "services/network/link/authority.h"
#include "services/network/link/badge.h"
#include "services/network/link/departures.h"
#include "services/network/link/domains.h"
#include "services/network/link/imports.h"
#include "services/network/link/inbox.h"
#include "services/network/link/joining.h"
#include "services/network/link/linked.h"
#include "services/network/link/notebook.h"
#include "services/network/link/observer.h"
#include "services/network/link/offers.h"
#include "services/network/link/relay.h"
#include "services/network/link/renewal.h"
#include "services/network/link/routes.h"
#include "services/network/link/seeker.h"

struct mesh {
    pthread_mutex_t lock; /* guards all of it but the inbox and what links hold */
    pthread_t clerk;
    bool clerk_runs;
    struct mu_client *client; /* borrowed for good */
    struct inbox inbox;
    struct links *links; /* owned */
    struct seat seat;
    struct pin pin;
    struct badge badges[2]; /* the present one and the next; links look at one of them */
    unsigned badge;         /* which */
    uint64_t badge_end_s;   /* when the certificate of it ends; unix time */
    struct trust *trust;    /* owned: the links' own copy; NULL while there is no network */
    struct linked_nodes linked;
    struct joining joining;
    struct renewal renewal;
    struct relay relay;
    struct observer observer;
    struct seeker seeker;
    struct notebook notebook; /* where nodes say they are, for the seat's vault */
    struct domains domains;
    struct departures departures;
    struct offers offers;
    struct imports imports;
    struct routes *routes;    /* owned; NULL while there is no network */
    uint64_t again_ms;        /* when the node is told again what it did not take; 0: it took all */
    uint64_t cost_ms;         /* when links' costs are looked at next */
    struct public_key former; /* this node's key before the present one; zeroes: none. Nothing is
                               * reached through oneself */
    uint64_t rotated_ms; /* when links of a key that was replaced are ended; 0: there are none */
    uint64_t revoke_s;   /* when a replaced key is to be revoked here, unix time; 0: it is to be
                          * looked at */
};

/* Opens the vault in `folder`, and links to the network that is in there. Returns 0 or -errno. */
int mesh_open(struct mesh *mesh, struct mu_client *client, const char *folder);

/* Answers the calls that wait for somebody else, and tells other nodes: this process is about to
 * stop. Its links go on until it is closed. */
void mesh_drain(struct mesh *mesh);

/* Ends all links. No call waits any more. */
void mesh_close(struct mesh *mesh);

void mesh_lock(struct mesh *mesh);
void mesh_unlock(struct mesh *mesh);

/* All that follows is called with the lock. */

/* Unix time in s. */
uint64_t mesh_now_s(void);

/* Takes `membership` as this node's own, shows it from now on, listens and dials. On success the
 * caller's is empty. Returns 0, VAULT_FULL or -errno; then nothing changed. */
int mesh_take(struct mesh *mesh, struct membership *membership);

/* Forgets the network: no link, no key. Returns 0, VAULT_FULL or -errno; then nothing changed. */
int mesh_leave(struct mesh *mesh);

/* Shows what the seat has now: behind a new certificate, a new token. */
void mesh_refresh(struct mesh *mesh);

/* Listens where the membership says. Returns 0 or -errno. */
int mesh_listen(struct mesh *mesh);

/* Dials `address` from now on, or finds nodes by it where it is a name without a port. False where
 * there is no room for it. */
bool mesh_dial(struct mesh *mesh, const char *address);

/* A node was revoked: it is not dialled any more. */
void mesh_forget_node(struct mesh *mesh, const struct public_key *node);

/* Takes over a revocation list, ends the links of who is in it, and tells all others but the link
 * number `except`. Returns as seat_revoke. */
int mesh_revoke(struct mesh *mesh, struct span list, uint64_t except);

/* Does the same with this authority's own list, which the seat took over already. */
void mesh_spread_own_list(struct mesh *mesh);

/* Revokes, as an authority, keys that were replaced and have had their time, and ends the links of
 * this node's own former key. Returns when to come again (base/clock.h). */
uint64_t mesh_rotation_due(struct mesh *mesh, uint64_t now_ms);

/* Sends a message to a link; one that cannot take it is gone soon. */
void mesh_say(struct mesh *mesh, uint64_t link, const ProtobufCMessage *message);

/* Ends every link; the dialled ones are made anew. */
void mesh_close_links(struct mesh *mesh, const char *reason);
