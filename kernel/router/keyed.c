// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/keyed.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/claim.h"
#include "kernel/router/retry.h"
#include "kernel/router/waiting.h"

enum { KEYED_RETRY_MS = 100 };

_Static_assert((int)DEDUP_NODE_SIZE == (int)NEIGHBOUR_ID_SIZE, "a record has room for a node's id");

/* What a call has that came with a key. */
struct keyed {
    struct call *call;           /* borrowed: it goes before the call does */
    struct dedup_record *record; /* borrowed: OPEN as long as its first call has this */
    struct list link;            /* in the record's waiters, unless it is the first */
    bool first;                  /* others wait for it */
    uint8_t size;                /* of `key` with the byte before it */
    uint8_t key[1 + KEY_SIZE_MAX];
};

/* A call with a key that is being taken in. */
struct taking {
    struct draft draft;
    struct span key; /* without the byte that another router put before it */
    bool again;      /* what that byte says */
    struct dedup_hash id;
    struct dedup_hash holder;
    struct dedup_hash content;
};

int keyed_init(struct router *router, uint64_t seed)
{
    uint64_t secret[DEDUP_SECRET_SIZE / sizeof(uint64_t)];
    struct random random; /* of its own, so that the router's choices do not depend on it */

    random_init(&random, ~seed);
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
        secret[i] = random_next(&random);
    return err_trace(dedup_init(&router->keys, (const uint8_t *)secret));
}

static void keyed_refuse(struct router *router, const struct taking *taking, enum cause cause,
        const struct verdict *verdict)
{
    tally_blame(router, cause);
    say_verdict(router, taking->draft.peer, taking->draft.envelope->id, verdict);
}

/* ---- whose key it is ---- */

/* False where the key is none, which the caller is told. */
static bool keyed_read(struct router *router, struct taking *taking)
{
    static const struct verdict malformed = { CODE_INVALID_ARGUMENT, EXECUTED_NO, 0,
        "a key has 1 to 64 bytes, and a stream has none" };
    const struct envelope *envelope = taking->draft.envelope;
    bool sound = envelope->shape == SHAPE_UNARY;

    taking->key = envelope->key;
    if (taking->draft.peer->neighbour != NULL) {
        uint8_t word = envelope->key.data[0];

        sound = sound && (word == KEYED_FIRST || word == KEYED_AGAIN);
        taking->again = word == KEYED_AGAIN;
        taking->key.data += 1;
        taking->key.size -= 1;
    }
    if (sound && taking->key.size >= 1 && taking->key.size <= KEY_SIZE_MAX)
        return true;
    keyed_refuse(router, taking, CAUSE_MALFORMED, &malformed);
    return false;
}

/* A key is its caller's: a service's, whichever of its processes calls; without one a uid's; of
 * another node, whoever that says; and it is the user's. Who answers for the room that it takes is
 * the caller, whomever it serves, or the other node, whoever calls there. */
static void keyed_identify(const struct router *router, struct taking *taking)
{
    const struct envelope *envelope = taking->draft.envelope;
    const struct span content[] = { envelope->endpoint, envelope->body };
    struct stamp stamp = { .hops = 0 };
    struct span who[8] = { { 0 } };
    uint8_t local;

    stamp_read(&stamp, taking->draft.caller); /* a router wrote it: it can be read */
    local = stamp.hops == 0;
    who[0] = (struct span){ &local, sizeof(local) };
    who[1] = stamp.node;
    who[2] = stamp.owner;
    who[3] = stamp.service;
    who[4] = stamp.client;
    if (stamp.service.size == 0)
        who[5] = (struct span){ (const uint8_t *)&stamp.uid, sizeof(stamp.uid) };
    who[6] = stamp.user;
    who[7] = taking->key;
    taking->id = dedup_hash(&router->keys, who, 8);
    taking->holder = dedup_hash(&router->keys, who, local ? 6 : 3);
    taking->content = dedup_hash(&router->keys, content, 2);
}

/* ---- slots ---- */

/* Gives the call a slot in the waiting room. NULL where there is none, which its caller is told. */
static struct call *keyed_seat(struct router *router, const struct taking *taking)
{
    static const struct verdict no_memory = { CODE_RESOURCE_EXHAUSTED, EXECUTED_UNKNOWN, 0,
        "no memory is left" };
    struct keyed *keyed = malloc(sizeof(*keyed));
    struct draft seated = taking->draft;
    struct call *call;

    if (keyed == NULL) {
        keyed_refuse(router, taking, CAUSE_ROUTER_FULL, &no_memory);
        return NULL;
    }
    seated.callee = &router->waiting_room;
    call = route_seat(router, seated.peer, seated.envelope, &seated);
    if (call == NULL) {
        free(keyed);
        return NULL;
    }
    *keyed = (struct keyed){ .call = call, .size = (uint8_t)(1 + taking->key.size) };
    memcpy(keyed->key + 1, taking->key.data, taking->key.size);
    list_init(&keyed->link);
    call->keyed = keyed;
    return call;
}

static void keyed_free(struct call *call)
{
    list_remove(&call->keyed->link);
    free(call->keyed);
    call->keyed = NULL;
}

bool keyed_find_callee(struct router *router, struct call *call, const struct envelope *envelope,
        struct draft *draft, struct refusal *refusal)
{
    struct keyed *keyed = call->keyed;
    const struct dedup_record *record = keyed->record;
    bool found;

    keyed->key[0] = record->again ? KEYED_AGAIN : KEYED_FIRST;
    draft->again = record->again;
    if (record->again && !sodium_is_zero(record->node, sizeof(record->node)))
        draft->only = record->node;
    found = record->again ? route_find_node(router, call->caller, envelope, draft, refusal)
                          : route_find_callee(router, call->caller, envelope, draft, refusal);
    if (found && draft->callee->neighbour != NULL)
        draft->key = (struct span){ keyed->key, keyed->size };
    return found;
}

/* ---- the first call ---- */

/* Nobody was sent the call in vain, or nobody knows: what stands in the record from now on. */
static void keyed_settle(struct router *router, struct dedup_record *record, bool maybe)
{
    if (maybe)
        dedup_doubt(&router->keys, record, router->now_us);
    else
        dedup_remove(&router->keys, record);
}

/* Sends the first call of a key, which is in the waiting room. */
static void keyed_send(struct router *router, struct call *call, struct draft *draft)
{
    const struct envelope *envelope = draft->envelope;
    struct refusal refusal;

    draft->seated = call;
    if (draft->settings != NULL && retry_begin(router, call->caller, envelope, draft))
        return;
    if (keyed_find_callee(router, call, envelope, draft, &refusal) &&
            route_hand_over(router, call, envelope, draft, &refusal)) {
        router->stats.calls += 1;
        return;
    }
    if (!draft->again && waiting_join(router, call, envelope, draft))
        return;
    tally_blame(router, refusal.cause);
    call_abort(router, call, &refusal.verdict);
}

/* Sends the call of a record that is OPEN, and that no other call has. */
static void keyed_open(struct router *router, struct taking *taking, struct dedup_record *record)
{
    struct call *call;

    taking->draft.again = record->again;
    call = keyed_seat(router, taking);
    if (call == NULL) {
        keyed_settle(router, record, record->again);
        return;
    }
    call->keyed->record = record;
    call->keyed->first = true;
    keyed_send(router, call, &taking->draft);
}

/* A key that is not known. */
static void keyed_begin(struct router *router, struct taking *taking)
{
    const struct verdict full = { CODE_RESOURCE_EXHAUSTED,
        taking->again ? EXECUTED_UNKNOWN : EXECUTED_NO, KEYED_RETRY_MS,
        "the router has no room for one more key of this caller's" };
    struct dedup_record *record =
            dedup_add(&router->keys, &taking->holder, &taking->id, &taking->content);

    if (record == NULL) {
        keyed_refuse(router, taking, CAUSE_KEY_FULL, &full);
        return;
    }
    record->again = taking->again;
    record->there = taking->again;
    keyed_open(router, taking, record);
}

/* ---- calls behind the first ---- */

/* Has the call wait for the one of the record. */
static void keyed_wait(struct router *router, struct taking *taking, struct dedup_record *record)
{
    static const struct verdict full = { CODE_RESOURCE_EXHAUSTED, EXECUTED_UNKNOWN, KEYED_RETRY_MS,
        "a call with this key is under way, and the router lets no more calls wait" };
    const struct peer *room = &router->waiting_room;
    struct call *call;

    if (room->calls_taken_count >= room->calls_max || !claim_may_grow(taking->draft.peer, room)) {
        keyed_refuse(router, taking, CAUSE_KEY_FULL, &full);
        return;
    }
    call = keyed_seat(router, taking);
    if (call == NULL)
        return;
    call->keyed->record = record;
    list_push(&record->waiters, &call->keyed->link);
}

/* Tells the answer that is kept. */
static void keyed_repeat(
        struct router *router, struct taking *taking, const struct dedup_record *record)
{
    static const struct verdict gone = { CODE_ALREADY_EXISTS, EXECUTED_YES, 0,
        "the first call with this key was carried out; its answer is not kept any more" };
    struct call *call;

    if (record->answer == NULL) {
        keyed_refuse(router, taking, CAUSE_KEY_USED, &gone);
        return;
    }
    call = keyed_seat(router, taking);
    if (call != NULL)
        route_answer(router, call,
                &(struct envelope){ .status = dedup_status(record), .body = dedup_body(record) });
}

/* The first call may have been carried out, here or on another node, whose router may know more. */
static void keyed_ask(struct router *router, struct taking *taking, struct dedup_record *record)
{
    static const struct verdict unknown = { CODE_FAILED_PRECONDITION, EXECUTED_UNKNOWN, 0,
        "the first call with this key ended without an answer: whether it was carried out is not "
        "known, and it is not made again" };

    if (!record->there) {
        keyed_refuse(router, taking, CAUSE_KEY_USED, &unknown);
        return;
    }
    dedup_reopen(record);
    record->again = true;
    keyed_open(router, taking, record);
}

void keyed_take(struct router *router, const struct draft *draft)
{
    static const struct verdict differs = { CODE_INVALID_ARGUMENT, EXECUTED_NO, 0,
        "this key came with another endpoint or body before: a key is for one call" };
    struct taking taking = { .draft = *draft };
    struct dedup_record *record;

    if (!keyed_read(router, &taking))
        return;
    keyed_identify(router, &taking);
    record = dedup_find(&router->keys, &taking.id, router->now_us);
    if (record == NULL) {
        keyed_begin(router, &taking);
        return;
    }
    taking.draft.again = true; /* what is refused from here on may have been carried out before */
    if (memcmp(&record->content, &taking.content, sizeof(taking.content)) != 0)
        keyed_refuse(router, &taking, CAUSE_KEY_DIFFERS, &differs);
    else if (record->state == DEDUP_OPEN)
        keyed_wait(router, &taking, record);
    else if (record->state == DEDUP_ANSWERED)
        keyed_repeat(router, &taking, record);
    else
        keyed_ask(router, &taking, record);
}

/* ---- how the first call ends ---- */

/* Moves those that wait to a list of their own: from now on they know of no record. */
static void keyed_release(struct dedup_record *record, struct list *waiters)
{
    list_init(waiters);
    while (!list_is_empty(&record->waiters)) {
        struct list *waiter = record->waiters.next;

        list_remove(waiter);
        list_push(waiters, waiter);
    }
}

static struct call *keyed_next(struct list *waiters)
{
    if (list_is_empty(waiters))
        return NULL;
    return list_entry(waiters->next, struct keyed, link)->call;
}

/* The node that a call was sent to is the one to ask for it. */
static void keyed_note_node(struct dedup_record *record, const struct peer *callee)
{
    if (callee->neighbour == NULL)
        return;
    record->there = true;
    memcpy(record->node, callee->neighbour->node_id, sizeof(record->node));
}

/* What a RESULT says of its call: whether that was carried out. */
static enum executed keyed_judge(
        const struct call *call, const struct envelope *result, const struct status *status)
{
    bool heard = call->caller != NULL && call->callee->neighbour == NULL;

    if (result->status.size == 0)
        return EXECUTED_YES;
    if (status->executed != EXECUTED_UNKNOWN)
        return (enum executed)status->executed;
    return heard ? EXECUTED_YES : EXECUTED_UNKNOWN; /* what the callee answers is an answer */
}

void keyed_answered(struct router *router, struct call *call, struct envelope *result,
        const struct status *status, uint8_t room[ENVELOPE_HEAD_MAX])
{
    struct dedup_record *record = call->keyed->record;
    enum executed executed = keyed_judge(call, result, status);
    struct list waiters;
    struct call *waiter;

    if (executed == EXECUTED_NO && record->again) {
        struct status truly = *status;

        truly.executed = executed = EXECUTED_UNKNOWN;
        result->status = (struct span){ room, status_write(&truly, room, ENVELOPE_HEAD_MAX) };
    }
    keyed_release(record, &waiters);
    keyed_note_node(record, call->callee);
    if (executed == EXECUTED_YES)
        dedup_answer(&router->keys, record, result->status, result->body, router->now_us);
    else
        keyed_settle(router, record, executed == EXECUTED_UNKNOWN);
    keyed_free(call);
    while ((waiter = keyed_next(&waiters)) != NULL)
        route_answer(router, waiter, result);
}

bool keyed_abort(const struct call *call, struct verdict *verdict)
{
    if (!call->keyed->first)
        return false;
    if (verdict->executed == EXECUTED_NO && call->keyed->record->again)
        verdict->executed = EXECUTED_UNKNOWN;
    return call->caller->doomed;
}

void keyed_end(struct router *router, struct call *call)
{
    static const struct verdict lost = { CODE_UNAVAILABLE, EXECUTED_UNKNOWN, 0,
        "the call with this key that this one waited for ended without an answer" };
    static const struct verdict unsent = { CODE_UNAVAILABLE, EXECUTED_NO, 0,
        "the call with this key that this one waited for ended before anybody was sent it" };
    struct dedup_record *record = call->keyed->record;
    struct list waiters;
    struct call *waiter;
    bool maybe;

    if (!call->keyed->first) {
        keyed_free(call);
        return;
    }
    maybe = record->again || call->callee != &router->waiting_room;
    keyed_release(record, &waiters);
    keyed_note_node(record, call->callee);
    keyed_settle(router, record, maybe);
    keyed_free(call);
    while ((waiter = keyed_next(&waiters)) != NULL) {
        tally_blame(router, maybe ? CAUSE_KEY_USED : CAUSE_NO_INSTANCE);
        call_abort(router, waiter, maybe ? &lost : &unsent);
    }
}

/* ---- once more ---- */

bool keyed_may_ask(const struct call *call)
{
    return call->callee->neighbour != NULL || call->keyed->record->again;
}

void keyed_doubt(struct call *call)
{
    struct dedup_record *record = call->keyed->record;

    record->again = true;
    keyed_note_node(record, call->callee);
}

void keyed_explain(const struct peer *peer, const struct draft *draft, struct refusal *refusal)
{
    const struct service *service = draft->service;

    if (peer->neighbour != NULL && service != NULL && service->ready_count > 0) {
        refusal->cause = CAUSE_KEY_USED;
        refusal->verdict = (struct verdict){ CODE_FAILED_PRECONDITION, EXECUTED_UNKNOWN, 0,
            "the node's router knows of no call with this key: whether it was carried out, before "
            "that router began, or on its way, is not known" };
        return;
    }
    refusal->cause = CAUSE_NO_ROUTE;
    refusal->verdict = (struct verdict){ CODE_UNAVAILABLE, EXECUTED_UNKNOWN, KEYED_RETRY_MS,
        "the node that may have carried out the first call with this key is not reached now" };
}
