/* kernel/router/waiting.h - calls that wait for an instance which is on its way: a service that
 * restarts is late, and not away.
 *
 * The supervisor says what to expect, and for how long (router.Expect). A call to a service that
 * nobody serves now, but that is expected, is kept whole, and sent when an instance takes calls; it
 * was not executed until then, whatever comes of it. It waits as long as the service is expected,
 * and never beyond its own deadline. The same holds for a service on another node when the way
 * there ended on purpose (parting.h). Towards its caller it is a call like any other: it can be
 * cancelled, ends with its caller, and counts against the caller's limit. Its callee is the
 * router's own `waiting_room`, which serves nothing, and which callers share as they share an
 * instance (claim.h). */
#pragma once

#include "kernel/router/core.h"
#include "kernel/router/route.h"

/* Keeps the call, whose draft has no callee. False where it is not to wait, or nothing more can:
 * then it is refused as if nobody was expected. Calls whose callers send a stream do not wait. */
bool waiting_take(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft);

/* The same for a call that is in the waiting room already, between two tries. */
bool waiting_join(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft);

/* An instance of the service takes calls: sends it what waits. */
void waiting_serve(struct router *router, struct service *service);

/* The service has lost an instance of the supervisor's, who is about to say whether it comes back.
 */
void waiting_ask(struct router *router, struct service *service);

/* A way to the service on another node was lost on purpose, or is about to be, and may be back
 * until then: calls wait for that, too. */
void waiting_await(struct router *router, struct service *service, uint64_t until_us);

/* The router has just begun in place of another one, and hears until then what other nodes offer:
 * calls for names that it does not know wait for that. 0: no more. */
void waiting_begin(struct router *router, uint64_t until_us);

/* There is a way to the service on another node: sends what waits and may go there. */
void waiting_offer(struct router *router, struct service *service);

/* The call's time to wait is over. */
void waiting_expire(struct router *router, struct call *call);

/* router.Expect: the supervisor's word, which replaces what it said of the service before. */
void waiting_expect(struct router *router, struct peer *peer, const struct envelope *envelope);

/* Frees what was kept of a call; fine where nothing was. */
void waiting_forget(struct router *router, struct call *call);
