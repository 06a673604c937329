/* services/platform/auth/caller.h - who calls, by the router's word. */
#pragma once

#include "mu/service.h"

enum { CALLER_TEXT_SIZE = 96 }; /* bytes with the final NUL */

/* The account on whose behalf the call is, as this node's router vouches for it; NULL for nobody's.
 */
const char *caller_user(const struct mu_call *call);

/* True for who owns the node, and presented no token. */
bool caller_is_operator(const struct mu_call *call);

/* True for the node's router. */
bool caller_is_router(const struct mu_call *call);

/* `operator`, `user:NAME`, `service:NAME`, `client:NAME`, `node:NAME` or `uid:N`. Returns `text`.
 */
const char *caller_print(const struct mu_call *call, char text[CALLER_TEXT_SIZE]);
