/* kernel/router/routes.h - which services other nodes offer, and through which node channel. The
 * link service finds out and tells the router with router.Routes, a whole node channel at a time.
 */
#pragma once

#include "base/random.h"
#include "kernel/router/service.h"

struct envelope;
struct neighbour;
struct router;

/* router.Routes. */
void routes_replace(struct router *router, struct peer *linker, const struct envelope *envelope);

/* Takes all routes through the neighbour out. */
void routes_withdraw(struct router *router, struct neighbour *neighbour);

/* Where a call came from, and how large it is, decides which routes it may take. */
struct routes_bounds {
    const struct peer *from; /* borrowed: never back to this one's node */
    uint32_t hops_max;       /* links left to it */
    size_t size;             /* bytes */
    const uint8_t *only;     /* borrowed: the id of the one node that it may go to; NULL: any */
    bool follows;            /* it may also go by channels that are shut (parting.h) */
};

enum routes_outcome {
    ROUTES_FOUND,
    ROUTES_FULL, /* there are some, and all of them have as many calls or bytes as they take */
    ROUTES_NONE  /* none that this call may take */
};

/* The connected route with the fewest hops that has room, a silent node's only where there is no
 * other; of more, the less loaded of two picked at random, by calls under way times metric and
 * smoothed latency. Sets `*calleep` on ROUTES_FOUND only. */
enum routes_outcome routes_pick(const struct service *service, const struct routes_bounds *bounds,
        struct random *random, struct peer **calleep);
