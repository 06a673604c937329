// SPDX-License-Identifier: Apache-2.0
/* The router's core under a list of operations: processes and other nodes come, say anything, and
 * go, while time passes and routes change. After each step the books must balance: who has how many
 * calls, what waits for whom, and that each call ends exactly once.
 *
 * Whatever is said of a call carries the call's own number, a nonce, so that whoever hears it can
 * tell whether it belongs to his call, and of what kind the caller is. */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "kernel/router/core.h"
#include "kernel/router/policy.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/access_fixture.h"
#include "tests/fuzz/router_books.h"
#include "tests/fuzz/router_drawn.h"
#include "transport/stamp.h"

enum {
    PEERS = 8,
    IDS = 32,      /* ids that actors pick for calls */
    LINK_IDS = 40, /* above them, for router.Link */
    SEEN = 64,
    KEYS = 3,
    ROUTES = 4,
    POLICIES = 3,
    TOKENS = 3
};

/* Of calls to the router itself, whose answers carry none. */
#define NONCE_OWN UINT64_MAX

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A call that was heard. */
struct served {
    uint64_t id;
    uint64_t nonce;
};

/* What a peer remembers. */
struct actor {
    struct peer *peer;        /* NULL: not there */
    int key;                  /* of the node behind it; 0: a process */
    uint64_t turn;            /* the bit that the router turns in what it says */
    uint64_t nonce[LINK_IDS]; /* own calls: not 0 while no RESULT came */
    struct served served[SEEN];
    size_t served_count;
};

struct stage {
    struct router router;
    struct access_authority authority;
    char tokens[TOKENS][ACCESS_TEXT_MAX + 1]; /* the second one may be revoked, the third is none */
    struct actor actors[PEERS];
    uint64_t now_us;
    uint64_t nonces;
    const uint8_t *at;
    const uint8_t *end;
};

static const char *const node_names[KEYS + 1] = { "", "n1.alice", "n2.alice", "n3.alice" };

static uint8_t take(struct stage *stage)
{
    return stage->at < stage->end ? *stage->at++ : 0;
}

static bool span_is(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.data, text, span.size) == 0;
}

/* ---- hearing ---- */

/* The lowest bit of a nonce says whether the call came from another node. */
static bool is_foreign(uint64_t nonce)
{
    return (nonce & 1) != 0;
}

static uint64_t read_nonce(struct span body)
{
    uint64_t nonce = 0;

    if (body.size >= sizeof(nonce))
        memcpy(&nonce, body.data, sizeof(nonce));
    return nonce;
}

/* Nobody is taken for anybody on this node, and no call goes back to where it came from. */
static void check_caller(const struct actor *callee, const struct envelope *call)
{
    bool named = false;
    struct stamp stamp;

    CHECK(call->parent == 0 && call->trace.size == TRACE_SIZE && call->token.size == 0);
    CHECK(stamp_read(&stamp, call->caller) == ENVELOPE_OK);
    if (stamp.hops == 0) {
        CHECK(span_is(stamp.node, "fuzz") && stamp.owner.size == 0);
        CHECK(!is_foreign(read_nonce(call->body)));
        CHECK(stamp.user.size == 0 || span_is(stamp.user, "alice") || span_is(stamp.user, "bob"));
        CHECK((stamp.user.size == 0) == (stamp.token.size == 0));
        return;
    }
    for (int key = 1; key <= KEYS; key++)
        named = named || span_is(stamp.node, node_names[key]);
    CHECK(stamp.token.size == 0);
    CHECK(named && span_is(stamp.owner, "alice") && stamp.hops <= ROUTER_HOPS_MAX);
    CHECK(stamp.uid == UINT32_MAX && stamp.pid == 0 && !stamp.is_operator);
    CHECK(read_nonce(call->body) == 0 || is_foreign(read_nonce(call->body)));
    CHECK(callee->key == 0 || !span_is(stamp.node, node_names[callee->key]));
    CHECK(callee->key == 0 || stamp.hops < ROUTER_HOPS_MAX);
}

/* The nonce of the call that the actor knows by this id; 0 where it remembers none. */
static uint64_t known_nonce(const struct actor *actor, uint64_t id)
{
    if (id < LINK_IDS)
        return actor->nonce[id];
    for (size_t i = 0; i < actor->served_count; i++) {
        if (actor->served[i].id == id)
            return actor->served[i].nonce;
    }
    return 0;
}

static void check_belongs(const struct actor *actor, const struct envelope *envelope)
{
    uint64_t said = read_nonce(envelope->body);
    uint64_t known = known_nonce(actor, envelope->id);

    CHECK(said == 0 || known == 0 || known == NONCE_OWN || said == known);
}

static void hear(struct actor *actor, const struct envelope *envelope)
{
    if (envelope->kind == ENVELOPE_RESULT) {
        CHECK(envelope->id < LINK_IDS && actor->nonce[envelope->id] != 0);
        if (envelope->status.size == 0 && envelope->id < IDS)
            check_belongs(actor, envelope);
        actor->nonce[envelope->id] = 0;
    } else if (envelope->kind == ENVELOPE_ITEM) {
        check_belongs(actor, envelope);
    } else if (envelope->kind == ENVELOPE_CALL) {
        check_caller(actor, envelope);
        CHECK((actor->key != 0) || envelope->key.size == 0);
        if (actor->served_count < SEEN)
            actor->served[actor->served_count++] =
                    (struct served){ envelope->id, read_nonce(envelope->body) };
    }
}

/* Reads what waits for the peer, as its process would. Then it waits for those calls that the
 * router has, and for no others. */
static void listen(struct stage *stage, struct actor *actor)
{
    struct frame_reader reader;
    struct envelope envelope;
    enum frame_outcome outcome;

    while (!outbox_is_empty(&actor->peer->out)) {
        frame_reader_init(&reader, outbox_take(&actor->peer->out), FRAME_IPC);
        while ((outcome = frame_next(&reader, &envelope)) == FRAME_ENVELOPE)
            hear(actor, &envelope);
        CHECK(outcome == FRAME_END);
        outbox_clear(&actor->peer->out);
    }
    for (uint64_t id = 1; id < IDS && !actor->peer->doomed; id++)
        CHECK((actor->nonce[id] != 0) ==
                (call_find_by_caller(&stage->router.calls, &actor->peer->index, id) != NULL));
}

/* ---- coming, going, saying ---- */

static void leave(struct stage *stage, struct actor *actor)
{
    router_detach(&stage->router, actor->peer, stage->now_us);
    *actor = (struct actor){ 0 };
}

static void join(struct stage *stage, struct actor *actor)
{
    static const char *const admitted[] = { NULL, "a", "registry", "link" };
    static const char *const spaces[] = { "", "", "acme",
        "beta" }; /* of the one that may have one */
    uint8_t kind = take(stage);
    struct peer_identity identity = {
        .uid = 1,
        .is_operator = (kind & 4) != 0,
        .instance = kind % 4 != 0 ? 1 + (uint64_t)(actor - stage->actors) : 0,
        .service = admitted[kind % 4],
        .space = kind % 4 == 1 ? spaces[kind >> 3 & 3] : NULL,
        .limits = { .calls_max = kind >> 3 },
        .link = FRAME_IPC,
    };

    if (actor->peer == NULL)
        actor->peer = router_attach(&stage->router, &identity, NULL);
}

static uint64_t make_nonce(
        struct stage *stage, const struct actor *actor, const struct envelope *call)
{
    if (call->endpoint.size > 7 && memcmp(call->endpoint.data, "router.", 7) == 0)
        return NONCE_OWN;
    stage->nonces += 2;
    return stage->nonces | (actor->key != 0 ? 1 : 0);
}

/* `bytes` stand at the beginning of the envelope's body, where it has one. */
static void say(struct stage *stage, struct actor *actor, struct envelope *envelope, uint8_t *bytes)
{
    uint64_t id = envelope->id ^ actor->turn;
    uint64_t nonce;

    if (actor->peer == NULL)
        return;
    if (envelope->kind == ENVELOPE_CALL && id < LINK_IDS && id != 0 &&
            call_find_by_caller(&stage->router.calls, &actor->peer->index, id) == NULL) {
        /* So that an answer to an older call by this id is not taken for its. */
        listen(stage, actor);
        actor->nonce[id] = make_nonce(stage, actor, envelope);
    }
    nonce = known_nonce(actor, id);
    if (bytes != NULL && envelope->body.size >= sizeof(nonce))
        memcpy(bytes, &nonce, sizeof(nonce));
    if (router_step(&stage->router, actor->peer, envelope, stage->now_us) < 0)
        leave(stage, actor);
}

static void say_hello(struct stage *stage, struct actor *actor)
{
    static const char *const names[] = { "a", "b", "registry", "Bad" };
    static const char link[] = "link";
    Mu__Bus__V1__Hello hello = MU__BUS__V1__HELLO__INIT;
    uint8_t body[64];

    uint8_t choice = take(stage);
    char *method = (char *)"X";

    hello.service = (char *)(uintptr_t)((choice & 16) != 0 ? link : names[choice % 4]);
    hello.version = (char *)((choice & 4) != 0 ? "2" : "1");
    hello.n_idempotent = (choice & 8) != 0 ? 1 : 0;
    hello.idempotent = &method;
    say(stage, actor,
            &(struct envelope){ .kind = ENVELOPE_HELLO,
                    .body = { body, mu__bus__v1__hello__pack(&hello, body) } },
            NULL);
    say(stage, actor, &(struct envelope){ .kind = ENVELOPE_READY }, NULL);
}

static uint64_t pick_id(struct stage *stage, const struct actor *actor)
{
    uint8_t choice = take(stage);

    if (choice < 128 || actor->served_count == 0)
        return choice % IDS;
    return actor->served[choice % actor->served_count].id;
}

/* What another node's router may say of its caller, true or not; at times no stamp at all. */
static struct span pick_stamp(struct stage *stage, uint8_t room[STAMP_SIZE_MAX])
{
    static const char *const names[] = { "", "fuzz", "n1.alice", "Bad" };
    const char *node = names[take(stage) % 4];
    const char *service = names[take(stage) % 4];
    uint8_t flags = take(stage);
    struct stamp stamp = {
        .node = { (const uint8_t *)node, strlen(node) },
        .service = { (const uint8_t *)service, strlen(service) },
        .instance = flags,
        .hops = flags % 5,
        .is_operator = (flags & 64) != 0,
    };
    struct span bytes = stamp_write(&stamp, room);

    bytes.size -= (flags & 128) != 0 && bytes.size > 0 ? 1 : 0;
    return bytes;
}

static void say_anything(struct stage *stage, struct actor *actor)
{
    static const char *const endpoints[] = { "a.X", "b.Y", "router.Stats", "registry.Z", "none.N",
        "?", "far.Q", "router.Routes", "router.Meter", "router.Calls" };
    static uint8_t room[300000];
    uint8_t stamp[STAMP_SIZE_MAX];
    const char *endpoint = endpoints[take(stage) % 10];
    uint8_t kind = take(stage);
    uint8_t flags = take(stage);
    struct envelope envelope = {
        .kind = (enum envelope_kind)(1 + kind % (ENVELOPE_KINDS - 1)),
        .shape = (enum envelope_shape)(flags & 3),
        .id = pick_id(stage, actor) ^ ((kind & 16) != 0 ? actor->turn : 0) ^ actor->turn,
        .parent = (flags & 4) != 0 ? pick_id(stage, actor) : 0,
        .timeout_ms = (flags & 8) != 0 ? take(stage) : 0,
        .credit = (uint32_t)take(stage) << (flags >> 4),
        .endpoint = { (const uint8_t *)endpoint, strlen(endpoint) },
        .body = { room, (size_t)take(stage) << (kind >> 5) },
    };

    if (envelope.kind == ENVELOPE_RESULT && (flags & 16) != 0) /* UNAVAILABLE; executed NO, too */
        envelope.status =
                (struct span){ (const uint8_t *)"\x08\x0e\x18\x01", (flags & 32) != 0 ? 4 : 2 };
    if (envelope.kind == ENVELOPE_CALL && actor->key != 0)
        envelope.caller = pick_stamp(stage, stamp);
    books_put_key(&envelope, take(stage));
    say(stage, actor, &envelope, room);
}

/* Asks for what the router noted. */
static void say_look(struct stage *stage, struct actor *actor)
{
    uint8_t body[256];
    struct look look = { { take(stage), take(stage), take(stage), take(stage) } };
    struct envelope envelope = { .kind = ENVELOPE_CALL, .id = 2 };

    books_pack_look(&stage->router, &look, &envelope, body);
    say(stage, actor, &envelope, NULL);
}

/* ---- the link service ---- */

/* What the shell does: opens the sockets that were asked for, or fails to; and where somebody
 * connects, there is a node channel. */
static void serve_links(struct stage *stage, uint8_t flags)
{
    struct neighbour *asked = neighbour_next_asked(&stage->router);
    struct peer_identity identity = { .uid = 1, .link = FRAME_IPC };

    if (asked == NULL)
        return;
    identity.channel = asked->channel;
    neighbour_opened(&stage->router, asked->channel, "/n", (flags & 16) != 0 ? -1 : 0);
    for (int i = 0; i < PEERS && (flags & 32) == 0; i++) {
        struct actor *actor = &stage->actors[i];

        if (actor->peer != NULL)
            continue;
        actor->peer = router_attach(&stage->router, &identity, NULL);
        CHECK((actor->peer != NULL) == ((flags & 16) == 0));
        if (actor->peer != NULL) {
            actor->key = actor->peer->neighbour->node_id[0];
            actor->turn = CALL_ID_ROUTER;
        }
        return;
    }
}

static void say_link(struct stage *stage, struct actor *actor)
{
    Mu__Router__V1__LinkRequest request = MU__ROUTER__V1__LINK_REQUEST__INIT;
    uint8_t flags = take(stage);
    int key = 1 + flags % KEYS;
    uint8_t bytes[NEIGHBOUR_ID_SIZE];
    uint8_t body[256];
    uint64_t id = IDS + flags % (LINK_IDS - IDS);

    memset(bytes, key, sizeof(bytes));
    request.node = (char *)(uintptr_t)node_names[key];
    request.owner = (char *)"alice";
    request.node_id = (ProtobufCBinaryData){ sizeof(bytes), bytes };
    request.link_id = request.node_id;
    if (actor->nonce[id] == 0)
        say(stage, actor,
                &(struct envelope){ .kind = ENVELOPE_CALL,
                        .id = id,
                        .endpoint = { (const uint8_t *)"router.Link", 11 },
                        .body = { body, mu__router__v1__link_request__pack(&request, body) } },
                NULL);
    if ((flags & 8) == 0)
        serve_links(stage, flags);
}

static void say_routes(struct stage *stage, struct actor *actor)
{
    static const char *const names[] = { "a", "far", "none", "registry", "Bad", "b", "far", "a" };
    Mu__Router__V1__RoutesRequest request = MU__ROUTER__V1__ROUTES_REQUEST__INIT;
    Mu__Router__V1__Route routes[ROUTES];
    Mu__Router__V1__Route *each[ROUTES];
    const struct actor *node = &stage->actors[take(stage) % PEERS];
    uint8_t body[256];

    if (node->peer == NULL || node->peer->neighbour == NULL)
        return;
    request.channel = node->peer->neighbour->channel;
    request.transit_us = take(stage) * UINT32_C(500);
    request.n_routes = take(stage);
    request.drains = request.n_routes >= 128;
    request.await_ms = (request.n_routes & 64) != 0 ? 100 : 0;
    request.n_routes %= ROUTES + 1;
    request.routes = each;
    for (size_t i = 0; i < request.n_routes; i++) {
        uint8_t choice = take(stage);

        mu__router__v1__route__init(&routes[i]);
        routes[i].service = (char *)(uintptr_t)names[choice % 8];
        routes[i].hops = (choice >> 3) % 5;
        routes[i].metric_us = choice;
        each[i] = &routes[i];
    }
    say(stage, actor,
            &(struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = { (const uint8_t *)"router.Routes", 13 },
                    .body = { body, mu__router__v1__routes_request__pack(&request, body) } },
            NULL);
}

/* ---- policies ---- */

static void set_policies(struct stage *stage)
{
    static const char *const scopes[] = { ">", "a.*", "a.X", "b.Y", "far.>", "*.X", "registry.*",
        "?" };
    Mu__Router__V1__PoliciesRequest request = MU__ROUTER__V1__POLICIES_REQUEST__INIT;
    struct drawn drawn[POLICIES];
    Mu__Router__V1__Policy *each[POLICIES];
    uint8_t body[1024];

    request.n_policies = take(stage) % (POLICIES + 1);
    request.policies = each;
    for (size_t i = 0; i < request.n_policies; i++) {
        uint8_t flags = take(stage);
        uint8_t choice = take(stage);

        mu__router__v1__policy__init(&drawn[i].policy);
        drawn[i].policy.endpoints = (char *)(uintptr_t)scopes[choice % 8];
        drawn[i].policy.caller = (char *)((choice & 8) != 0 ? "b" : "");
        drawn[i].policy.left_ms = (choice & 16) != 0 ? 1 + choice : 0;
        drawn[i].policy.timeout_ms = flags;
        drawn_fill(&drawn[i], flags, take(stage));
        each[i] = &drawn[i].policy;
    }
    stage->router.now_us = stage->now_us;
    policies_replace(&stage->router, &stage->router.self,
            &(struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .body = { body, mu__router__v1__policies_request__pack(&request, body) } });
}

/* ---- users ---- */

/* The authority believes its key, and revokes the second token or does not; now and then its key is
 * gone. */
static void say_keys(struct stage *stage, uint8_t flags)
{
    Mu__Router__V1__KeysRequest request = MU__ROUTER__V1__KEYS_REQUEST__INIT;
    Mu__Router__V1__Revocation revocation = MU__ROUTER__V1__REVOCATION__INIT;
    Mu__Router__V1__Revocation *each[] = { &revocation };
    struct access_authority authority = stage->authority;
    struct revoked revoked;

    revocation.subject = (char *)"bob";
    request.revoked = each;
    request.n_revoked = flags & 1;
    if ((flags & 6) == 6)
        authority.key_count = 0;
    CHECK(revoked_init(&revoked, &request) == 0);
    user_set_authority(&stage->router.users, &authority, &revoked);
}

static void say_present(struct stage *stage, struct actor *actor, const char *token, uint64_t id)
{
    Mu__Router__V1__PresentRequest request = MU__ROUTER__V1__PRESENT_REQUEST__INIT;
    uint8_t body[ACCESS_TEXT_MAX + 16];

    request.token = (char *)(uintptr_t)token;
    if (actor->nonce[id] == 0)
        say(stage, actor,
                &(struct envelope){ .kind = ENVELOPE_CALL,
                        .id = id ^ actor->turn,
                        .endpoint = { (const uint8_t *)"router.Present", 14 },
                        .body = { body, mu__router__v1__present_request__pack(&request, body) } },
                NULL);
}

static void say_user(struct stage *stage, struct actor *actor)
{
    uint8_t choice = take(stage);
    const char *token = stage->tokens[choice % TOKENS];
    uint8_t room[16] = { 0 };
    uint64_t id = pick_id(stage, actor);

    if (choice < 64)
        say_present(stage, actor, choice % 8 == 7 ? "" : token, IDS + choice % (LINK_IDS - IDS));
    else if (choice < 192)
        say(stage, actor,
                &(struct envelope){ .kind = ENVELOPE_CALL,
                        .id = id ^ actor->turn,
                        .parent = (choice & 32) != 0 ? pick_id(stage, actor) : 0,
                        .token = { (const uint8_t *)token, (choice & 16) != 0 ? strlen(token) : 0 },
                        .endpoint = { (const uint8_t *)"a.X", 3 },
                        .body = { room, sizeof(room) } },
                room);
    else if (choice < 240)
        say_keys(stage, choice);
    else
        stage->router.unix_s = NOW_S + (uint64_t)(choice & 1) * ACCESS_LIFE_MAX_S;
}

/* Each user is held by those channels and calls that are his, and is idle where none is. */
static void check_users(const struct stage *stage)
{
    const struct user_table *table = &stage->router.users;
    uint32_t held = 0;
    uint32_t refs = 0;
    uint32_t count = 0;

    for (size_t i = 0; i < PEERS; i++) {
        const struct peer *peer = stage->actors[i].peer;

        if (peer == NULL)
            continue;
        held += peer->on_behalf != NULL && peer->on_behalf != &table->refused;
        list_for_each (node, &peer->calls_taken)
            held += list_entry(node, struct call, by_callee)->on_behalf != NULL;
    }
    list_for_each (node, &stage->router.waiting_room.calls_taken)
        held += list_entry(node, struct call, by_callee)->on_behalf != NULL;
    for (size_t i = 0; i < USER_BUCKETS; i++) {
        list_for_each (node, &table->buckets[i]) {
            const struct user *user = list_entry(node, struct user, bucket);

            CHECK((user->refs == 0) == !list_is_empty(&user->idle));
            refs += user->refs;
            count += 1;
        }
    }
    CHECK(held == refs && count == table->count);
}

/* ---- the books ---- */

/* What the router added is nobody's; of two that are one call, one has the caller and is kept.
 * Returns how many of the peer's calls are kept. */
static uint32_t check_added(const struct peer *peer)
{
    uint32_t kept = 0;

    list_for_each (node, &peer->calls_taken) {
        const struct call *call = list_entry(node, struct call, by_callee);
        const struct call *twin = call->twin;

        kept += call->kept != NULL ? 1 : 0;
        CHECK(call->added == NULL || call->caller == NULL);
        CHECK(call->kept == NULL || call->caller != NULL);
        if (twin == NULL)
            continue;
        CHECK(twin->twin == call && twin->callee != peer && call->shape == SHAPE_UNARY);
        CHECK((call->caller == NULL) == (call->added != NULL));
        CHECK((call->caller == NULL) != (twin->caller == NULL));
        CHECK(call->caller == NULL || call->kept != NULL);
    }
    list_for_each (node, &peer->copies) {
        const struct call *copy = list_entry(node, struct call, by_caller);

        CHECK(copy->caller == NULL && copy->added != NULL && copy->twin == NULL);
    }
    return kept;
}

/* What waits is nobody's, and is due some time; or it waits for another call with its key. */
static void check_waiting(const struct stage *stage)
{
    const struct router *router = &stage->router;
    uint32_t waiting = 0;
    uint32_t paused = 0;
    uint32_t kept = 0; /* of those that are under way: they may be hedged yet */

    list_for_each (node, &router->waiting_room.calls_taken) {
        const struct call *call = list_entry(node, struct call, by_callee);

        CHECK(call->caller != NULL && call->claim != NULL && list_is_empty(&call->children));
        CHECK(call->waiter != NULL || call->kept != NULL || call->keyed != NULL);
        CHECK(call->kept == NULL || call->caller->neighbour == NULL);
        waiting += 1;
        paused += call->waiter == NULL && call->kept != NULL ? 1 : 0;
    }
    for (size_t i = 0; i < PEERS; i++)
        kept += stage->actors[i].peer != NULL ? check_added(stage->actors[i].peer) : 0;
    CHECK(waiting == router->waiting_room.calls_taken_count);
    CHECK(router->pauses.count >= paused && router->pauses.count - paused <= kept);
    CHECK(router->kept_bytes <= POLICY_KEPT_BYTES_MAX);
    CHECK(router->kept_bytes == 0 || router->calls.count > 0);
}

/* ---- leaving ---- */

/* A link service leaves, or a node, or the router; or the router has just begun. */
static void say_parting(struct stage *stage, struct actor *actor)
{
    uint8_t choice = take(stage);
    uint8_t time = take(stage);
    struct envelope envelope = { .kind = choice % 8 < 5 ? ENVELOPE_DRAIN : ENVELOPE_PONG,
        .id = actor->key != 0 && choice % 8 != 0 ? choice % 4 : 0,
        .timeout_ms = time };

    if (choice >= 240)
        stage->router.nowhere.awaited_us = stage->now_us + time * UINT64_C(1000);
    else if (choice >= 232)
        drain_begin(&stage->router, time);
    else
        say(stage, actor, &envelope, NULL);
}

/* The counts that each peer carries are those that the lists hold. */
static void check_books(struct stage *stage)
{
    uint32_t made = stage->router.self.calls_made_count;
    uint32_t taken = 0;

    for (size_t i = 0; i < PEERS; i++) {
        const struct peer *peer = stage->actors[i].peer;
        uint32_t count = 0;

        if (peer == NULL)
            continue;
        list_for_each (node, &peer->calls_made) {
            const struct call *call = list_entry(node, struct call, by_caller);

            CHECK(peer->neighbour == NULL || list_is_empty(&call->by_parent));
            count += 1;
        }
        CHECK(count == peer->calls_made_count);
        made += count;
        count = 0;
        list_for_each (node, &peer->calls_taken) {
            const struct call *call = list_entry(node, struct call, by_callee);

            CHECK(call->caller != peer || peer->neighbour == NULL);
            count += 1;
        }
        CHECK(count == peer->calls_taken_count);
        /* The router's own notices go beyond a registry's limit. */
        CHECK(count <= peer->calls_max || strcmp(peer->service->name, "registry") == 0);
        taken += count;
        CHECK(outbox_queued(&peer->out) <= OUTBOX_HARD_MAX + OUTBOX_RESERVE);
        CHECK(peer->throttled == !list_is_empty(&peer->by_throttle));
    }
    taken += stage->router.waiting_room.calls_taken_count;
    CHECK(taken == stage->router.calls.count && made <= taken);
    books_check_calls(&stage->router, made);
    check_waiting(stage);
    books_check_routes(&stage->router);
    books_check_parting(&stage->router);
    check_users(stage);
}

static void make_tokens(struct stage *stage)
{
    struct access_grant grant = fixture_grant();
    struct access_id id;
    struct key key;

    fixture_key(&key, 5);
    stage->authority = fixture_authority(&key);
    grant.scopes.count = 0;
    fixture_scope(&grant.scopes, "a.*");
    CHECK(access_issue(&grant, &key, stage->tokens[0], &id) == ACCESS_OK);
    memcpy(grant.subject, "bob", 4);
    CHECK(access_issue(&grant, &key, stage->tokens[1], &id) == ACCESS_OK);
    memcpy(stage->tokens[2], stage->tokens[0], sizeof(stage->tokens[2]));
    stage->tokens[2][40] ^= 1;
    key_deinit(&key);
}

/* One router for all inputs, since making one costs more than an input; what is left of an input is
 * only which names were ever said. */
static struct stage *make_stage(const uint8_t *data, size_t size)
{
    static struct stage *stage;

    if (stage == NULL) {
        stage = calloc(1, sizeof(*stage));
        CHECK(stage != NULL);
        stage->now_us = 1000000;
        CHECK(router_init(&stage->router, "fuzz", 1, stage->now_us) == 0);
        make_tokens(stage);
    }
    stage->router.unix_s = NOW_S;
    say_keys(stage, 0);
    random_init(&stage->router.random, 1);
    stage->at = data;
    stage->end = data + size;
    return stage;
}

static void act(struct stage *stage, uint8_t operation)
{
    struct actor *actor = &stage->actors[operation % PEERS];

    switch (operation / PEERS % 16) { /* what no case is for, five of them, says anything */
    case 0:
        join(stage, actor);
        break;
    case 1:
        if (actor->peer != NULL)
            leave(stage, actor);
        break;
    case 2:
        stage->now_us += (uint64_t)take(stage) * 5000;
        router_tick(&stage->router, stage->now_us);
        break;
    case 3:
        say_hello(stage, actor);
        break;
    case 4:
        if (actor->peer != NULL)
            listen(stage, actor);
        break;
    case 5:
        say_link(stage, actor);
        break;
    case 6:
        say_routes(stage, actor);
        break;
    case 9:
        if (actor->peer != NULL && actor->nonce[2] == 0)
            say_look(stage, actor);
        break;
    case 7:
        set_policies(stage);
        break;
    case 8:
        say_user(stage, actor);
        break;
    case 10:
        say_parting(stage, actor);
        break;
    default:
        say_anything(stage, actor);
    }
}

/* What the shell does with channels that the core gave up. */
static void close_doomed(struct stage *stage)
{
    for (size_t i = 0; i < PEERS; i++) {
        if (stage->actors[i].peer != NULL && stage->actors[i].peer->doomed)
            leave(stage, &stage->actors[i]);
    }
}

/* A link service with two nodes and their routes, an instance of `a`, and a caller: what takes
 * many operations to come about by chance. */
static void furnish(struct stage *stage)
{
    static const uint8_t operations[] = { 0, 3, 24, 16, 40, 0, 40, 1, 48, 1, 10, 2, 9, 16, 48, 2,
        10, 2, 17, 8, 3, 4, 27, 0, 4, 4 };
    const uint8_t *at = stage->at;
    const uint8_t *end = stage->end;

    stage->at = operations;
    stage->end = operations + sizeof(operations);
    while (stage->at < stage->end)
        act(stage, take(stage));
    stage->at = at;
    stage->end = end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stage *stage = make_stage(data, size);

    if ((take(stage) & 1) != 0)
        furnish(stage);
    while (stage->at < stage->end) {
        act(stage, take(stage));
        check_books(stage);
        close_doomed(stage);
    }
    for (size_t i = 0; i < PEERS; i++) {
        if (stage->actors[i].peer != NULL)
            leave(stage, &stage->actors[i]);
    }
    books_check_times(&stage->router);
    CHECK(stage->router.calls.count == 0 && stage->router.neighbour_count == 0);
    CHECK(stage->router.kept_bytes == 0 && stage->router.pauses.count == 0);
    CHECK(stage->router.parting_count == 0 && stage->router.waiting_bytes == 0);
    policies_forget_all(&stage->router); /* the next input begins without, … */
    stage->router.drain = (struct drain){ 0 };
    stage->router.nowhere.awaited_us = 0;
    return 0;
}
