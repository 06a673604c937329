// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "services/platform/auth/caller.h"
#include "services/platform/auth/family.h"
#include "services/platform/auth/handlers.h"
#include "services/platform/auth/issued.h"
#include "services/platform/auth/login.h"
#include "services/platform/auth/secret.h"

/* Puts the password; sessions that were opened with the old one end. With the lock. */
static void keep(struct auth *auth, struct mu_call *call, const char *name, struct secret *secret)
{
    Mu__Auth__V1__SetPasswordReply reply = MU__AUTH__V1__SET_PASSWORD_REPLY__INIT;
    struct account account;
    int r = account_get(&auth->book, name, &account);

    if (r == BOOK_NONE) {
        mu_call_refuse(call, MU_NOT_FOUND, "there is no account \"%.64s\"", name);
        return;
    }
    snprintf(account.password, sizeof(account.password), "%s", secret->hash);
    if (r == BOOK_OK)
        r = account_put(&auth->book, &account);
    if (r == BOOK_OK)
        r = family_close_all(&auth->book, name);
    if (r == BOOK_OK)
        r = issued_revoke_all(&auth->book, name, NULL);
    if (r == BOOK_OK)
        r = auth_log(auth, call, "password-changed", name, NULL);
    if (!auth_keep(auth, call, r))
        return;
    challenge_forget(&auth->challenges, name);
    auth_push_keys(auth);
    reply.secret = secret->text;
    auth_set_password_reply(call, &reply);
}

/* Who replaces his own shows the old one, since his token may be another's by now. */
static bool may_set(
        struct auth *auth, struct mu_call *call, const Mu__Auth__V1__SetPasswordRequest *request)
{
    const char *user = caller_user(call);
    struct account account;
    int r;

    if (user != NULL && strcmp(user, request->name) == 0)
        return login_check(auth, call, user, request->old_password, &account);
    r = account_get(&auth->book, request->name, &account);
    if (r == BOOK_NONE)
        mu_call_refuse(call, MU_NOT_FOUND, "there is no account \"%.64s\"", request->name);
    else if (r < 0)
        auth_fail(call, r);
    return r == BOOK_OK;
}

void passwords_set(struct mu_call *call, const Mu__Auth__V1__SetPasswordRequest *request)
{
    const char *user = caller_user(call);
    bool own = user != NULL && strcmp(user, request->name) == 0;
    struct auth *auth = auth_enter(call, own ? AUTH_ANYBODY : AUTH_ADMIN);
    struct secret secret;
    bool may;

    if (auth == NULL)
        return;
    may = may_set(auth, call, request);
    auth_unlock(auth);
    if (!may || !secret_make(auth, call, request->generate ? NULL : request->password, &secret))
        return;
    auth_lock(auth);
    keep(auth, call, request->name, &secret);
    auth_unlock(auth);
    sodium_memzero(&secret, sizeof(secret));
}
