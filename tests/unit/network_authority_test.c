// SPDX-License-Identifier: Apache-2.0
/* Who is let in, how often, and what is left of it when the process dies. */
#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/wait.h>

#include "services/network/link/admissions.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/network_seat.h"

enum { RACERS = 50, KILLS = 40 };

static void invite(struct world *world, uint32_t uses, struct token *token)
{
    assert_int_equal(authority_invite(&world->seat, uses, NOW_S + HOUR_S,
                             &world->seat.membership.whereabouts, NOW_S, token),
            0);
}

static void test_a_token_lets_in_one_node_of_fifty(void **state)
{
    struct world *world = *state;
    struct token token;
    unsigned admitted = 0;

    invite(world, 1, &token);
    for (unsigned i = 0; i < RACERS; i++) {
        struct request request;
        struct chain chain;
        struct key key;
        char name[32];
        int r;

        snprintf(name, sizeof(name), "racer-%u.alice", i);
        world_ask(&token, name, &key, &request);
        r = authority_answer(&world->seat, &request, NULL, NOW_S, &chain);
        assert_true(r == 0 || r == ISSUE_TOKEN_SPENT);
        admitted += r == 0 ? 1 : 0;
        if (i == RACERS / 2)
            world_reopen(world);
        key_deinit(&key);
    }
    assert_int_equal(admitted, 1);
}

static void test_a_token_lets_in_as_many_as_it_says_and_each_may_ask_again(void **state)
{
    struct world *world = *state;
    struct token token;
    struct request request;
    struct chain first;
    struct chain again;
    struct key keys[3];

    invite(world, 2, &token);
    world_ask(&token, "a.alice", &keys[0], &request);
    assert_int_equal(authority_answer(&world->seat, &request, NULL, NOW_S, &first), 0);
    world_reopen(world);
    assert_int_equal(authority_answer(&world->seat, &request, NULL, NOW_S + 1, &again), 0);
    world_ask(&token, "b.alice", &keys[1], &request);
    assert_int_equal(authority_answer(&world->seat, &request, NULL, NOW_S, &first), 0);
    world_ask(&token, "c.alice", &keys[2], &request);
    assert_int_equal(
            authority_answer(&world->seat, &request, NULL, NOW_S, &first), ISSUE_TOKEN_SPENT);
    for (unsigned i = 0; i < 3; i++)
        key_deinit(&keys[i]);
}

static void test_a_token_ends(void **state)
{
    struct world *world = *state;
    struct token token;
    struct request request;
    struct chain chain;
    struct key key;

    invite(world, 1, &token);
    world_ask(&token, "late.alice", &key, &request);
    assert_int_equal(authority_answer(&world->seat, &request, NULL, NOW_S + HOUR_S + 1, &chain),
            ISSUE_TOKEN_OVER);
    key_deinit(&key);
}

static void test_tokens_have_a_limit_and_old_ones_make_room(void **state)
{
    struct world *world = *state;
    struct token token;

    for (unsigned i = 0; i < VAULT_TOKENS_MAX; i++)
        invite(world, 1, &token);
    assert_int_equal(authority_invite(&world->seat, 1, NOW_S + HOUR_S,
                             &world->seat.membership.whereabouts, NOW_S, &token),
            VAULT_FULL);
    assert_int_equal(
            authority_invite(&world->seat, 1, NOW_S + 10 * (uint64_t)DAY_S,
                    &world->seat.membership.whereabouts, NOW_S + 9 * (uint64_t)DAY_S, &token),
            0);
}

static void test_a_name_is_one_nodes_until_that_is_revoked(void **state)
{
    struct world *world = *state;
    struct token token;
    struct request request;
    struct chain chain;
    struct key first;
    struct key second;

    world_admit(world, "lamp.alice", NOW_S, &first, &chain);
    invite(world, 2, &token);
    world_ask(&token, "lamp.alice", &second, &request);
    assert_int_equal(
            authority_answer(&world->seat, &request, NULL, NOW_S, &chain), ISSUE_NAME_TAKEN);
    assert_int_equal(authority_revoke(&world->seat, &first.public, NOW_S), 0);
    assert_int_equal(authority_answer(&world->seat, &request, NULL, NOW_S, &chain), 0);
    key_deinit(&first);
    key_deinit(&second);
}

static void test_who_is_revoked_is_not_believed_nor_renewed_also_after_a_restart(void **state)
{
    struct world *world = *state;
    struct request request;
    struct identity identity;
    struct chain chain;
    struct key key;

    world_admit(world, "lamp.alice", NOW_S, &key, &chain);
    assert_int_equal(trust_check(&world->seat.trust, &chain, NOW_S, &identity), TRUST_OK);
    assert_int_equal(authority_revoke(&world->seat, &key.public, NOW_S + 1), 0);
    for (unsigned round = 0; round < 2; round++) {
        request_renewal(&request, &key, &chain);
        assert_int_equal(
                trust_check(&world->seat.trust, &chain, NOW_S + 2, &identity), TRUST_REVOKED);
        assert_int_equal(authority_answer(&world->seat, &request, &key.public, NOW_S + 2, &chain),
                ISSUE_REVOKED);
        world_reopen(world);
    }
    key_deinit(&key);
}

static void test_each_revocation_is_a_new_version(void **state)
{
    struct world *world = *state;
    struct chain chain;
    struct key key;

    for (unsigned i = 1; i <= 3; i++) {
        char name[32];

        snprintf(name, sizeof(name), "n%u.alice", i);
        world_admit(world, name, NOW_S, &key, &chain);
        assert_int_equal(authority_revoke(&world->seat, &key.public, NOW_S), 0);
        key_deinit(&key);
        world_reopen(world);
        assert_int_equal(
                seat_list(&world->seat, &world->seat.membership.authority_key.public)->version, i);
    }
}

static void test_a_linked_node_hands_its_certificate_on_to_a_new_key(void **state)
{
    struct world *world = *state;
    struct request request;
    struct identity identity;
    struct chain old;
    struct chain made;
    struct key key;
    struct key next;

    world_admit(world, "lamp.alice", NOW_S, &key, &old);
    assert_int_equal(key_init(&next), 0);
    request_renewal(&request, &next, &old);
    assert_int_equal(
            authority_answer(&world->seat, &request, NULL, NOW_S, &made), ISSUE_NOT_BELIEVED);
    assert_int_equal(authority_answer(&world->seat, &request, &next.public, NOW_S, &made),
            ISSUE_NOT_BELIEVED);
    assert_int_equal(authority_answer(&world->seat, &request, &key.public, NOW_S + 5, &made), 0);
    assert_int_equal(trust_check(&world->seat.trust, &made, NOW_S + 5, &identity), TRUST_OK);
    assert_true(public_key_equal(&identity.key, &next.public));
    assert_string_equal(identity.name, "lamp.alice");
    assert_int_equal(trust_check(&world->seat.trust, &old, NOW_S + 5, &identity), TRUST_OK);
    key_deinit(&key);
    key_deinit(&next);
}

/* Also where the authority dies in between. */
static void test_a_replaced_key_is_revoked_a_little_later_and_gets_no_certificate_till_then(
        void **state)
{
    struct world *world = *state;
    const uint64_t due_s = NOW_S + 5 + ROTATION_REVOKE_S;
    struct request request;
    struct identity identity;
    struct chain old;
    struct chain made;
    struct key key;
    struct key next;
    struct key third;
    uint64_t again_s;

    world_admit(world, "lamp.alice", NOW_S, &key, &old);
    assert_int_equal(key_init(&next), 0);
    assert_int_equal(key_init(&third), 0);
    request_renewal(&request, &next, &old);
    assert_int_equal(authority_answer(&world->seat, &request, &key.public, NOW_S + 5, &made), 0);
    assert_int_equal(authority_answer(&world->seat, &request, &key.public, NOW_S + 6, &made), 0);
    request_renewal(&request, &third, &old);
    assert_int_equal(authority_answer(&world->seat, &request, &key.public, NOW_S + 6, &made),
            ISSUE_NAME_TAKEN);
    request_renewal(&request, &key, &old);
    assert_int_equal(authority_answer(&world->seat, &request, &key.public, NOW_S + 6, &made),
            ISSUE_NAME_TAKEN);
    world_reopen(world);
    assert_false(authority_revoke_replaced(&world->seat, due_s - 1, &again_s));
    assert_int_equal(again_s, due_s);
    assert_int_equal(trust_check(&world->seat.trust, &old, due_s - 1, &identity), TRUST_OK);
    assert_true(authority_revoke_replaced(&world->seat, due_s, &again_s));
    assert_int_equal(again_s, UINT64_MAX);
    assert_int_equal(trust_check(&world->seat.trust, &old, due_s, &identity), TRUST_REVOKED);
    world_reopen(world);
    assert_int_equal(trust_check(&world->seat.trust, &old, due_s, &identity), TRUST_REVOKED);
    assert_false(authority_revoke_replaced(&world->seat, due_s + 1, &again_s));
    key_deinit(&key);
    key_deinit(&next);
    key_deinit(&third);
}

static void test_who_is_no_authority_answers_nobody(void **state)
{
    struct world *world = *state;
    struct request request;
    struct token token;
    struct chain chain;
    struct key key;

    invite(world, 1, &token);
    world_ask(&token, "lamp.alice", &key, &request);
    key_deinit(&world->seat.membership.authority_key);
    assert_int_equal(
            authority_answer(&world->seat, &request, NULL, NOW_S, &chain), ISSUE_NOT_AUTHORITY);
    key_deinit(&key);
}

/* Answers requests by the bearer of one token, in a process that says so of each certificate which
 * leaves it, until it is killed. */
static void answer_until_killed(const struct world *world, const struct token *token, int out)
{
    struct seat seat = { 0 };
    struct request request;
    struct chain chain;
    struct key key;
    char name[32];

    if (seat_open(&seat, world->folder.path) != 0)
        _exit(1);
    for (unsigned i = 0;; i++) {
        snprintf(name, sizeof(name), "n%08x.alice", randombytes_random());
        world_ask(token, name, &key, &request);
        if (authority_answer(&seat, &request, NULL, NOW_S, &chain) == 0 && write(out, "!", 1) != 1)
            _exit(1);
        key_deinit(&key);
        if (write(out, ".", 1) != 1)
            _exit(1);
    }
}

/* The k-th child is killed behind its k-th word, so that some die before the commit, some between
 * commit and answer, and some behind it. */
static unsigned certificates_of_a_killed_process(
        const struct world *world, const struct token *token, unsigned words)
{
    unsigned certificates = 0;
    int ends[2];
    pid_t child;
    char word;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0)
        answer_until_killed(world, token, ends[1]);
    close(ends[1]);
    for (unsigned i = 0; i < words && read(ends[0], &word, 1) == 1; i++)
        certificates += word == '!' ? 1 : 0;
    kill(child, SIGKILL);
    while (read(ends[0], &word, 1) == 1)
        certificates += word == '!' ? 1 : 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return certificates;
}

static void test_processes_that_are_killed_never_let_in_more_than_the_token_says(void **state)
{
    struct world *world = *state;
    struct token_record record;
    struct token token;
    unsigned certificates = 0;

    invite(world, KILLS / 2, &token);
    seat_close(&world->seat);
    for (unsigned i = 0; i < KILLS; i++)
        certificates += certificates_of_a_killed_process(world, &token, i % 4);
    assert_int_equal(seat_open(&world->seat, world->folder.path), 0);
    assert_int_equal(admissions_get_token(&world->seat.vault, &token.id, &record), VAULT_OK);
    assert_true(certificates <= record.use_count);
    assert_int_equal(record.use_count + record.uses_left, KILLS / 2);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_set_up, world_tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_WORLD(test_a_token_lets_in_one_node_of_fifty),
        IN_WORLD(test_a_token_lets_in_as_many_as_it_says_and_each_may_ask_again),
        IN_WORLD(test_a_token_ends),
        IN_WORLD(test_tokens_have_a_limit_and_old_ones_make_room),
        IN_WORLD(test_a_name_is_one_nodes_until_that_is_revoked),
        IN_WORLD(test_who_is_revoked_is_not_believed_nor_renewed_also_after_a_restart),
        IN_WORLD(test_each_revocation_is_a_new_version),
        IN_WORLD(test_a_linked_node_hands_its_certificate_on_to_a_new_key),
        IN_WORLD(test_a_replaced_key_is_revoked_a_little_later_and_gets_no_certificate_till_then),
        IN_WORLD(test_who_is_no_authority_answers_nobody),
        IN_WORLD(test_processes_that_are_killed_never_let_in_more_than_the_token_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
