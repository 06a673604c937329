// SPDX-License-Identifier: Apache-2.0
/* A token and the clients that came with it are records of their own, so that a client is judged by
 * its own record alone, whatever became of the token's other uses. Who is revoked stays on record
 * until the token's end: it is told why, and its name says who it was. */
#include "services/network/link/clients.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "mu/schema.h"
#include "services/network/link/seat.h"
#include "transport/secure/node_id.h"
#include "vault.pb-c.h"

enum {
    CLIENT_RECORD_MAX = 256,   /* bytes; the largest is below this */
    CLIENTS_KEPT_S = 604800,   /* behind its end, so that who comes late is told so */
    CLIENT_BASE_MAX = 29,      /* bytes of a name that a number stands behind: `-` and ten digits */
    CLIENT_ID_TEXT_MIN = 3 + 4 /* characters of an id's beginning: `mu:` and a few */
};

static const char AT_TOKEN[] = "client-token/";
static const char AT_CLIENT[] = "client/";

bool client_name_is_valid(const char *name)
{
    size_t size = strlen(name);

    return size > 0 && size <= CLIENT_NAME_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size && name[0] != '-' &&
           name[size - 1] != '-';
}

/* What the vault said. */
static int outcome_of(int kept)
{
    if (kept == VAULT_NONE)
        return CLIENTS_NONE;
    return kept > 0 ? CLIENTS_FULL : err_trace(kept);
}

static ProtobufCBinaryData binary(const void *bytes, size_t size)
{
    return (ProtobufCBinaryData){ size, (uint8_t *)(uintptr_t)bytes };
}

/* Copies what has just this size. */
static bool take_bytes(void *to, size_t size, ProtobufCBinaryData from)
{
    if (from.len != size)
        return false;
    memcpy(to, from.data, size);
    return true;
}

static bool take_name(char name[CLIENT_NAME_MAX + 1], const char *from)
{
    if (from[0] != '\0' && !client_name_is_valid(from))
        return false;
    memcpy(name, from, strlen(from) + 1);
    return true;
}

/* Unpacks a record; NULL in `*messagep` is never returned with 0. */
static int unpack(
        struct mu_bytes value, const ProtobufCMessageDescriptor *type, ProtobufCMessage **messagep)
{
    if (mu_body_check(type, value, NULL) < 0)
        return err_new(-EBADMSG);
    *messagep = protobuf_c_message_unpack(type, NULL, value.size, value.data);
    return *messagep != NULL ? 0 : err_new(-ENOMEM);
}

/* ---- tokens ---- */

static int token_put(struct vault *vault, const struct client_token *token)
{
    Mu__Link__Vault__V1__ClientToken record = MU__LINK__VAULT__V1__CLIENT_TOKEN__INIT;
    struct vault_key key;
    uint8_t bytes[CLIENT_RECORD_MAX];
    size_t size;
    int r;

    record.id = binary(token->id.bytes, TOKEN_ID_SIZE);
    record.psk = binary(token->psk, PSK_SIZE);
    record.until_s = token->until_s;
    record.uses_left = token->uses_left;
    record.name = (char *)(uintptr_t)token->name;
    size = mu__link__vault__v1__client_token__pack(&record, bytes);
    r = vault_put_one_of(vault, AT_TOKEN, VAULT_CLIENT_TOKENS_MAX,
            vault_key(&key, AT_TOKEN, token->id.bytes, TOKEN_ID_SIZE),
            (struct mu_bytes){ bytes, size });
    sodium_memzero(bytes, sizeof(bytes));
    return r;
}

static int token_read(struct client_token *token, struct mu_bytes value)
{
    Mu__Link__Vault__V1__ClientToken *record = NULL;
    struct client_token read = { .until_s = 0 };
    int r = unpack(
            value, &mu__link__vault__v1__client_token__descriptor, (ProtobufCMessage **)&record);
    bool good;

    if (r < 0)
        return err_trace(r);
    read.until_s = record->until_s;
    read.uses_left = record->uses_left;
    good = take_bytes(read.id.bytes, TOKEN_ID_SIZE, record->id) &&
           take_bytes(read.psk, PSK_SIZE, record->psk) && take_name(read.name, record->name);
    sodium_memzero(record->psk.data, record->psk.len);
    mu__link__vault__v1__client_token__free_unpacked(record, NULL);
    if (!good)
        return err_new(-EBADMSG);
    *token = read;
    return 0;
}

static int token_get(struct vault *vault, const struct token_id *id, struct client_token *token)
{
    struct vault_key key;
    struct mu_bytes value;
    int r = vault_get(vault, vault_key(&key, AT_TOKEN, id->bytes, TOKEN_ID_SIZE), &value);

    return r == VAULT_OK ? err_trace(token_read(token, value)) : outcome_of(r);
}

struct token_visit {
    client_token_fn fn;
    void *user;
};

static int token_visit(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const struct token_visit *visit = user;
    struct client_token token;
    int r = token_read(&token, value);

    (void)key;
    if (r < 0)
        return err_trace(r);
    visit->fn(&token, visit->user);
    sodium_memzero(&token, sizeof(token));
    return 0;
}

int clients_each_token(struct vault *vault, client_token_fn fn, void *user)
{
    struct token_visit visit = { .fn = fn, .user = user };

    return vault_each(vault, AT_TOKEN, token_visit, &visit);
}

/* ---- clients ---- */

static int client_put(struct vault *vault, const struct client *client)
{
    Mu__Link__Vault__V1__Client record = MU__LINK__VAULT__V1__CLIENT__INIT;
    struct vault_key key;
    uint8_t bytes[CLIENT_RECORD_MAX] = { 0 };

    record.key = binary(client->key.bytes, PUBLIC_KEY_SIZE);
    record.token = binary(client->token.bytes, TOKEN_ID_SIZE);
    record.name = (char *)(uintptr_t)client->name;
    record.since_s = client->since_s;
    record.until_s = client->until_s;
    record.revoked = client->revoked;
    return vault_put_one_of(vault, AT_CLIENT, VAULT_CLIENTS_MAX,
            vault_key(&key, AT_CLIENT, client->key.bytes, PUBLIC_KEY_SIZE),
            (struct mu_bytes){ bytes, mu__link__vault__v1__client__pack(&record, bytes) });
}

static int client_read(struct client *client, struct mu_bytes value)
{
    Mu__Link__Vault__V1__Client *record = NULL;
    struct client read = { .until_s = 0 };
    int r = unpack(value, &mu__link__vault__v1__client__descriptor, (ProtobufCMessage **)&record);
    bool good;

    if (r < 0)
        return err_trace(r);
    read.since_s = record->since_s;
    read.until_s = record->until_s;
    read.revoked = record->revoked;
    good = take_bytes(read.key.bytes, PUBLIC_KEY_SIZE, record->key) &&
           take_bytes(read.token.bytes, TOKEN_ID_SIZE, record->token) &&
           take_name(read.name, record->name);
    mu__link__vault__v1__client__free_unpacked(record, NULL);
    if (!good)
        return err_new(-EBADMSG);
    *client = read;
    return 0;
}

static int client_get(struct vault *vault, const struct public_key *of, struct client *client)
{
    struct vault_key key;
    struct mu_bytes value;
    int r = vault_get(vault, vault_key(&key, AT_CLIENT, of->bytes, PUBLIC_KEY_SIZE), &value);

    return r == VAULT_OK ? err_trace(client_read(client, value)) : outcome_of(r);
}

struct client_visit {
    client_fn fn;
    void *user;
};

static int client_visit(struct mu_bytes key, struct mu_bytes value, void *user)
{
    const struct client_visit *visit = user;
    struct client client;
    int r = client_read(&client, value);

    (void)key;
    if (r < 0)
        return err_trace(r);
    visit->fn(&client, visit->user);
    return 0;
}

int clients_each(struct vault *vault, client_fn fn, void *user)
{
    struct client_visit visit = { .fn = fn, .user = user };

    return vault_each(vault, AT_CLIENT, client_visit, &visit);
}

/* ---- inviting ---- */

/* What ended long ago, gathered: a visit must not write. */
struct ended {
    uint64_t before_s;
    const char *kind;
    struct vault_key keys[64];
    size_t count;
};

static void ended_note(struct ended *ended, uint64_t until_s, const void *of, size_t size)
{
    if (until_s < ended->before_s && ended->count < sizeof(ended->keys) / sizeof(ended->keys[0]))
        vault_key(&ended->keys[ended->count++], ended->kind, of, size);
}

static void ended_token(const struct client_token *token, void *user)
{
    ended_note(user, token->until_s, token->id.bytes, TOKEN_ID_SIZE);
}

static void ended_client(const struct client *client, void *user)
{
    ended_note(user, client->until_s, client->key.bytes, PUBLIC_KEY_SIZE);
}

static int ended_drop(struct vault *vault, const struct ended *ended)
{
    int r = VAULT_OK;

    for (size_t i = 0; i < ended->count && r >= 0; i++)
        r = vault_delete(vault, (struct mu_bytes){ ended->keys[i].bytes, ended->keys[i].size });
    return r < 0 ? err_trace(r) : 0;
}

/* Drops some of what ended long ago; what is left goes the next time. */
static int clients_sweep(struct vault *vault, uint64_t now_s)
{
    struct ended ended = { .before_s = now_s > CLIENTS_KEPT_S ? now_s - CLIENTS_KEPT_S : 0,
        .kind = AT_TOKEN };
    int r = clients_each_token(vault, ended_token, &ended);

    if (r == 0)
        r = ended_drop(vault, &ended);
    ended.kind = AT_CLIENT;
    ended.count = 0;
    if (r == 0)
        r = clients_each(vault, ended_client, &ended);
    return r == 0 ? ended_drop(vault, &ended) : r;
}

int clients_invite(struct seat *seat, const char *name, uint32_t uses, uint64_t until_s,
        uint64_t now_s, struct token *token)
{
    const char *addresses[TOKEN_ADDRESSES_MAX];
    uint32_t count = whereabouts_dialled(&seat->membership.whereabouts, addresses);
    struct client_token record = { .until_s = until_s, .uses_left = uses };
    struct token made;
    int r;

    token_init(&made, &seat->membership.root, ROLE_CLIENT, until_s);
    for (uint32_t i = 0; i < count; i++)
        token_add_address(&made, addresses[i]);
    record.id = made.id;
    token_psk(&made, record.psk);
    snprintf(record.name, sizeof(record.name), "%s", name);
    r = clients_sweep(&seat->vault, now_s);
    if (r == 0)
        r = outcome_of(token_put(&seat->vault, &record));
    if (r == 0)
        r = outcome_of(vault_commit(&seat->vault));
    sodium_memzero(&record, sizeof(record));
    if (r == 0)
        *token = made;
    token_wipe(&made);
    return r;
}

/* ---- admitting ---- */

struct name_search {
    const struct public_key *of; /* whose own name is free to it */
    const char *name;
    bool taken;
};

static void name_look(const struct client *client, void *user)
{
    struct name_search *search = user;

    search->taken = search->taken || (strcmp(client->name, search->name) == 0 &&
                                             !public_key_equal(&client->key, search->of));
}

/* Puts a number behind a name, of which it takes the end where there is no room for both. */
static void name_number(char name[CLIENT_NAME_MAX + 1], const char *base, uint32_t number)
{
    size_t size = strnlen(base, CLIENT_BASE_MAX);

    while (size > 0 && base[size - 1] == '-')
        size -= 1;
    snprintf(name, CLIENT_NAME_MAX + 1, "%.*s-%u", (int)size, base, number);
}

/* Gives a client the name of its token, with a number behind it where another client has that. */
static int client_call(struct vault *vault, struct client *client, const char *wanted)
{
    char base[CLIENT_NAME_MAX + 1];
    char id[NODE_ID_SHORT_SIZE + 1];
    struct name_search search = { .of = &client->key, .name = client->name };
    int r;

    node_id_print_short(&client->key, id);
    if (wanted[0] != '\0')
        snprintf(base, sizeof(base), "%s", wanted);
    else
        snprintf(base, sizeof(base), "client-%s", id);
    snprintf(client->name, sizeof(client->name), "%s", base);
    for (uint32_t number = 2;; number++) {
        search.taken = false;
        r = clients_each(vault, name_look, &search);
        if (r < 0 || !search.taken)
            return err_trace(r);
        name_number(client->name, base, number);
    }
}

/* Spends a use of the token on a key. */
static int client_bind(struct vault *vault, struct client_token *token,
        const struct public_key *key, uint64_t now_s, struct client *client)
{
    struct client bound = {
        .key = *key, .token = token->id, .since_s = now_s, .until_s = token->until_s
    };
    int r = client_call(vault, &bound, token->name);

    if (r < 0)
        return err_trace(r);
    token->uses_left -= 1;
    r = token_put(vault, token);
    if (r == VAULT_OK)
        r = client_put(vault, &bound);
    if (r == VAULT_OK)
        r = vault_commit(vault);
    if (r != VAULT_OK) {
        vault_abort(vault);
        return outcome_of(r);
    }
    *client = bound;
    return CLIENTS_OK;
}

int clients_admit(struct vault *vault, const struct token_id *id, const struct public_key *key,
        uint64_t now_s, struct client *client)
{
    struct client_token token;
    struct client known = { .revoked = false };
    bool bound;
    int r = token_get(vault, id, &token);

    if (r != 0)
        return r;
    r = client_get(vault, key, &known);
    if (r < 0)
        return err_trace(r);
    bound = r == 0 && memcmp(known.token.bytes, id->bytes, TOKEN_ID_SIZE) == 0;
    if (now_s > token.until_s) {
        r = CLIENTS_OVER;
    } else if (bound && known.revoked) {
        r = CLIENTS_REVOKED;
    } else if (bound) {
        *client = known;
        r = CLIENTS_OK;
    } else if (token.uses_left == 0) {
        r = CLIENTS_SPENT;
    } else {
        r = client_bind(vault, &token, key, now_s, client);
    }
    sodium_memzero(&token, sizeof(token));
    return r;
}

/* ---- revoking ---- */

struct client_search {
    const char *text;
    bool by_name;
    unsigned count;
    struct client *client;
};

static void client_look(const struct client *client, void *user)
{
    struct client_search *search = user;
    char id[NODE_ID_SIZE + 1];
    const char *text = search->text;

    node_id_print(&client->key, id);
    if (search->by_name ? strcmp(client->name, text) != 0
                        : strlen(text) < CLIENT_ID_TEXT_MIN || strncmp(id, text, strlen(text)) != 0)
        return;
    search->count += 1;
    *search->client = *client;
}

int clients_find(struct vault *vault, const char *text, struct client *client)
{
    struct client found = { .name = "" };
    struct client_search search = {
        .text = text, .by_name = strncmp(text, "mu:", 3) != 0, .client = &found
    };
    int r = clients_each(vault, client_look, &search);

    if (r < 0)
        return err_trace(r);
    if (search.count == 1)
        *client = found;
    if (search.count == 0)
        return CLIENTS_NONE;
    return search.count == 1 ? CLIENTS_OK : CLIENTS_MANY;
}

int clients_revoke(struct vault *vault, struct client *client)
{
    struct client_token token;
    int r = token_get(vault, &client->token, &token);

    client->revoked = true;
    if (r == CLIENTS_OK) {
        token.uses_left = 0; /* it has the token, and could come with another key */
        r = outcome_of(token_put(vault, &token));
        sodium_memzero(&token, sizeof(token));
    } else if (r == CLIENTS_NONE) {
        r = 0;
    }
    if (r == 0)
        r = outcome_of(client_put(vault, client));
    if (r == 0)
        r = outcome_of(vault_commit(vault));
    if (r != 0)
        vault_abort(vault);
    return r;
}

const char *clients_text(enum clients_outcome outcome)
{
    static const char *const texts[CLIENTS_OUTCOMES] = {
        [CLIENTS_OK] = "let in",
        [CLIENTS_NONE] = "no such client token is known here",
        [CLIENTS_OVER] = "the client token has ended: ask for a new one",
        [CLIENTS_SPENT] = "the client token was used by another client",
        [CLIENTS_REVOKED] = "this client was revoked",
        [CLIENTS_MANY] = "more than one client is meant",
        [CLIENTS_FULL] = "this node has no room for one more client",
    };

    return (unsigned)outcome < CLIENTS_OUTCOMES ? texts[outcome] : "unknown outcome";
}
