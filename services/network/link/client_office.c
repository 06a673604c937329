// SPDX-License-Identifier: Apache-2.0
/* What operators do with clients. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/network/link/clients.h"
#include "services/network/link/handlers.h"
#include "transport/secure/node_id.h"

static void clients_fail(struct mu_call *call, int r)
{
    if (r > 0)
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED,
                "there is no room for one more: too many client tokens, or the disk is full");
    else
        handlers_fail(call, r);
}

/* ---- InviteClient ---- */

/* What is asked for, with what stands for 0; false where it cannot be had. */
static bool read_invitation(struct mesh *mesh, struct mu_call *call,
        const Mu__Link__V1__InviteClientRequest *request, uint32_t *life_sp, uint32_t *usesp)
{
    const char *addresses[TOKEN_ADDRESSES_MAX];

    *life_sp = request->life_s != 0 ? request->life_s : CLIENT_LIFE_DEFAULT_S;
    *usesp = request->uses != 0 ? request->uses : 1;
    if (*life_sp > CLIENT_LIFE_MAX_S)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "life: %d days at most",
                CLIENT_LIFE_MAX_S / CERTIFICATE_LIFE_S);
    else if (*usesp > CLIENT_TOKEN_USES_MAX)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "uses: %d at most", CLIENT_TOKEN_USES_MAX);
    else if (request->name[0] != '\0' && !client_name_is_valid(request->name))
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "name: expected up to %d of a-z, 0-9 and `-` in between, got \"%.80s\"",
                CLIENT_NAME_MAX, request->name);
    else if (whereabouts_dialled(&mesh->seat.membership.whereabouts, addresses) == 0)
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "nobody can dial this node: it was given no address that others reach");
    else
        return true;
    return false;
}

static void answer_invitation(struct mu_call *call, struct token *token)
{
    Mu__Link__V1__InviteClientReply reply = MU__LINK__V1__INVITE_CLIENT_REPLY__INIT;
    char text[TOKEN_TEXT_SIZE_MAX + 1];
    char *addresses[TOKEN_ADDRESSES_MAX];

    token_print(token, text);
    for (uint32_t i = 0; i < token->address_count; i++)
        addresses[i] = token->addresses[i];
    reply.token = text;
    reply.until_s = token->not_after_s;
    reply.addresses = addresses;
    reply.n_addresses = token->address_count;
    link_invite_client_reply(call, &reply);
    token_wipe(token);
    sodium_memzero(text, sizeof(text));
}

void client_office_invite(struct mu_call *call, const Mu__Link__V1__InviteClientRequest *request)
{
    struct mesh *mesh = handlers_enter_network(call);
    uint64_t now_s = mesh_now_s();
    struct token token;
    uint32_t life_s;
    uint32_t uses;
    int r;

    if (mesh == NULL)
        return;
    if (read_invitation(mesh, call, request, &life_s, &uses)) {
        r = clients_invite(&mesh->seat, request->name, uses, now_s + life_s, now_s, &token);
        if (r == 0) {
            mesh_refresh(mesh);
            answer_invitation(call, &token);
        } else {
            clients_fail(call, r);
        }
    }
    mesh_unlock(mesh);
}

/* ---- Clients ---- */

/* A client, with its texts beside it. */
struct shown {
    Mu__Link__V1__Client message;
    char id[NODE_ID_SIZE + 1];
    char name[CLIENT_NAME_MAX + 1];
};

static void show(struct mesh *mesh, const struct client *client, struct shown *shown)
{
    mu__link__v1__client__init(&shown->message);
    node_id_print(&client->key, shown->id);
    snprintf(shown->name, sizeof(shown->name), "%s", client->name);
    shown->message.id = shown->id;
    shown->message.name = shown->name;
    shown->message.since_s = client->since_s;
    shown->message.until_s = client->until_s;
    shown->message.revoked = client->revoked;
    links_lock(mesh->links);
    shown->message.connections = links_count_client(mesh->links, &client->key);
    links_unlock(mesh->links);
}

struct listing {
    struct mesh *mesh;
    struct shown *all; /* NULL: they are only counted */
    size_t count;
    uint32_t tokens;
};

static void list_client(const struct client *client, void *user)
{
    struct listing *listing = user;

    if (listing->all != NULL)
        show(listing->mesh, client, &listing->all[listing->count]);
    listing->count += 1;
}

static void list_token(const struct client_token *token, void *user)
{
    struct listing *listing = user;

    listing->tokens += token->uses_left > 0 && token->until_s >= mesh_now_s();
}

/* Gathers all; with the lock nothing changes between the two looks. Returns 0 or -errno. */
static int list_all(struct listing *listing)
{
    struct vault *vault = &listing->mesh->seat.vault;
    int r = clients_each(vault, list_client, listing);

    if (r < 0)
        return r;
    listing->all = calloc(listing->count + 1, sizeof(*listing->all));
    if (listing->all == NULL)
        return -ENOMEM;
    listing->count = 0;
    r = clients_each(vault, list_client, listing);
    return r < 0 ? r : clients_each_token(vault, list_token, listing);
}

void client_office_list(struct mu_call *call, const Mu__Link__V1__ClientsRequest *request)
{
    Mu__Link__V1__ClientsReply reply = MU__LINK__V1__CLIENTS_REPLY__INIT;
    struct listing listing = { .mesh = handlers_enter_network(call) };
    CLEANUP(cleanup_free) Mu__Link__V1__Client **each = NULL;
    int r;

    (void)request;
    if (listing.mesh == NULL)
        return;
    r = list_all(&listing);
    mesh_unlock(listing.mesh);
    each = calloc(listing.count + 1, sizeof(*each));
    if (r == 0 && each == NULL)
        r = -ENOMEM;
    if (r < 0) {
        handlers_fail(call, r);
    } else {
        for (size_t i = 0; i < listing.count; i++)
            each[i] = &listing.all[i].message;
        reply.clients = each;
        reply.n_clients = listing.count;
        reply.tokens = listing.tokens;
        link_clients_reply(call, &reply);
    }
    free(listing.all);
}

/* ---- RevokeClient ---- */

static void refuse_unknown(struct mu_call *call, int outcome, const char *text)
{
    if (outcome < 0)
        handlers_fail(call, outcome);
    else if (outcome == CLIENTS_MANY)
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "client: \"%.80s\" fits more than one; give more of the id", text);
    else
        mu_call_refuse(call, MU_NOT_FOUND, "no client \"%.80s\" is known here", text);
}

static void revoke_client(struct mesh *mesh, struct mu_call *call, struct client *client)
{
    Mu__Link__V1__RevokeClientReply reply = MU__LINK__V1__REVOKE_CLIENT_REPLY__INIT;
    struct shown shown;
    int r = clients_revoke(&mesh->seat.vault, client);

    if (r != 0) {
        clients_fail(call, r);
        return;
    }
    show(mesh, client, &shown);
    reply.ended = shown.message.connections;
    shown.message.connections = 0;
    links_lock(mesh->links);
    links_end_client(mesh->links, &client->key, "this client was revoked");
    links_unlock(mesh->links);
    reply.client = &shown.message;
    link_revoke_client_reply(call, &reply);
}

void client_office_revoke(struct mu_call *call, const Mu__Link__V1__RevokeClientRequest *request)
{
    struct mesh *mesh = handlers_enter_network(call);
    struct client client;
    int r;

    if (mesh == NULL)
        return;
    r = clients_find(&mesh->seat.vault, request->client, &client);
    if (r == 0)
        revoke_client(mesh, call, &client);
    else
        refuse_unknown(call, r, request->client);
    mesh_unlock(mesh);
}
