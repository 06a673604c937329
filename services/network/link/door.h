/* services/network/link/door.h - who may begin a handshake here: limits on connections whose peer
 * is not known yet. Pure: the caller has the clock, and the connections.
 *
 * A stranger costs a place among the half-open until it has spoken, and one of its source's tokens
 * when it has sent a first message that must be computed on. Both are counted by source (an IPv4
 * /24, an IPv6 /64), so that a flood from one does not keep the others out. */
#pragma once

#include "services/network/link/path_limits.h"
#include "transport/stream.h"

enum door_outcome {
    DOOR_OK,
    DOOR_FULL,       /* DOOR_HALF_OPEN_MAX are half-open */
    DOOR_SOURCE_FULL /* DOOR_SOURCE_HALF_OPEN_MAX of this source are */
};

struct door_source {
    uint8_t family;    /* of struct stream_address; a place that was never used has last_ms 0 */
    uint8_t prefix[8]; /* zeroes behind what counts */
    uint32_t half_open;
    uint64_t tokens_ms; /* what it has, in ms of waiting for them: a token is 1000 / rate */
    uint64_t last_ms;   /* when that was reckoned, counted from 1 */
};

struct door {
    uint32_t rate;  /* tokens a second for each source */
    uint32_t burst; /* the most that one has */
    uint32_t half_open;
    struct door_source sources[DOOR_SOURCES_MAX];
};

/* `rate` 1..1000, `burst` at least 1. */
void door_init(struct door *door, uint32_t rate, uint32_t burst);

/* True where both come from one source. */
bool door_same_source(const struct stream_address *one, const struct stream_address *two);

/* Says whether there is a place for a connection from there. */
enum door_outcome door_check(const struct door *door, const struct stream_address *from);

/* Gives it the place that door_check found, until door_leave. */
void door_enter(struct door *door, const struct stream_address *from, uint64_t now_ms);
void door_leave(struct door *door, const struct stream_address *from);

/* Takes a token of the source of a connection that has entered. False where there is none. */
bool door_spend(struct door *door, const struct stream_address *from, uint64_t now_ms);
