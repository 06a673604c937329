/* services/platform/auth/login.h - is this the account's password? */
#pragma once

#include "services/platform/auth/account.h"
#include "services/platform/auth/auth.h"

/* Looks, as often as throttle.h allows; with the lock, which it lets go of meanwhile. True with
 * `*account`, which may log in. Else it is noted, where it is a wrong password, and the call is
 * answered. */
bool login_check(struct auth *auth, struct mu_call *call, const char *name, const char *password,
        struct account *account);
