/* transport/link/session_limits.h - limits of one secured connection, by name. docs/limits.md
 * quotes them. */
#pragma once

enum {
    LINK_PING_MS = 3000,          /* a PING each so often */
    LINK_DEAD_MS = 12000,         /* a peer is dead that has answered no PING made since */
    LINK_HANDOVER_MS = 10000,     /* for traffic to move from one session to the next */
    LINK_CLOSING_MS = 3000,       /* for a link that is closed to send what waits */
    LINK_CREDIT = 4194304,        /* bytes of envelopes a peer may send before its first CREDIT */
    LINK_QUEUE_MAX = 1048576,     /* bytes for a peer above which its node channel is not read */
    LINK_QUEUE_RESERVE = 2129920, /* bytes above that: what was read at once. More ends the link */
    LINK_CLIENT_QUEUE_MAX = 16777216,    /* bytes above which a client refuses more calls */
    LINK_CLIENT_QUEUE_RESERVE = 1048576, /* bytes above that, for credits, cancels and items */
    LINK_CLIENT_DIAL_MS = 10000,         /* for a client to be let in, from the first byte */
    LINK_SMALL_MAX = 16384,              /* bytes of an envelope that is gathered with others */
    LINK_PIECE_SIZE = 16384,             /* bytes of one piece of a larger one */
    LINK_MESSAGE_MAX = 1052672,          /* bytes of one message between two link processes */
    LINK_MESSAGES_MAX = 4194304,         /* bytes of them that wait for a peer */
};
