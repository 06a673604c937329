/* transport/link/session_in.h - what comes on a session once its handshake is done. For
 * session.c, and for its fuzzer. */
#pragma once

#include "transport/link/session.h"

/* The handshake is believed on both sides: records may be sent. Returns why the peer is not wanted,
 * or NULL. With the lock. */
const char *session_confirm(struct session *session);

/* Acts on `count` records that were opened, which took `size` bytes; `last`: the peer's direction
 * is at its end. Without the lock. False where the session is over. */
bool session_act(struct session *session, const struct record *records, unsigned count, size_t size,
        bool last);

/* Opens the records of `input` and acts on them. Without the lock. False where the session is over.
 */
bool session_read(struct session *session, struct stream_input *input);
