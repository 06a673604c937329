// SPDX-License-Identifier: Apache-2.0
/* The token is proved by the handshake, the key by a signature over the link's id, which no other
 * link has. Both are looked at before the disk is. */
#include "services/network/link/client_entry.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "services/network/link/clients.h"
#include "transport/secure/node_id.h"

/* Why a client is not let in. */
struct refusal {
    enum mu_code code;
    const char *text; /* for good */
};

static struct refusal refusal_of(int outcome)
{
    struct refusal refusal = { MU_PERMISSION_DENIED, clients_text(CLIENTS_NONE) };

    if (outcome < 0)
        return (struct refusal){ MU_INTERNAL, "this node's disk fails" };
    refusal.text = clients_text((enum clients_outcome)outcome);
    if (outcome == CLIENTS_FULL)
        refusal.code = MU_RESOURCE_EXHAUSTED;
    return refusal;
}

static bool read_key(
        struct public_key *key, const struct inbox_item *item, const Mu__Link__V1__ClientAsk *ask)
{
    struct span link_id = { item->peer.link_id, sizeof(item->peer.link_id) };

    if (ask->key.len != PUBLIC_KEY_SIZE || ask->signature.len != SIGNATURE_SIZE)
        return false;
    memcpy(key->bytes, ask->key.data, PUBLIC_KEY_SIZE);
    return key_verify(key, KEY_FOR_CLIENT, link_id, ask->signature.data);
}

static void close_link(struct mesh *mesh, uint64_t link, const char *reason)
{
    links_lock(mesh->links);
    links_close(mesh->links, link, reason);
    links_unlock(mesh->links);
}

static void refuse(struct mesh *mesh, const struct inbox_item *item, const struct public_key *key,
        struct refusal refusal)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__ClientAnswer answer = MU__LINK__V1__CLIENT_ANSWER__INIT;
    char id[NODE_ID_SHORT_SIZE + 1];

    node_id_print_short(key, id);
    log_warn("a client (%s) at %s is not let in: %s", id, item->address, refusal.text);
    answer.refusal = (char *)(uintptr_t)refusal.text;
    answer.code = (uint32_t)refusal.code;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ANSWER;
    message.client_answer = &answer;
    mesh_say(mesh, item->peer.link, &message.base);
    close_link(mesh, item->peer.link, "it was not let in");
}

/* Its link carries calls from here on. */
static const char *let_in(
        struct mesh *mesh, const struct inbox_item *item, const struct client *client)
{
    struct links_client admitted = { .key = client->key, .until_s = client->until_s };
    const char *reason;

    snprintf(admitted.name, sizeof(admitted.name), "%s", client->name);
    links_lock(mesh->links);
    reason = links_admit(mesh->links, item->peer.link, &admitted);
    links_unlock(mesh->links);
    return reason;
}

static void welcome(struct mesh *mesh, const struct inbox_item *item, const struct client *client)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__ClientAnswer answer = MU__LINK__V1__CLIENT_ANSWER__INIT;

    log_info("client %s is here, from %s", client->name, item->address);
    answer.name = (char *)(uintptr_t)client->name;
    answer.until_s = client->until_s;
    answer.node = (char *)(uintptr_t)membership_name(&mesh->seat.membership);
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ANSWER;
    message.client_answer = &answer;
    mesh_say(mesh, item->peer.link, &message.base);
}

void client_entry_ask(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__ClientAsk *ask)
{
    struct public_key key;
    struct token_id token;
    struct client client;
    const char *reason;
    int r;

    if (!read_key(&key, item, ask)) {
        close_link(mesh, item->peer.link, "it has not the key that it says");
        return;
    }
    memcpy(token.bytes, item->peer.peer.psk_id, TOKEN_ID_SIZE);
    r = clients_admit(&mesh->seat.vault, &token, &key, mesh_now_s(), &client);
    if (r != 0) {
        refuse(mesh, item, &key, refusal_of(r));
        return;
    }
    reason = let_in(mesh, item, &client);
    if (reason != NULL)
        refuse(mesh, item, &key, (struct refusal){ MU_RESOURCE_EXHAUSTED, reason });
    else
        welcome(mesh, item, &client);
}
