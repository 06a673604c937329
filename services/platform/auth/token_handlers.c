// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "services/platform/auth/handlers.h"
#include "services/platform/auth/minting.h"

enum { ID_TEXT_SIZE = 2 * ACCESS_ID_SIZE + 1, KEY_ID_TEXT_SIZE = 2 * ACCESS_KEY_ID_SIZE + 1 };

static const char *id_print(const struct access_id *id, char text[ID_TEXT_SIZE])
{
    return sodium_bin2hex(text, ID_TEXT_SIZE, id->bytes, sizeof(id->bytes));
}

/* ---- Issue ---- */

/* Reads what is asked for; false where the call is answered. */
static bool read_minting(struct mu_call *call, const Mu__Auth__V1__IssueRequest *request,
        const struct account *account, struct minting *minting)
{
    struct account wanted = { .scope_count = 0 };
    size_t bad;

    if (request->life_s > ACCESS_LIFE_MAX_S) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "life: %d s at most", ACCESS_LIFE_MAX_S);
        return false;
    }
    if (account->disabled) {
        mu_call_refuse(call, MU_FAILED_PRECONDITION, "the account %s is disabled", account->name);
        return false;
    }
    if (!account_set_scopes(&wanted, request->scopes, request->n_scopes, &bad) ||
            !account_covers(account, request->scopes, request->n_scopes)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "scopes: expected up to %d patterns that the account's cover", ACCOUNT_SCOPES_MAX);
        return false;
    }
    *minting = (struct minting){
        .account = account,
        .scopes = request->scopes,
        .scope_count = request->n_scopes,
        .life_s = request->life_s,
        .calls = request->calls,
        .audience = request->audience,
    };
    return true;
}

/* With the lock. */
static void issue(struct auth *auth, struct mu_call *call, const struct minting *minting)
{
    Mu__Auth__V1__IssueReply reply = MU__AUTH__V1__ISSUE_REPLY__INIT;
    char id[ID_TEXT_SIZE];
    struct minted minted;
    int r = minting_make(auth, minting, &minted);

    if (r > 0 && r != MINTING_FULL) {
        book_abort(&auth->book);
        minting_fail(call, r);
        return;
    }
    id_print(&minted.issued.id, id);
    if (r == MINTING_OK)
        r = auth_log(auth, call, "token-issued", minting->account->name, id);
    if (auth_keep(auth, call, r)) {
        reply.access_token = minted.line;
        reply.id = id;
        reply.expires_s = minted.issued.until_s;
        auth_issue_reply(call, &reply);
    }
    sodium_memzero(&minted, sizeof(minted));
}

void tokens_issue(struct mu_call *call, const Mu__Auth__V1__IssueRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    struct account account;
    struct minting minting;
    int r;

    if (auth == NULL)
        return;
    r = account_get(&auth->book, request->account, &account);
    if (r == BOOK_NONE)
        mu_call_refuse(call, MU_NOT_FOUND, "there is no account \"%.64s\"", request->account);
    else if (r != BOOK_OK)
        auth_fail(call, r);
    else if (read_minting(call, request, &account, &minting))
        issue(auth, call, &minting);
    auth_unlock(auth);
}

/* ---- Revoke ---- */

static bool is_whole_token(const char *text)
{
    return strncmp(text, "mut1.", 5) == 0;
}

/* The id of a token that somebody bears: believed only where the token is. */
static bool read_token(
        struct auth *auth, struct mu_call *call, const char *text, struct access_id *id)
{
    struct access_authority authority = { .key_count = auth->signing.count };
    struct access access;
    enum access_outcome outcome;

    for (uint32_t i = 0; i < auth->signing.count; i++)
        authority.keys[i] = auth->signing.keys[i].key.public;
    outcome = access_read(&access, (struct span){ (const uint8_t *)text, strlen(text) }, &authority,
            auth_now_s());
    if (outcome == ACCESS_OK)
        *id = access.id;
    else
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "token: %s", access_text(outcome));
    return outcome == ACCESS_OK;
}

static bool read_id(struct mu_call *call, const char *text, struct access_id *id)
{
    size_t size;

    if (strlen(text) == ID_TEXT_SIZE - 1 &&
            sodium_hex2bin(id->bytes, sizeof(id->bytes), text, strlen(text), NULL, &size, NULL) ==
                    0 &&
            size == sizeof(id->bytes))
        return true;
    mu_call_refuse(call, MU_INVALID_ARGUMENT,
            "token: expected a token or its id, %d digits of 0-9 and a-f", ID_TEXT_SIZE - 1);
    return false;
}

/* With the lock. */
static void revoke(struct auth *auth, struct mu_call *call, const struct access_id *id)
{
    Mu__Auth__V1__RevokeReply reply = MU__AUTH__V1__REVOKE_REPLY__INIT;
    char text[ID_TEXT_SIZE];
    struct issued issued;
    int r = issued_find(&auth->book, id, &issued);

    id_print(id, text);
    if (r == BOOK_NONE) {
        mu_call_refuse(call, MU_NOT_FOUND, "there is no token %s that has not ended", text);
        return;
    }
    if (r == BOOK_OK)
        r = issued_revoke(&auth->book, &issued);
    if (r == BOOK_OK)
        r = auth_log(auth, call, "token-revoked", issued.account, text);
    if (!auth_keep(auth, call, r))
        return;
    auth_push_keys(auth);
    reply.id = text;
    reply.account = issued.account;
    auth_revoke_reply(call, &reply);
}

void tokens_revoke(struct mu_call *call, const Mu__Auth__V1__RevokeRequest *request)
{
    bool whole = is_whole_token(request->token);
    struct auth *auth = auth_enter(call, whole ? AUTH_ANYBODY : AUTH_ADMIN);
    struct access_id id;

    if (auth == NULL)
        return;
    if (whole ? read_token(auth, call, request->token, &id) : read_id(call, request->token, &id))
        revoke(auth, call, &id);
    auth_unlock(auth);
}

/* ---- RotateKey, Keys ---- */

struct key_message {
    Mu__Auth__V1__SigningKey message;
    char id[KEY_ID_TEXT_SIZE];
};

static void fill_key(struct key_message *out, struct signing_key *key)
{
    struct access_key_id id;

    access_key_id(&id, &key->key.public);
    sodium_bin2hex(out->id, sizeof(out->id), id.bytes, sizeof(id.bytes));
    mu__auth__v1__signing_key__init(&out->message);
    out->message.id = out->id;
    out->message.public_key.data = key->key.public.bytes;
    out->message.public_key.len = PUBLIC_KEY_SIZE;
    out->message.created_s = key->created_s;
    out->message.until_s = key->until_s;
}

void tokens_rotate_key(struct mu_call *call, const Mu__Auth__V1__RotateKeyRequest *request)
{
    Mu__Auth__V1__RotateKeyReply reply = MU__AUTH__V1__ROTATE_KEY_REPLY__INIT;
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    struct key_message message;
    int r;

    (void)request;
    if (auth == NULL)
        return;
    r = signing_rotate(&auth->book, &auth->signing, auth_now_s());
    if (r == BOOK_OK)
        r = auth_log(auth, call, "key-rotated", "the signing key", NULL);
    if (auth_keep(auth, call, r)) {
        r = auth_reload_signing(auth);
        if (r < 0) {
            auth_fail(call, r);
        } else {
            auth_push_keys(auth);
            fill_key(&message, &auth->signing.keys[0]);
            reply.key = &message.message;
            auth_rotate_key_reply(call, &reply);
        }
    }
    auth_unlock(auth);
}

void tokens_keys(struct mu_call *call, const Mu__Auth__V1__KeysRequest *request)
{
    Mu__Auth__V1__KeysReply reply = MU__AUTH__V1__KEYS_REPLY__INIT;
    Mu__Auth__V1__SigningKey *list[ACCESS_KEYS_MAX];
    struct key_message messages[ACCESS_KEYS_MAX];
    struct auth *auth = auth_enter(call, AUTH_ANYBODY);

    (void)request;
    if (auth == NULL)
        return;
    for (uint32_t i = 0; i < auth->signing.count; i++) {
        fill_key(&messages[i], &auth->signing.keys[i]);
        list[i] = &messages[i].message;
    }
    reply.keys = list;
    reply.n_keys = auth->signing.count;
    auth_keys_reply(call, &reply);
    auth_unlock(auth);
}
