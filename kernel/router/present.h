/* kernel/router/present.h - router.Present: a channel says on whose behalf it calls. */
#pragma once

#include "kernel/router/core.h"

/* Answers it. A channel whose token is refused calls nothing from then on, but what is for all
 * (right_is_for_all), until it presents one that is good, or none: it may have sent calls behind
 * the token without waiting for the answer, and those are never made with more right than it
 * thought. */
void present_token(struct router *router, struct peer *peer, const struct envelope *envelope);
