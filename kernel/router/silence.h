/* kernel/router/silence.h - whether a peer takes what it is sent: what became last of calls to it.
 *
 * The time of a call ran out, and no call that was sent as late or later was answered: then the
 * peer is silent, and called where there is no other. An answer to an earlier call says nothing: it
 * may have been made long ago, or come by a way on which nothing gets there any more. */
#pragma once

#include "kernel/router/peer.h"

/* It answered a call that it was sent at `sent_us`, in time or not. */
static inline void silence_heard(struct peer *peer, uint64_t sent_us)
{
    if (sent_us > peer->heard_us)
        peer->heard_us = sent_us;
    if (peer->heard_us >= peer->lost_us)
        peer->silent = false;
}

/* The time of such a call ran out. */
static inline void silence_lost(struct peer *peer, uint64_t sent_us)
{
    if (sent_us > peer->lost_us)
        peer->lost_us = sent_us;
    if (peer->lost_us > peer->heard_us)
        peer->silent = true;
}
