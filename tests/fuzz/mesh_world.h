/* tests/fuzz/mesh_world.h - the link process of one node, desk.alice, without its threads and
 * sockets, and the nodes whose messages it hears.
 *
 * Time is the harness's, and so are the answers of router and registry. All that desk sends, asks
 * for and dials goes by here, and is held to what must be true whatever its peers say. */
#pragma once

#include "services/network/link/mesh.h"
#include "tests/unit/network_seat.h"

enum actor {
    DESK,    /* the node itself */
    BOB,     /* linked, and honest */
    MALLORY, /* linked, and hostile: says anything, with her own keys and what others have signed */
    EVE,     /* a second node of Mallory's, not linked */
    GUEST,   /* linked as one who joins: holds a token and no certificate */
    ACTORS
};

enum { SERVICES = 8, MESSAGE_ROOM = LINK_MESSAGE_MAX };

struct person {
    const char *name;
    struct key key;
    struct chain chain;   /* GUEST has none */
    uint64_t link;        /* the number of its link to DESK; 0: it has none */
    bool closed;          /* DESK has closed it; its end is still to be heard */
    uint32_t signed_bits; /* services that it ever said it offers, under its own signature */
    uint32_t asked_bits;  /* actors for whom DESK has asked it for a certificate */
};

struct mesh_world {
    struct folder folder;
    struct mesh mesh;
    struct person people[ACTORS];
    struct token token;
    bool proved;       /* a request that bears the token was made: the network's key may leave */
    bool answers_fail; /* the registry and the router take nothing */
    uint32_t leavings[ACTORS]; /* words of departures that each was sent, … */
    uint32_t leaving_hops;     /* … and how far the last one had come */
    bool told_drains; /* the router, with routes last: whether it knows DRAIN over there … */
    uint32_t told_await_ms; /* … and for how long what is lost is awaited */
    enum actor speaking;    /* whose message is being heard; DESK: nobody's */
};

/* Begins with a fresh copy of the same disk each time. `authority`: desk has the authority's key;
 * else bob is the one who greets as an authority. */
void mesh_world_open(struct mesh_world *world, bool authority);
void mesh_world_close(struct mesh_world *world);

/* Links an actor, and ends its link. */
void mesh_world_link(struct mesh_world *world, enum actor actor);
void mesh_world_unlink(struct mesh_world *world, enum actor actor);

/* DESK hears `message` of an actor that is linked, with all that follows from it. */
void mesh_world_hear(struct mesh_world *world, enum actor actor, struct span message);

/* Lets time pass, and does what is due. */
void mesh_world_pass(struct mesh_world *world, uint64_t for_ms);

/* What must be true at any time. */
void mesh_world_check(const struct mesh_world *world);

/* The name of a service; they are in order. */
const char *mesh_world_service(uint32_t service);

/* Answers a request as the network's authority would, whoever it is. False where it would not. */
bool mesh_world_issue(const struct request *request, struct chain *chain);

/* The authority's certificate. */
const struct certificate *mesh_world_authority(void);

uint64_t mesh_world_now_ms(void);
