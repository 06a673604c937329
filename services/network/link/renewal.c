// SPDX-License-Identifier: Apache-2.0
/* Links need not be made anew for a new certificate: their sessions are replaced once an hour, far
 * more often than certificates, and the one that follows shows the new one. A new key is another
 * node, so its links begin again, beside the old ones (mesh.c). */
#include "services/network/link/renewal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "services/network/link/clerk.h"
#include "services/network/link/peers.h"
#include "services/network/link/self.h"

enum { SHORT_LIFE_S = 120, RENEWAL_PERCENT = 70 };

uint64_t renewal_due_s(const struct seat *seat)
{
    const struct certificate *certificate = &seat->membership.chain.certificates[0];
    uint64_t life_s = certificate->not_after_s - certificate->not_before_s;

    /* shorter than a minute's wait can serve: only where somebody has set it so */
    if (life_s < SHORT_LIFE_S)
        return certificate->not_before_s + life_s * RENEWAL_PERCENT / 100;
    return issue_renewal_s(certificate);
}

/* ---- taking what was given ---- */

static void forget_rotation(struct renewal *renewal)
{
    key_deinit(&renewal->key);
    renewal->call = NULL;
}

/* Makes the chain this node's, with `key` where it has a new one. Returns 0, VAULT_FULL or -errno.
 */
static int take_chain(struct mesh *mesh, const struct chain *chain, struct key *key)
{
    struct membership next;
    int r = membership_copy(&next, &mesh->seat.membership);

    if (r < 0)
        return err_trace(r);
    next.chain = *chain;
    if (key->secret != NULL) {
        key_deinit(&next.key);
        next.key = *key;
        *key = (struct key){ .secret = NULL };
    }
    r = mesh_take(mesh, &next);
    membership_deinit(&next);
    return r;
}

static void answer_rotation(struct mesh *mesh, struct mu_call *call)
{
    Mu__Link__V1__RotateKeyReply reply = MU__LINK__V1__ROTATE_KEY_REPLY__INIT;
    struct self self;

    self_fill(&self, mesh);
    reply.self = &self.message;
    link_rotate_key_reply(call, &reply);
}

/* Takes a new certificate, for the present key or the one that waits for it. */
static void take(struct mesh *mesh, const struct chain *chain)
{
    struct renewal *renewal = &mesh->renewal;
    struct mu_call *call = renewal->call;
    int r = take_chain(mesh, chain, &renewal->key);

    forget_rotation(renewal);
    renewal->next_ms = 0;
    renewal->pause_ms = 0;
    renewal->waiting = false;
    if (r != 0) {
        log_error("the new certificate cannot be kept: %s",
                r < 0 ? strerror(-r) : "there is no room on the disk");
        if (call != NULL)
            mu_call_fail(call, MU_RESOURCE_EXHAUSTED, "the new key cannot be kept: no room");
        return;
    }
    log_info("a new certificate, until %llu",
            (unsigned long long)mesh->seat.membership.chain.certificates[0].not_after_s);
    if (call != NULL)
        answer_rotation(mesh, call);
}

/* ---- asking ---- */

static void make_request(const struct mesh *mesh, struct request *request)
{
    const struct renewal *renewal = &mesh->renewal;
    const struct membership *membership = &mesh->seat.membership;

    request_renewal(request, renewal->key.secret != NULL ? &renewal->key : &membership->key,
            &membership->chain);
}

/* An authority is its own. Returns 0, an enum issue_outcome or -errno. */
static int ask_oneself(struct mesh *mesh)
{
    struct request request;
    struct chain chain;
    int r;

    make_request(mesh, &request);
    r = authority_answer(
            &mesh->seat, &request, &mesh->seat.membership.key.public, mesh_now_s(), &chain);
    if (r == 0)
        take(mesh, &chain);
    return r;
}

static void ask_link(struct mesh *mesh, uint64_t link)
{
    struct request request;

    make_request(mesh, &request);
    mesh->renewal.asked = link;
    mesh->renewal.waiting = true;
    mesh->renewal.next_ms = clock_ms() + RENEWAL_ANSWER_MS;
    peers_ask(mesh, link, &request);
}

/* After a try that came to nothing. */
static void try_later(struct mesh *mesh, const char *why)
{
    struct renewal *renewal = &mesh->renewal;
    uint32_t max_ms = RENEWAL_RETRY_MAX_MS;

    if (mesh->seat.life_s != 0)
        max_ms = RENEWAL_RETRY_FIRST_MS;
    renewal->pause_ms = renewal->pause_ms == 0 ? RENEWAL_RETRY_FIRST_MS : 2 * renewal->pause_ms;
    if (renewal->pause_ms > max_ms)
        renewal->pause_ms = max_ms;
    renewal->waiting = false;
    renewal->next_ms = clock_ms() + renewal->pause_ms;
    log_warn("no new certificate yet, tried again in %u s: %s", renewal->pause_ms / 1000, why);
}

/* A node that is no authority may know one, so any neighbour is better than none. */
static void try_now(struct mesh *mesh)
{
    struct renewal *renewal = &mesh->renewal;
    const struct linked_node *node;
    int r;

    if (membership_is_authority(&mesh->seat.membership)) {
        r = ask_oneself(mesh);
        if (r != 0)
            try_later(mesh, r > 0 ? issue_text((enum issue_outcome)r) : strerror(-r));
        return;
    }
    node = linked_find_authority(&mesh->linked, NULL, renewal->asked);
    if (node == NULL)
        node = linked_next(&mesh->linked, renewal->asked);
    if (node != NULL)
        ask_link(mesh, node->number);
    else if (renewal->door != 0)
        ask_link(mesh, renewal->door);
    else
        try_later(mesh, "no node is linked that could give it");
}

uint64_t renewal_due(struct mesh *mesh, uint64_t now_ms)
{
    struct renewal *renewal = &mesh->renewal;
    uint64_t now_s = mesh_now_s();
    uint64_t due_s;

    if (!mesh->seat.joined)
        return UINT64_MAX;
    due_s = renewal_due_s(&mesh->seat);
    if (due_s > now_s && renewal->call == NULL)
        return now_ms + (due_s - now_s) * 1000;
    if (renewal->next_ms > now_ms)
        return renewal->next_ms;
    if (renewal->call != NULL) {
        renewal_stop(mesh, "the authority does not answer");
        return now_ms + RENEWAL_RETRY_FIRST_MS;
    }
    if (renewal->waiting)
        try_later(mesh, "whoever was asked does not answer");
    else
        try_now(mesh);
    return renewal->next_ms != 0 ? renewal->next_ms : now_ms + RENEWAL_RETRY_FIRST_MS;
}

void renewal_hurry(struct mesh *mesh)
{
    if (!mesh->renewal.waiting)
        mesh->renewal.next_ms = 0;
}

void renewal_door(struct mesh *mesh, uint64_t link)
{
    mesh->renewal.door = link;
}

void renewal_door_shut(struct mesh *mesh, uint64_t link)
{
    if (mesh->renewal.door == link)
        mesh->renewal.door = 0;
}

static bool chain_is_for(const struct mesh *mesh, const struct chain *chain)
{
    const struct renewal *renewal = &mesh->renewal;
    const struct membership *membership = &mesh->seat.membership;
    const struct key *key = renewal->key.secret != NULL ? &renewal->key : &membership->key;
    struct identity identity;

    return trust_check(&mesh->seat.trust, chain, mesh_now_s(), &identity) == TRUST_OK &&
           public_key_equal(&identity.key, &key->public) &&
           strcmp(identity.name, membership_name(membership)) == 0;
}

void renewal_answer(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__JoinAnswer *answer)
{
    struct renewal *renewal = &mesh->renewal;
    struct chain chain;
    char why[160];

    if (!mesh->seat.joined || !renewal->waiting || item->peer.link != renewal->asked)
        return;
    if (answer->refusal[0] == '\0' &&
            chain_read_all(&chain, (struct span){ answer->chain.data, answer->chain.len }) ==
                    CERTIFICATE_OK &&
            chain_is_for(mesh, &chain)) {
        take(mesh, &chain);
        return;
    }
    snprintf(why, sizeof(why), "%.64s: %.80s", item->peer.peer.identity.name,
            answer->refusal[0] != '\0' ? answer->refusal
                                       : "not the certificate that was asked for");
    if (renewal->call != NULL)
        renewal_stop(mesh, why);
    else
        try_later(mesh, why);
}

/* ---- another key ---- */

void renewal_rotate(struct mesh *mesh, struct mu_call *call)
{
    struct renewal *renewal = &mesh->renewal;
    const struct membership *membership = &mesh->seat.membership;
    const struct public_key *issuer = &membership->chain.certificates[0].issuer;
    const struct linked_node *node;
    int r;

    if (renewal->waiting) {
        mu_call_refuse(call, MU_ABORTED, "a certificate is just being renewed; try again");
        return;
    }
    node = linked_find_authority(&mesh->linked, issuer, 0);
    if (node == NULL && !authority_issued(&mesh->seat, &membership->chain.certificates[0])) {
        mu_call_refuse(call, MU_FAILED_PRECONDITION,
                "the authority that certified the present key is not linked, and only that one can "
                "take it back");
        return;
    }
    r = key_init(&renewal->key);
    if (r < 0) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "no memory for a key");
        return;
    }
    renewal->call = call;
    if (node != NULL) {
        ask_link(mesh, node->number);
        clerk_wake(mesh);
        return;
    }
    r = ask_oneself(mesh);
    if (r != 0)
        renewal_stop(mesh, r > 0 ? issue_text((enum issue_outcome)r) : strerror(-r));
}

void renewal_stop(struct mesh *mesh, const char *reason)
{
    struct renewal *renewal = &mesh->renewal;

    if (renewal->call != NULL)
        mu_call_fail(renewal->call, MU_FAILED_PRECONDITION, "no new key: %s", reason);
    renewal_forget(mesh);
}

void renewal_forget(struct mesh *mesh)
{
    forget_rotation(&mesh->renewal);
    mesh->renewal.waiting = false;
    mesh->renewal.next_ms = 0;
}
