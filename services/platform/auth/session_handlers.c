// SPDX-License-Identifier: Apache-2.0
/* Whoever fails to log in hears one sentence, after the same work: that there is no such account,
 * that it is disabled, has no password, or another one. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "services/platform/auth/account_message.h"
#include "services/platform/auth/caller.h"
#include "services/platform/auth/handlers.h"
#include "services/platform/auth/login.h"
#include "services/platform/auth/secret.h"
#include "services/platform/auth/session.h"

static void answer(struct mu_call *call, struct session *session)
{
    Mu__Auth__V1__SessionReply reply = MU__AUTH__V1__SESSION_REPLY__INIT;
    char *scopes[ACCOUNT_SCOPES_MAX];

    reply.account = session->account.name;
    reply.access_token = session->minted.line;
    reply.refresh_token = session->refresh;
    reply.expires_s = session->minted.issued.until_s;
    reply.session_until_s = session->family.until_s;
    for (uint32_t i = 0; i < session->account.scope_count; i++)
        scopes[i] = session->account.scopes[i];
    reply.scopes = scopes;
    reply.n_scopes = session->account.scope_count;
    mu_call_reply(call, &reply.base);
}

/* Makes the access token that goes with the refresh token that was made. With the lock. */
static int mint(struct auth *auth, struct session *session)
{
    const struct minting minting = { .account = &session->account, .family = session->family.id };

    return minting_make(auth, &minting, &session->minted);
}

/* ---- Login ---- */

void session_open(struct auth *auth, struct mu_call *call, struct session *session, const char *how)
{
    struct account *account = &session->account;
    int r = family_open(
            &auth->book, account->name, auth_now_s(), &session->family, session->refresh);

    if (r == FAMILY_OK)
        r = mint(auth, session);
    if (r == MINTING_NOTHING || r == MINTING_LONG) {
        book_abort(&auth->book);
        minting_fail(call, r);
        return;
    }
    account->login_s = session->family.created_s;
    if (r == BOOK_OK)
        r = account_put(&auth->book, account);
    if (r == BOOK_OK)
        r = auth_log(auth, call, "login", account->name, how);
    if (auth_keep(auth, call, r))
        answer(call, session);
}

void sessions_login(struct mu_call *call, const Mu__Auth__V1__LoginRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_ANYBODY);
    struct session session;

    if (auth == NULL)
        return;
    if (login_check(auth, call, request->account, request->password, &session.account))
        session_open(auth, call, &session, NULL);
    auth_unlock(auth);
    sodium_memzero(&session, sizeof(session));
}

/* ---- Refresh, Logout ---- */

/* Ends a session and its access tokens, and commits. With the lock. False where that failed, and
 * the call is answered. */
static bool end_session(
        struct auth *auth, struct mu_call *call, const struct family *family, const char *event)
{
    int r = family_close(&auth->book, family);

    if (r == BOOK_OK)
        r = issued_revoke_all(&auth->book, family->account, family->id);
    if (r == BOOK_OK)
        r = auth_log(auth, call, event, family->account, NULL);
    if (!auth_keep(auth, call, r))
        return false;
    auth_push_keys(auth);
    return true;
}

static void refuse_refresh(
        struct auth *auth, struct mu_call *call, const struct family *family, int outcome)
{
    if (outcome == FAMILY_REUSED) {
        if (end_session(auth, call, family, "refresh-reused"))
            mu_call_refuse(call, MU_UNAUTHENTICATED,
                    "this refresh token was used before: somebody has a copy of it, so the session "
                    "is ended");
    } else if (outcome == FAMILY_ENDED) {
        if (end_session(auth, call, family, "session-ended"))
            mu_call_refuse(call, MU_UNAUTHENTICATED, "the session has ended");
    } else if (outcome == FAMILY_NONE) {
        mu_call_refuse(call, MU_UNAUTHENTICATED, "there is no session with this refresh token");
    } else {
        book_abort(&auth->book);
        auth_fail(call, outcome);
    }
}

/* Gives the session's next tokens, and commits. With the lock. */
static void next_tokens(struct auth *auth, struct mu_call *call, struct session *session)
{
    int r = account_get(&auth->book, session->family.account, &session->account);

    if (r == BOOK_NONE || (r == BOOK_OK && session->account.disabled)) {
        book_abort(&auth->book);
        refuse_refresh(auth, call, &session->family, FAMILY_ENDED);
        return;
    }
    if (r == BOOK_OK)
        r = mint(auth, session);
    if (r == MINTING_NOTHING || r == MINTING_LONG) {
        book_abort(&auth->book);
        minting_fail(call, r);
        return;
    }
    if (r == BOOK_OK)
        r = auth_log(auth, call, "token-refreshed", session->account.name, NULL);
    if (auth_keep(auth, call, r))
        answer(call, session);
}

void sessions_refresh(struct mu_call *call, const Mu__Auth__V1__RefreshRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_ANYBODY);
    struct session session;
    int r;

    if (auth == NULL)
        return;
    r = family_refresh(
            &auth->book, request->refresh_token, auth_now_s(), &session.family, session.refresh);
    if (r == FAMILY_OK)
        next_tokens(auth, call, &session);
    else
        refuse_refresh(auth, call, &session.family, r);
    auth_unlock(auth);
    sodium_memzero(&session, sizeof(session));
}

void sessions_logout(struct mu_call *call, const Mu__Auth__V1__LogoutRequest *request)
{
    Mu__Auth__V1__LogoutReply reply = MU__AUTH__V1__LOGOUT_REPLY__INIT;
    struct auth *auth = auth_enter(call, AUTH_ANYBODY);
    struct family family;
    int r;

    if (auth == NULL)
        return;
    r = family_find(&auth->book, request->refresh_token, &family);
    reply.account = family.account;
    if (r != FAMILY_OK)
        refuse_refresh(auth, call, &family, r);
    else if (end_session(auth, call, &family, "logout"))
        auth_logout_reply(call, &reply);
    auth_unlock(auth);
}

/* ---- Whoami ---- */

void sessions_whoami(struct mu_call *call, const Mu__Auth__V1__WhoamiRequest *request)
{
    Mu__Auth__V1__WhoamiReply reply = MU__AUTH__V1__WHOAMI_REPLY__INIT;
    struct auth *auth = auth_enter(call, AUTH_ANYBODY);
    const char *user = caller_user(call);
    struct account_message message;
    struct account account;
    int r = BOOK_NONE;

    (void)request;
    if (auth == NULL)
        return;
    if (user != NULL)
        r = account_get(&auth->book, user, &account);
    if (r == BOOK_OK) {
        r = account_message_init(&message, &auth->book, &account);
        reply.account = &message.message;
    }
    reply.is_operator = mu_call_caller(call)->is_operator;
    auth_unlock(auth);
    if (r < 0)
        auth_fail(call, r);
    else
        auth_whoami_reply(call, &reply);
}
