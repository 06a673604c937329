/* tests/fuzz/router_books.h - what must hold of what the router noted, whatever was said. */
#pragma once

#include "kernel/router/core.h"

/* Each call is under way (`made`), or noted once: in a row and in the journal. */
void books_check_calls(const struct router *router, uint32_t made);

/* Each call that was not refused is in both histograms: seldom looked at, since they are long. */
void books_check_times(const struct router *router);

/* Each route is known to its service and to its neighbour. */
void books_check_routes(const struct router *router);

/* Whoever leaves, or is left, is counted. */
void books_check_parting(const struct router *router);

/* Gives a call at times one of few keys, as processes have them and as routers say them. Then it
 * brings no body, so that calls with one key are one call. */
void books_put_key(struct envelope *envelope, uint8_t choice);

/* What a request for router.Meter or router.Calls is made of. */
struct look {
    uint8_t bytes[4];
};

/* Packs it into `body` (256 bytes) and makes it the envelope's. */
void books_pack_look(const struct router *router, const struct look *look,
        struct envelope *envelope, uint8_t *body);
