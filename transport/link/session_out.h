/* transport/link/session_out.h - what a session sends. For session.c, and for its fuzzer. */
#pragma once

#include "transport/link/session.h"

enum {
    SESSION_OUT_SIZE = SESSION_TURN_SIZE + 2 * RECORD_SIZE_MAX, /* bytes of `out` */
    SESSION_CREDIT_PARTS = 4 /* credit is given back a quarter at a time */
};

/* Puts the next turn together: records with their bodies in place, or bytes of the handshake. False
 * where there is nothing. With the lock. */
bool session_fill(struct session *session);

/* Of its sender. */
bool session_take(struct sender *sender);
void session_send(struct sender *sender);

/* Of its stream. */
struct span session_sent(struct stream *stream, bool failed, void *user);
