// SPDX-License-Identifier: Apache-2.0
/* All that a linked node, or one that joins, can say to the link process: greetings, adverts,
 * digests, requests and answers, revocation lists, types, questions; in any order, well made, badly
 * made, in the name of others, said again. mesh_world.h says what stays true. */
#include <string.h>

#include "base/check.h"
#include "base/log.h"
#include "tests/fuzz/mesh_world.h"
#include "transport/secure/issue.h"

enum { OPERATIONS_MAX = 64, BODY_ROOM = 4096, ADVERTS_AT_ONCE = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at;
    const uint8_t *end;
};

/* What one run has. */
struct run {
    struct mesh_world world;
    struct input input;
    uint64_t said[ACTORS]; /* batches on the present link */
    uint8_t message[MESSAGE_ROOM];
    size_t size;
    uint8_t last[MESSAGE_ROOM]; /* of Bob's, for Mallory to say again */
    size_t last_size;
};

static uint8_t take_byte(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static struct span take_bytes(struct input *input, size_t size)
{
    size_t left = (size_t)(input->end - input->at);
    struct span bytes = { input->at, size < left ? size : left };

    input->at += bytes.size;
    return bytes;
}

static ProtobufCBinaryData binary(const void *bytes, size_t size)
{
    return (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)bytes, .len = size };
}

static ProtobufCBinaryData key_of(struct run *run, enum actor actor)
{
    return binary(run->world.people[actor].key.public.bytes, PUBLIC_KEY_SIZE);
}

/* Mallory speaks in any of these; Bob only for himself. */
static enum actor take_actor(struct input *input)
{
    return (enum actor)(take_byte(input) % ACTORS);
}

static enum actor take_hers(struct input *input)
{
    return take_byte(input) % 2 == 0 ? MALLORY : EVE;
}

/* ---- saying ---- */

static void pack(struct run *run, const Mu__Link__V1__PeerMessage *message)
{
    CHECK(mu__link__v1__peer_message__get_packed_size(message) <= sizeof(run->message));
    run->size = mu__link__v1__peer_message__pack(message, run->message);
}

/* Says it; what Mallory says with up to three bytes changed. */
static void say(struct run *run, enum actor from, const Mu__Link__V1__PeerMessage *message)
{
    unsigned changes = from == BOB ? 0 : take_byte(&run->input) % 8;

    pack(run, message);
    for (unsigned i = 0; run->size > 0 && i + 4 < changes; i++) {
        size_t at = take_byte(&run->input);

        at = at << 8 | take_byte(&run->input);
        run->message[at % run->size] ^= take_byte(&run->input);
    }
    if (from == BOB) {
        memcpy(run->last, run->message, run->size);
        run->last_size = run->size;
    }
    mesh_world_hear(&run->world, from, (struct span){ run->message, run->size });
}

static void say_raw(struct run *run, enum actor from)
{
    struct span bytes = take_bytes(&run->input, take_byte(&run->input));

    mesh_world_hear(&run->world, from, bytes);
}

static void say_bobs_last(struct run *run)
{
    mesh_world_hear(&run->world, MALLORY, (struct span){ run->last, run->last_size });
}

static void greet(struct run *run, enum actor from)
{
    static char addresses[12][16];
    char *pointers[12];
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Greeting greeting = MU__LINK__V1__GREETING__INIT;
    Mu__Link__V1__RevocationVersion version = MU__LINK__V1__REVOCATION_VERSION__INIT;
    Mu__Link__V1__RevocationVersion *versions[] = { &version };
    uint8_t certificate[CERTIFICATE_SIZE_MAX];
    uint8_t choice = take_byte(&run->input);

    for (greeting.n_addresses = 0; greeting.n_addresses < choice % 12; greeting.n_addresses++) {
        snprintf(addresses[greeting.n_addresses], sizeof(addresses[0]), "10.0.0.%d:%d",
                take_byte(&run->input), choice);
        pointers[greeting.n_addresses] = addresses[greeting.n_addresses];
    }
    greeting.addresses = pointers;
    version.signer = binary(mesh_world_authority()->subject.bytes, PUBLIC_KEY_SIZE);
    version.version = choice / 16;
    greeting.revocations = versions;
    greeting.n_revocations = choice / 16 % 2;
    if (choice % 2 == 0)
        greeting.authority = binary(certificate,
                (size_t)(certificate_write(mesh_world_authority(), certificate) - certificate));
    greeting.moved = choice / 32 == 7;
    greeting.drains = choice % 3 == 0;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_GREETING;
    message.greeting = &greeting;
    say(run, from, &message);
}

/* ---- adverts ---- */

struct made_advert {
    Mu__Link__V1__Advert advert;
    uint8_t body[BODY_ROOM];
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t chain[CHAIN_SIZE_MAX];
    ProtobufCBinaryData path[ROUTE_HOPS_MAX];
};

static size_t make_body(
        struct run *run, enum actor of, uint64_t epoch, uint32_t bits, uint8_t *bytes)
{
    static uint8_t types[SERVICES][ADVERT_TYPES_SIZE];
    Mu__Link__V1__AdvertBody body = MU__LINK__V1__ADVERT_BODY__INIT;
    Mu__Link__V1__Offer offers[SERVICES];
    Mu__Link__V1__Offer *pointers[SERVICES];
    uint8_t choice = take_byte(&run->input);

    body.node = key_of(run, of);
    body.epoch = epoch;
    body.sequence = 1 + choice % 16;
    body.ttl_ms = ADVERT_TTL_MS;
    body.offers = pointers;
    for (uint32_t i = 0; i < SERVICES; i++) {
        Mu__Link__V1__Offer *offer = &offers[body.n_offers];

        if ((bits >> i & 1) == 0)
            continue;
        mu__link__v1__offer__init(offer);
        offer->service = (char *)(uintptr_t)mesh_world_service(i);
        offer->instances = 1 + choice / 16;
        memset(types[i], (int)i, ADVERT_TYPES_SIZE);
        if (i % 2 == 1)
            offer->types = binary(types[i], ADVERT_TYPES_SIZE);
        pointers[body.n_offers++] = offer;
    }
    return mu__link__v1__advert_body__pack(&body, bytes);
}

/* Of one node, signed by its key or another of those that the speaker has. */
static void make_advert(struct run *run, enum actor from, enum actor of, struct made_advert *made)
{
    enum actor by = from == BOB ? BOB : take_hers(&run->input);
    enum actor shown = from == BOB ? BOB : take_actor(&run->input);
    uint32_t bits = take_byte(&run->input);
    uint64_t epoch = 1 + take_byte(&run->input) % 4;
    struct person *signer = &run->world.people[by];
    const struct chain *chain = &run->world.people[shown].chain;
    size_t size = make_body(run, of, epoch, bits, made->body);
    size_t hops = take_byte(&run->input) % (ROUTE_HOPS_MAX + 1);

    mu__link__v1__advert__init(&made->advert);
    advert_sign(&signer->key, (struct span){ made->body, size }, made->signature);
    if (by == of)
        signer->signed_bits |= bits;
    made->advert.body = binary(made->body, size);
    made->advert.signature = binary(made->signature, SIGNATURE_SIZE);
    if (chain->count > 0)
        made->advert.chain =
                binary(made->chain, (size_t)(chain_write(chain, made->chain) - made->chain));
    made->advert.path = made->path;
    for (size_t i = 0; from != of && i < hops; i++)
        made->path[made->advert.n_path++] =
                key_of(run, i + 1 == hops ? from : take_actor(&run->input));
    made->advert.metric_us = take_byte(&run->input) * 100u;
}

static void make_mention(Mu__Link__V1__Advert *advert, const struct public_key *node)
{
    struct made_advert *made = (struct made_advert *)(void *)advert;
    uint8_t hash[ADVERT_HASH_SIZE];

    advert_hash((struct span){ advert->body.data, advert->body.len }, hash);
    memcpy(&advert->check, hash, sizeof(advert->check));
    memcpy(made->signature, node->bytes, PUBLIC_KEY_SIZE);
    advert->node = binary(made->signature, PUBLIC_KEY_SIZE);
    advert->epoch = 1;
    advert->sequence = 1;
    advert->body.len = 0;
    advert->signature.len = 0;
    advert->chain.len = 0;
}

static void advertise(struct run *run, enum actor from)
{
    static struct made_advert made[ADVERTS_AT_ONCE];
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Adverts adverts = MU__LINK__V1__ADVERTS__INIT;
    Mu__Link__V1__Advert *pointers[ADVERTS_AT_ONCE];
    ProtobufCBinaryData withdrawn[ADVERTS_AT_ONCE];
    uint8_t choice = take_byte(&run->input);

    adverts.adverts = pointers;
    adverts.withdrawn = withdrawn;
    for (int i = 0; i < 1 + choice % ADVERTS_AT_ONCE; i++) {
        enum actor of = from == BOB ? BOB : take_actor(&run->input);
        uint8_t kind = take_byte(&run->input) % 8;

        if (kind == 0) {
            withdrawn[adverts.n_withdrawn++] = key_of(run, of);
            continue;
        }
        make_advert(run, from, of, &made[adverts.n_adverts]);
        if (kind == 1)
            make_mention(&made[adverts.n_adverts].advert, &run->world.people[of].key.public);
        pointers[adverts.n_adverts] = &made[adverts.n_adverts].advert;
        adverts.n_adverts += 1;
    }
    run->said[from] += choice < 240;
    adverts.number = run->said[from];
    adverts.start = (Mu__Link__V1__AdvertsStart)(choice / 4 % 16 < 3 ? choice / 4 % 16 : 0);
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS;
    message.adverts = &adverts;
    say(run, from, &message);
}

/* What only has numbers in it, or keys. */
static void reckon(struct run *run, enum actor from)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Digest digest = MU__LINK__V1__DIGEST__INIT;
    Mu__Link__V1__AdvertsTaken taken = MU__LINK__V1__ADVERTS_TAKEN__INIT;
    Mu__Link__V1__AdvertsWanted wanted = MU__LINK__V1__ADVERTS_WANTED__INIT;
    ProtobufCBinaryData node = key_of(run, take_actor(&run->input));
    uint8_t choice = take_byte(&run->input);

    if (choice % 3 == 0) {
        digest.hash = take_byte(&run->input);
        digest.adverts = choice / 4 % 8;
        digest.told = run->said[from];
        digest.taken = choice / 32;
        message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_DIGEST;
        message.digest = &digest;
    } else if (choice % 3 == 1) {
        taken.number = choice / 4;
        message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS_TAKEN;
        message.adverts_taken = &taken;
    } else {
        wanted.nodes = &node;
        wanted.n_nodes = choice / 4 % 2;
        message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ADVERTS_WANTED;
        message.adverts_wanted = &wanted;
    }
    say(run, from, &message);
}

static void types(struct run *run, enum actor from)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__TypesWanted wanted = MU__LINK__V1__TYPES_WANTED__INIT;
    Mu__Link__V1__Types brought = MU__LINK__V1__TYPES__INIT;
    uint8_t hash[ADVERT_TYPES_SIZE + 1];
    uint8_t choice = take_byte(&run->input);
    struct span set = take_bytes(&run->input, choice / 8);
    static char own[] = "own";

    memset(hash, choice % 8 == 0 ? 0 : choice % SERVICES, sizeof(hash));
    if (choice % 2 == 0) {
        wanted.service = choice % 8 == 0 ? own : (char *)mesh_world_service(choice);
        wanted.types = binary(hash, ADVERT_TYPES_SIZE + choice / 128);
        message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_TYPES_WANTED;
        message.types_wanted = &wanted;
    } else {
        brought.types = binary(hash, ADVERT_TYPES_SIZE + choice / 128);
        brought.descriptor_set = binary(set.data, set.size);
        brought.service = (char *)(uintptr_t)mesh_world_service(choice);
        message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_TYPES;
        message.types = &brought;
    }
    say(run, from, &message);
}

/* ---- certificates ---- */

/* Asks with a key that the speaker has; the rest of the request may say anything. */
static void make_request(struct run *run, enum actor from, struct request *request)
{
    static const char *const wanted[] = { "guest.alice", "bob.alice", "desk.alice", "mallory.alice",
        "x.bob" };
    const struct person *people = run->world.people;
    uint8_t choice = take_byte(&run->input);
    enum actor as = from == MALLORY ? take_hers(&run->input) : from;
    enum actor shown = from == BOB ? BOB : (enum actor)(BOB + choice / 16 % 3);

    if (from == GUEST || (from == MALLORY && choice % 8 == 0)) {
        CHECK(request_join(request, &people[as].key, &run->world.token, wanted[choice % 5]) == 0);
        run->world.proved = true;
    } else {
        request_renewal(request, &people[as].key, &people[shown].chain);
    }
    if (from != BOB && choice % 8 == 1) {
        request->subject =
                people[take_actor(&run->input)].key.public; /* which it cannot sign for */
    }
}

static void ask(struct run *run, enum actor from)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__JoinAsk asked = MU__LINK__V1__JOIN_ASK__INIT;
    uint8_t bytes[REQUEST_SIZE_MAX];
    struct request request;

    make_request(run, from, &request);
    asked.request = binary(bytes, (size_t)(request_write(&request, bytes) - bytes));
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ASK;
    message.join_ask = &asked;
    say(run, from, &message);
}

/* Which chain is in an answer: the one that the subject has, or a new one for it where it is the
 * speaker's own. */
static void answer(struct run *run, enum actor from)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__JoinAnswer answered = MU__LINK__V1__JOIN_ANSWER__INIT;
    uint8_t choice = take_byte(&run->input);
    enum actor subject = take_actor(&run->input);
    enum actor shown = (enum actor)(BOB + choice % 3);
    const struct chain *chain = subject == DESK ? &run->world.mesh.seat.membership.chain
                                                : &run->world.people[shown].chain;
    uint8_t bytes[CHAIN_SIZE_MAX];
    uint8_t psk[PSK_SIZE + 1] = { choice };
    char refusal[] = "no";

    answered.subject = key_of(run, subject);
    answered.chain = binary(bytes, (size_t)(chain_write(chain, bytes) - bytes));
    if (choice / 4 % 4 == 0)
        answered.refusal = refusal;
    if (choice / 16 % 2 == 0)
        answered.network_psk = binary(psk, PSK_SIZE + choice / 128);
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_JOIN_ANSWER;
    message.join_answer = &answered;
    say(run, from, &message);
}

/* ---- revocations ---- */

/* By Mallory's key, with a certificate that makes it no authority's; or in the authority's name. */
static void say_revoked(struct run *run, enum actor from)
{
    static struct revocation_list list;
    static uint8_t bytes[REVOCATION_LIST_SIZE_MAX];
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Revocations revocations = MU__LINK__V1__REVOCATIONS__INIT;
    const struct person *signer = &run->world.people[take_hers(&run->input)];
    uint8_t choice = take_byte(&run->input);
    const struct public_key *subject = &run->world.people[choice % 3].key.public;

    revocation_list_init(&list, &run->world.mesh.seat.membership.network);
    CHECK(revocation_list_add(&list, choice % 8 == 7 ? NULL : subject, TIME_MAX_S) ==
            REVOCATION_OK);
    list.version = choice / 32;
    CHECK(revocation_list_sign(&list, &signer->key, NULL, 1) == REVOCATION_OK);
    if (choice / 8 % 4 == 1) {
        list.signer = mesh_world_authority()->subject;
        list.by_authority = true;
        list.authority = *mesh_world_authority();
    } else if (choice / 8 % 4 == 2) {
        list.by_authority = true;
        list.authority = signer->chain.certificates[0];
    } else if (choice / 8 % 4 == 3) {
        list.signer = run->world.mesh.seat.membership.root;
    }
    revocations.list = binary(bytes, (size_t)(revocation_list_write(&list, bytes) - bytes));
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_REVOCATIONS;
    message.revocations = &revocations;
    say(run, from, &message);
}

/* ---- questions ---- */

static void question(struct run *run, enum actor from)
{
    static const char *const endpoints[] = { "router.Meter", "router.Calls", "node.List",
        "node.Logs", "node.Shutdown", "registry.Import", "" };
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Question asked = MU__LINK__V1__QUESTION__INIT;
    uint8_t choice = take_byte(&run->input);

    asked.number = take_byte(&run->input);
    asked.node = key_of(run, take_actor(&run->input));
    asked.endpoint = (char *)(uintptr_t)endpoints[choice % 7];
    asked.timeout_ms = choice * UINT32_C(16);
    asked.hops = choice / 64;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_QUESTION;
    message.question = &asked;
    say(run, from, &message);
}

static void tell(struct run *run, enum actor from)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Answer told = MU__LINK__V1__ANSWER__INIT;
    uint8_t choice = take_byte(&run->input);

    told.number = choice % 32;
    told.code = choice / 32;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_ANSWER;
    message.answer = &told;
    say(run, from, &message);
}

static void leave(struct run *run, enum actor from)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Leaving leaving = MU__LINK__V1__LEAVING__INIT;
    uint8_t choice = take_byte(&run->input);

    leaving.number = from == BOB ? 1 + choice % 64 : choice % 64;
    leaving.hops = from == BOB ? 1 : choice / 64 + choice % 2;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_LEAVING;
    message.leaving = &leaving;
    say(run, from, &message);
}

/* ---- all of it ---- */

static void step(struct run *run)
{
    static const enum actor who[] = { MALLORY, MALLORY, MALLORY, BOB, GUEST, MALLORY, MALLORY,
        BOB };
    static void (*const says[])(struct run *, enum actor) = { say_raw, greet, advertise, advertise,
        reckon, types, ask, answer, say_revoked };
    uint8_t what = take_byte(&run->input);
    enum actor from = who[what % 8];
    unsigned kind = what / 8 % 16;

    if (kind < sizeof(says) / sizeof(says[0]) && from == BOB && (kind == 0 || kind > 6))
        kind = 2; /* he is honest */
    if (kind < sizeof(says) / sizeof(says[0]))
        says[kind](run, from);
    else if (kind == 9)
        say_bobs_last(run);
    else if (kind == 10)
        run->world.answers_fail = !run->world.answers_fail;
    else if (kind == 11)
        mesh_world_unlink(&run->world, from);
    else if (kind == 12)
        question(run, from);
    else if (kind == 13)
        tell(run, from);
    else if (kind == 14)
        leave(run, from);
    else
        mesh_world_pass(&run->world, take_byte(&run->input) * UINT64_C(100));
}

static void link_again(struct run *run)
{
    for (int i = BOB; i < ACTORS; i++) {
        if (run->world.people[i].link != 0)
            continue;
        run->said[i] = 0;
        mesh_world_link(&run->world, (enum actor)i);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;

    log_set_level(LOG_ERROR);
    run.input = (struct input){ data, data + size };
    run.last_size = 0;
    mesh_world_open(&run.world, take_byte(&run.input) % 2 == 0);
    for (int i = 0; i < OPERATIONS_MAX && run.input.at < run.input.end; i++) {
        link_again(&run);
        step(&run);
        mesh_world_check(&run.world);
    }
    mesh_world_close(&run.world);
    return 0;
}
