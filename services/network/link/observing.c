// SPDX-License-Identifier: Apache-2.0
/* This node's own parts are asked by this process's own capabilities, which name four endpoints
 * that only read: so another node, and an operator there, can get no more by it than those tell. */
#include "services/network/link/observing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "services/network/link/clerk.h"
#include "services/network/link/handlers.h"
#include "services/network/link/known.h"

/* ---- how a node is reached ---- */

/* Its name by its certificate; "" in another network, where owners may have the same names. */
static const char *observing_name(const struct mesh *mesh, const struct linked_node *linked)
{
    const struct network_id *own = &mesh->seat.membership.network;
    bool is_ours = memcmp(linked->identity.network.bytes, own->bytes, NETWORK_ID_SIZE) == 0;

    return is_ours ? linked->identity.name : "";
}

static struct observer_way observing_over(const struct mesh *mesh, const struct linked_node *linked)
{
    if (linked == NULL)
        return (struct observer_way){ .kind = OBSERVER_NO_WAY };
    return (struct observer_way){
        .kind = OBSERVER_LINK, .link = linked->number, .name = observing_name(mesh, linked)
    };
}

static struct observer_way observing_way(const struct mesh *mesh, const struct public_key *key)
{
    const struct linked_node *linked = linked_find_key(&mesh->linked, key);
    const struct node *node;

    if (public_key_equal(key, &mesh->seat.membership.key.public))
        return (struct observer_way){ .kind = OBSERVER_SELF };
    if (linked != NULL || mesh->routes == NULL)
        return observing_over(mesh, linked);
    node = nodes_find(&mesh->routes->nodes, key);
    if (node == NULL || node->hops == HOPS_NONE || node->via == NULL)
        return observing_over(mesh, NULL);
    return observing_over(mesh, linked_find_key(&mesh->linked, &node->via->node->id));
}

/* The way to the node that is asked, as things stand. */
static struct observer_stand observing_stand(const struct mesh *mesh, const struct public_key *key)
{
    return (struct observer_stand){ .self = membership_name(&mesh->seat.membership),
        .way = observing_way(mesh, key),
        .now_ms = clock_ms() };
}

/* ---- effects ---- */

static ProtobufCBinaryData observing_binary(struct span bytes)
{
    return (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)bytes.data, .len = bytes.size };
}

static void observing_ask_link(
        struct mesh *mesh, uint64_t link, const struct observer_question *question)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Question sent = MU__LINK__V1__QUESTION__INIT;

    sent.number = question->number;
    sent.node = observing_binary((struct span){ question->node.bytes, PUBLIC_KEY_SIZE });
    sent.endpoint = (char *)(uintptr_t)question->endpoint;
    sent.request = observing_binary(question->request);
    sent.timeout_ms = question->timeout_ms;
    sent.hops = question->hops;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_QUESTION;
    message.question = &sent;
    mesh_say(mesh, link, &message.base);
}

static void observing_fill(const struct observer_answer *answer, Mu__Link__V1__Answer *sent)
{
    mu__link__v1__answer__init(sent);
    sent->number = answer->number;
    sent->code = answer->code;
    if (answer->code != MU_OK)
        sent->message = (char *)(uintptr_t)answer->message;
    else
        sent->reply = observing_binary(answer->reply);
}

static void observing_answer_link(
        struct mesh *mesh, uint64_t link, const struct observer_answer *answer)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Answer sent;

    observing_fill(answer, &sent);
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ANSWER;
    message.answer = &sent;
    mesh_say(mesh, link, &message.base);
}

static void observing_answer_call(struct mu_call *call, const struct observer_answer *answer)
{
    Mu__Link__V1__ObserveReply reply = MU__LINK__V1__OBSERVE_REPLY__INIT;

    if (answer->code != MU_OK) {
        mu_call_fail(call, (enum mu_code)answer->code, "%s", answer->message);
        return;
    }
    reply.reply = observing_binary(answer->reply);
    link_observe_reply(call, &reply);
}

/* What this node's own parts were asked, until they answer. */
struct observing_task {
    struct mesh *mesh; /* borrowed: it outlives the client's calls */
    uint64_t number;
};

static void observing_answered_here(struct mesh *mesh, const struct inbox_item *item);

/* On a thread of the client's. */
static void observing_on_result(struct mu_result *result, void *user)
{
    struct observing_task *task = user;
    struct observer_answer answer = { .number = task->number,
        .code = result->status.code,
        .message = result->status.message,
        .reply = { result->body, result->size } };
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    struct inbox_item *item = NULL;
    Mu__Link__V1__Answer packed;
    size_t size;

    if (answer.code == MU_OK && answer.reply.size > OBSERVE_REPLY_MAX) {
        answer.code = MU_RESOURCE_EXHAUSTED;
        answer.message = "its answer is too long for another node";
    }
    observing_fill(&answer, &packed);
    size = mu__link__v1__answer__get_packed_size(&packed);
    bytes = malloc(size + 1);
    if (bytes != NULL) {
        mu__link__v1__answer__pack(&packed, bytes);
        item = inbox_item_new(INBOX_REPLY, (struct span){ bytes, size });
    }
    if (item != NULL) {
        item->reply = observing_answered_here;
        if (inbox_put(&task->mesh->inbox, item) != INBOX_OK)
            free(item);
    }
    free(task);
}

static void observing_ask_here(struct mesh *mesh, const struct observer_question *question)
{
    const struct mu_call_options options = { .timeout_ms = question->timeout_ms, .detached = true };
    struct observing_task *task = malloc(sizeof(*task));

    if (task == NULL)
        return; /* its time runs out */
    *task = (struct observing_task){ .mesh = mesh, .number = question->number };
    mu_call_async(mesh->client, question->endpoint,
            (struct mu_bytes){ question->request.data, question->request.size }, &options,
            observing_on_result, task);
}

static void observing_do(struct mesh *mesh, const struct observer_effect *effect)
{
    switch (effect->kind) {
    case OBSERVER_NOTHING:
        break;
    case OBSERVER_ASK_LINK:
        observing_ask_link(mesh, effect->link, &effect->question);
        break;
    case OBSERVER_ASK_HERE:
        observing_ask_here(mesh, &effect->question);
        break;
    case OBSERVER_ANSWER_LINK:
        observing_answer_link(mesh, effect->link, &effect->answer);
        break;
    case OBSERVER_ANSWER_CALL:
        observing_answer_call(effect->call, &effect->answer);
        break;
    }
}

/* ---- what happens ---- */

void observing_hear_question(
        struct mesh *mesh, const struct linked_node *node, const Mu__Link__V1__Question *question)
{
    struct observer_question asked = { .number = question->number,
        .endpoint = question->endpoint,
        .request = { question->request.data, question->request.len },
        .timeout_ms = question->timeout_ms,
        .hops = question->hops };
    struct observer_effect effect;
    struct observer_stand stand;

    if (node == NULL || question->node.len != PUBLIC_KEY_SIZE)
        return;
    memcpy(asked.node.bytes, question->node.data, PUBLIC_KEY_SIZE);
    stand = observing_stand(mesh, &asked.node);
    observer_hear_question(
            &mesh->observer, node->number, observing_name(mesh, node), &stand, &asked, &effect);
    observing_do(mesh, &effect);
}

static void observing_take(struct mesh *mesh, uint64_t link, const Mu__Link__V1__Answer *answer)
{
    const struct observer_answer taken = { .number = answer->number,
        .code = answer->code,
        .message = answer->message,
        .reply = { answer->reply.data, answer->reply.len } };
    struct observer_effect effect;

    observer_hear_answer(&mesh->observer, link, &taken, &effect);
    observing_do(mesh, &effect);
}

void observing_hear_answer(
        struct mesh *mesh, const struct linked_node *node, const Mu__Link__V1__Answer *answer)
{
    if (node != NULL)
        observing_take(mesh, node->number, answer);
}

static void observing_answered_here(struct mesh *mesh, const struct inbox_item *item)
{
    Mu__Link__V1__Answer *answer = mu__link__v1__answer__unpack(NULL, item->size, item->bytes);

    if (answer == NULL)
        return;
    observing_take(mesh, 0, answer);
    mu__link__v1__answer__free_unpacked(answer, NULL);
}

void observing_down(struct mesh *mesh, uint64_t link)
{
    struct observer_effect effect;

    while (observer_next_lost(&mesh->observer, link, &effect))
        observing_do(mesh, &effect);
}

void observing_stop(struct mesh *mesh, const char *why)
{
    struct observer_effect effect;

    while (observer_next_of_all(&mesh->observer, why, &effect))
        observing_do(mesh, &effect);
}

uint64_t observing_due(struct mesh *mesh, uint64_t now_ms)
{
    struct observer_effect effect;

    while (observer_next_late(&mesh->observer, now_ms, &effect))
        observing_do(mesh, &effect);
    return observer_due(&mesh->observer);
}

/* ---- link.Observe ---- */

void observing_ask(struct mu_call *call, const Mu__Link__V1__ObserveRequest *request)
{
    struct observer_question question = { .endpoint = request->endpoint,
        .request = { request->request.data, request->request.len },
        .timeout_ms = mu_call_remaining_ms(call),
        .hops = ROUTE_HOPS_MAX };
    struct mesh *mesh = handlers_enter_network(call);
    struct observer_effect effect;
    struct observer_stand stand;
    struct known_node known;

    if (mesh == NULL)
        return;
    if (known_find(mesh, request->node, &known) != KNOWN_OK) {
        mesh_unlock(mesh);
        mu_call_refuse(call, MU_NOT_FOUND, "no one node is known as `%.80s`", request->node);
        return;
    }
    question.node = known.key;
    stand = observing_stand(mesh, &known.key);
    observer_ask(&mesh->observer, call, &stand, &question, &effect);
    observing_do(mesh, &effect);
    clerk_wake(mesh);
    mesh_unlock(mesh);
}
