/* services/platform/auth/secret.h - a new password, taken or generated, and its hash. */
#pragma once

#include "services/platform/auth/auth.h"

struct secret {
    char text[PASSWORD_SECRET_SIZE]; /* what was generated; "" where it was taken */
    char hash[PASSWORD_HASH_SIZE];
};

/* Hashes `password`, or one that it generates where that is NULL. Without the lock: it takes a
 * while. False where the call is answered. The caller wipes it. */
bool secret_make(
        struct auth *auth, struct mu_call *call, const char *password, struct secret *secret);

/* Answers a call whose password could not be looked at: `r` is PASSWORD_BUSY or -errno. */
void secret_fail(struct mu_call *call, int r);
