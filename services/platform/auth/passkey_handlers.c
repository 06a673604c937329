// SPDX-License-Identifier: Apache-2.0
/* A passkey that is new signs the challenge, too: that says more than what its maker attests, which
 * this node has no way to judge, and a key that cannot log in is not kept. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "services/platform/auth/account.h"
#include "services/platform/auth/caller.h"
#include "services/platform/auth/family.h"
#include "services/platform/auth/handlers.h"
#include "services/platform/auth/issued.h"
#include "services/platform/auth/login.h"
#include "services/platform/auth/passkey_proof.h"

/* ---- what all of them do ---- */

/* The state with its lock, for the account's user and for administrators, and the account's
 * passkeys. Else the call is answered: NULL. */
static struct auth *enter(struct mu_call *call, const char *name, struct passkeys *passkeys)
{
    const char *user = caller_user(call);
    bool own = user != NULL && strcmp(user, name) == 0;
    struct auth *auth = auth_enter(call, own ? AUTH_ANYBODY : AUTH_ADMIN);
    struct account account;
    int r;

    if (auth == NULL)
        return NULL;
    r = account_get(&auth->book, name, &account);
    if (r == BOOK_OK)
        r = passkey_load(&auth->book, name, passkeys);
    if (r == BOOK_OK)
        return auth;
    auth_unlock(auth);
    if (r == BOOK_NONE)
        mu_call_refuse(call, MU_NOT_FOUND, "there is no account \"%.64s\"", name);
    else
        auth_fail(call, r);
    return NULL;
}

static void fill(Mu__Auth__V1__Passkey *message, const struct passkey *passkey)
{
    static char es256[] = "ES256";
    static char eddsa[] = "EdDSA";

    mu__auth__v1__passkey__init(message);
    message->label = (char *)(uintptr_t)passkey->label;
    message->algorithm = passkey->key.algorithm == PASSKEY_ES256 ? es256 : eddsa;
    message->made_s = passkey->made_ms / 1000;
    message->used_s = passkey->used_s;
    message->counter = passkey->counter;
    message->id.data = (uint8_t *)(uintptr_t)passkey->id;
    message->id.len = passkey->id_size;
}

static void answer(struct mu_call *call, const struct passkey *passkey)
{
    Mu__Auth__V1__PasskeyReply reply = MU__AUTH__V1__PASSKEY_REPLY__INIT;
    Mu__Auth__V1__Passkey message;

    fill(&message, passkey);
    reply.passkey = &message;
    mu_call_reply(call, &reply.base);
}

/* Is there room for one more? Else the call is answered. */
static bool has_room(struct mu_call *call, const char *name, const struct passkeys *passkeys)
{
    if (passkeys->count < PASSKEYS_MAX)
        return true;
    mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "the account %s has %d passkeys, which is the most",
            name, PASSKEYS_MAX);
    return false;
}

/* ---- PasskeyBegin ---- */

void passkeys_begin(struct mu_call *call, const Mu__Auth__V1__PasskeyBeginRequest *request)
{
    const struct passkey_proof proof = { request->password, request->proof };
    Mu__Auth__V1__PasskeyBeginReply reply = MU__AUTH__V1__PASSKEY_BEGIN_REPLY__INIT;
    struct passkey_question question;
    struct auth *auth = enter(call, request->account, &question.passkeys);
    int r;

    if (auth == NULL)
        return;
    if (has_room(call, request->account, &question.passkeys) && passkey_prove(auth, call, &proof)) {
        r = passkey_ask(auth, call, request->account, CHALLENGE_ADD, &question);
        reply.challenge = &question.message;
        if (r < 0)
            auth_fail(call, r);
        else
            auth_passkey_begin_reply(call, &reply);
    }
    auth_unlock(auth);
}

/* ---- PasskeyAdd ---- */

/* The label that was asked for, or the first of those that count which is free. */
static bool take_label(struct mu_call *call, const char *label, const struct passkeys *passkeys,
        struct passkey *fresh)
{
    if (label[0] == '\0') {
        for (unsigned i = 1; fresh->label[0] == '\0'; i++) {
            char text[PASSKEY_LABEL_MAX + 1];

            snprintf(text, sizeof(text), "key-%u", i);
            if (passkey_of_label(passkeys, text) == NULL)
                memcpy(fresh->label, text, sizeof(text));
        }
        return true;
    }
    if (!passkey_label_is_valid(label)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "label: expected 1 to %d bytes of text without control characters",
                PASSKEY_LABEL_MAX);
        return false;
    }
    if (passkey_of_label(passkeys, label) != NULL) {
        mu_call_refuse(call, MU_ALREADY_EXISTS, "the account has a passkey \"%s\"", label);
        return false;
    }
    snprintf(fresh->label, sizeof(fresh->label), "%s", label);
    return true;
}

/* Everything but what it signed, or the call is answered. */
static bool read_new(struct mu_call *call, const Mu__Auth__V1__PasskeyAddRequest *request,
        const struct passkeys *passkeys, struct passkey *fresh)
{
    struct passkey_answer given = passkey_answer_of(request->answer);
    struct span key = { request->public_key.data, request->public_key.len };

    *fresh = (struct passkey){ .made_ms = auth_now_ms() };
    if (given.id.size == 0 || given.id.size > PASSKEY_ID_MAX) {
        mu_call_refuse(
                call, MU_INVALID_ARGUMENT, "answer.id: expected 1 to %d bytes", PASSKEY_ID_MAX);
        return false;
    }
    if (!passkey_key_read(&fresh->key, key)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "public_key: expected a COSE_Key of ES256 or EdDSA, as CTAP2 writes it");
        return false;
    }
    if (passkey_of_id(passkeys, given.id) != NULL) {
        mu_call_refuse(call, MU_ALREADY_EXISTS, "the account has this passkey");
        return false;
    }
    if (!take_label(call, request->label, passkeys, fresh))
        return false;
    snprintf(fresh->account, sizeof(fresh->account), "%s", request->account);
    memcpy(fresh->id, given.id.data, given.id.size);
    fresh->id_size = (uint32_t)given.id.size;
    return true;
}

/* Did it sign what it was asked to? With the lock. */
static enum passkey_outcome look_at_new(struct auth *auth, const struct mu_call *call,
        const struct passkey_answer *given, struct passkey *fresh)
{
    char origin[ORIGIN_SIZE];
    struct passkey_expected expected = {
        .passkey = fresh,
        .purpose = CHALLENGE_ADD,
        .origin = passkey_origin(call, origin),
    };
    struct passkey_said said;
    enum passkey_outcome outcome = passkey_read(&said, given);

    if (outcome != PASSKEY_OK)
        return outcome;
    expected.challenge = challenge_take(
            &auth->challenges, fresh->account, CHALLENGE_ADD, said.challenge, clock_ms());
    outcome = passkey_check(&said, given, &expected);
    if (outcome == PASSKEY_OK)
        fresh->counter = said.counter;
    return outcome;
}

/* With the lock. */
static void add(struct auth *auth, struct mu_call *call, struct passkey *fresh,
        const struct passkey_answer *given)
{
    enum passkey_outcome outcome;
    int r;

    if (!login_take_try(auth, call, fresh->account))
        return;
    outcome = look_at_new(auth, call, given, fresh);
    if (outcome != PASSKEY_OK) {
        login_refuse(auth, call,
                &(struct login_refusal){ .event = "passkey-refused",
                        .about = fresh->account,
                        .detail = passkey_text(outcome),
                        .text = passkey_text(outcome) });
        return;
    }
    login_return_try(auth, fresh->account);
    r = passkey_put(&auth->book, fresh);
    if (r == BOOK_OK)
        r = auth_log(auth, call, "passkey-added", fresh->account, fresh->label);
    if (auth_keep(auth, call, r))
        answer(call, fresh);
}

void passkeys_add(struct mu_call *call, const Mu__Auth__V1__PasskeyAddRequest *request)
{
    struct passkey_answer given = passkey_answer_of(request->answer);
    struct passkeys passkeys;
    struct auth *auth = enter(call, request->account, &passkeys);
    struct passkey fresh;

    if (auth == NULL)
        return;
    if (has_room(call, request->account, &passkeys) && read_new(call, request, &passkeys, &fresh))
        add(auth, call, &fresh, &given);
    auth_unlock(auth);
}

/* ---- PasskeyList ---- */

void passkeys_list(struct mu_call *call, const Mu__Auth__V1__PasskeyListRequest *request)
{
    Mu__Auth__V1__PasskeyListReply reply = MU__AUTH__V1__PASSKEY_LIST_REPLY__INIT;
    Mu__Auth__V1__Passkey messages[PASSKEYS_MAX];
    Mu__Auth__V1__Passkey *list[PASSKEYS_MAX];
    struct passkeys passkeys;
    struct auth *auth = enter(call, request->account, &passkeys);

    if (auth == NULL)
        return;
    auth_unlock(auth);
    for (uint32_t i = 0; i < passkeys.count; i++) {
        fill(&messages[i], &passkeys.each[i]);
        list[i] = &messages[i];
    }
    reply.passkeys = list;
    reply.n_passkeys = passkeys.count;
    auth_passkey_list_reply(call, &reply);
}

/* ---- PasskeyRemove ---- */

static void refuse_unknown(struct mu_call *call, const char *name, const char *label)
{
    mu_call_refuse(call, MU_NOT_FOUND, "the account %.64s has no passkey \"%.64s\"", name, label);
}

/* Whoever has the device may have opened sessions with it: all of them end. With the lock. */
static void remove_one(struct auth *auth, struct mu_call *call, const struct passkey *passkey)
{
    const char *name = passkey->account;
    int r = passkey_delete(&auth->book, passkey);

    if (r == BOOK_NONE) { /* while a password was hashed */
        book_abort(&auth->book);
        refuse_unknown(call, name, passkey->label);
        return;
    }
    if (r == BOOK_OK)
        r = family_close_all(&auth->book, name);
    if (r == BOOK_OK)
        r = issued_revoke_all(&auth->book, name, NULL);
    if (r == BOOK_OK)
        r = auth_log(auth, call, "passkey-removed", name, passkey->label);
    if (!auth_keep(auth, call, r))
        return;
    challenge_forget(&auth->challenges, name);
    auth_push_keys(auth);
    answer(call, passkey);
}

void passkeys_remove(struct mu_call *call, const Mu__Auth__V1__PasskeyRemoveRequest *request)
{
    const struct passkey_proof proof = { request->password, request->proof };
    struct passkeys passkeys;
    struct auth *auth = enter(call, request->account, &passkeys);
    const struct passkey *passkey;

    if (auth == NULL)
        return;
    passkey = passkey_of_label(&passkeys, request->label);
    if (passkey == NULL)
        refuse_unknown(call, request->account, request->label);
    else if (passkey_prove(auth, call, &proof))
        remove_one(auth, call, passkey);
    auth_unlock(auth);
}
