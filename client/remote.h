/* client/remote.h - a client's link to a node elsewhere: a secured connection on which it says by
 * which key and token it comes, and then what a channel of the bus would carry (docs/protocol.md,
 * "Clients").
 *
 *     DIALLED ── connected ──▶ SHAKING ── let in ──▶ ASKING ── welcome ──▶ READY ──▶ OVER
 *
 * It has a lock of its own, taken inside of its owner's. What comes is handed over without either.
 */
#pragma once

#include "client/carrier.h"
#include "client/credentials.h"

struct remote; /* opaque, counted */

enum { REMOTE_WHY_MAX = 192 }; /* bytes of a reason with the final NUL */

/* Begins to connect; events come from start on. `*credentials` is borrowed until it is ready or
 * dropped. The caller owns a reference in `*remotep`. Returns 0, -EINVAL or -ENOMEM. */
int remote_begin(struct remote **remotep, const struct credentials *credentials,
        const struct carrier_events *events, void *user);

/* Waits until it is ready, for `timeout_ms` at most. Returns 0; -EAGAIN where it takes longer; or
 * what it ended with: -EACCES (the node does not let this client in), -EPROTO (it is not the node
 * of the token, or broke the protocol), or why there is no connection: -ECONNREFUSED, -ETIMEDOUT, …
 * Without a lock. */
int remote_wait(struct remote *remote, uint32_t timeout_ms);

/* Why it ended, in words; "" while it did not. Without a lock. */
void remote_why(struct remote *remote, char why[REMOTE_WHY_MAX]);

/* Gives it up before start, and the reference back. Without a lock. */
void remote_drop(struct remote *remote);

/* It as a carrier, which takes the reference over; `start` follows. */
struct carrier remote_carrier(struct remote *remote);
