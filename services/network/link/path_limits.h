/* services/network/link/path_limits.h - limits of links between nodes, by name. docs/limits.md
 * quotes them. */
#pragma once

enum {
    LINKS_MAX = 256,               /* nodes that are linked at a time */
    LINK_JOINING_MAX = 8,          /* links at a time to who has no certificate */
    LINK_JOINING_MS = 30000,       /* such a link is closed after so long */
    LINK_ASKING_MAX = 64,          /* links at a time to clients that are not known yet */
    LINK_ASKING_MS = 5000,         /* such a link is closed after so long */
    LINK_CLIENTS_MAX = 256,        /* links at a time to clients */
    LINK_CLIENT_SESSIONS_MAX = 16, /* of them to one client */
    LINK_DIALS_MAX = 256,          /* addresses that are dialled */
    LINK_DIAL_MS = 3500,           /* for a stream to be connected; TCP asks at 0, 1 and 3 s */
    LINK_BACKOFF_FIRST_MS = 100,   /* the largest pause before the second dial; it doubles */
    LINK_BACKOFF_MAX_MS = 1500,    /* the largest pause between two dials */
    LINK_ROUTER_REST_MS = 1000,    /* without new links behind one that the router hung up on */
    LINK_RENEWAL_MS = 3600000,     /* a session's age when the next one is made, ± a tenth */
    DOOR_HALF_OPEN_MAX = 64,       /* connections whose peer is not known yet */
    DOOR_SOURCE_HALF_OPEN_MAX = 8, /* of them from one source: an IPv4 /24, an IPv6 /64 */
    DOOR_SOURCES_MAX = 256,        /* sources remembered */
    DOOR_RATE = 50,                /* handshakes a second from one source */
    DOOR_BURST = 100               /* of them at once */
};
