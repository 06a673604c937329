/* kernel/router/grant.h - how processes come by capabilities: what a channel starts with, what
 * operators grant to a service, and what one process passes on to another. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "transport/pattern.h"

struct envelope;
struct peer;
struct router;

/* What an operator granted to every process of a service; the supervisor keeps it on disk. */
struct grant {
    struct list link; /* in router.grants */
    uint64_t handle;
    uint64_t ends_us; /* 0: it lasts */
    uint8_t size;
    char pattern[PATTERN_SIZE_MAX + 1];
    char service[SERVICE_NAME_MAX + 1];
};

/* Gives a new channel of a supervised process its capabilities: `calls`, patterns that end in a NUL
 * each, and what operators granted to its service. Returns 0, -EINVAL where one is no pattern,
 * -ENOSPC or -ENOMEM. */
int grant_equip(struct router *router, struct peer *peer, struct span calls);

/* True for those of the router's endpoints with which a process looks after what it holds, and
 * which need no capability. */
bool grant_is_for_all(struct span endpoint);

/* router.Grant, Revoke, Caps, and Grants, which is the supervisor's. */
void grant_pass_on(struct router *router, struct peer *peer, const struct envelope *envelope);
void grant_take_back(struct router *router, struct peer *peer, const struct envelope *envelope);
void grant_list(struct router *router, struct peer *peer, const struct envelope *envelope);
void grant_replace(struct router *router, struct peer *peer, const struct envelope *envelope);

/* Frees the operators' grants. */
void grant_forget_all(struct router *router);
