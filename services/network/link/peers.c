// SPDX-License-Identifier: Apache-2.0
#include "services/network/link/peers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "mu/schema.h"
#include "services/network/link/client_entry.h"
#include "services/network/link/observing.h"
#include "services/network/link/routing.h"
#include "services/network/link/types.h"
#include "transport/secure/node_id.h"
#include "transport/secure/request.h"

static ProtobufCBinaryData binary(const void *bytes, size_t size)
{
    return (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)bytes, .len = size };
}

static struct span span_of(ProtobufCBinaryData data)
{
    return (struct span){ data.data, data.len };
}

static void close_link(struct mesh *mesh, uint64_t link, const char *reason)
{
    links_lock(mesh->links);
    links_close(mesh->links, link, reason);
    links_unlock(mesh->links);
}

/* ---- greeting ---- */

size_t peers_own_addresses(struct mesh *mesh, char *addresses[TOKEN_ADDRESSES_MAX])
{
    const char *own[TOKEN_ADDRESSES_MAX];
    uint32_t count = whereabouts_dialled(&mesh->seat.membership.whereabouts, own);

    for (uint32_t i = 0; i < count; i++)
        addresses[i] = (char *)(uintptr_t)own[i];
    return count;
}

static void greet(struct mesh *mesh, uint64_t link, bool moved)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Greeting greeting = MU__LINK__V1__GREETING__INIT;
    Mu__Link__V1__RevocationVersion versions[TRUST_LISTS_MAX];
    Mu__Link__V1__RevocationVersion *pointers[TRUST_LISTS_MAX];
    const struct membership *membership = &mesh->seat.membership;
    uint8_t authority[CERTIFICATE_SIZE_MAX];
    char version[] = MU_VERSION;
    char *addresses[TOKEN_ADDRESSES_MAX];

    for (uint32_t i = 0; i < mesh->seat.trust.list_count; i++) {
        const struct revocation_list *list = mesh->seat.trust.lists[i];

        mu__link__v1__revocation_version__init(&versions[i]);
        versions[i].signer = binary(list->signer.bytes, PUBLIC_KEY_SIZE);
        versions[i].version = list->version;
        pointers[i] = &versions[i];
    }
    greeting.revocations = pointers;
    greeting.n_revocations = mesh->seat.trust.list_count;
    greeting.addresses = addresses;
    greeting.n_addresses = peers_own_addresses(mesh, addresses);
    greeting.version = version;
    greeting.moved = moved;
    greeting.drains = true;
    if (membership_is_authority(membership))
        greeting.authority = binary(authority,
                (size_t)(certificate_write(&membership->authority, authority) - authority));
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_GREETING;
    message.greeting = &greeting;
    mesh_say(mesh, link, &message.base);
}

void peers_greet_all(struct mesh *mesh)
{
    list_for_each (entry, &mesh->linked.all)
        greet(mesh, list_entry(entry, struct linked_node, link)->number, false);
}

void peers_say_moved(struct mesh *mesh)
{
    list_for_each (entry, &mesh->linked.all)
        greet(mesh, list_entry(entry, struct linked_node, link)->number, true);
}

/* ---- leaving ---- */

static void pass_leaving(struct mesh *mesh, uint64_t number, uint32_t hops, uint64_t except)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Leaving leaving = MU__LINK__V1__LEAVING__INIT;
    uint8_t bytes[32];

    leaving.number = number;
    leaving.hops = hops;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_LEAVING;
    message.leaving = &leaving;
    links_lock(mesh->links);
    links_broadcast(mesh->links,
            (struct span){ bytes, mu__link__v1__peer_message__pack(&message, bytes) }, except);
    links_unlock(mesh->links);
}

void peers_say_leaving(struct mesh *mesh)
{
    uint64_t number;

    do {
        randombytes_buf(&number, sizeof(number));
    } while (number == 0);
    departures_note(&mesh->departures, number, clock_ms());
    pass_leaving(mesh, number, 1, 0);
}

static void hear_leaving(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__Leaving *leaving)
{
    struct linked_node *node = linked_find(&mesh->linked, item->peer.link);

    if (leaving->number == 0 || leaving->hops == 0 || leaving->hops > ROUTE_HOPS_MAX) {
        close_link(mesh, item->peer.link, "it breaks the protocol");
        return;
    }
    if (node != NULL && bucket_take(&node->departures, clock_ms()) &&
            departures_note(&mesh->departures, leaving->number, clock_ms()) &&
            leaving->hops < ROUTE_HOPS_MAX)
        pass_leaving(mesh, leaving->number, leaving->hops + 1, item->peer.link);
}

static void send_list(struct mesh *mesh, uint64_t link, const struct revocation_list *list)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Revocations revocations = MU__LINK__V1__REVOCATIONS__INIT;
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(revocation_list_size(list));

    if (bytes == NULL)
        return;
    revocation_list_write(list, bytes);
    revocations.list = binary(bytes, revocation_list_size(list));
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_REVOCATIONS;
    message.revocations = &revocations;
    mesh_say(mesh, link, &message.base);
}

static uint64_t version_they_hold(
        const Mu__Link__V1__Greeting *greeting, const struct public_key *signer)
{
    for (size_t i = 0; i < greeting->n_revocations; i++) {
        const Mu__Link__V1__RevocationVersion *held = greeting->revocations[i];

        if (held->signer.len == PUBLIC_KEY_SIZE &&
                memcmp(held->signer.data, signer->bytes, PUBLIC_KEY_SIZE) == 0)
            return held->version;
    }
    return 0;
}

static void note_authority(
        struct mesh *mesh, struct linked_node *node, ProtobufCBinaryData authority)
{
    struct certificate certificate;

    node->is_authority =
            certificate_read(&certificate, span_of(authority)) == CERTIFICATE_OK &&
            trust_check_authority(&mesh->seat.trust, &certificate, mesh_now_s()) == TRUST_OK;
    if (node->is_authority)
        node->authority = certificate.subject;
}

static void note_addresses(
        struct mesh *mesh, struct linked_node *node, char *const *addresses, size_t count)
{
    if (count > TOKEN_ADDRESSES_MAX)
        count = TOKEN_ADDRESSES_MAX;
    seeker_know(&mesh->seeker, &node->identity.key, addresses, count);
    seeker_linked(&mesh->seeker, &node->identity.key, true);
    notebook_note(&mesh->notebook, &node->identity.key, addresses, count);
}

static void hear_greeting(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__Greeting *greeting)
{
    struct linked_node *node = linked_find(&mesh->linked, item->peer.link);

    if (node == NULL)
        return;
    note_authority(mesh, node, greeting->authority);
    note_addresses(mesh, node, greeting->addresses, greeting->n_addresses);
    for (uint32_t i = 0; i < mesh->seat.trust.list_count; i++) {
        const struct revocation_list *list = mesh->seat.trust.lists[i];

        if (list->version > version_they_hold(greeting, &list->signer))
            send_list(mesh, node->number, list);
    }
    if (node->drains != (bool)greeting->drains) {
        node->drains = greeting->drains;
        routing_greeted(mesh, node);
    }
    node->moved = greeting->moved;
    if (greeting->moved) {
        links_lock(mesh->links);
        links_moved(mesh->links, node->number);
        links_unlock(mesh->links);
    }
    renewal_hurry(mesh);
}

/* ---- certificates ---- */

void peers_ask(struct mesh *mesh, uint64_t link, const struct request *request)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__JoinAsk ask = MU__LINK__V1__JOIN_ASK__INIT;
    uint8_t bytes[REQUEST_SIZE_MAX];

    ask.request = binary(bytes, (size_t)(request_write(request, bytes) - bytes));
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ASK;
    message.join_ask = &ask;
    mesh_say(mesh, link, &message.base);
}

static void refuse(
        struct mesh *mesh, uint64_t link, const struct public_key *subject, const char *why)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__JoinAnswer answer = MU__LINK__V1__JOIN_ANSWER__INIT;

    answer.subject = binary(subject->bytes, PUBLIC_KEY_SIZE);
    answer.refusal = (char *)(uintptr_t)why;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER;
    message.join_answer = &answer;
    mesh_say(mesh, link, &message.base);
}

/* The certificates, and for a new node what else it needs. */
static void grant(
        struct mesh *mesh, uint64_t link, const struct request *request, const struct chain *chain)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__JoinAnswer answer = MU__LINK__V1__JOIN_ANSWER__INIT;
    uint8_t bytes[CHAIN_SIZE_MAX];
    char *addresses[TOKEN_ADDRESSES_MAX];

    answer.chain = binary(bytes, (size_t)(chain_write(chain, bytes) - bytes));
    answer.subject = binary(request->subject.bytes, PUBLIC_KEY_SIZE);
    if (request->kind == REQUEST_JOIN) {
        answer.network_psk = binary(mesh->seat.membership.psk, PSK_SIZE);
        answer.addresses = addresses;
        answer.n_addresses = peers_own_addresses(mesh, addresses);
    }
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER;
    message.join_answer = &answer;
    mesh_say(mesh, link, &message.base);
}

/* Passes a renewal on to an authority. False where none is linked, or whoever asks has not the key
 * that it asks for: it would have the answer of who has. */
static bool pass_on(struct mesh *mesh, const struct inbox_item *item, const struct request *request)
{
    const struct linked_node *node = linked_find_authority(&mesh->linked, NULL, 0);

    if (node == NULL || node->number == item->peer.link || request->kind != REQUEST_RENEWAL ||
            !request_has_possession(request))
        return false;
    relay_note(&mesh->relay, &request->subject, item->peer.link, node->number, clock_ms());
    peers_ask(mesh, node->number, request);
    return true;
}

static bool request_rotates(const struct request *request)
{
    return request->kind == REQUEST_RENEWAL &&
           !public_key_equal(&request->subject, &request->chain.certificates[0].subject);
}

static void report(const struct inbox_item *item, const struct request *request, int outcome)
{
    char id[NODE_ID_SHORT_SIZE + 1];

    node_id_print_short(&request->subject, id);
    if (outcome == 0)
        log_info("%s (%s) has a certificate from here; it asked from %s", request->name, id,
                item->address);
    else if (outcome > 0)
        log_warn("%s (%s) at %s gets no certificate: %s", request->name, id, item->address,
                issue_text((enum issue_outcome)outcome));
    else
        log_error("%s (%s) gets no certificate: %s", request->name, id, strerror(-outcome));
}

/* An answer to who joins is the last thing on its link. */
static void hear_ask(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__JoinAsk *ask)
{
    const struct public_key *linked = item->peer.joining ? NULL : &item->peer.peer.identity.key;
    struct request request;
    struct chain chain;
    int r;

    if (request_read(&request, span_of(ask->request)) != REQUEST_OK) {
        close_link(mesh, item->peer.link, "its request is none");
        return;
    }
    if (!membership_is_authority(&mesh->seat.membership) && pass_on(mesh, item, &request))
        return;
    r = authority_answer(&mesh->seat, &request, linked, mesh_now_s(), &chain);
    report(item, &request, r);
    if (r == 0)
        grant(mesh, item->peer.link, &request, &chain);
    else
        refuse(mesh, item->peer.link, &request.subject,
                r > 0 ? issue_text((enum issue_outcome)r) : "the authority's disk fails");
    if (r == 0 && request_rotates(&request))
        mesh->revoke_s = 0;
    if (item->peer.joining)
        close_link(mesh, item->peer.link, "it has its answer");
}

static void hear_answer(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__JoinAnswer *answer)
{
    struct public_key subject;
    uint64_t link = 0;

    if (answer->subject.len == PUBLIC_KEY_SIZE) {
        memcpy(subject.bytes, answer->subject.data, PUBLIC_KEY_SIZE);
        link = relay_take(&mesh->relay, &subject, item->peer.link, clock_ms());
    }
    if (link != 0) {
        Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;

        message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER;
        message.join_answer = (Mu__Link__V1__JoinAnswer *)(uintptr_t)answer;
        mesh_say(mesh, link, &message.base);
        if (linked_find(&mesh->linked, link) == NULL)
            close_link(mesh, link, "it has its answer");
        return;
    }
    if (mesh->joining.call != NULL)
        joining_answer(mesh, item, answer);
    else
        renewal_answer(mesh, item, answer);
}

/* ---- revocations ---- */

void peers_broadcast_list(struct mesh *mesh, struct span list, uint64_t except)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Revocations revocations = MU__LINK__V1__REVOCATIONS__INIT;
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    size_t size;

    revocations.list = binary(list.data, list.size);
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_REVOCATIONS;
    message.revocations = &revocations;
    size = mu__link__v1__peer_message__get_packed_size(&message);
    bytes = malloc(size);
    if (bytes == NULL)
        return;
    mu__link__v1__peer_message__pack(&message, bytes);
    links_lock(mesh->links);
    links_broadcast(mesh->links, (struct span){ bytes, size }, except);
    links_unlock(mesh->links);
}

static void hear_revocations(struct mesh *mesh, const struct inbox_item *item,
        const Mu__Link__V1__Revocations *revocations)
{
    int r = mesh_revoke(mesh, span_of(revocations->list), item->peer.link);

    if (r == TRUST_FORKED_LIST)
        log_error("an authority signed two revocation lists of one version; %s sent the second",
                item->peer.peer.identity.name);
    else if (r == TRUST_BAD_LIST || r == TRUST_BAD_SIGNATURE)
        close_link(mesh, item->peer.link, "it sent a revocation list that is none");
    else if (r != 0 && r != TRUST_SAME_LIST && r != TRUST_OLD_LIST)
        log_warn("a revocation list from %s is not taken: %s", item->peer.peer.identity.name,
                r > 0 ? trust_text((enum trust_outcome)r) : strerror(-r));
}

/* ---- all of it ---- */

void peers_up(struct mesh *mesh, const struct inbox_item *item)
{
    const struct identity *identity = &item->peer.peer.identity;

    if (item->peer.joining) {
        if (item->peer.dialled && mesh->joining.call != NULL)
            joining_up(mesh, item);
        else if (item->peer.dialled)
            renewal_door(mesh, item->peer.link);
        return;
    }
    if (linked_add(&mesh->linked, item->peer.link, &item->peer.peer, clock_ms()) == NULL) {
        close_link(mesh, item->peer.link, "there is no memory for it");
        return;
    }
    log_info("linked to %s at %s", identity->name, item->address);
    seeker_linked(&mesh->seeker, &identity->key, true);
    greet(mesh, item->peer.link, false);
    routing_up(mesh, linked_find(&mesh->linked, item->peer.link));
}

void peers_carries(struct mesh *mesh, const struct inbox_item *item)
{
    struct linked_node *node = linked_find(&mesh->linked, item->peer.link);

    if (node != NULL)
        routing_carries(mesh, node, item->number);
}

void peers_down(struct mesh *mesh, const struct inbox_item *item)
{
    const struct linked_node *node = linked_find(&mesh->linked, item->peer.link);

    renewal_door_shut(mesh, item->peer.link);
    if (node == NULL)
        return;
    log_info("not linked to %s any more: %s", item->peer.peer.identity.name, item->text);
    routing_down(mesh, node);
    observing_down(mesh, item->peer.link);
    linked_drop(&mesh->linked, item->peer.link);
    if (linked_find_key(&mesh->linked, &item->peer.peer.identity.key) == NULL)
        seeker_linked(&mesh->seeker, &item->peer.peer.identity.key, false);
}

/* Who joins has asked and been answered, and is nobody yet; a client says who it is, and only it.
 */
static bool may_say(const struct inbox_item *item, const Mu__Link__V1__PeerMessage *message)
{
    bool asks_as_client = message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ASK;

    if (item->peer.client || asks_as_client)
        return item->peer.client && asks_as_client;
    return !item->peer.joining ||
           message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER ||
           message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ASK;
}

static void hear(
        struct mesh *mesh, const struct inbox_item *item, const Mu__Link__V1__PeerMessage *message)
{
    switch ((int)message->what_case) {
    case MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ASK:
        hear_ask(mesh, item, message->join_ask);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER:
        hear_answer(mesh, item, message->join_answer);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_GREETING:
        hear_greeting(mesh, item, message->greeting);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_REVOCATIONS:
        hear_revocations(mesh, item, message->revocations);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_TYPES_WANTED:
        types_wanted(mesh, item->peer.link, message->types_wanted);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_TYPES:
        types_take(mesh, message->types);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_CLIENT_ASK:
        client_entry_ask(mesh, item, message->client_ask);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_LEAVING:
        hear_leaving(mesh, item, message->leaving);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_QUESTION:
        observing_hear_question(
                mesh, linked_find(&mesh->linked, item->peer.link), message->question);
        break;
    case MU__LINK__V1__PEER_MESSAGE__WHAT_ANSWER:
        observing_hear_answer(mesh, linked_find(&mesh->linked, item->peer.link), message->answer);
        break;
    default:
        break; /* routing's, or of a later version */
    }
}

void peers_message(struct mesh *mesh, const struct inbox_item *item)
{
    const ProtobufCMessageDescriptor *type = &mu__link__v1__peer_message__descriptor;
    struct linked_node *node = linked_find(&mesh->linked, item->peer.link);
    Mu__Link__V1__PeerMessage *message = NULL;

    if (node != NULL) {
        node->heard_ms = clock_ms();
        if (routing_hear(mesh, node, (struct span){ item->bytes, item->size }))
            return;
    }
    if (mu_body_check(type, (struct mu_bytes){ item->bytes, item->size }, NULL) == 0)
        message = mu__link__v1__peer_message__unpack(NULL, item->size, item->bytes);
    if (message == NULL || !may_say(item, message))
        close_link(mesh, item->peer.link, "it breaks the protocol");
    else
        hear(mesh, item, message);
    if (message != NULL && message->what_case == MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER &&
            message->join_answer->network_psk.len > 0)
        sodium_memzero(
                message->join_answer->network_psk.data, message->join_answer->network_psk.len);
    if (message != NULL)
        mu__link__v1__peer_message__free_unpacked(message, NULL);
}
