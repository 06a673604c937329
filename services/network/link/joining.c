// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/joining.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "services/network/link/addressbook.h"
#include "services/network/link/clerk.h"
#include "services/network/link/peers.h"
#include "services/network/link/self.h"
#include "transport/secure/address.h"

enum { JOIN_MARGIN_MS = 300 }; /* so that the caller hears why before its time is over */

/* ---- the end ---- */

static void undial(struct mesh *mesh)
{
    const struct token *token = &mesh->joining.token;

    links_lock(mesh->links);
    for (uint32_t i = 0; i < token->address_count; i++)
        links_undial(mesh->links, token->addresses[i]);
    if (!mesh->seat.joined)
        links_set_identity(mesh->links, NULL);
    links_unlock(mesh->links);
}

void joining_forget(struct mesh *mesh)
{
    struct joining *joining = &mesh->joining;

    token_wipe(&joining->token);
    key_deinit(&joining->key);
    *joining = (struct joining){ .call = NULL };
}

void joining_stop(struct mesh *mesh, enum mu_code code, const char *reason)
{
    struct joining *joining = &mesh->joining;

    if (joining->call == NULL)
        return;
    mu_call_refuse(joining->call, code, "%s", reason);
    if (mesh->links != NULL)
        undial(mesh);
    joining_forget(mesh);
}

/* ---- the beginning ---- */

static struct span trimmed(const char *text)
{
    static const char blanks[] = " \t\r\n";
    size_t size;

    text += strspn(text, blanks);
    size = strlen(text);
    while (size > 0 && strchr(blanks, text[size - 1]) != NULL)
        size -= 1;
    return (struct span){ (const uint8_t *)text, size };
}

/* `node`, or `node.owner`. The owner is the issuer's, whoever asks. */
static bool node_is_valid(const char *node)
{
    enum certificate_kind kind =
            strchr(node, '.') != NULL ? CERTIFICATE_NODE : CERTIFICATE_AUTHORITY;

    return certificate_name_is_valid(node, kind);
}

static bool take_request(struct joining *joining, const Mu__Link__V1__JoinRequest *request)
{
    enum token_outcome outcome =
            token_parse(&joining->token, trimmed(request->token), mesh_now_s());

    if (outcome != TOKEN_OK) {
        mu_call_refuse(joining->call, MU_INVALID_ARGUMENT, "the token: %s", token_text(outcome));
        return false;
    }
    if (token_is_client(&joining->token)) {
        mu_call_refuse(joining->call, MU_INVALID_ARGUMENT,
                "the token: it lets clients in, and no node: ask for a join token");
        return false;
    }
    if (joining->token.address_count == 0) {
        mu_call_refuse(joining->call, MU_FAILED_PRECONDITION,
                "the token names no address: the node that made it listens nowhere");
        return false;
    }
    if (!node_is_valid(request->node)) {
        mu_call_refuse(joining->call, MU_INVALID_ARGUMENT,
                "node: expected a name of a-z, 0-9 and `-`, got \"%.80s\"", request->node);
        return false;
    }
    memcpy(joining->name, request->node, strlen(request->node) + 1);
    return self_take_whereabouts(joining->call, &joining->whereabouts, request->listen,
            request->addresses, request->n_addresses);
}

/* Dials all addresses of the token with its key. */
static int dial(struct mesh *mesh)
{
    const struct token *token = &mesh->joining.token;
    struct handshake_psk psk = { .is_token = true, .network = token->network };
    struct badge *badge = &mesh->badges[mesh->badge];
    int r = 0;

    badge_init_bare(badge, &mesh->pin);
    memcpy(psk.id, token->id.bytes, PSK_ID_SIZE);
    token_psk(token, psk.key);
    links_lock(mesh->links);
    links_set_identity(mesh->links, &badge->identity);
    for (uint32_t i = 0; i < token->address_count && r == 0; i++)
        r = links_dial(mesh->links, token->addresses[i], &psk);
    links_unlock(mesh->links);
    sodium_memzero(&psk, sizeof(psk));
    return err_trace(r);
}

void joining_start(
        struct mesh *mesh, struct mu_call *call, const Mu__Link__V1__JoinRequest *request)
{
    struct joining *joining = &mesh->joining;
    uint32_t left_ms = mu_call_remaining_ms(call);
    int r;

    *joining = (struct joining){ .call = call };
    if (!take_request(joining, request)) {
        joining_forget(mesh);
        return;
    }
    left_ms = left_ms > JOIN_MARGIN_MS ? left_ms - JOIN_MARGIN_MS : 0;
    joining->until_ms = clock_ms() + (left_ms < JOIN_MS ? left_ms : JOIN_MS);
    r = key_init(&joining->key);
    if (r == 0)
        r = dial(mesh);
    if (r < 0)
        joining_stop(mesh, MU_INTERNAL, strerror(-r));
    clerk_wake(mesh);
}

/* ---- with whoever is there ---- */

/* Makes the whole name, now that the owner's is known. False where it gets too long. */
static bool name_complete(struct joining *joining, const char *issuer)
{
    const char *owner = strchr(issuer, '.');
    size_t size = strlen(joining->name);

    if (strchr(joining->name, '.') != NULL || owner == NULL)
        return owner != NULL;
    if (size + strlen(owner) > CERTIFICATE_NAME_MAX)
        return false;
    memcpy(joining->name + size, owner, strlen(owner) + 1);
    return true;
}

void joining_up(struct mesh *mesh, const struct inbox_item *item)
{
    struct joining *joining = &mesh->joining;
    struct request request;
    int r;

    if (joining->link != 0 || !token_names_root(&joining->token, &item->peer.peer.root)) {
        links_lock(mesh->links);
        links_close(mesh->links, item->peer.link, "another one is asked");
        links_unlock(mesh->links);
        return;
    }
    if (!name_complete(joining, item->peer.peer.identity.name)) {
        joining_stop(mesh, MU_INVALID_ARGUMENT, "the name is too long with the owner's behind it");
        return;
    }
    r = request_join(&request, &joining->key, &joining->token, joining->name);
    if (r != 0) {
        joining_stop(mesh, MU_INTERNAL, "no request can be made");
        return;
    }
    joining->link = item->peer.link;
    peers_ask(mesh, joining->link, &request);
}

/* Makes a membership of an answer; false where it is not what was asked for. */
static bool take_answer(struct joining *joining, const struct public_key *root,
        const Mu__Link__V1__JoinAnswer *answer, struct membership *membership)
{
    struct identity identity;
    struct trust trust;

    if (answer->network_psk.len != PSK_SIZE ||
            chain_read_all(&membership->chain,
                    (struct span){ answer->chain.data, answer->chain.len }) != CERTIFICATE_OK ||
            !token_names_root(&joining->token, root))
        return false;
    trust_init(&trust, root);
    if (trust_check(&trust, &membership->chain, mesh_now_s(), &identity) != TRUST_OK ||
            !public_key_equal(&identity.key, &joining->key.public) ||
            strcmp(identity.name, joining->name) != 0)
        return false;
    membership->root = *root;
    membership->network = trust.network;
    membership->whereabouts = joining->whereabouts;
    membership->key = joining->key;
    joining->key = (struct key){ 0 };
    return membership_set_psk(membership, answer->network_psk.data) == 0;
}

/* The nodes of the token and of the answer are dialled after each start from now on. */
static void keep_addresses(
        struct mesh *mesh, const struct token *token, const Mu__Link__V1__JoinAnswer *answer)
{
    int r = VAULT_OK;

    for (uint32_t i = 0; i < token->address_count && r == VAULT_OK; i++)
        r = addressbook_put(&mesh->seat.vault, token->addresses[i]);
    for (size_t i = 0; i < answer->n_addresses && i < TOKEN_ADDRESSES_MAX && r == VAULT_OK; i++) {
        if (address_is_valid((struct span){
                    (const uint8_t *)answer->addresses[i], strlen(answer->addresses[i]) }))
            r = addressbook_put(&mesh->seat.vault, answer->addresses[i]);
    }
}

static void succeed(struct mesh *mesh)
{
    Mu__Link__V1__JoinReply reply = MU__LINK__V1__JOIN_REPLY__INIT;
    struct self self;

    self_fill(&self, mesh);
    reply.self = &self.message;
    link_join_reply(mesh->joining.call, &reply);
    joining_forget(mesh);
}

void joining_answer(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__JoinAnswer *answer)
{
    struct joining *joining = &mesh->joining;
    struct membership membership = { 0 };
    struct token token;
    int r;

    if (item->peer.link != joining->link)
        return;
    if (answer->refusal[0] != '\0') {
        char reason[256];

        snprintf(reason, sizeof(reason), "%s refuses: %.100s", item->address, answer->refusal);
        joining_stop(mesh, MU_PERMISSION_DENIED, reason);
        return;
    }
    if (!take_answer(joining, &item->peer.peer.root, answer, &membership)) {
        membership_deinit(&membership);
        joining_stop(mesh, MU_DATA_LOSS, "the answer is not a certificate for this node");
        return;
    }
    token = joining->token;
    undial(mesh);
    keep_addresses(mesh, &token, answer);
    r = mesh_take(mesh, &membership);
    membership_deinit(&membership);
    token_wipe(&token);
    if (r == 0)
        succeed(mesh);
    else
        joining_stop(
                mesh, MU_RESOURCE_EXHAUSTED, "what this node was given cannot be kept: no room");
}

/* ---- when it does not work out ---- */

static void note_missed(struct mesh *mesh, const char *address, const char *why)
{
    struct joining *joining = &mesh->joining;

    for (uint32_t i = 0; i < joining->token.address_count; i++) {
        if (strcmp(joining->token.addresses[i], address) == 0) {
            joining->missed |= UINT32_C(1) << i;
            snprintf(joining->reason, sizeof(joining->reason), "%.80s: %.70s", address, why);
        }
    }
    if (joining->missed == (UINT32_C(1) << joining->token.address_count) - 1)
        joining_stop(mesh, MU_UNAVAILABLE, joining->reason);
}

void joining_missed(struct mesh *mesh, const struct inbox_item *item)
{
    if (mesh->joining.call != NULL && mesh->joining.link == 0)
        note_missed(mesh, item->address, item->text);
}

void joining_down(struct mesh *mesh, const struct inbox_item *item)
{
    if (mesh->joining.call == NULL || item->peer.link != mesh->joining.link)
        return;
    mesh->joining.link = 0;
    note_missed(mesh, item->address, item->text);
}

uint64_t joining_due(struct mesh *mesh, uint64_t now_ms)
{
    struct joining *joining = &mesh->joining;

    if (joining->call == NULL)
        return UINT64_MAX;
    if (joining->until_ms > now_ms)
        return joining->until_ms;
    joining_stop(mesh, MU_DEADLINE_EXCEEDED,
            joining->reason[0] != '\0' ? joining->reason : "no node of the token answers");
    return UINT64_MAX;
}
