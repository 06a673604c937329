/* services/network/link/lobby.h - sessions that are no link's yet: accepted within the limits of
 * door.h or dialled, until the handshake is done and the peer's mark is known, or HANDSHAKE_MS are
 * over. All with the lock. */
#pragma once

#include "services/network/link/links_inner.h"

/* What a listener of links calls; its `user` is the struct links, and it has entered the guard. */
extern const struct stream_listener_events lobby_listening;

/* Begins the session of a stream that was dialled (for `dialing`) or accepted (`from`). NULL
 * without memory, or without an identity. */
struct session *lobby_begin(struct links *links, struct stream *stream,
        const struct dialing *dialing, const struct stream_address *from);

/* Ends those whose peer is known by now, and not believed any more (links_check_all). */
void lobby_check_all(struct links *links, const struct trust *trust, uint64_t now_s);

/* Ends all of them. */
void lobby_clear(struct links *links, const char *reason);

/* Ends those that took too long. Returns when the next one has. */
uint64_t lobby_tick(struct links *links, uint64_t now_ms);
