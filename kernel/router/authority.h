/* kernel/router/authority.h - router.Keys and router.Rules: what the service `auth` says. It stays
 * when that service ends, so that those who are logged in go on while it starts anew. */
#pragma once

#include "kernel/router/core.h"

void authority_set_keys(struct router *router, struct peer *peer, const struct envelope *envelope);

void authority_set_rules(struct router *router, struct peer *peer, const struct envelope *envelope);
