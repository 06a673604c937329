// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/clients_world.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "services/network/link/peers.h"
#include "transport/secure/node_id.h"

/* Made once: a network on a disk of which each input has a copy, and the clients' keys. */
static struct {
    bool made;
    struct world office;
    struct key keys[CLIENT_KEYS];
} origin;

static struct clients_world *world; /* the one that is open */

const struct key *clients_world_key(int key)
{
    return &origin.keys[key];
}

/* ---- the model ---- */

static int key_index(const uint8_t *bytes)
{
    for (int i = 0; i < CLIENT_KEYS; i++)
        if (memcmp(origin.keys[i].public.bytes, bytes, PUBLIC_KEY_SIZE) == 0)
            return i;
    return NOBODY;
}

static bool token_is_over(const struct known_token *token)
{
    return !token->made || world->now_s > token->until_s;
}

/* Is the key to be let in with the token? */
static bool is_welcome(int key, int token)
{
    if (key == NOBODY || token == NOBODY || token_is_over(&world->tokens[token]))
        return false;
    if (world->clients[key].token == token)
        return !world->clients[key].revoked;
    return world->tokens[token].uses_left > 0;
}

/* It came, maybe for the first time with this token. */
static void note_client(int key, int token, const char *name)
{
    struct known_client *client = &world->clients[key];

    if (client->token != token) {
        world->tokens[token].uses_left -= 1;
        *client = (struct known_client){ .token = token, .since_s = world->now_s };
        snprintf(client->name, sizeof(client->name), "%s", name);
    }
    CHECK(strcmp(client->name, name) == 0);
    for (int i = 0; i < CLIENT_KEYS; i++) {
        const struct known_client *other = &world->clients[i];

        CHECK(i == key || other->token == NOBODY || token_is_over(&world->tokens[other->token]) ||
                strcmp(other->name, name) != 0);
    }
}

/* ---- what the node does, in place of its links and its library ---- */

void wrap_links_lock(struct links *links) __asm__("__wrap_links_lock");
void wrap_links_unlock(struct links *links) __asm__("__wrap_links_unlock");
enum links_outcome wrap_links_send(struct links *links, uint64_t link, struct span message) __asm__(
        "__wrap_links_send");
void wrap_links_close(struct links *links, uint64_t link, const char *reason) __asm__(
        "__wrap_links_close");
const char *wrap_links_admit(struct links *links, uint64_t link,
        const struct links_client *client) __asm__("__wrap_links_admit");
void wrap_links_end_client(struct links *links, const struct public_key *key,
        const char *reason) __asm__("__wrap_links_end_client");
uint32_t wrap_links_count_client(const struct links *links, const struct public_key *key) __asm__(
        "__wrap_links_count_client");
void wrap_links_set_identity(struct links *links, const struct links_identity *identity) __asm__(
        "__wrap_links_set_identity");
uint64_t wrap_mesh_now_s(void) __asm__("__wrap_mesh_now_s");
int real_badge_init(struct badge *badge, const struct pin *pin, struct seat *seat,
        const struct trust *trust, uint64_t now_s) __asm__("__real_badge_init");
int wrap_badge_init(struct badge *badge, const struct pin *pin, struct seat *seat,
        const struct trust *trust, uint64_t now_s) __asm__("__wrap_badge_init");
void *wrap_mu_call_state(const struct mu_call *call) __asm__("__wrap_mu_call_state");
const struct mu_caller *wrap_mu_call_caller(const struct mu_call *call) __asm__(
        "__wrap_mu_call_caller");
void wrap_mu_call_reply(struct mu_call *call, const ProtobufCMessage *reply) __asm__(
        "__wrap_mu_call_reply");
void wrap_mu_call_refuse(struct mu_call *call, enum mu_code code, const char *format, ...) __asm__(
        "__wrap_mu_call_refuse") __attribute__((format(printf, 3, 4)));
void wrap_mu_call_fail(struct mu_call *call, enum mu_code code, const char *format, ...) __asm__(
        "__wrap_mu_call_fail") __attribute__((format(printf, 3, 4)));

void wrap_links_lock(struct links *links)
{
    (void)links;
}

void wrap_links_unlock(struct links *links)
{
    (void)links;
}

/* Links have numbers from 1. */
static struct client_link *link_of(uint64_t number)
{
    CHECK(number >= 1 && number <= CLIENT_LINKS && world->links[number - 1].open);
    return &world->links[number - 1];
}

/* Nothing but an answer to what it asked is ever said to a client. */
enum links_outcome wrap_links_send(struct links *links, uint64_t number, struct span message)
{
    const struct client_link *link = link_of(number);
    Mu__Link__V1__PeerMessage *read =
            mu__link__v1__peer_message__unpack(NULL, message.size, message.data);

    (void)links;
    CHECK(read != NULL && read->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ANSWER);
    CHECK((int)number - 1 == world->speaking && world->shown != NOBODY && !world->answered);
    CHECK((read->client_answer->refusal[0] == '\0') == world->let_in);
    world->answered = true;
    if (world->let_in) {
        CHECK(strcmp(read->client_answer->name, world->clients[link->key].name) == 0);
        CHECK(read->client_answer->until_s == world->tokens[link->token].until_s);
    }
    mu__link__v1__peer_message__free_unpacked(read, NULL);
    return LINKS_OK;
}

void wrap_links_close(struct links *links, uint64_t number, const char *reason)
{
    (void)links;
    CHECK(reason != NULL);
    link_of(number)->open = false;
}

const char *wrap_links_admit(
        struct links *links, uint64_t number, const struct links_client *client)
{
    struct client_link *link = link_of(number);
    int key = key_index(client->key.bytes);

    (void)links;
    CHECK((int)number - 1 == world->speaking && key == world->shown);
    CHECK(is_welcome(key, link->token) && client_name_is_valid(client->name));
    CHECK(client->until_s == world->tokens[link->token].until_s);
    note_client(key, link->token, client->name);
    if (world->links_full || link->key != NOBODY)
        return "there is no room";
    link->key = key;
    world->let_in = true;
    return NULL;
}

void wrap_links_end_client(struct links *links, const struct public_key *key, const char *reason)
{
    (void)links;
    CHECK(reason != NULL && world->revoking == NOBODY);
    world->revoking = key_index(key->bytes);
    CHECK(world->revoking != NOBODY);
    for (int i = 0; i < CLIENT_LINKS; i++)
        if (world->links[i].open && world->links[i].key == world->revoking)
            world->links[i].open = false;
}

uint32_t wrap_links_count_client(const struct links *links, const struct public_key *key)
{
    uint32_t count = 0;

    (void)links;
    for (int i = 0; i < CLIENT_LINKS; i++)
        count += world->links[i].open && world->links[i].key != NOBODY &&
                 world->links[i].key == key_index(key->bytes);
    world->connections = count;
    return count;
}

/* Who has a client token that has not ended gets past the first message, and nobody else does. */
void wrap_links_set_identity(struct links *links, const struct links_identity *identity)
{
    (void)links;
    for (int t = 0; t < CLIENT_TOKENS; t++) {
        bool found = false;

        for (size_t i = 0; world->tokens[t].made && i < identity->psk_count; i++)
            found = found ||
                    memcmp(identity->psks[i].id, world->tokens[t].id.bytes, TOKEN_ID_SIZE) == 0;
        CHECK(!world->tokens[t].made || found || token_is_over(&world->tokens[t]));
    }
}

uint64_t wrap_mesh_now_s(void)
{
    return world->now_s;
}

/* mesh.c asks its own clock. */
int wrap_badge_init(struct badge *badge, const struct pin *pin, struct seat *seat,
        const struct trust *trust, uint64_t now_s)
{
    (void)now_s;
    return real_badge_init(badge, pin, seat, trust, world->now_s);
}

void *wrap_mu_call_state(const struct mu_call *call)
{
    (void)call;
    return &world->mesh;
}

const struct mu_caller *wrap_mu_call_caller(const struct mu_call *call)
{
    static struct mu_caller caller = { .node = "", .service = "", .owner = "", .client = "" };

    (void)call;
    caller.is_operator = world->is_operator;
    return &caller;
}

static void check_invited(const Mu__Link__V1__InviteClientReply *reply)
{
    struct span text = { (const uint8_t *)reply->token, strlen(reply->token) };
    struct token token;

    for (int t = 0; t < CLIENT_TOKENS; t++) {
        if (world->tokens[t].made)
            continue;
        CHECK(token_parse(&token, text, world->now_s) == TOKEN_OK && token_is_client(&token));
        CHECK(token.not_after_s == reply->until_s && reply->until_s > world->now_s);
        world->tokens[t] = (struct known_token){ .made = true,
            .id = token.id,
            .until_s = reply->until_s,
            .uses_left = world->uses != 0 ? world->uses : 1 };
        CHECK(world->tokens[t].uses_left <= CLIENT_TOKEN_USES_MAX);
        token_wipe(&token);
        return;
    }
}

static int key_named(const char *id)
{
    char text[NODE_ID_SIZE + 1];

    for (int i = 0; i < CLIENT_KEYS; i++) {
        node_id_print(&origin.keys[i].public, text);
        if (strcmp(text, id) == 0)
            return i;
    }
    return NOBODY;
}

static void check_revoked(const Mu__Link__V1__RevokeClientReply *reply)
{
    int key = key_named(reply->client->id);

    CHECK(key != NOBODY && key == world->revoking && world->clients[key].token != NOBODY);
    CHECK(reply->client->revoked && reply->client->connections == 0);
    CHECK(reply->ended == world->connections);
    world->clients[key].revoked = true;
    world->tokens[world->clients[key].token].uses_left = 0;
}

static void check_listed(const Mu__Link__V1__ClientsReply *reply)
{
    uint32_t tokens = 0;
    bool listed[CLIENT_KEYS] = { false };

    for (size_t i = 0; i < reply->n_clients; i++) {
        const Mu__Link__V1__Client *client = reply->clients[i];
        int key = key_named(client->id);
        const struct known_client *known = &world->clients[key == NOBODY ? 0 : key];

        CHECK(key != NOBODY && !listed[key] && known->token != NOBODY);
        CHECK(strcmp(client->name, known->name) == 0 && client->since_s == known->since_s);
        CHECK(client->revoked == known->revoked);
        listed[key] = true;
    }
    for (int i = 0; i < CLIENT_KEYS; i++) {
        const struct known_client *client = &world->clients[i];

        CHECK(listed[i] || client->token == NOBODY || token_is_over(&world->tokens[client->token]));
    }
    for (int t = 0; t < CLIENT_TOKENS; t++)
        tokens += !token_is_over(&world->tokens[t]) && world->tokens[t].uses_left > 0;
    CHECK(reply->tokens == tokens);
}

void wrap_mu_call_reply(struct mu_call *call, const ProtobufCMessage *reply)
{
    (void)call;
    CHECK(!world->answered && world->is_operator);
    world->answered = true;
    if (reply->descriptor == &mu__link__v1__invite_client_reply__descriptor)
        check_invited((const Mu__Link__V1__InviteClientReply *)reply);
    else if (reply->descriptor == &mu__link__v1__revoke_client_reply__descriptor)
        check_revoked((const Mu__Link__V1__RevokeClientReply *)reply);
    else
        check_listed((const Mu__Link__V1__ClientsReply *)reply);
}

void wrap_mu_call_refuse(struct mu_call *call, enum mu_code code, const char *format, ...)
{
    (void)call;
    (void)format;
    CHECK(!world->answered && world->revoking == NOBODY);
    CHECK(world->is_operator || code == MU_PERMISSION_DENIED);
    world->answered = true;
}

void wrap_mu_call_fail(struct mu_call *call, enum mu_code code, const char *format, ...)
{
    (void)call;
    (void)code;
    (void)format;
    CHECK(false); /* the disk is whole */
}

/* ---- what clients say ---- */

void clients_world_hear(struct clients_world *of, int at, struct span message, int shown)
{
    struct client_link *link = &world->links[at];
    bool welcome = is_welcome(shown, link->token) && !world->links_full && link->key == NOBODY;
    struct inbox_item *item;

    CHECK(of == world);
    if (!link->open || message.size == 0)
        return;
    item = inbox_item_new(INBOX_MESSAGE, message);
    CHECK(item != NULL);
    item->peer = (struct link_peer){ .link = (uint64_t)at + 1,
        .joining = true,
        .client = true,
        .address = item->address,
        .peer = { .joining = true, .client = true } };
    memcpy(item->peer.link_id, link->id, sizeof(link->id));
    if (link->token != NOBODY)
        memcpy(item->peer.peer.psk_id, world->tokens[link->token].id.bytes, TOKEN_ID_SIZE);
    world->speaking = at;
    world->shown = shown;
    world->answered = false;
    world->let_in = false;
    peers_message(&world->mesh, item);
    free(item);
    world->speaking = NOBODY;
    CHECK(world->let_in == welcome && (shown == NOBODY) == !world->answered);
    CHECK(link->open == welcome); /* what is anything else is the last thing on its link */
}

/* ---- what operators do ---- */

static void begin_call(const struct clients_world *of)
{
    CHECK(of == world);
    world->answered = false;
    world->revoking = NOBODY;
}

void clients_world_invite(
        struct clients_world *of, const Mu__Link__V1__InviteClientRequest *request)
{
    begin_call(of);
    world->uses = request->uses;
    client_office_invite(NULL, request);
    CHECK(world->answered);
}

void clients_world_revoke(
        struct clients_world *of, const Mu__Link__V1__RevokeClientRequest *request)
{
    begin_call(of);
    client_office_revoke(NULL, request);
    CHECK(world->answered);
    world->revoking = NOBODY;
}

void clients_world_list(struct clients_world *of)
{
    const Mu__Link__V1__ClientsRequest request = MU__LINK__V1__CLIENTS_REQUEST__INIT;

    begin_call(of);
    client_office_list(NULL, &request);
    CHECK(world->answered);
}

/* ---- from begin to end ---- */

void clients_world_restart(struct clients_world *of)
{
    struct seat *seat = &of->mesh.seat;

    seat_close(seat);
    CHECK(seat_open(seat, of->folder.path) == 0);
    memset(of->links, 0, sizeof(of->links));
}

static void found(void)
{
    struct founding founding = world_founding("desk");
    struct membership membership;

    CHECK(sodium_init() >= 0);
    folder_make(&origin.office.folder);
    CHECK(seat_open(&origin.office.seat, origin.office.folder.path) == 0);
    CHECK(founding_found(&founding, &membership, origin.office.sealed) == FOUNDING_OK);
    CHECK(whereabouts_set_listen(&membership.whereabouts, "192.0.2.1:7400"));
    CHECK(seat_take(&origin.office.seat, &membership) == 0);
    seat_close(&origin.office.seat);
    for (int i = 0; i < CLIENT_KEYS; i++) {
        uint8_t seed[KEY_SEED_SIZE] = { (uint8_t)(1 + i) };

        CHECK(key_init_seed(&origin.keys[i], seed) == 0);
    }
    origin.made = true;
}

void clients_world_open(struct clients_world *made)
{
    struct mesh *mesh = &made->mesh;

    if (!origin.made)
        found();
    *made = (struct clients_world){ .now_s = NOW_S };
    world = made;
    made->speaking = NOBODY;
    made->revoking = NOBODY;
    for (int i = 0; i < CLIENT_KEYS; i++)
        made->clients[i].token = NOBODY;
    folder_make(&made->folder);
    folder_copy(origin.office.folder.path, made->folder.path);
    pthread_mutex_init(&mesh->lock, NULL);
    linked_init(&mesh->linked);
    pin_init(&mesh->pin);
    CHECK(seat_open(&mesh->seat, made->folder.path) == 0);
    mesh->trust = malloc(sizeof(*mesh->trust));
    CHECK(mesh->trust != NULL && seat_copy_trust(&mesh->seat, mesh->trust) == 0);
}

void clients_world_close(struct clients_world *made)
{
    struct mesh *mesh = &made->mesh;

    badge_deinit(&mesh->badges[mesh->badge]);
    trust_deinit(mesh->trust);
    free(mesh->trust);
    pin_deinit(&mesh->pin);
    linked_deinit(&mesh->linked);
    seat_close(&mesh->seat);
    pthread_mutex_destroy(&mesh->lock);
    folder_remove(&made->folder);
    world = NULL;
}
