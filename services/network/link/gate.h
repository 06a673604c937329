/* services/network/link/gate.h - this end of a node channel: where the envelopes of one other node
 * enter this node's bus and leave it.
 *
 *     WANTED ── router.Link ──▶ ASKED ── its path ──▶ GRANTED ── dialled ──▶ OPEN ──▶ CLOSED
 *
 * Asking and dialling happen without the lock, on the thread of links.c, which calls gate_step.
 * What comes for the router before the channel is open waits; that is bounded by the credit that
 * the peer has. */
#pragma once

#include "mu/client.h"
#include "transport/link/guard.h"
#include "transport/envelope.h"

struct gate; /* opaque, counted */

enum { GATE_NAME_MAX = 65, GATE_ID_SIZE = 32 /* bytes, of a node and of a link */ };

/* All come with the lock. */
struct gate_events {
    /* gate_step is due. */
    void (*due)(void *user);
    /* The channel is open; the router knows it by this number. */
    void (*opened)(uint64_t channel, void *user);
    /* The router sends this to the other node; its spans are borrowed until the return. Returns why
     * it cannot be taken, which closes the gate, or NULL. */
    const char *(*envelope)(const struct envelope *envelope, void *user);
    /* Of what gate_put was given, the router has taken so many bytes. */
    void (*taken)(size_t size, void *user);
    /* It closed, but not by gate_close; once, and nothing after it. */
    void (*lost)(const char *reason, void *user);
};

/* Whose node channel it is: what router.Link is told. */
struct gate_peer {
    char client[GATE_NAME_MAX]; /* of a client; else "" */
    char node[GATE_NAME_MAX];
    char owner[GATE_NAME_MAX];
    uint8_t node_id[GATE_ID_SIZE];
    uint8_t link_id[GATE_ID_SIZE];
};

/* Makes a gate that is WANTED. `client` and `guard` are borrowed until all have left the guard, the
 * events until gate_close or `lost`. With the lock, as all that follows. Returns 0 or -ENOMEM. */
int gate_open(struct gate **gatep, struct guard *guard, struct mu_client *client,
        const struct gate_peer *peer, const struct gate_events *events, void *user);

/* Closes it, and gives the owner's reference back; also behind `lost`. NULL is fine. Returns NULL.
 */
struct gate *gate_close(struct gate *gate);

/* True where gate_step has something to do. */
bool gate_is_due(const struct gate *gate);

/* Asks the router, or dials what it answered. Lets go of the lock meanwhile. */
void gate_step(struct gate *gate);

/* Passes the envelopes of a Frame to the router. Returns why not, where they are none or there is
 * no room, or NULL. */
const char *gate_put(struct gate *gate, struct span frame);

/* Stops and goes on reading what the router sends; what was being read already still comes. */
void gate_pause(struct gate *gate);
void gate_resume(struct gate *gate);
