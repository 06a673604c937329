/* services/platform/auth/follow.h - calls that follow the audit log. */
#pragma once

#include "services/platform/auth/auth.h"

/* Sends the caller each entry from number `next` on, also those that come. Takes the call. With the
 * lock. */
void follow_begin(struct auth *auth, struct mu_call *call, uint64_t next);
