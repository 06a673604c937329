/* services/platform/auth/login.h - is this the account's password? And what becomes of who is wrong
 * about that, or about a passkey. All with the lock. */
#pragma once

#include "services/platform/auth/account.h"
#include "services/platform/auth/auth.h"

/* Looks, as often as throttle.h allows; with the lock, which it lets go of meanwhile. True with
 * `*account`, which may log in. Else it is noted, where it is a wrong password, and the call is
 * answered. */
bool login_check(struct auth *auth, struct mu_call *call, const char *name, const char *password,
        struct account *account);

/* Takes one of the tries that throttle.h allows. False where there is none left, and the call is
 * answered. */
bool login_take_try(struct auth *auth, struct mu_call *call, const char *name);

/* Gives it back: who tried was right. */
void login_return_try(struct auth *auth, const char *name);

/* What is noted, and what is said. */
struct login_refusal {
    const char *event;
    const char *about;
    const char *detail; /* or NULL */
    const char *text;
};

/* Notes it and answers the call, UNAUTHENTICATED. */
void login_refuse(struct auth *auth, struct mu_call *call, const struct login_refusal *refusal);
