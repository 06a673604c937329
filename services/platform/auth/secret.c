// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/secret.h"

#include <string.h>

void secret_fail(struct mu_call *call, int r)
{
    if (r == PASSWORD_BUSY)
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED,
                "too many passwords are looked at just now: try again in a second");
    else
        auth_fail(call, r);
}

bool secret_make(
        struct auth *auth, struct mu_call *call, const char *password, struct secret *secret)
{
    int r;

    *secret = (struct secret){ .text = "" };
    if (password == NULL) {
        password_generate(secret->text);
        password = secret->text;
    }
    if (strlen(password) < PASSWORD_SIZE_MIN || strlen(password) > PASSWORD_SIZE_MAX) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "password: expected %d to %d bytes",
                PASSWORD_SIZE_MIN, PASSWORD_SIZE_MAX);
        return false;
    }
    r = password_hash(&auth->passwords, password, secret->hash);
    if (r != PASSWORD_OK)
        secret_fail(call, r);
    return r == PASSWORD_OK;
}
