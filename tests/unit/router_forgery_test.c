// SPDX-License-Identifier: Apache-2.0
/* Ways to speak as somebody else, ten thousand of them at random: what reaches a service says of
 * its caller what is true of the channel, and of the user what his own token says; everything else
 * is refused. */
#include <stdio.h>

#include "base/random.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_users.h"
#include "transport/secure/access_chain.h"
#include "transport/secure/base64url.h"

enum { TRIES = 10000, GUESSES = 1 << 20, PREFIX = 5, TOKENS = 6 };

static struct users users;
static struct random chance;
static struct peer *mallory; /* a service with the capability of store.Get alone */
static char tokens[TOKENS][ACCESS_TEXT_MAX + 1]; /* the first is mallory's; of others she may have
                                                    seen the rest, which are void here */
static int reached;                              /* calls that reached the store */

static int set_up(void **state)
{
    static const char calls[] = "store.Get";
    const char *given = getenv("MU_SEED");
    uint64_t seed;

    (void)state;
    users_open(&users);
    randombytes_buf(&seed, sizeof(seed));
    if (given != NULL)
        seed = strtoull(given, NULL, 10);
    print_message("MU_SEED=%llu\n", (unsigned long long)seed);
    random_init(&chance, seed);
    mallory = bus_process(
            &users.bus, "mallory", 66, (struct span){ (const uint8_t *)calls, sizeof(calls) });
    reached = 0;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_close(&users);
    return 0;
}

/* Mallory's own token; alice's that was revoked, that ended, that is for another node, of another
 * network, and of a key that nobody knows. */
static void make_tokens(void)
{
    Mu__Router__V1__Revocation revocation = MU__ROUTER__V1__REVOCATION__INIT;
    Mu__Router__V1__Revocation *each[] = { &revocation };
    struct access_id revoked = users_issue(&users, "alice", ">", tokens[1]);
    struct access_grant grant = fixture_grant();
    struct access_id id;
    struct key stranger;

    users_issue(&users, "mallory", ">", tokens[0]);
    grant.scopes.count = 0;
    fixture_scope(&grant.scopes, ">");
    grant.issued_s = NOW_S - ACCESS_LIFE_MAX_S;
    grant.expires_s = NOW_S;
    assert_int_equal(access_issue(&grant, &users.key, tokens[2], &id), ACCESS_OK);
    grant.issued_s = NOW_S;
    grant.expires_s = NOW_S + ACCESS_LIFE_MAX_S;
    snprintf(grant.audience, sizeof(grant.audience), "elsewhere");
    assert_int_equal(access_issue(&grant, &users.key, tokens[3], &id), ACCESS_OK);
    grant.audience[0] = '\0';
    fixture_key(&stranger, 9);
    assert_int_equal(access_issue(&grant, &stranger, tokens[5], &id), ACCESS_OK);
    grant.network.bytes[3] ^= 1;
    assert_int_equal(access_issue(&grant, &users.key, tokens[4], &id), ACCESS_OK);
    key_deinit(&stranger);
    revocation.token = (ProtobufCBinaryData){ sizeof(revoked.bytes), revoked.bytes };
    assert_int_equal(users_set_keys(&users, users.auth, each, 1), 0);
}

/* ---- what is forged ---- */

/* A token spliced of two of them, or one with some bytes changed. */
static void forge_token(char line[ACCESS_TEXT_MAX + 1])
{
    uint8_t bytes[2][ACCESS_BYTES_MAX];
    uint8_t forged[ACCESS_BYTES_MAX];
    struct access_chain chains[2];
    struct access_chain spliced;
    size_t size;

    for (int i = 0; i < 2; i++) {
        assert_true(base64url_read(fixture_text(tokens[random_below(&chance, TOKENS)] + PREFIX),
                bytes[i], ACCESS_BYTES_MAX, &size));
        assert_int_equal(access_chain_read(&chains[i], (struct span){ bytes[i], size }), ACCESS_OK);
    }
    spliced = chains[0];
    if (random_below(&chance, 2) == 0)
        spliced.blocks[0].signature = chains[1].blocks[0].signature;
    if (random_below(&chance, 2) == 0)
        spliced.blocks[0].next = chains[1].blocks[0].next;
    if (random_below(&chance, 2) == 0)
        spliced.proof = chains[1].proof;
    if (random_below(&chance, 4) == 0) {
        spliced.blocks[1] = chains[1].blocks[0];
        spliced.count = 2;
    }
    size = access_chain_write(&spliced, forged, sizeof(forged));
    for (uint32_t i = random_below(&chance, 3); i > 0; i--)
        forged[random_below(&chance, (uint32_t)size)] ^= (uint8_t)(1 + random_below(&chance, 255));
    memcpy(line, tokens[0], PREFIX);
    base64url_write((struct span){ forged, size }, line + PREFIX, ACCESS_TEXT_MAX - PREFIX);
}

/* A stamp of the sender's own. */
static struct span forge_stamp(uint8_t room[STAMP_SIZE_MAX])
{
    static const char *const names[] = { "", "test", "auth", "router", "alice", "lamp.alice" };
    uint8_t id[STAMP_TOKEN_SIZE] = { 1 };

    return stamp_write(&(struct stamp){ .node = bus_text(names[random_below(&chance, 6)]),
                               .service = bus_text(names[random_below(&chance, 6)]),
                               .owner = bus_text(names[random_below(&chance, 6)]),
                               .user = bus_text(names[random_below(&chance, 6)]),
                               .instance = random_below(&chance, 1000),
                               .token = { id, random_below(&chance, 2) * sizeof(id) },
                               .is_operator = true },
            room);
}

/* ---- what came through ---- */

static bool is(struct span text, const char *name)
{
    return text.size == strlen(name) && (text.size == 0 || memcmp(text.data, name, text.size) == 0);
}

/* Whatever reached the store from a process here says what is true of mallory's channel, and of a
 * user nothing but her own name. */
static void check_store(void)
{
    for (size_t i = bus_hear(&users.bus, users.store); i-- > 0;) {
        struct envelope heard = users.bus.heard[i];
        struct stamp stamp;

        if (heard.kind != ENVELOPE_CALL)
            continue;
        reached += 1;
        assert_int_equal(heard.endpoint.size, strlen("store.Get"));
        assert_memory_equal(heard.endpoint.data, "store.Get", heard.endpoint.size);
        assert_int_equal(stamp_read(&stamp, heard.caller), ENVELOPE_OK);
        assert_true(is(stamp.node, "test") && is(stamp.service, "mallory") && is(stamp.owner, ""));
        assert_int_equal(stamp.instance, 66);
        assert_false(stamp.is_operator);
        assert_true(is(stamp.user, "") || is(stamp.user, "mallory"));
        assert_int_equal(stamp.hops, 0);
        bus_say(&users.bus, users.store,
                (struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.id });
    }
}

static void attack(void)
{
    static const char *const endpoints[] = { "store.Get", "store.Put", "router.Keys",
        "router.Rules", "router.Grants", "router.Link", "auth.Note", "auth.CreateAccount" };
    uint8_t stamp[STAMP_SIZE_MAX];
    char line[ACCESS_TEXT_MAX + 1] = "";
    struct envelope call = { .kind = ENVELOPE_CALL,
        .id = ++users.ids,
        .endpoint =
                bus_text(endpoints[random_below(&chance, 2) != 0 ? random_below(&chance, 8) : 0]) };

    if (random_below(&chance, 4) == 0)
        call.caller = forge_stamp(stamp);
    if (random_below(&chance, 2) == 0) {
        forge_token(line);
        call.token = bus_text(line);
    } else if (random_below(&chance, 4) == 0) {
        call.token = bus_text(tokens[random_below(&chance, TOKENS)]);
    }
    if (random_below(&chance, 4) == 0)
        call.parent = CALL_ID_ROUTER | random_below(&chance, GUESSES);
    if (random_below(&chance, 8) == 0)
        call.parent = random_next(&chance);
    if (random_below(&chance, 8) == 0)
        users_present(&users, mallory, line[0] != '\0' ? line : tokens[random_below(&chance, 6)]);
    else if (random_below(&chance, 16) == 0)
        users_present(&users, mallory, "");
    call.id = ++users.ids;
    bus_say(&users.bus, mallory, call);
    check_store();
    bus_hear(&users.bus, mallory);
}

static void test_nobody_speaks_as_somebody_else(void **state)
{
    (void)state;
    make_tokens();
    for (int try = 0; try < TRIES; try++) {
        attack();
        /* What `auth` hears are the router's notes, and nothing of hers. */
        for (size_t i = bus_hear(&users.bus, users.auth); i-- > 0;) {
            struct envelope heard = users.bus.heard[i];

            if (heard.kind != ENVELOPE_CALL)
                continue;
            assert_true(is(heard.endpoint, "auth.Note"));
            bus_say(&users.bus, users.auth,
                    (struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.id });
        }
        if (try % 100 == 0)
            bus_pass_ms(&users.bus, 1001);
    }
    print_message("%d of %d calls reached the store, each as her own\n", reached, TRIES);
    assert_true(reached > TRIES / 50);
}

/* While alice's call is under way at another service, its id there is worth nothing to mallory. */
static void test_no_guess_of_a_call_s_id_gives_its_user_away(void **state)
{
    struct peer *greeter = bus_process(&users.bus, "greeter", 12, (struct span){ NULL, 0 });
    struct peer *caller = bus_caller(&users.bus);
    char line[ACCESS_TEXT_MAX + 1];
    uint64_t served;

    (void)state;
    users_issue(&users, "alice", ">", line);
    assert_int_equal(users_present(&users, caller, line), 0);
    assert_int_equal(
            users_try(&users, caller, greeter, "greeter.Hello", (struct envelope){ .id = 0 }), 0);
    served = users.served;
    for (uint64_t guess = 0; guess < GUESSES; guess++) {
        bus_say(&users.bus, mallory,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = ++users.ids,
                        .parent = guess % 16 == 0 ? served : CALL_ID_ROUTER | guess,
                        .endpoint = bus_text("store.Get") });
        if (guess % 64 == 63)
            bus_hear(&users.bus, mallory);
    }
    assert_int_equal(bus_hear(&users.bus, users.store), 0);
}

/* A reply to a call that somebody else was sent breaks the protocol: the channel is closed. */
static void test_nobody_answers_for_somebody_else(void **state)
{
    struct peer *greeter = bus_process(&users.bus, "greeter", 12, (struct span){ NULL, 0 });
    struct peer *caller = bus_caller(&users.bus);

    (void)state;
    assert_int_equal(
            users_try(&users, caller, greeter, "greeter.Hello", (struct envelope){ .id = 0 }), 0);
    for (int try = 0; try < TRIES; try++) {
        uint64_t id = random_below(&chance, 4) == 0 ? users.served : random_next(&chance);
        enum envelope_kind kinds[] = { ENVELOPE_RESULT, ENVELOPE_ITEM, ENVELOPE_END,
            ENVELOPE_CREDIT, ENVELOPE_CANCEL };

        bus_say(&users.bus, mallory,
                (struct envelope){ .kind = kinds[random_below(&chance, 5)], .id = id });
        assert_int_equal(bus_hear(&users.bus, caller), 0);
        bus_hear(&users.bus, mallory);
    }
}

/* Another node says of its callers and their users what it likes, and stays another node. */
static void test_another_node_is_never_taken_for_this_one(void **state)
{
    struct peer *linker = bus_linker(&users.bus);
    struct peer *neighbour = bus_neighbour(&users.bus, linker, "lamp.alice", 7);
    uint8_t room[STAMP_SIZE_MAX];
    int heard_count = 0;

    (void)state;
    for (int try = 0; try < TRIES; try++) {
        bus_say(&users.bus, neighbour,
                (struct envelope){ .kind = ENVELOPE_CALL,
                        .id = CALL_ID_ROUTER | (uint64_t)(try + 1),
                        .endpoint = bus_text("store.Put"),
                        .timeout_ms = 1000,
                        .caller = forge_stamp(room) });
        for (size_t i = bus_hear(&users.bus, users.store); i-- > 0;) {
            struct envelope heard = users.bus.heard[i];
            struct stamp stamp;

            assert_int_equal(stamp_read(&stamp, heard.caller), ENVELOPE_OK);
            assert_true(is(stamp.node, "lamp.alice") && is(stamp.owner, "alice"));
            assert_int_equal(stamp.hops, 1);
            assert_int_equal(stamp.uid, STAMP_UID_NOBODY);
            assert_false(stamp.is_operator);
            assert_int_equal(stamp.token.size, 0);
            heard_count += 1;
            bus_say(&users.bus, users.store,
                    (struct envelope){ .kind = ENVELOPE_RESULT, .id = heard.id });
        }
        bus_hear(&users.bus, neighbour);
    }
    assert_true(heard_count > TRIES / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_nobody_speaks_as_somebody_else),
        TEST(test_no_guess_of_a_call_s_id_gives_its_user_away),
        TEST(test_nobody_answers_for_somebody_else),
        TEST(test_another_node_is_never_taken_for_this_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
