/* client/parking.h - calls that wait for a connection, as copies. Pure; its owner has the lock. */
#pragma once

#include "base/list.h"
#include "transport/envelope.h"

struct parked {
    struct list node;
    struct envelope envelope; /* its spans point into `bytes` */
    uint64_t deadline_ms;     /* of the coarse clock; UINT64_MAX: none */
    size_t size;
    uint8_t bytes[];
};

struct parking {
    struct list calls; /* owned, in the order they came */
    size_t size;       /* bytes in all */
};

void parking_init(struct parking *parking);

/* Frees what is parked. Safe twice. */
void parking_deinit(struct parking *parking);

/* Copies a CALL that has its number. False over OUTBOX_HARD_MAX bytes, or where memory ends. */
bool parking_add(struct parking *parking, const struct envelope *envelope, uint64_t deadline_ms);

/* Takes one out and frees it. */
void parking_remove(struct parking *parking, struct parked *parked);
