/* tests/unit/link_by_hand.h - the other end of a link, spoken by hand over a socket: it says what a
 * test has it say, when the test has it say it. */
#pragma once

#include "tests/unit/secure_world.h"

struct link_by_hand {
    int fd;
    uint64_t pings;
    struct record_writer writer;
    struct record_reader reader;
    size_t size; /* bytes that came and were not read yet */
    uint8_t bytes[2 * RECORD_SIZE_MAX];
};

/* Dials `address` (127.0.0.1:port) as a node of the world, and returns when it was let in, which
 * its first record tells: the PING that the node says at once. */
void link_by_hand_open(struct link_by_hand *peer, const struct world *world, enum world_node as,
        const char *address);
void link_by_hand_close(struct link_by_hand *peer);

/* Says a PING with this mark. */
void link_by_hand_ping(struct link_by_hand *peer, uint64_t mark);

/* Reads until the node hangs up. */
void link_by_hand_wait_end(struct link_by_hand *peer);
