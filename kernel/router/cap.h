/* kernel/router/cap.h - capabilities: which endpoints a process may call.
 *
 * A supervised process reaches nothing but what a capability in its channel's table covers: those
 * of its manifest, those that an operator granted to its service, and those that another process
 * passed on to it. Whoever owns the node needs none. A capability that was passed on hangs under
 * the one that it was made of: it covers no more, lasts no longer, and goes with it; so do the
 * calls that are under way by it. */
#pragma once

#include <stdint.h>

#include "base/list.h"
#include "transport/pattern.h"

struct peer;
struct router;
struct service;

enum { CAP_HANDLE_NONE = 0 };

enum cap_source {
    CAP_MANIFEST, /* `calls`, and what every service needs */
    CAP_OPERATOR, /* node.Grant */
    CAP_PASSED    /* router.Grant */
};

struct cap {
    struct list by_holder;    /* in holder->caps */
    struct list by_parent;    /* in parent->children */
    struct list children;     /* owned: struct cap, made of this one */
    struct cap *parent;       /* borrowed: what it was made of, which goes with it; else NULL */
    struct peer *holder;      /* borrowed: its caps go with it */
    const struct peer *giver; /* borrowed: who passed it on, whose own is over it; else NULL */
    uint64_t handle;          /* by which its giver takes it back; CAP_HANDLE_NONE: of a manifest */
    uint64_t ends_us;         /* 0: it lasts */
    enum cap_source source;
    uint8_t size;
    char pattern[PATTERN_SIZE_MAX + 1];
};

/* What a new one is to be. */
struct cap_terms {
    struct span pattern; /* valid; copied */
    struct cap *parent;  /* borrowed; NULL but for CAP_PASSED */
    uint64_t handle;
    uint64_t ends_us;
    enum cap_source source;
};

/* Puts one into the holder's table; one with a parent ends when that does, at the latest. Returns
 * 0, -ENOSPC where it holds ROUTER_CAPS_MAX, or -ENOMEM. */
int cap_add(struct peer *holder, const struct cap_terms *terms);

/* One that covers the endpoint now; NULL where there is none. Of several the one that lasts
 * longest. */
struct cap *cap_find(const struct peer *holder, struct span endpoint, uint64_t now_us);

/* One that covers the whole pattern now, and which lasts longest; NULL where there is none. */
struct cap *cap_covering(const struct peer *holder, struct span pattern, uint64_t now_us);

/* One that covers the endpoint now and reaches into the namespace of `service`, whose endpoint it
 * is, from another one: an operator granted it by the service's name, a process of that namespace
 * passed it on, or it is made of such a one. NULL where there is none; else as cap_find. */
struct cap *cap_reaching(const struct peer *holder, struct span endpoint,
        const struct service *service, uint64_t now_us);

/* Takes it and all that was made of it out of their tables, and ends the calls that they let
 * through. */
void cap_drop(struct router *router, struct cap *cap);

/* Drops all that the peer holds. */
void cap_drop_all(struct router *router, struct peer *holder);

/* Drops those of the peer's caps that are over. */
void cap_sweep(struct router *router, struct peer *holder);

/* Drops what was passed on under `handle`: by `giver`, or by anybody where it is NULL. Returns how
 * many there were. */
uint32_t cap_take_back(struct router *router, const struct peer *giver, uint64_t handle);
