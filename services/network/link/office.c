// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <string.h>

#include "services/network/link/admissions.h"
#include "services/network/link/founding.h"
#include "services/network/link/handlers.h"
#include "services/network/link/known.h"
#include "transport/secure/node_id.h"

/* ---- Invite ---- */

/* What is asked for in Invite, with what stands for 0; false where it cannot be had. */
static bool read_invitation(struct mesh *mesh, struct mu_call *call,
        const Mu__Link__V1__InviteRequest *request, uint32_t *life_sp, uint32_t *usesp)
{
    const char *addresses[TOKEN_ADDRESSES_MAX];

    *life_sp = request->life_s != 0 ? request->life_s : INVITATION_LIFE_DEFAULT_S;
    *usesp = request->uses != 0 ? request->uses : 1;
    if (*life_sp > INVITATION_LIFE_MAX_S)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "life: %d days at most",
                INVITATION_LIFE_MAX_S / CERTIFICATE_LIFE_S);
    else if (*usesp > TOKEN_USES_MAX)
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "uses: %d at most", TOKEN_USES_MAX);
    else if (whereabouts_dialled(&mesh->seat.membership.whereabouts, addresses) == 0)
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "nobody can dial this node: it was given no address that others reach");
    else if (request->authority)
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "only the root key makes an authority: let the node join, and renew its authority "
                "there");
    else
        return true;
    return false;
}

void office_invite(struct mu_call *call, const Mu__Link__V1__InviteRequest *request)
{
    Mu__Link__V1__InviteReply reply = MU__LINK__V1__INVITE_REPLY__INIT;
    struct mesh *mesh = handlers_enter_office(call);
    uint64_t now_s = mesh_now_s();
    char text[TOKEN_TEXT_SIZE_MAX + 1];
    struct token token;
    uint32_t life_s;
    uint32_t uses;
    int r;

    if (mesh == NULL)
        return;
    if (read_invitation(mesh, call, request, &life_s, &uses)) {
        r = authority_invite(&mesh->seat, uses, now_s + life_s, &mesh->seat.membership.whereabouts,
                now_s, &token);
        if (r == 0) {
            mesh_refresh(mesh);
            token_print(&token, text);
            reply.token = text;
            reply.until_s = token.not_after_s;
            link_invite_reply(call, &reply);
            token_wipe(&token);
            sodium_memzero(text, sizeof(text));
        } else {
            handlers_fail(call, r);
        }
    }
    mesh_unlock(mesh);
}

/* ---- Revoke ---- */

static void refuse_unknown(struct mu_call *call, enum known_outcome outcome, const char *text)
{
    if (outcome == KNOWN_MANY)
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "node: \"%.80s\" fits more than one; give more of the id", text);
    else
        mu_call_refuse(call, MU_NOT_FOUND, "no node \"%.80s\" is known here", text);
}

static void revoke(struct mesh *mesh, struct mu_call *call, const struct known_node *node)
{
    Mu__Link__V1__RevokeReply reply = MU__LINK__V1__REVOKE_REPLY__INIT;
    Mu__Link__V1__Node shown = MU__LINK__V1__NODE__INIT;
    char id[NODE_ID_SIZE + 1];
    int r = authority_revoke(&mesh->seat, &node->key, mesh_now_s());

    if (r != 0) {
        handlers_fail(call, r);
        return;
    }
    mesh_spread_own_list(mesh);
    mesh_forget_node(mesh, &node->key);
    node_id_print(&node->key, id);
    shown.id = id;
    shown.name = (char *)(uintptr_t)node->name;
    shown.revoked = true;
    reply.node = &shown;
    reply.version = seat_list(&mesh->seat, &mesh->seat.membership.authority_key.public)->version;
    link_revoke_reply(call, &reply);
}

void office_revoke(struct mu_call *call, const Mu__Link__V1__RevokeRequest *request)
{
    struct mesh *mesh = handlers_enter_office(call);
    struct known_node node;
    enum known_outcome outcome;

    if (mesh == NULL)
        return;
    outcome = known_find(mesh, request->node, &node);
    if (outcome != KNOWN_OK)
        refuse_unknown(call, outcome, request->node);
    else if (public_key_equal(&node.key, &mesh->seat.membership.key.public))
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "that is this node itself, which can only leave, or change its key");
    else if (node.issuer_known &&
             !public_key_equal(&node.issuer, &mesh->seat.membership.authority_key.public))
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "%s has its certificate from another authority; only that one can take it back",
                node.name);
    else
        revoke(mesh, call, &node);
    mesh_unlock(mesh);
}

/* ---- RenewAuthority ---- */

static void refuse_root(struct mu_call *call, int outcome)
{
    static const char *const texts[] = {
        [FOUNDING_NAME] = "this node's name has no owner",
        [FOUNDING_PASSPHRASE] = "the passphrase is empty or too long",
        [FOUNDING_NO_ROOT] = "this is no sealed root key",
        [FOUNDING_WRONG] = "the passphrase is wrong",
        [FOUNDING_FOREIGN] = "this is the root key of another network",
    };

    if (outcome < 0)
        handlers_fail(call, outcome);
    else
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "%s", texts[outcome]);
}

/* Opening the root key is done without the lock, on a copy. */
void office_renew_authority(
        struct mu_call *call, const Mu__Link__V1__RenewAuthorityRequest *request)
{
    Mu__Link__V1__RenewAuthorityReply reply = MU__LINK__V1__RENEW_AUTHORITY_REPLY__INIT;
    struct mesh *mesh = handlers_enter_network(call);
    struct membership next;
    struct public_key before;
    int r;

    if (mesh == NULL)
        return;
    r = membership_copy(&next, &mesh->seat.membership);
    before = mesh->seat.membership.key.public;
    mesh_unlock(mesh);
    if (r < 0) {
        handlers_fail(call, r);
        return;
    }
    r = founding_certify(&next,
            (struct span){ request->sealed_root.data, request->sealed_root.len },
            (struct span){ request->passphrase.data, request->passphrase.len }, mesh_now_s());
    if (r != FOUNDING_OK) {
        refuse_root(call, r);
        membership_deinit(&next);
        return;
    }
    mesh = handlers_enter_network(call);
    if (mesh != NULL) {
        if (!public_key_equal(&before, &mesh->seat.membership.key.public)) {
            mu_call_refuse(call, MU_ABORTED, "this node has just got another key; try again");
        } else {
            next.chain = mesh->seat.membership.chain; /* it may just have been renewed */
            reply.until_s = next.authority.not_after_s;
            r = mesh_take(mesh, &next);
            if (r == 0)
                link_renew_authority_reply(call, &reply);
            else
                handlers_fail(call, r);
        }
        mesh_unlock(mesh);
    }
    membership_deinit(&next);
}
