// SPDX-License-Identifier: Apache-2.0
/* The answers come on threads of the library, which only put them into their node's place; all else
 * happens on the one thread that asked. A node that does not answer costs the others nothing but
 * its place among those that are asked at once. */
#include "services/interface/mu/reach.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "mu/schema.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/network_list.h"
#include "services/interface/mu/output.h"

/* ---- which nodes ---- */

static const char *reach_owner(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot != NULL ? dot + 1 : name;
}

static bool reach_is_self(const Mu__Link__V1__Node *node)
{
    return node->reachable && !node->linked && node->hops == 0;
}

static void reach_add(struct reach *reach, const Mu__Link__V1__Node *node)
{
    if (node->revoked && !reach_is_self(node))
        return;
    if (reach->count == REACH_NODES_MAX) {
        reach->left_out += 1;
        return;
    }
    reach->nodes[reach->count++] =
            (struct reach_node){ .known = node, .is_self = reach_is_self(node) };
}

int reach_open(struct cli *cli, struct reach *reach)
{
    int code;

    *reach = (struct reach){ 0 };
    code = network_nodes(cli, &reach->list);
    if (code != EXIT_OK)
        return code;
    reach->nodes = calloc(REACH_NODES_MAX, sizeof(*reach->nodes));
    if (reach->nodes == NULL)
        return (int)failure_of_memory(cli);
    for (size_t i = 0; i < reach->list->n_nodes; i++) {
        if (reach_is_self(reach->list->nodes[i]))
            reach_add(reach, reach->list->nodes[i]);
    }
    for (size_t i = 0; i < reach->list->n_nodes; i++) {
        if (!reach_is_self(reach->list->nodes[i]))
            reach_add(reach, reach->list->nodes[i]);
    }
    return EXIT_OK;
}

void reach_close(struct reach *reach)
{
    bus_reply_free(&reach->list);
    free(reach->nodes);
    *reach = (struct reach){ 0 };
}

/* ---- asking ---- */

enum reach_state {
    REACH_WAITS, /* to be asked */
    REACH_ASKED,
    REACH_CAME, /* its answer, to be looked at */
    REACH_OVER
};

struct reach_asking;

/* One node that is asked. */
struct reach_turn {
    struct reach_asking *asking;
    enum reach_state state;
    struct mu_result result; /* owned; of REACH_CAME */
    const ProtobufCMessageDescriptor *reply_type;
    uint64_t began_ms; /* 0: it was not asked yet */
    size_t size;       /* bytes of its answers so far */
};

struct reach_asking {
    struct cli *cli;
    struct reach *reach;
    const struct reach_question *question;
    struct reach_turn *turns; /* owned: one a node */
    size_t asked;             /* that are REACH_ASKED or REACH_CAME */
    pthread_mutex_t lock;     /* guards `state` of turns, and `result` until it is REACH_CAME */
    pthread_cond_t came;
};

static void reach_on_result(struct mu_result *result, void *user)
{
    struct reach_turn *turn = user;

    pthread_mutex_lock(&turn->asking->lock);
    turn->result = *result;
    result->body = NULL;
    turn->state = REACH_CAME;
    pthread_cond_signal(&turn->asking->came);
    pthread_mutex_unlock(&turn->asking->lock);
}

/* Ends a node's turn; `why` NULL: it has answered. */
static void reach_end(struct reach_asking *asking, size_t index, const char *why)
{
    struct reach_node *node = &asking->reach->nodes[index];

    asking->turns[index].state = REACH_OVER;
    node->took_ms = clock_ms() - asking->turns[index].began_ms;
    node->answered = why == NULL;
    snprintf(node->why, sizeof(node->why), "%s", why != NULL ? why : "");
}

/* Packs a message into memory that the caller frees; NULL without. */
static uint8_t *reach_pack(const ProtobufCMessage *message, size_t *sizep)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);

    if (bytes != NULL)
        *sizep = protobuf_c_message_pack(message, bytes);
    return bytes;
}

static void reach_call(struct reach_asking *asking, size_t index, const char *endpoint,
        const ProtobufCMessage *request, uint32_t timeout_ms)
{
    const struct mu_call_options options = { .timeout_ms = timeout_ms };
    struct reach_turn *turn = &asking->turns[index];
    size_t size = 0;
    CLEANUP(cleanup_free) uint8_t *bytes = reach_pack(request, &size);

    if (bytes == NULL) {
        reach_end(asking, index, "there is no memory to ask it");
        return;
    }
    pthread_mutex_lock(&asking->lock);
    turn->state = REACH_ASKED;
    pthread_mutex_unlock(&asking->lock);
    asking->asked += 1;
    mu_call_async(asking->cli->client, endpoint, (struct mu_bytes){ bytes, size }, &options,
            reach_on_result, turn);
}

/* Asks a node for the next step, or ends its turn. */
static void reach_step(struct reach_asking *asking, size_t index)
{
    const struct reach_node *node = &asking->reach->nodes[index];
    Mu__Link__V1__ObserveRequest wrapped = MU__LINK__V1__OBSERVE_REQUEST__INIT;
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    uint64_t until_ms = asking->turns[index].began_ms + REACH_NODE_MS;
    uint64_t now_ms = clock_ms();
    struct reach_ask ask;

    if (!asking->question->next(asking->question->user, index, &ask)) {
        reach_end(asking, index, NULL);
        return;
    }
    if (now_ms >= until_ms) {
        reach_end(asking, index, "it has more to say than its time is long");
        return;
    }
    if (asking->turns[index].size > REACH_NODE_SIZE_MAX) {
        reach_end(asking, index, "it has more to say than is read");
        return;
    }
    asking->turns[index].reply_type = ask.reply_type;
    if (node->is_self) {
        reach_call(asking, index, ask.endpoint, ask.request, (uint32_t)(until_ms - now_ms));
        return;
    }
    bytes = reach_pack(ask.request, &wrapped.request.len);
    if (bytes == NULL) {
        reach_end(asking, index, "there is no memory to ask it");
        return;
    }
    wrapped.node = node->known->id;
    wrapped.endpoint = (char *)(uintptr_t)ask.endpoint;
    wrapped.request.data = bytes;
    reach_call(asking, index, "link.Observe", &wrapped.base, (uint32_t)(until_ms - now_ms));
}

/* Its answer, unpacked; NULL where it is none. */
static ProtobufCMessage *reach_unpack(const struct reach_turn *turn, bool is_self)
{
    struct mu_bytes body = { turn->result.body, turn->result.size };
    Mu__Link__V1__ObserveReply *wrapped = NULL;
    ProtobufCMessage *reply = NULL;

    if (!is_self) {
        if (mu_body_check(&mu__link__v1__observe_reply__descriptor, body, NULL) == 0)
            wrapped = mu__link__v1__observe_reply__unpack(NULL, body.size, body.data);
        if (wrapped == NULL)
            return NULL;
        body = (struct mu_bytes){ wrapped->reply.data, wrapped->reply.len };
    }
    if (mu_body_check(turn->reply_type, body, NULL) == 0)
        reply = protobuf_c_message_unpack(turn->reply_type, NULL, body.size, body.data);
    if (wrapped != NULL)
        mu__link__v1__observe_reply__free_unpacked(wrapped, NULL);
    return reply;
}

/* Takes what a node answered. Returns EXIT_OK or an exit status. */
static int reach_take(struct reach_asking *asking, size_t index)
{
    struct reach_turn *turn = &asking->turns[index];
    const struct mu_status *status = &turn->result.status;
    ProtobufCMessage *reply = NULL;
    char why[REACH_WHY_MAX];
    char heard[DURATION_TEXT_MAX];
    int code = EXIT_OK;

    asking->asked -= 1;
    turn->state = REACH_WAITS;
    turn->size += turn->result.size;
    if (status->code == MU_OK)
        reply = reach_unpack(turn, asking->reach->nodes[index].is_self);
    if (status->code == MU_DEADLINE_EXCEEDED) {
        snprintf(why, sizeof(why), "silent: no answer within %d ms; last heard of %s ago",
                REACH_NODE_MS,
                duration_print(asking->reach->nodes[index].known->heard_ms + REACH_NODE_MS, heard));
        reach_end(asking, index, why);
    } else if (status->code != MU_OK) {
        snprintf(why, sizeof(why), "%.*s", REACH_WHY_MAX - 1, status->message);
        reach_end(asking, index, why);
    } else if (reply == NULL) {
        reach_end(asking, index, "its answer is no message of the endpoint's type");
    } else {
        code = asking->question->take(asking->question->user, index, reply);
    }
    mu_result_deinit(&turn->result);
    return code;
}

/* Waits for an answer. Returns the number of the node whose it is. */
static size_t reach_wait(struct reach_asking *asking)
{
    size_t count = asking->reach->count;
    size_t at;

    pthread_mutex_lock(&asking->lock);
    for (;;) {
        for (at = 0; at < count && asking->turns[at].state != REACH_CAME;)
            at += 1;
        if (at < count)
            break;
        pthread_cond_wait(&asking->came, &asking->lock);
    }
    pthread_mutex_unlock(&asking->lock);
    return at;
}

/* Why a node is not asked at all, into `why`; "" where it is. */
static void reach_judge(const struct reach *reach, const struct reach_node *node, char *why)
{
    const Mu__Link__V1__Node *known = node->known;
    char heard[DURATION_TEXT_MAX];

    why[0] = '\0';
    if (strcmp(reach_owner(known->name), reach_owner(reach->nodes[0].known->name)) != 0)
        snprintf(why, REACH_WHY_MAX, "not asked: it is of another owner");
    else if (!known->reachable && known->heard_ms > 0)
        snprintf(why, REACH_WHY_MAX, "not reached; last heard of %s ago",
                duration_print(known->heard_ms, heard));
    else if (!known->reachable)
        snprintf(why, REACH_WHY_MAX, "not reached since this node's link started");
}

/* Asks those that wait for it, as many as may be asked at a time. */
static void reach_go_on(struct reach_asking *asking)
{
    for (size_t i = 0; i < asking->reach->count && asking->asked < REACH_AT_ONCE; i++) {
        struct reach_turn *turn = &asking->turns[i];
        bool waits;

        pthread_mutex_lock(&asking->lock);
        waits = turn->state == REACH_WAITS;
        pthread_mutex_unlock(&asking->lock);
        if (!waits)
            continue;
        if (turn->began_ms == 0)
            turn->began_ms = clock_ms();
        reach_step(asking, i);
    }
}

static int reach_run(struct reach_asking *asking)
{
    struct reach *reach = asking->reach;
    int code = EXIT_OK;

    for (size_t i = 0; i < reach->count; i++) {
        asking->turns[i].asking = asking;
        reach->nodes[i].answered = false;
        reach_judge(reach, &reach->nodes[i], reach->nodes[i].why);
        if (reach->nodes[i].why[0] != '\0')
            asking->turns[i].state = REACH_OVER;
    }
    while (code == EXIT_OK) {
        reach_go_on(asking);
        if (asking->asked == 0)
            return EXIT_OK;
        code = reach_take(asking, reach_wait(asking));
    }
    while (asking->asked > 0) { /* their answers still come into the turns */
        size_t index = reach_wait(asking);

        asking->asked -= 1;
        mu_result_deinit(&asking->turns[index].result);
        reach_end(asking, index, "it was not listened to");
    }
    return code;
}

int reach_ask_all(struct cli *cli, struct reach *reach, const struct reach_question *question)
{
    struct reach_asking asking = { .cli = cli, .reach = reach, .question = question };
    int code = bus_need(cli);

    if (code != EXIT_OK)
        return code;
    asking.turns = calloc(reach->count + 1, sizeof(*asking.turns));
    if (asking.turns == NULL)
        return (int)failure_of_memory(cli);
    pthread_mutex_init(&asking.lock, NULL);
    pthread_cond_init(&asking.came, NULL);
    code = reach_run(&asking);
    pthread_cond_destroy(&asking.came);
    pthread_mutex_destroy(&asking.lock);
    free(asking.turns);
    return code;
}

json_t *reach_json(const struct reach *reach)
{
    json_t *list = json_array();

    for (size_t i = 0; i < reach->count; i++) {
        const struct reach_node *node = &reach->nodes[i];
        json_t *object = json_pack("{s:s, s:b, s:b}", "node", node->known->name, "reachable",
                node->known->reachable, "answered", node->answered);

        if (node->known->reachable)
            json_object_set_new(object, "hops", json_integer(node->known->hops));
        if (node->answered)
            json_object_set_new(object, "tookMs", json_integer((json_int_t)node->took_ms));
        else
            json_object_set_new(object, "why", json_string(node->why));
        json_array_append_new(list, object);
    }
    return list;
}

void reach_talk(const struct cli *cli, const struct reach *reach)
{
    for (size_t i = 0; i < reach->count; i++) {
        if (!reach->nodes[i].answered)
            output_talk(cli, "%s: %s", reach->nodes[i].known->name, reach->nodes[i].why);
    }
    if (reach->left_out > 0)
        output_talk(cli, "%zu nodes more than %d were not asked", reach->left_out, REACH_NODES_MAX);
}
