/* tests/unit/router_bus.h - a router's core with peers and no sockets: what a test says and hears.
 */
#pragma once

#include "kernel/router/core.h"

enum { BUS_HEARD_MAX = 64 };

#define BUS_UNIX_S UINT64_C(1767225590) /* when the router began */

struct bus {
    struct router router;
    uint64_t now_us;
    bool drains;       /* of what is said with routes: the other router knows DRAIN */
    uint32_t await_ms; /* the same: what is not reached any more is awaited */
    /* What bus_hear found last; spans borrowed until the next bus_hear. */
    struct envelope heard[BUS_HEARD_MAX];
    size_t heard_count;
    uint8_t *bytes; /* owned */
};

void bus_open(struct bus *bus);

/* Detaches whoever is left. */
void bus_close(struct bus *bus);

/* One who calls, on the public socket. */
struct peer *bus_caller(struct bus *bus);

/* Has a caller say which service it is, and takes the answer: it is not READY yet. */
void bus_hello(struct bus *bus, struct peer *peer, const char *service);

/* An instance of `service`, ready; what it was told so far is thrown away. */
struct peer *bus_service(struct bus *bus, const char *service);

/* A process that the supervisor started, ready; `calls`: patterns that end in a NUL each. */
struct peer *bus_process(
        struct bus *bus, const char *service, uint64_t instance, struct span calls);

/* The same; `exports`: endpoints and to whom, in turn, with a NUL each. */
struct peer *bus_exporter(
        struct bus *bus, const char *service, uint64_t instance, struct span exports);

/* The same with a namespace; "" for none. */
struct bus_tenant {
    const char *space;
    const char *service;
    uint64_t instance;
    struct span calls;
    struct span exports;
};
struct peer *bus_tenant(struct bus *bus, const struct bus_tenant *tenant);

/* The node's link service. */
struct peer *bus_linker(struct bus *bus);

/* Has a node channel opened for `node`, of alice, whose key is 32 times `key`. */
struct neighbour *bus_ask(struct bus *bus, struct peer *linker, const char *node, uint8_t key);

/* The same, connected. */
struct peer *bus_neighbour(struct bus *bus, struct peer *linker, const char *node, uint8_t key);

struct bus_route {
    const char *service;
    uint32_t hops;
    uint32_t metric_us;
};

/* Calls router.Routes, and takes the answer. Returns its code; `*left_outp` may be NULL. */
uint32_t bus_set_routes(struct bus *bus, struct peer *linker, const struct peer *neighbour,
        const struct bus_route *routes, size_t count, uint32_t *left_outp);

/* The same for one service, which must be taken. */
void bus_set_route(struct bus *bus, struct peer *linker, const struct peer *neighbour,
        const char *service, uint32_t hops);

/* Says it; returns what router_step does. */
int bus_say(struct bus *bus, struct peer *peer, struct envelope envelope);

/* Takes what waits for the peer into `heard` and returns how many envelopes. */
size_t bus_hear(struct bus *bus, struct peer *peer);

/* Takes exactly one envelope of `kind`. */
struct envelope bus_hear_one(struct bus *bus, struct peer *peer, enum envelope_kind kind);

/* A call, whose envelope as the callee heard it is returned. */
struct envelope bus_call(struct bus *bus, struct peer *caller, uint64_t id, const char *endpoint,
        enum envelope_shape shape, struct peer *callee);

/* Takes exactly one RESULT with the code and, for an error, the `executed`. */
void bus_expect_result(
        struct bus *bus, struct peer *peer, uint64_t id, uint32_t code, uint32_t executed);

struct span bus_text(const char *text);

/* The text of the status that was heard last. */
struct span bus_heard_text(const struct bus *bus);

void bus_pass_ms(struct bus *bus, uint64_t ms);
