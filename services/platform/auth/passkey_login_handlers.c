// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <stdio.h>

#include "services/platform/auth/handlers.h"
#include "services/platform/auth/login.h"
#include "services/platform/auth/passkey_proof.h"
#include "services/platform/auth/session.h"

void passkeys_login_begin(
        struct mu_call *call, const Mu__Auth__V1__PasskeyLoginBeginRequest *request)
{
    enum challenge_purpose purpose =
            request->purpose == MU__AUTH__V1__PASSKEY_PURPOSE__PASSKEY_PURPOSE_PROVE
                    ? CHALLENGE_PROVE
                    : CHALLENGE_LOGIN;
    struct auth *auth = auth_enter(call, AUTH_ANYBODY);
    struct passkey_question question;
    int r;

    if (auth == NULL)
        return;
    r = passkey_ask(auth, call, request->account, purpose, &question);
    auth_unlock(auth);
    if (r < 0)
        auth_fail(call, r);
    else
        mu_call_reply(call, &question.message.base);
}

/* Why is for the log; who is wrong hears one sentence. */
static void refuse(struct auth *auth, struct mu_call *call, const char *name, int outcome)
{
    char detail[128];

    snprintf(detail, sizeof(detail), "passkey: %s", passkey_text((enum passkey_outcome)outcome));
    login_refuse(auth, call,
            &(struct login_refusal){ .event = "login-failed",
                    .about = name,
                    .detail = detail,
                    .text = "the account or the passkey is wrong" });
}

/* With the lock. */
static void log_in(
        struct auth *auth, struct mu_call *call, const struct passkey *passkey, const char *name)
{
    char how[PASSKEY_LABEL_MAX + sizeof("passkey ")];
    struct session session;
    int r = account_get(&auth->book, name, &session.account);

    snprintf(how, sizeof(how), "passkey %s", passkey->label);
    if (r == BOOK_OK)
        r = passkey_put(&auth->book, passkey);
    if (r == BOOK_OK) {
        session_open(auth, call, &session, how);
    } else {
        book_abort(&auth->book);
        auth_fail(call, r);
    }
    sodium_memzero(&session, sizeof(session));
}

void passkeys_login(struct mu_call *call, const Mu__Auth__V1__PasskeyLoginRequest *request)
{
    struct passkey_answer answer = passkey_answer_of(request->answer);
    struct auth *auth = auth_enter(call, AUTH_ANYBODY);
    struct passkey passkey;
    int r;

    if (auth == NULL)
        return;
    if (login_take_try(auth, call, request->account)) {
        r = passkey_examine(auth, call, request->account, CHALLENGE_LOGIN, &answer, &passkey);
        if (r == PASSKEY_OK) {
            login_return_try(auth, request->account);
            log_in(auth, call, &passkey, request->account);
        } else if (r < 0) {
            auth_fail(call, r);
        } else {
            refuse(auth, call, request->account, r);
        }
    }
    auth_unlock(auth);
}
