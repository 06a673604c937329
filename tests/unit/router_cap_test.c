// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/router/cap.h"
#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_bus.h"

enum {
    SECOND_US = 1000000,
    GUESSES = 1 << 20,
    ROUNDS = 200,
    STEPS = 120,
    PEERS = 5,
    CAPS_MAX = 512
};

#define CALLS(text) ((struct span){ (const uint8_t *)(text), sizeof(text) })
#define NOTHING     ((struct span){ NULL, 0 })

static struct bus bus;
static struct peer *store;

static int set_up(void **state)
{
    (void)state;
    bus_open(&bus);
    store = bus_service(&bus, "store");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bus_close(&bus);
    return 0;
}

/* Calls, and answers with OK where the call arrived. Returns the result's code. */
static uint32_t call(struct peer *caller, const char *endpoint)
{
    static uint64_t id;
    struct envelope result;
    struct status status = { 0 };

    id += 1;
    bus_say(&bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL, .id = id, .endpoint = bus_text(endpoint) });
    if (bus_hear(&bus, store) == 1)
        bus_say(&bus, store, (struct envelope){ .kind = ENVELOPE_RESULT, .id = bus.heard[0].id });
    result = bus_hear_one(&bus, caller, ENVELOPE_RESULT);
    assert_int_equal(result.id, id);
    if (result.status.size == 0)
        return 0;
    assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    assert_int_equal(status.executed, EXECUTED_NO);
    return status.code;
}

/* The supervisor says what operators granted: all of it, each time. */
static void set_grants(const Mu__Router__V1__OperatorGrant *grants, size_t count)
{
    Mu__Router__V1__GrantsRequest request = MU__ROUTER__V1__GRANTS_REQUEST__INIT;
    Mu__Router__V1__OperatorGrant *each[4];
    struct peer *node = router_attach_supervisor(&bus.router, NULL);
    uint8_t body[512];

    assert_non_null(node);
    for (size_t i = 0; i < count; i++)
        each[i] = (Mu__Router__V1__OperatorGrant *)(uintptr_t)&grants[i];
    request.grants = each;
    request.n_grants = count;
    bus_say(&bus, node,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1,
                    .endpoint = bus_text("router.Grants"),
                    .body = { body, mu__router__v1__grants_request__pack(&request, body) } });
    bus_expect_result(&bus, node, 1, 0, 0);
    router_detach(&bus.router, node, bus.now_us);
}

static Mu__Router__V1__OperatorGrant operator_grant(
        uint64_t handle, const char *service, const char *endpoints)
{
    Mu__Router__V1__OperatorGrant grant = MU__ROUTER__V1__OPERATOR_GRANT__INIT;

    grant.handle = handle;
    grant.service = (char *)(uintptr_t)service;
    grant.endpoints = (char *)(uintptr_t)endpoints;
    return grant;
}

/* router.Grant. Returns the handle, or 0 and the code in `*codep`. */
static uint64_t pass_on(struct peer *giver, uint64_t instance, const char *endpoints,
        uint32_t for_ms, uint32_t *codep)
{
    Mu__Router__V1__GrantRequest request = MU__ROUTER__V1__GRANT_REQUEST__INIT;
    Mu__Router__V1__GrantReply *reply;
    struct status status;
    struct envelope result;
    char *each[] = { (char *)(uintptr_t)endpoints };
    uint8_t body[256];
    uint64_t handle;

    request.instance = instance;
    request.endpoints = each;
    request.n_endpoints = 1;
    request.for_ms = for_ms;
    bus_say(&bus, giver,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1000,
                    .endpoint = bus_text("router.Grant"),
                    .body = { body, mu__router__v1__grant_request__pack(&request, body) } });
    result = bus_hear_one(&bus, giver, ENVELOPE_RESULT);
    *codep = 0;
    if (result.status.size > 0) {
        assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
        *codep = status.code;
        return 0;
    }
    reply = mu__router__v1__grant_reply__unpack(NULL, result.body.size, result.body.data);
    assert_non_null(reply);
    assert_int_equal(reply->processes, 1);
    handle = reply->handle;
    mu__router__v1__grant_reply__free_unpacked(reply, NULL);
    return handle;
}

/* router.Revoke. Returns its code. */
static uint32_t revoke(struct peer *peer, uint64_t handle)
{
    Mu__Router__V1__RevokeRequest request = MU__ROUTER__V1__REVOKE_REQUEST__INIT;
    struct status status = { 0 };
    struct envelope result = { .kind = ENVELOPE_NONE };
    uint8_t body[32];

    request.handle = handle;
    bus_say(&bus, peer,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 1001,
                    .endpoint = bus_text("router.Revoke"),
                    .body = { body, mu__router__v1__revoke_request__pack(&request, body) } });
    while (bus_hear(&bus, peer) > 0) {
        result = bus.heard[bus.heard_count - 1];
        if (result.kind == ENVELOPE_RESULT && result.id == 1001)
            break;
    }
    if (result.status.size > 0)
        assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    return status.code;
}

static void test_a_process_calls_what_its_manifest_lists_and_nothing_else(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, CALLS("store.Get\0store.List.*"));

    (void)state;
    assert_int_equal(call(shop, "store.Get"), 0);
    assert_int_equal(call(shop, "store.List.All"), 0);
    assert_int_equal(call(shop, "store.Put"), CODE_PERMISSION_DENIED);
    assert_int_equal(call(shop, "store.GetAll"), CODE_PERMISSION_DENIED);
    assert_int_equal(call(shop, "nobody.Get"), CODE_PERMISSION_DENIED);
    assert_int_equal(call(shop, "router.Stats"), CODE_PERMISSION_DENIED);
    assert_int_equal(bus.router.stats.calls_denied, 4);
}

static void test_the_refusal_names_the_endpoint_and_the_way_out(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, NOTHING);
    struct span text;

    (void)state;
    assert_int_equal(call(shop, "store.Put"), CODE_PERMISSION_DENIED);
    text = bus_heard_text(&bus);
    assert_non_null(memmem(text.data, text.size, "mu grant shop store.Put", 23));
}

static void test_who_owns_the_node_needs_no_capability(void **state)
{
    (void)state;
    assert_int_equal(call(bus_caller(&bus), "store.Put"), 0);
    assert_int_equal(call(bus_service(&bus, "by-hand"), "store.Put"), 0);
}

static void test_a_grant_reaches_processes_that_are_there_and_such_as_come(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, NOTHING);
    struct peer *other = bus_process(&bus, "other", 8, NOTHING);
    Mu__Router__V1__OperatorGrant grant = operator_grant(5, "shop", "store.*");

    (void)state;
    set_grants(&grant, 1);
    assert_int_equal(call(shop, "store.Put"), 0);
    assert_int_equal(call(bus_process(&bus, "shop", 9, NOTHING), "store.Put"), 0);
    assert_int_equal(call(other, "store.Put"), CODE_PERMISSION_DENIED);
    set_grants(NULL, 0);
    assert_int_equal(call(shop, "store.Put"), CODE_PERMISSION_DENIED);
    assert_int_equal(
            call(bus_process(&bus, "shop", 10, NOTHING), "store.Put"), CODE_PERMISSION_DENIED);
}

static void test_a_grant_ends_with_its_time(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, NOTHING);
    Mu__Router__V1__OperatorGrant grant = operator_grant(5, "shop", "store.Get");

    (void)state;
    grant.left_ms = 1000;
    set_grants(&grant, 1);
    bus_pass_ms(&bus, 999);
    assert_int_equal(call(shop, "store.Get"), 0);
    bus_pass_ms(&bus, 2);
    assert_int_equal(call(shop, "store.Get"), CODE_PERMISSION_DENIED);
}

static void test_what_is_revoked_ends_the_calls_that_are_under_way(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, CALLS("store.Get"));
    Mu__Router__V1__OperatorGrant grant = operator_grant(5, "shop", "store.Watch");
    struct envelope watch;

    (void)state;
    set_grants(&grant, 1);
    watch = bus_call(&bus, shop, 1, "store.Watch", SHAPE_SERVER_STREAM, store);
    bus_call(&bus, shop, 2, "store.Get", SHAPE_UNARY, store);
    set_grants(NULL, 0);
    bus_expect_result(&bus, shop, 1, CODE_PERMISSION_DENIED, EXECUTED_UNKNOWN);
    assert_int_equal(bus_hear_one(&bus, store, ENVELOPE_CANCEL).id, watch.id);
}

static void test_a_call_lasts_no_longer_than_what_it_was_made_by(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, NOTHING);
    Mu__Router__V1__OperatorGrant grant = operator_grant(5, "shop", "store.Watch");

    (void)state;
    grant.left_ms = 1000;
    set_grants(&grant, 1);
    bus_call(&bus, shop, 1, "store.Watch", SHAPE_SERVER_STREAM, store);
    bus_pass_ms(&bus, 1100);
    router_tick(&bus.router, bus.now_us);
    bus_expect_result(&bus, shop, 1, CODE_DEADLINE_EXCEEDED, EXECUTED_UNKNOWN);
}

static void test_what_is_passed_on_is_no_wider_and_lasts_no_longer(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, CALLS("store.*"));
    struct peer *clerk = bus_process(&bus, "clerk", 8, NOTHING);
    uint32_t code;

    (void)state;
    pass_on(shop, 8, "store.>", 0, &code);
    assert_int_equal(code, CODE_PERMISSION_DENIED);
    pass_on(shop, 8, "events.Publish", 0, &code);
    assert_int_equal(code, CODE_PERMISSION_DENIED);
    pass_on(shop, 8, "store", 0, &code);
    assert_int_equal(code, CODE_INVALID_ARGUMENT);
    pass_on(shop, 99, "store.Get", 0, &code);
    assert_int_equal(code, CODE_NOT_FOUND);
    assert_int_not_equal(pass_on(shop, 8, "store.Get", 1000, &code), 0);
    assert_int_equal(call(clerk, "store.Get"), 0);
    assert_int_equal(call(clerk, "store.Put"), CODE_PERMISSION_DENIED);
    bus_pass_ms(&bus, 1001);
    assert_int_equal(call(clerk, "store.Get"), CODE_PERMISSION_DENIED);
}

static void test_revoking_takes_all_that_came_of_it(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, CALLS("store.*"));
    struct peer *clerk = bus_process(&bus, "clerk", 8, NOTHING);
    struct peer *boy = bus_process(&bus, "boy", 9, NOTHING);
    uint64_t first;
    uint32_t code;

    (void)state;
    first = pass_on(shop, 8, "store.*", 0, &code);
    assert_int_not_equal(pass_on(clerk, 9, "store.Get", 0, &code), 0);
    assert_int_equal(call(boy, "store.Get"), 0);
    assert_int_equal(revoke(boy, first), CODE_NOT_FOUND);
    assert_int_equal(revoke(clerk, first), CODE_NOT_FOUND);
    assert_int_equal(call(boy, "store.Get"), 0);
    assert_int_equal(revoke(shop, first), 0);
    assert_int_equal(call(clerk, "store.Get"), CODE_PERMISSION_DENIED);
    assert_int_equal(call(boy, "store.Get"), CODE_PERMISSION_DENIED);
    assert_int_equal(revoke(shop, first), CODE_NOT_FOUND);
}

static void test_an_operator_revokes_what_processes_passed_on(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, CALLS("store.*"));
    struct peer *clerk = bus_process(&bus, "clerk", 8, NOTHING);
    uint32_t code;
    uint64_t handle = pass_on(shop, 8, "store.Get", 0, &code);

    (void)state;
    assert_int_equal(revoke(bus_caller(&bus), handle), 0);
    assert_int_equal(call(clerk, "store.Get"), CODE_PERMISSION_DENIED);
}

static void test_what_was_passed_on_goes_with_its_giver(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, CALLS("store.*"));
    struct peer *clerk = bus_process(&bus, "clerk", 8, NOTHING);
    uint32_t code;

    (void)state;
    pass_on(shop, 8, "store.Get", 0, &code);
    router_detach(&bus.router, shop, bus.now_us);
    assert_int_equal(call(clerk, "store.Get"), CODE_PERMISSION_DENIED);
}

static void test_guessed_handles_find_nothing(void **state)
{
    struct peer *shop = bus_process(&bus, "shop", 7, CALLS("store.*"));
    struct peer *clerk = bus_process(&bus, "clerk", 8, NOTHING);
    struct peer *thief = bus_process(&bus, "thief", 9, CALLS("store.Get"));
    uint32_t code;

    (void)state;
    pass_on(shop, 8, "store.Get", 0, &code);
    for (uint64_t guess = 0; guess <= GUESSES; guess++)
        assert_int_equal(cap_take_back(&bus.router, thief, guess), 0);
    assert_int_equal(call(clerk, "store.Get"), 0);
}

static void test_only_the_supervisor_says_what_operators_granted(void **state)
{
    struct peer *thief = bus_process(&bus, "thief", 9, CALLS(">"));
    struct peer *owner = bus_caller(&bus);

    (void)state;
    assert_int_equal(call(thief, "router.Grants"), CODE_PERMISSION_DENIED);
    assert_int_equal(call(owner, "router.Grants"), CODE_PERMISSION_DENIED);
    assert_int_equal(call(owner, "router.Grant"), CODE_FAILED_PRECONDITION);
}

/* ---- random histories, against a list that is searched from one end to the other ---- */

struct record {
    int holder; /* -1: gone */
    int parent; /* index of another; -1: none */
    uint64_t handle;
    uint64_t ends_us;
    char pattern[32];
};

static struct record records[CAPS_MAX];
static int record_count;
static struct peer *peers[PEERS];

static bool record_lives(int index)
{
    return records[index].holder >= 0 &&
           (records[index].ends_us == 0 || records[index].ends_us > bus.now_us);
}

static bool model_allows(int peer, const char *endpoint)
{
    for (int i = 0; i < record_count; i++) {
        if (record_lives(i) && records[i].holder == peer &&
                pattern_matches(bus_text(records[i].pattern), bus_text(endpoint)))
            return true;
    }
    return false;
}

static void model_remove(int index)
{
    records[index].holder = -1;
    for (int i = 0; i < record_count; i++) {
        if (records[i].parent == index && records[i].holder >= 0)
            model_remove(i);
    }
}

/* The one that the router hangs it under: that which lasts longest, of those the oldest. */
static int model_parent(int giver, const char *pattern)
{
    int best = -1;

    for (int i = 0; i < record_count; i++) {
        if (!record_lives(i) || records[i].holder != giver ||
                !pattern_covers(bus_text(records[i].pattern), bus_text(pattern)))
            continue;
        if (best < 0 ||
                (records[best].ends_us != 0 &&
                        (records[i].ends_us == 0 || records[i].ends_us > records[best].ends_us)))
            best = i;
    }
    return best;
}

static void model_add(
        int holder, int parent, const char *pattern, uint64_t handle, uint64_t ends_us)
{
    struct record *record = &records[record_count++];

    *record = (struct record){ holder, parent, handle, ends_us, "" };
    snprintf(record->pattern, sizeof(record->pattern), "%s", pattern);
    if (parent >= 0 && records[parent].ends_us != 0 &&
            (ends_us == 0 || records[parent].ends_us < ends_us))
        record->ends_us = records[parent].ends_us;
}

static void step_pass_on(struct random *random)
{
    static const char *const patterns[] = { "store.Get", "store.Put", "store.*", "*.*", ">" };
    const char *pattern = patterns[random_below(random, 5)];
    int giver = (int)random_below(random, PEERS);
    int taker = (int)random_below(random, PEERS);
    uint32_t for_ms = random_below(random, 2) * (1 + random_below(random, 50));
    int parent = model_parent(giver, pattern);
    uint64_t handle;
    uint32_t code;

    if (record_count == CAPS_MAX || giver == taker)
        return;
    handle = pass_on(peers[giver], (uint64_t)taker + 10, pattern, for_ms, &code);
    assert_int_equal(handle != 0, parent >= 0);
    if (handle != 0)
        model_add(taker, parent, pattern, handle,
                for_ms == 0 ? 0 : bus.now_us + for_ms * UINT64_C(1000));
}

static void step_revoke(struct random *random)
{
    int index = record_count > 0 ? (int)random_below(random, (uint32_t)record_count) : -1;
    int revoker = (int)random_below(random, PEERS);
    bool hers;

    if (index < 0 || records[index].handle == 0)
        return;
    hers = records[index].holder >= 0 && records[index].parent >= 0 &&
           records[records[index].parent].holder == revoker;
    assert_int_equal(revoke(peers[revoker], records[index].handle), hers ? 0 : CODE_NOT_FOUND);
    if (hers)
        model_remove(index);
}

static void step_restart(struct random *random)
{
    static const char calls[] = "store.*";
    int index = (int)random_below(random, PEERS);
    char name[8];

    if (random_below(random, 8) != 0 || record_count == CAPS_MAX)
        return;
    router_detach(&bus.router, peers[index], bus.now_us);
    for (int i = 0; i < record_count; i++) {
        if (records[i].holder == index)
            model_remove(i);
    }
    snprintf(name, sizeof(name), "p%d", index);
    peers[index] =
            bus_process(&bus, name, (uint64_t)index + 10, index < 2 ? CALLS(calls) : NOTHING);
    if (index < 2)
        model_add(index, -1, calls, 0, 0);
}

static void test_random_histories_are_what_a_naive_model_says(void **state)
{
    static const char *const endpoints[] = { "store.Get", "store.Put", "store.mu.Health" };
    struct random random;

    (void)state;
    random_init(&random, 11);
    for (int round = 0; round < ROUNDS; round++) {
        record_count = 0;
        for (int i = 0; i < PEERS; i++) {
            char name[8];

            snprintf(name, sizeof(name), "p%d", i);
            peers[i] =
                    bus_process(&bus, name, (uint64_t)i + 10, i < 2 ? CALLS("store.*") : NOTHING);
            if (i < 2)
                model_add(i, -1, "store.*", 0, 0);
        }
        for (int step = 0; step < STEPS; step++) {
            int peer = (int)random_below(&random, PEERS);
            const char *endpoint = endpoints[random_below(&random, 3)];

            step_pass_on(&random);
            step_revoke(&random);
            step_restart(&random);
            bus_pass_ms(&bus, random_below(&random, 10));
            assert_int_equal(call(peers[peer], endpoint) == 0, model_allows(peer, endpoint));
        }
        for (int i = 0; i < PEERS; i++)
            router_detach(&bus.router, peers[i], bus.now_us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_a_process_calls_what_its_manifest_lists_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_refusal_names_the_endpoint_and_the_way_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_who_owns_the_node_needs_no_capability, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_grant_reaches_processes_that_are_there_and_such_as_come, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_grant_ends_with_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_is_revoked_ends_the_calls_that_are_under_way, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_call_lasts_no_longer_than_what_it_was_made_by, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_is_passed_on_is_no_wider_and_lasts_no_longer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_revoking_takes_all_that_came_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_an_operator_revokes_what_processes_passed_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_was_passed_on_goes_with_its_giver, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_guessed_handles_find_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_only_the_supervisor_says_what_operators_granted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_random_histories_are_what_a_naive_model_says, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
