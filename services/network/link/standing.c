// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <string.h>

#include "services/network/link/addressbook.h"
#include "services/network/link/admissions.h"
#include "services/network/link/clerk.h"
#include "services/network/link/founding.h"
#include "services/network/link/handlers.h"
#include "services/network/link/self.h"
#include "transport/secure/address.h"
#include "transport/secure/node_id.h"

/* With the lock; else the call is answered. */
static struct mesh *enter_free(struct mu_call *call)
{
    struct mesh *mesh = handlers_enter(call);

    if (mesh == NULL)
        return NULL;
    if (!mesh->seat.joined && mesh->joining.call == NULL)
        return mesh;
    if (mesh->seat.joined)
        mu_call_refuse(call, MU_ALREADY_EXISTS,
                "this node is in a network already, as %s; it would have to leave that first",
                membership_name(&mesh->seat.membership));
    else
        mu_call_refuse(call, MU_ABORTED, "this node is just joining a network");
    mesh_unlock(mesh);
    return NULL;
}

/* ---- Init ---- */

static void refuse_founding(
        struct mu_call *call, const Mu__Link__V1__InitRequest *request, int outcome)
{
    if (outcome == FOUNDING_NAME)
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "node and owner: expected names of a-z, 0-9 and `-`, got \"%.64s\" and \"%.64s\"",
                request->node, request->owner);
    else if (outcome == FOUNDING_PASSPHRASE)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "passphrase: expected 1 to %d bytes",
                PASSPHRASE_SIZE_MAX);
    else
        handlers_fail(call, outcome);
}

static int found(struct mesh *mesh, struct membership *membership)
{
    int r = admissions_put_name(
            &mesh->seat.vault, membership_name(membership), &membership->key.public);

    return r == VAULT_OK ? mesh_take(mesh, membership) : r;
}

static void answer_init(struct mesh *mesh, struct mu_call *call, uint8_t sealed[SEALED_KEY_SIZE])
{
    Mu__Link__V1__InitReply reply = MU__LINK__V1__INIT_REPLY__INIT;
    char root[NODE_ID_SIZE + 1];
    struct self self;

    self_fill(&self, mesh);
    node_id_print(&mesh->seat.membership.root, root);
    reply.sealed_root = (ProtobufCBinaryData){ .data = sealed, .len = SEALED_KEY_SIZE };
    reply.root = root;
    reply.self = &self.message;
    link_init_reply(call, &reply);
}

/* Sealing takes half a second and is done without the lock, so that links go on. */
void standing_init(struct mu_call *call, const Mu__Link__V1__InitRequest *request)
{
    struct mesh *mesh = enter_free(call);
    struct membership membership = { 0 };
    struct whereabouts whereabouts;
    uint8_t sealed[SEALED_KEY_SIZE];
    int r;

    if (mesh == NULL)
        return;
    mesh_unlock(mesh);
    if (!self_take_whereabouts(
                call, &whereabouts, request->listen, request->addresses, request->n_addresses))
        return;
    r = founding_found(&(struct founding){ .node = request->node,
                               .owner = request->owner,
                               .passphrase = { request->passphrase.data, request->passphrase.len },
                               .cost = &seal_cost_moderate,
                               .now_s = mesh_now_s(),
                               .life_s = mesh->seat.life_s },
            &membership, sealed);
    if (r != FOUNDING_OK) {
        refuse_founding(call, request, r);
        return;
    }
    membership.whereabouts = whereabouts;
    mesh = enter_free(call);
    if (mesh != NULL) {
        r = found(mesh, &membership);
        if (r == 0)
            answer_init(mesh, call, sealed);
        else
            handlers_fail(call, r);
        mesh_unlock(mesh);
    }
    membership_deinit(&membership);
}

/* ---- Join, Leave, RotateKey ---- */

void standing_join(struct mu_call *call, const Mu__Link__V1__JoinRequest *request)
{
    struct mesh *mesh = enter_free(call);

    if (mesh == NULL)
        return;
    joining_start(mesh, call, request);
    mesh_unlock(mesh);
}

void standing_leave(struct mu_call *call, const Mu__Link__V1__LeaveRequest *request)
{
    Mu__Link__V1__LeaveReply reply = MU__LINK__V1__LEAVE_REPLY__INIT;
    struct mesh *mesh = handlers_enter_network(call);
    int r;

    (void)request;
    if (mesh == NULL)
        return;
    r = mesh_leave(mesh);
    mesh_unlock(mesh);
    if (r == 0) {
        offers_stop(mesh);
        domains_stop(mesh);
    }
    if (r == 0)
        link_leave_reply(call, &reply);
    else
        handlers_fail(call, r);
}

void standing_rotate_key(struct mu_call *call, const Mu__Link__V1__RotateKeyRequest *request)
{
    struct mesh *mesh = handlers_enter_network(call);

    (void)request;
    if (mesh == NULL)
        return;
    renewal_rotate(mesh, call);
    mesh_unlock(mesh);
}

/* ---- Connect ---- */

static struct span text_span(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

static int keep_address(struct mesh *mesh, const char *address)
{
    int r = addressbook_put(&mesh->seat.vault, address);

    return r == VAULT_OK ? vault_commit(&mesh->seat.vault) : r;
}

void standing_connect(struct mu_call *call, const Mu__Link__V1__ConnectRequest *request)
{
    Mu__Link__V1__ConnectReply reply = MU__LINK__V1__CONNECT_REPLY__INIT;
    const char *address = request->address;
    struct mesh *mesh = handlers_enter_network(call);
    int r;

    if (mesh == NULL)
        return;
    if (!address_is_valid(text_span(address)) && !srv_name_is_valid(text_span(address))) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "address: expected HOST:PORT, or a domain with records at _mu._tcp, got \"%.80s\"",
                address);
    } else if (!mesh_dial(mesh, address)) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "too many addresses are dialled already");
    } else {
        r = keep_address(mesh, address);
        clerk_wake(mesh);
        if (r == VAULT_OK)
            link_connect_reply(call, &reply);
        else
            handlers_fail(call, r);
    }
    mesh_unlock(mesh);
}
