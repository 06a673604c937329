/* services/network/link/clients.h - programs that call the services of this node from elsewhere:
 * their tokens, and which keys came with them (docs/protocol.md, "Clients").
 *
 * The first key that comes with a token has it from then on, as often as the token may be used.
 * That is on the disk before anybody is let in. `now_s` is unix time. */
#pragma once

#include "services/network/link/vault.h"
#include "transport/secure/key.h"
#include "transport/secure/token.h"

struct seat;

enum { CLIENT_NAME_MAX = 40 /* bytes of a client's name */ };

struct client_token {
    struct token_id id;
    uint8_t psk[PSK_SIZE];
    uint64_t until_s;
    uint32_t uses_left;
    char name[CLIENT_NAME_MAX + 1]; /* of who comes with it; "": by its key */
};

struct client {
    struct public_key key;
    struct token_id token; /* that it came with */
    char name[CLIENT_NAME_MAX + 1];
    uint64_t since_s;
    uint64_t until_s;
    bool revoked;
};

/* Each has a text for people (clients_text). Functions that say so return 0, one of these, or
 * -errno. */
enum clients_outcome {
    CLIENTS_OK,
    CLIENTS_NONE,    /* there is no such token, or client */
    CLIENTS_OVER,    /* the token has ended */
    CLIENTS_SPENT,   /* others came with it */
    CLIENTS_REVOKED, /* this key is not wanted any more */
    CLIENTS_MANY,    /* more than one client is meant */
    CLIENTS_FULL,    /* a limit, or the disk; nothing was written */
    CLIENTS_OUTCOMES
};

/* True for labels of a-z, 0-9 and - in between, up to CLIENT_NAME_MAX bytes. */
bool client_name_is_valid(const char *name);

/* Makes a client token for `uses` clients (1..CLIENT_TOKEN_USES_MAX) that are called `name` ("": by
 * their keys). `*token` is the caller's to wipe. Returns 0, CLIENTS_FULL or -errno. */
int clients_invite(struct seat *seat, const char *name, uint32_t uses, uint64_t until_s,
        uint64_t now_s, struct token *token);

/* Lets the key in that came with a token, for the first time or again. Returns 0, an outcome or
 * -errno; `*client` is set on 0 only. */
int clients_admit(struct vault *vault, const struct token_id *token, const struct public_key *key,
        uint64_t now_s, struct client *client);

/* Finds a client by its name, its id, or the beginning of that. Returns 0, CLIENTS_NONE,
 * CLIENTS_MANY or -errno. */
int clients_find(struct vault *vault, const char *text, struct client *client);

/* Does not let it in again, nor anybody new with its token. Returns 0, CLIENTS_FULL or -errno. */
int clients_revoke(struct vault *vault, struct client *client);

/* Visits every token, and every client; `fn` must not write. */
typedef void (*client_token_fn)(const struct client_token *token, void *user);
int clients_each_token(struct vault *vault, client_token_fn fn, void *user);
typedef void (*client_fn)(const struct client *client, void *user);
int clients_each(struct vault *vault, client_fn fn, void *user);

/* An outcome in words. */
const char *clients_text(enum clients_outcome outcome);
