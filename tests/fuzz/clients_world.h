/* tests/fuzz/clients_world.h - one node, and clients without one whose messages it hears; its links
 * and operators are the harness's. A model knows who is to be let in, and when nobody is: all that
 * the node does is held against it as it happens. */
#pragma once

#include "services/network/link/clients.h"
#include "services/network/link/handlers.h"
#include "tests/unit/network_seat.h"

enum { CLIENT_TOKENS = 4, CLIENT_KEYS = 5, CLIENT_LINKS = 4, NOBODY = -1 };

/* What the model knows of a token, and of a client by its key. */
struct known_token {
    bool made;
    struct token_id id;
    uint64_t until_s;
    uint32_t uses_left;
};

struct known_client {
    int token; /* that it came with last; NOBODY: it never came */
    bool revoked;
    char name[CLIENT_NAME_MAX + 1];
    uint64_t since_s;
};

/* A link that came with a token. */
struct client_link {
    bool open;
    int token; /* NOBODY: one that was never made */
    uint8_t id[NOISE_HASH_SIZE];
    int key; /* whose it is, once it was let in; else NOBODY */
};

struct clients_world {
    struct folder folder;
    struct mesh mesh;
    uint64_t now_s;
    struct known_token tokens[CLIENT_TOKENS];
    struct known_client clients[CLIENT_KEYS];
    struct client_link links[CLIENT_LINKS];
    bool links_full;  /* the links take nobody now */
    bool is_operator; /* whoever calls owns the node */

    /* What is being done, and what has come of it. */
    int speaking; /* the link that is heard; NOBODY: none is */
    int shown;    /* the key that was rightly shown on it; or NOBODY */
    bool answered;
    bool let_in;
    int revoking;         /* the key whose links were ended; or NOBODY */
    uint32_t connections; /* of the client that was looked at last */
    uint32_t uses;        /* that an operator asks a token for */
};

/* Begins with a fresh copy of the same disk each time. */
void clients_world_open(struct clients_world *world);
void clients_world_close(struct clients_world *world);

/* The node's process begins anew: all links are lost. */
void clients_world_restart(struct clients_world *world);

/* The clients' keys: always the same. */
const struct key *clients_world_key(int key);

/* The node hears `message` on a link. `shown`: the key that it rightly shows; NOBODY for anything
 * else. */
void clients_world_hear(struct clients_world *world, int link, struct span message, int shown);

/* An operator calls, or, without `is_operator`, somebody else. */
void clients_world_invite(
        struct clients_world *world, const Mu__Link__V1__InviteClientRequest *request);
void clients_world_revoke(
        struct clients_world *world, const Mu__Link__V1__RevokeClientRequest *request);
void clients_world_list(struct clients_world *world);
