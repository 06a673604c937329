/* tests/unit/link_router.h - the router of one node, as its link process sees it: it answers
 * router.Link, and has the other end of the node channel. */
#pragma once

#include <pthread.h>

#include "mu/client.h"
#include "transport/channel.h"

enum { LINK_ROUTER_PATH_MAX = 96 };

struct link_router {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char dir[LINK_ROUTER_PATH_MAX];
    struct listener *public;
    struct listener *private; /* of the node channel asked for last */
    struct channel *bus;      /* the client's; counted */
    struct channel *node;     /* the node channel; counted; NULL while there is none */
    uint64_t channels;        /* node channels asked for: the number of the last */
    uint64_t lost;            /* node channels that closed */
    unsigned listeners;
    bool refusing; /* answers router.Link with an error */
    bool deaf;     /* does not read its node channel */

    /* What came on node channels; with the lock. May be NULL. */
    void (*take)(const struct envelope *envelope, void *user);
    void *user;
    uint64_t taken;
    uint64_t taking; /* while `take` runs: which node channel, counted as they connected */
    uint64_t connected;

    /* A node channel connected; with the lock. May be NULL. */
    void (*begin)(void *user);
    void *begin_user;
};

/* Listens in a folder of its own. */
void link_router_open(struct link_router *router);
void link_router_close(struct link_router *router);

/* A client of it. */
struct mu_client *link_router_client(const struct link_router *router);

/* Sends an envelope to the other node; waits while there is no node channel, or much waits in it.
 */
void link_router_send(struct link_router *router, const struct envelope *envelope);

/* Waits until `count` envelopes were taken, or node channel number `number` is connected. */
void link_router_wait_taken(struct link_router *router, uint64_t count);
void link_router_wait_node(struct link_router *router, uint64_t number);

/* Has it read its node channel again. */
void link_router_listen(struct link_router *router);

/* Closes the node channel, as a router that ends. */
void link_router_hang_up(struct link_router *router);
