// SPDX-License-Identifier: Apache-2.0
#include "services/platform/auth/login.h"

#include <string.h>

#include "base/clock.h"
#include "services/platform/auth/secret.h"

bool login_take_try(struct auth *auth, struct mu_call *call, const char *name)
{
    uint32_t wait_ms = 0;
    enum throttle_outcome outcome = throttle_take(&auth->throttle, name, clock_ms(), &wait_ms);

    if (outcome == THROTTLE_OK)
        return true;
    /* one entry of many: whoever tries on must not fill the disk with that */
    if (outcome == THROTTLE_FIRST &&
            !auth_keep(auth, call, auth_log(auth, call, "login-throttled", name, NULL)))
        return false;
    mu_call_refuse(call, MU_RESOURCE_EXHAUSTED,
            "too many wrong passwords or passkeys: the next try is taken in %u s",
            (wait_ms + 999) / 1000);
    return false;
}

void login_return_try(struct auth *auth, const char *name)
{
    throttle_return(&auth->throttle, name, clock_ms());
}

void login_refuse(struct auth *auth, struct mu_call *call, const struct login_refusal *refusal)
{
    int r = auth_log(auth, call, refusal->event, refusal->about, refusal->detail);

    if (auth_keep(auth, call, r))
        mu_call_refuse(call, MU_UNAUTHENTICATED, "%s", refusal->text);
}

/* Reads an account that may log in; its password is "" where there is none. */
static int read_account(struct auth *auth, const char *name, struct account *account)
{
    int r = account_get(&auth->book, name, account);

    if (r == BOOK_OK && !account->disabled)
        return BOOK_OK;
    *account = (struct account){ .password = "" };
    return r < 0 ? r : BOOK_OK;
}

/* With the lock taken again: is the account still the one whose password was looked at? */
static bool is_still(struct auth *auth, const char *name, struct account *account)
{
    char password[PASSWORD_HASH_SIZE];

    memcpy(password, account->password, sizeof(password));
    return account_get(&auth->book, name, account) == BOOK_OK && !account->disabled &&
           strcmp(account->password, password) == 0;
}

bool login_check(struct auth *auth, struct mu_call *call, const char *name, const char *password,
        struct account *account)
{
    bool fits = strlen(password) <= PASSWORD_SIZE_MAX;
    int r;

    if (!login_take_try(auth, call, name))
        return false;
    r = read_account(auth, name, account);
    if (r < 0) {
        auth_fail(call, r);
        return false;
    }
    auth_unlock(auth);
    r = password_verify(&auth->passwords, fits ? password : "", account->password);
    auth_lock(auth);
    if (r != PASSWORD_WRONG)
        login_return_try(auth, name);
    if (r == PASSWORD_BUSY || r < 0) {
        secret_fail(call, r);
        return false;
    }
    if (fits && r == PASSWORD_OK && is_still(auth, name, account))
        return true;
    login_refuse(auth, call,
            &(struct login_refusal){ .event = "login-failed",
                    .about = name,
                    .text = "the account or the password is wrong" });
    return false;
}
