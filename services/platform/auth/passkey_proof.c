// SPDX-License-Identifier: Apache-2.0
/* Whoever asks for a challenge in the name of an account that is not there gets one, with ids that
 * are made up, and whoever answers it hears what all hear who are wrong, after the same work. */
#include "services/platform/auth/passkey_proof.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "services/platform/auth/account.h"
#include "services/platform/auth/caller.h"
#include "services/platform/auth/login.h"

const char *passkey_origin(const struct mu_call *call, char origin[ORIGIN_SIZE])
{
    snprintf(origin, ORIGIN_SIZE, "mu://%s", mu_call_caller(call)->node);
    return origin;
}

static struct span span_of(ProtobufCBinaryData bytes)
{
    return (struct span){ bytes.data, bytes.len };
}

struct passkey_answer passkey_answer_of(const Mu__Auth__V1__PasskeyAnswer *message)
{
    if (message == NULL)
        return (struct passkey_answer){ .id = { NULL, 0 } };
    return (struct passkey_answer){
        .id = span_of(message->id),
        .client_data = span_of(message->client_data),
        .authenticator_data = span_of(message->authenticator_data),
        .signature = span_of(message->signature),
    };
}

/* ---- asking ---- */

/* The account's passkeys, or what is shown in their place. BOOK_OK, BOOK_NONE for the latter, or
 * -errno. `*account` is set on BOOK_OK. */
static int find(
        struct auth *auth, const char *name, struct account *account, struct passkeys *passkeys)
{
    int r = account_get(&auth->book, name, account);

    passkeys->count = 0;
    if (r == BOOK_OK)
        r = passkey_load(&auth->book, name, passkeys);
    if (r < 0 || passkeys->count > 0)
        return r;
    r = passkey_make_up(&auth->book, name, passkeys);
    return r == BOOK_OK ? BOOK_NONE : r;
}

static int find_for(struct auth *auth, const char *name, enum challenge_purpose purpose,
        struct passkeys *passkeys)
{
    struct account account;

    if (purpose == CHALLENGE_ADD)
        return passkey_load(&auth->book, name, passkeys);
    return find(auth, name, &account, passkeys);
}

int passkey_ask(struct auth *auth, const struct mu_call *call, const char *account,
        enum challenge_purpose purpose, struct passkey_question *question)
{
    static char rp[] = PASSKEY_RP;
    Mu__Auth__V1__PasskeyChallenge *message = &question->message;
    int r = find_for(auth, account, purpose, &question->passkeys);

    if (r < 0)
        return r;
    randombytes_buf(question->challenge, sizeof(question->challenge));
    if (r == BOOK_OK)
        challenge_give(&auth->challenges, account, purpose, question->challenge, clock_ms());
    mu__auth__v1__passkey_challenge__init(message);
    message->challenge.data = question->challenge;
    message->challenge.len = CHALLENGE_SIZE;
    message->rp_id = rp;
    message->origin = (char *)(uintptr_t)passkey_origin(call, question->origin);
    for (uint32_t i = 0; i < question->passkeys.count; i++) {
        question->ids[i].data = question->passkeys.each[i].id;
        question->ids[i].len = question->passkeys.each[i].id_size;
    }
    message->ids = question->ids;
    message->n_ids = question->passkeys.count;
    return 0;
}

/* ---- looking at the answer ---- */

int passkey_examine(struct auth *auth, const struct mu_call *call, const char *name,
        enum challenge_purpose purpose, const struct passkey_answer *answer,
        struct passkey *passkey)
{
    struct account account = { .disabled = false };
    struct passkeys passkeys;
    struct passkey_said said;
    char origin[ORIGIN_SIZE];
    struct passkey_expected expected = { .purpose = purpose,
        .origin = passkey_origin(call, origin) };
    enum passkey_outcome outcome = passkey_read(&said, answer);
    int r = find(auth, name, &account, &passkeys);
    const struct passkey *known;

    if (r < 0 || outcome != PASSKEY_OK)
        return r < 0 ? r : (int)outcome;
    known = passkey_of_id(&passkeys, answer->id);
    expected.passkey = known != NULL ? known : &passkeys.each[0];
    expected.challenge =
            challenge_take(&auth->challenges, name, purpose, said.challenge, clock_ms());
    outcome = passkey_check(&said, answer, &expected);
    if (r == BOOK_NONE || known == NULL)
        return PASSKEY_UNKNOWN;
    if (outcome == PASSKEY_OK && account.disabled)
        outcome = PASSKEY_DISABLED;
    if (outcome != PASSKEY_OK)
        return (int)outcome;
    *passkey = *known;
    passkey->counter = said.counter;
    passkey->used_s = auth_now_s();
    return PASSKEY_OK;
}

/* ---- who changes passkeys ---- */

/* The answer is noted, as it moves the counter on. */
static bool prove_by_passkey(struct auth *auth, struct mu_call *call, const char *user,
        const struct passkey_answer *answer)
{
    struct passkey passkey;
    int r;

    if (!login_take_try(auth, call, user))
        return false;
    r = passkey_examine(auth, call, user, CHALLENGE_PROVE, answer, &passkey);
    if (r < 0) {
        auth_fail(call, r);
        return false;
    }
    if (r != PASSKEY_OK) {
        login_refuse(auth, call,
                &(struct login_refusal){ .event = "passkey-refused",
                        .about = user,
                        .detail = passkey_text((enum passkey_outcome)r),
                        .text = passkey_text((enum passkey_outcome)r) });
        return false;
    }
    login_return_try(auth, user);
    r = passkey_put(&auth->book, &passkey);
    if (r == BOOK_OK)
        r = auth_log(auth, call, "passkey-used", user, passkey.label);
    return auth_keep(auth, call, r);
}

bool passkey_prove(struct auth *auth, struct mu_call *call, const struct passkey_proof *proof)
{
    const char *user = caller_user(call);
    struct passkey_answer answer = passkey_answer_of(proof->answer);
    struct account account;

    if (user == NULL)
        return true;
    if (proof->answer != NULL)
        return prove_by_passkey(auth, call, user, &answer);
    return login_check(auth, call, user, proof->password, &account);
}
