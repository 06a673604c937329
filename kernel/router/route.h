/* kernel/router/route.h - CALL, RESULT and CANCEL. */
#pragma once

#include "kernel/router/core.h"

/* What a call is made of before it has a slot. */
struct draft {
    struct service *service;
    struct call *parent;
    struct peer *callee;
    const struct cap *cap; /* that lets it through; NULL: its caller needs none */
    struct user *user;     /* on whose behalf; NULL: nobody's */
    struct span caller;    /* a packed mu.bus.v1.Caller */
    uint64_t deadline_us;  /* 0: none */
    uint32_t transit_us;   /* that it was on its way from another node: off its time */
    uint32_t hops;         /* links that it came over */
};

int route_call(struct router *router, struct peer *peer, const struct envelope *envelope);
int route_result(struct router *router, struct peer *peer, const struct envelope *envelope);
int route_cancel(struct router *router, struct peer *peer, const struct envelope *envelope);

/* Gives the call a slot, as one of its caller's and its callee's. NULL where it finds none, which
 * the caller is told. */
struct call *route_seat(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft);

/* Sends a call that waited to an instance of the draft's service, or ends it and says why.
 * `envelope` is what its caller sent, and the rest of the draft as it was then. */
void route_move(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft);

/* Opens a call of the router's own to `service` (one that exists), whose result it drops. */
void route_notice(
        struct router *router, const char *service, const char *endpoint, struct span body);

/* `greeter` of `greeter.Hello`. */
struct span route_service_name(struct span endpoint);
