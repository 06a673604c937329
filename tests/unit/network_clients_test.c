// SPDX-License-Identifier: Apache-2.0
/* Which clients a node lets in, and how often a token is good for one more. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "services/network/link/admissions.h"
#include "services/network/link/clients.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/network_seat.h"
#include "transport/secure/node_id.h"

static struct token invite(struct world *world, const char *name, uint32_t uses)
{
    struct token token;

    assert_int_equal(clients_invite(&world->seat, name, uses, NOW_S + DAY_S, NOW_S, &token), 0);
    assert_true(token_is_client(&token));
    return token;
}

static struct public_key key_of(uint8_t seed)
{
    struct public_key key;

    memset(key.bytes, seed, sizeof(key.bytes));
    return key;
}

static int admit(struct world *world, const struct token *token, uint8_t seed, uint64_t now_s,
        struct client *client)
{
    struct public_key key = key_of(seed);

    return clients_admit(&world->seat.vault, &token->id, &key, now_s, client);
}

static void test_the_first_key_has_the_token_from_then_on_also_after_a_restart(void **state)
{
    struct world *world = *state;
    struct token token = invite(world, "laptop", 1);
    struct client client;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(admit(world, &token, 1, NOW_S + 10 + (uint64_t)i, &client), 0);
        assert_string_equal(client.name, "laptop");
        assert_int_equal(client.since_s, NOW_S + 10);
        assert_int_equal(client.until_s, NOW_S + DAY_S);
        assert_int_equal(admit(world, &token, 2, NOW_S, &client), CLIENTS_SPENT);
        world_reopen(world);
    }
}

static void test_a_token_lets_in_as_many_as_it_says_each_by_a_name_of_its_own(void **state)
{
    static const char *const names[] = { "lab", "lab-2", "lab-3" };
    struct world *world = *state;
    struct token token = invite(world, "lab", 3);
    struct client client;

    for (uint8_t i = 0; i < 3; i++) {
        assert_int_equal(admit(world, &token, i, NOW_S, &client), 0);
        assert_string_equal(client.name, names[i]);
    }
    assert_int_equal(admit(world, &token, 3, NOW_S, &client), CLIENTS_SPENT);
    for (uint8_t i = 0; i < 3; i++) {
        assert_int_equal(admit(world, &token, i, NOW_S, &client), 0);
        assert_string_equal(client.name, names[i]);
    }
}

static void test_a_long_name_gives_its_end_to_the_number_of_who_comes_later(void **state)
{
    static const char *const names[] = { "a-client-of-the-living-rooms-2nd-machine",
        "a-client-of-the-living-rooms-2", "a-client-of-the-living-rooms-3" };
    struct world *world = *state;
    struct token token = invite(world, names[0], 3);
    struct client client;
    struct client found;

    assert_int_equal(strlen(names[0]), CLIENT_NAME_MAX);
    for (uint8_t i = 0; i < 3; i++) {
        assert_int_equal(admit(world, &token, i, NOW_S, &client), 0);
        assert_string_equal(client.name, names[i]);
        world_reopen(world);
        assert_int_equal(clients_find(&world->seat.vault, names[i], &found), 0);
    }
}

static void test_without_a_name_it_is_called_by_its_key(void **state)
{
    struct world *world = *state;
    struct token token = invite(world, "", 1);
    struct public_key key = key_of(9);
    char id[NODE_ID_SHORT_SIZE + 1];
    char name[CLIENT_NAME_MAX + 1];
    struct client client;

    assert_int_equal(admit(world, &token, 9, NOW_S, &client), 0);
    node_id_print_short(&key, id);
    snprintf(name, sizeof(name), "client-%s", id);
    assert_string_equal(client.name, name);
    assert_true(client_name_is_valid(client.name));
}

static void test_a_token_ends_for_who_came_before_and_for_who_did_not(void **state)
{
    struct world *world = *state;
    struct token token = invite(world, "", 2);
    struct client client;

    assert_int_equal(admit(world, &token, 1, NOW_S + DAY_S, &client), 0);
    assert_int_equal(admit(world, &token, 1, NOW_S + DAY_S + 1, &client), CLIENTS_OVER);
    assert_int_equal(admit(world, &token, 2, NOW_S + DAY_S + 1, &client), CLIENTS_OVER);
}

static void test_who_is_revoked_stays_out_and_nobody_comes_in_its_place(void **state)
{
    struct world *world = *state;
    struct token token = invite(world, "lab", 3);
    struct token other;
    struct client client;
    struct client found;

    assert_int_equal(admit(world, &token, 1, NOW_S, &client), 0);
    assert_int_equal(admit(world, &token, 2, NOW_S, &client), 0);
    assert_int_equal(clients_find(&world->seat.vault, "lab", &found), 0);
    assert_int_equal(clients_revoke(&world->seat.vault, &found), 0);
    world_reopen(world);
    assert_int_equal(admit(world, &token, 1, NOW_S, &client), CLIENTS_REVOKED);
    assert_int_equal(admit(world, &token, 3, NOW_S, &client), CLIENTS_SPENT); /* its next key */
    assert_int_equal(admit(world, &token, 2, NOW_S, &client), 0);
    other = invite(world, "", 1); /* who is given another token is wanted again */
    assert_int_equal(admit(world, &other, 1, NOW_S, &client), 0);
    assert_int_equal(admit(world, &token, 1, NOW_S, &client), CLIENTS_SPENT);
}

static void test_a_client_is_found_by_name_by_id_and_by_its_beginning(void **state)
{
    struct world *world = *state;
    struct token token = invite(world, "lab", 2);
    struct client client;
    struct client found;
    char id[NODE_ID_SIZE + 1];

    assert_int_equal(admit(world, &token, 1, NOW_S, &client), 0);
    assert_int_equal(admit(world, &token, 2, NOW_S, &client), 0);
    node_id_print(&client.key, id);
    assert_int_equal(clients_find(&world->seat.vault, "lab-2", &found), 0);
    assert_true(public_key_equal(&found.key, &client.key));
    assert_int_equal(clients_find(&world->seat.vault, id, &found), 0);
    id[12] = '\0';
    assert_int_equal(clients_find(&world->seat.vault, id, &found), 0);
    assert_true(public_key_equal(&found.key, &client.key));
    assert_int_equal(clients_find(&world->seat.vault, "mu:", &found), CLIENTS_NONE);
    assert_int_equal(clients_find(&world->seat.vault, "nobody", &found), CLIENTS_NONE);
}

/* Neither kind of token is any good as the other. */
static void test_a_client_token_admits_no_node_and_a_join_token_no_client(void **state)
{
    struct world *world = *state;
    struct token token = invite(world, "", 1);
    struct token join;
    struct request request;
    struct chain chain;
    struct client client;
    struct key key;

    world_ask(&token, "lamp.alice", &key, &request);
    assert_int_equal(authority_answer(&world->seat, &request, NULL, NOW_S, &chain), ISSUE_NO_TOKEN);
    key_deinit(&key);
    assert_int_equal(authority_invite(&world->seat, 1, NOW_S + DAY_S,
                             &world->seat.membership.whereabouts, NOW_S, &join),
            0);
    assert_false(token_is_client(&join));
    assert_int_equal(admit(world, &join, 1, NOW_S, &client), CLIENTS_NONE);
}

static void test_tokens_that_ended_make_room_and_too_many_are_refused(void **state)
{
    struct world *world = *state;
    uint64_t later_s = NOW_S + UINT64_C(30) * DAY_S;
    struct token token;

    for (int i = 0; i < VAULT_CLIENT_TOKENS_MAX; i++)
        invite(world, "", 1);
    assert_int_equal(
            clients_invite(&world->seat, "", 1, NOW_S + DAY_S, NOW_S, &token), CLIENTS_FULL);
    assert_int_equal(clients_invite(&world->seat, "", 1, later_s + DAY_S, later_s, &token), 0);
}

static void test_names_of_clients(void **state)
{
    char longest[CLIENT_NAME_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof(longest) - 1);
    longest[CLIENT_NAME_MAX + 1] = '\0';
    assert_false(client_name_is_valid(longest));
    longest[CLIENT_NAME_MAX] = '\0';
    assert_true(client_name_is_valid(longest));
    assert_true(client_name_is_valid("a-1"));
    assert_false(client_name_is_valid(""));
    assert_false(client_name_is_valid("-a"));
    assert_false(client_name_is_valid("a-"));
    assert_false(client_name_is_valid("A"));
    assert_false(client_name_is_valid("a.b"));
}

#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(test_the_first_key_has_the_token_from_then_on_also_after_a_restart),
        IN_A_WORLD(test_a_token_lets_in_as_many_as_it_says_each_by_a_name_of_its_own),
        IN_A_WORLD(test_a_long_name_gives_its_end_to_the_number_of_who_comes_later),
        IN_A_WORLD(test_without_a_name_it_is_called_by_its_key),
        IN_A_WORLD(test_a_token_ends_for_who_came_before_and_for_who_did_not),
        IN_A_WORLD(test_who_is_revoked_stays_out_and_nobody_comes_in_its_place),
        IN_A_WORLD(test_a_client_is_found_by_name_by_id_and_by_its_beginning),
        IN_A_WORLD(test_a_client_token_admits_no_node_and_a_join_token_no_client),
        IN_A_WORLD(test_tokens_that_ended_make_room_and_too_many_are_refused),
        cmocka_unit_test(test_names_of_clients),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
