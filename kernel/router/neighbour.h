/* kernel/router/neighbour.h - linked nodes, and clients that have no node. Each has a node channel:
 * a private socket that the link service (the linker) asked for with router.Link, and at which it
 * joins the other node's router to this one.
 *
 *     Link ──▶ asked ──▶ opening ──▶ open, Link is answered ──▶ connected ──▶ gone
 *                         the shell opens its socket             with its peer
 *
 * A client is a neighbour whose channel is no node channel but that of an ordinary caller: it is
 * stamped with its name, and may call what permit.h lets it.
 *
 * It goes with its channel or with its linker's, whichever ends first, and the socket with it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "kernel/router/limits.h"
#include "kernel/router/parting.h"
#include "transport/stamp.h"

struct envelope;
struct peer;
struct router;

enum { NEIGHBOUR_ID_SIZE = 32 };

enum neighbour_state {
    NEIGHBOUR_ASKED,   /* the shell has not heard of it */
    NEIGHBOUR_OPENING, /* the shell opens its socket; the linker waits for the answer */
    NEIGHBOUR_OPEN
};

struct neighbour {
    struct list link;    /* in router.neighbours */
    struct peer *linker; /* borrowed: until it detaches; NULL: it did, the channel is doomed */
    struct peer *peer;   /* borrowed: until it detaches; NULL: not connected yet */
    uint64_t channel;
    uint64_t asked_id; /* of the linker's call … */
    uint64_t asked_us; /* … and when it came */
    enum neighbour_state state;
    struct parting parting;
    uint32_t transit_us;
    uint32_t *services; /* owned: indexes of those that it is a way to */
    uint32_t service_count;
    uint8_t node_id[NEIGHBOUR_ID_SIZE];
    uint8_t link_id[NEIGHBOUR_ID_SIZE];
    char node[ROUTER_NODE_NAME_MAX + 1];
    char owner[ROUTER_NODE_NAME_MAX + 1];
    char client[ROUTER_NODE_NAME_MAX + 1]; /* its name; "" for a node */
    uint8_t stamp[STAMP_SIZE_MAX];         /* of the call that is coming in */
};

/* True for a client. */
bool neighbour_is_client(const struct neighbour *neighbour);

/* router.Link. */
void neighbour_link(struct router *router, struct peer *linker, const struct envelope *envelope);

/* True where the peer is the node's own link service; else the caller is told. */
bool neighbour_may_link(struct router *router, struct peer *peer, const struct envelope *envelope);

/* NULL where there is none, or no more. */
struct neighbour *neighbour_find(const struct router *router, uint64_t channel);

/* The next one whose socket is to be opened, each once; NULL where there is none. */
struct neighbour *neighbour_next_asked(struct router *router);

/* Answers Link: the socket is open at `path`, or `r` is -errno and the neighbour is gone. Fine
 * where it is gone already. */
void neighbour_opened(struct router *router, uint64_t channel, const char *path, int r);

/* Makes the peer its channel. False where it is not waited for. */
bool neighbour_attach(struct router *router, struct peer *peer, uint64_t channel);

/* The peer leaves: a neighbour's routes go, and a linker's neighbours. */
void neighbour_detach(struct router *router, struct peer *peer);
