/* services/network/link/message.h - field numbers of the control messages about routes
 * (proto/mu/link/v1/link.proto). */
#pragma once

/* mu.link.v1.PeerMessage. */
enum {
    PEER_ADVERTS = 4,
    PEER_DIGEST = 5,
    PEER_ADVERTS_WANTED = 6,
    PEER_TYPES_WANTED = 7,
    PEER_ADVERTS_TAKEN = 10
};

/* mu.link.v1.Adverts. */
enum { ADVERTS_ADVERTS = 1, ADVERTS_WITHDRAWN = 2, ADVERTS_NUMBER = 3, ADVERTS_START = 4 };

/* mu.link.v1.AdvertsTaken. */
enum { TAKEN_NUMBER = 1 };

/* mu.link.v1.Digest. */
enum { DIGEST_HASH = 1, DIGEST_ADVERTS = 2, DIGEST_TOLD = 3, DIGEST_TAKEN = 4 };

/* mu.link.v1.AdvertsWanted. */
enum { WANTED_NODES = 1 };

/* mu.link.v1.TypesWanted. */
enum { TYPES_WANTED_SERVICE = 1, TYPES_WANTED_TYPES = 2 };
