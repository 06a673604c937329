// SPDX-License-Identifier: Apache-2.0
/* Whose a key is, and who answers for the room that it takes: users, and callers on other nodes. */
#include <stdio.h>
#include <string.h>

#include "kernel/router/keyed.h"
#include "kernel/router/say.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/router_policies.h"
#include "tests/unit/router_users.h"

static struct users users;
static struct peer *linker;
static struct peer *desk; /* another node */

static int set_up(void **state)
{
    (void)state;
    users_open(&users);
    linker = bus_linker(&users.bus);
    desk = bus_neighbour(&users.bus, linker, "desk.alice", 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    users_close(&users);
    return 0;
}

static struct peer *present(const char *subject)
{
    struct peer *caller = bus_caller(&users.bus);
    char token[ACCESS_TEXT_MAX + 1];

    users_issue(&users, subject, "store.* far.*", token);
    assert_int_equal(users_present(&users, caller, token), 0);
    return caller;
}

static void ask(struct peer *caller, uint64_t id, const char *endpoint)
{
    assert_int_equal(bus_say(&users.bus, caller,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = id,
                                     .endpoint = bus_text(endpoint),
                                     .key = bus_text("order") }),
            0);
}

/* The store answers the one call that it hears. */
static void answer(void)
{
    uint64_t id = bus_hear_one(&users.bus, users.store, ENVELOPE_CALL).id;

    bus_say(&users.bus, users.store, (struct envelope){ .kind = ENVELOPE_RESULT, .id = id });
}

static void test_a_users_key_is_his_alone_on_whichever_channel(void **state)
{
    struct peer *callers[] = { present("alice"), present("bob"), bus_caller(&users.bus) };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        ask(callers[i], 50, "store.Put");
        answer();
        bus_expect_result(&users.bus, callers[i], 50, 0, 0);
    }
    ask(present("bob"), 50, "store.Put");
    assert_int_equal(bus_hear(&users.bus, users.store), 0);
}

/* A call that comes from the other node. */
static void ask_from_there(uint64_t id, const char *service, const char *user)
{
    uint8_t stamp[STAMP_SIZE_MAX];

    assert_int_equal(
            bus_say(&users.bus, desk,
                    (struct envelope){ .kind = ENVELOPE_CALL,
                            .id = CALL_ID_ROUTER | id,
                            .endpoint = bus_text("store.Put"),
                            .key = bus_text("\1order"),
                            .caller = stamp_write(&(struct stamp){ .node = bus_text("desk.alice"),
                                                          .service = bus_text(service),
                                                          .user = bus_text(user) },
                                    stamp) }),
            0);
}

static void test_another_nodes_callers_have_keys_of_their_own_and_share_its_room(void **state)
{
    static const char *const who[][2] = { { "web", "" }, { "till", "" }, { "web", "alice" },
        { "web", "bob" } };
    struct dedup *keys = &users.bus.router.keys;
    const struct dedup_holder *holder;

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        ask_from_there(1 + i, who[i][0], who[i][1]);
        answer();
        bus_expect_result(&users.bus, desk, 1 + i, 0, 0);
    }
    ask_from_there(9, "web", "bob");
    bus_expect_result(&users.bus, desk, 9, 0, 0);
    assert_int_equal(bus_hear(&users.bus, users.store), 0);
    holder = list_entry(keys->ended.next, struct dedup_record, by_end)->holder;
    assert_int_equal(holder->count, 4);
    assert_int_equal(keys->count, 4);
}

/* The revocation says for certain that this try was not carried out, and nothing of the first. */
static void test_a_refused_retry_does_not_make_the_first_try_not_executed(void **state)
{
    static struct written policy;
    Mu__Router__V1__Revocation revocation = MU__ROUTER__V1__REVOCATION__INIT;
    Mu__Router__V1__Revocation *revoked[] = { &revocation };
    struct peer *caller = present("alice");

    (void)state;
    write_policy(&policy, "far.*");
    write_retries(&policy, 3, false);
    bus_set_policy(&users.bus, bus_supervisor(&users.bus), &policy);
    bus_set_route(&users.bus, linker, desk, "far", 1);
    ask(caller, 50, "far.Put");
    bus_hear_one(&users.bus, desk, ENVELOPE_CALL);
    router_detach(&users.bus.router, desk, users.bus.now_us);
    revocation.subject = (char *)"alice";
    assert_int_equal(users_set_keys(&users, users.auth, revoked, 1), 0);
    bus_pass_ms(&users.bus, 300);
    bus_expect_result(&users.bus, caller, 50, CODE_UNAUTHENTICATED, EXECUTED_UNKNOWN);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_a_users_key_is_his_alone_on_whichever_channel, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_another_nodes_callers_have_keys_of_their_own_and_share_its_room, set_up,
                tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_refused_retry_does_not_make_the_first_try_not_executed, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
