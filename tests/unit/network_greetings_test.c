// SPDX-License-Identifier: Apache-2.0
/* What a linked node's greetings cost the disk of who hears them. */
#include <string.h>

#include "base/log.h"
#include "services/network/link/addressbook.h"
#include "tests/fuzz/mesh_world.h"
#include "tests/unit/cmocka.h"

enum { GREETINGS = 10000, PACE_MS = 6, RELINK_EVERY = 100, ADDRESS_ROOM = 32 };

static unsigned commits;

int real_vault_commit(struct vault *vault) __asm__("__real_vault_commit");
int wrap_vault_commit(struct vault *vault) __asm__("__wrap_vault_commit");

int wrap_vault_commit(struct vault *vault)
{
    commits += 1;
    return real_vault_commit(vault);
}

static void greet_from(struct mesh_world *world, enum actor actor, const char *where)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Greeting greeting = MU__LINK__V1__GREETING__INIT;
    char *address = (char *)(uintptr_t)where;
    uint8_t bytes[256];

    greeting.addresses = &address;
    greeting.n_addresses = 1;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_GREETING;
    message.greeting = &greeting;
    assert_true(mu__link__v1__peer_message__get_packed_size(&message) <= sizeof(bytes));
    mesh_world_hear(world, actor,
            (struct span){ bytes, mu__link__v1__peer_message__pack(&message, bytes) });
}

/* The nth of many addresses. */
static const char *address(unsigned number)
{
    static char text[ADDRESS_ROOM];

    snprintf(text, sizeof(text), "10.0.%u.%u:7400", number / 256 % 256, number % 256);
    return text;
}

struct sought {
    const struct public_key *node;
    char address[ADDRESS_ROOM];
};

static void look(const struct public_key *node, const char *found, void *user)
{
    struct sought *sought = user;

    if (node != NULL && public_key_equal(node, sought->node))
        snprintf(sought->address, sizeof(sought->address), "%s", found);
}

/* What the disk has of where `actor` is. */
static const char *kept(struct mesh_world *world, enum actor actor)
{
    static struct sought sought;

    sought = (struct sought){ .node = &world->people[actor].key.public };
    assert_int_equal(addressbook_each(&world->mesh.seat.vault, look, &sought), VAULT_OK);
    return sought.address;
}

static int open_world(void **state)
{
    static struct mesh_world world;

    mesh_world_open(&world, true);
    mesh_world_link(&world, BOB);
    mesh_world_link(&world, MALLORY);
    commits = 0;
    *state = &world;
    return 0;
}

static int close_world(void **state)
{
    mesh_world_close(*state);
    return 0;
}

static void test_what_a_node_says_first_is_on_the_disk_at_once(void **state)
{
    struct mesh_world *world = *state;

    greet_from(world, BOB, "192.0.2.2:7400");
    assert_string_equal(kept(world, BOB), "192.0.2.2:7400");
    assert_int_equal(commits, 1);
}

static void test_a_node_that_says_another_thing_all_the_time_costs_few_commits(void **state)
{
    struct mesh_world *world = *state;
    unsigned last = 0;

    for (unsigned i = 0; i < GREETINGS; i++) {
        if (i % RELINK_EVERY == 0) {
            mesh_world_unlink(world, MALLORY);
            mesh_world_link(world, MALLORY);
        }
        last = i;
        greet_from(world, MALLORY, address(last));
        mesh_world_pass(world, PACE_MS);
    }
    assert_true(commits >= 2 && commits <= GREETINGS * PACE_MS / NOTEBOOK_KEEP_MS + 1);
    greet_from(world, BOB, "192.0.2.2:7400"); /* who waits for nobody else */
    assert_string_equal(kept(world, BOB), "192.0.2.2:7400");
    mesh_world_pass(world, NOTEBOOK_KEEP_MS);
    assert_string_equal(kept(world, MALLORY), address(last));
}

static void test_what_was_said_last_is_kept_though_its_link_is_lost(void **state)
{
    struct mesh_world *world = *state;

    greet_from(world, MALLORY, address(1));
    greet_from(world, MALLORY, address(2));
    assert_string_equal(kept(world, MALLORY), address(1));
    mesh_world_unlink(world, MALLORY);
    mesh_world_pass(world, NOTEBOOK_KEEP_MS - 1);
    assert_string_equal(kept(world, MALLORY), address(1));
    mesh_world_pass(world, 1);
    assert_string_equal(kept(world, MALLORY), address(2));
    mesh_world_pass(world, NOTEBOOK_KEEP_MS);
    assert_int_equal(world->mesh.notebook.count, 0);
}

static void test_what_waits_is_kept_at_the_end_and_forgotten_of_who_was_revoked(void **state)
{
    struct mesh_world *world = *state;

    for (unsigned i = 1; i <= 2; i++) {
        greet_from(world, BOB, address(i));
        greet_from(world, MALLORY, address(i));
    }
    mesh_forget_node(&world->mesh, &world->people[MALLORY].key.public);
    notebook_finish(&world->mesh.notebook, &world->mesh.seat.vault);
    assert_string_equal(kept(world, BOB), address(2));
    assert_string_equal(kept(world, MALLORY), "");
}

static void test_who_is_revoked_is_looked_for_no_more(void **state)
{
    struct mesh_world *world = *state;

    greet_from(world, BOB, address(1));
    greet_from(world, MALLORY, address(2));
    assert_int_equal(world->mesh.seeker.node_count, 2);
    assert_int_equal(
            authority_revoke(&world->mesh.seat, &world->people[MALLORY].key.public, mesh_now_s()),
            0);
    mesh_spread_own_list(&world->mesh);
    assert_int_equal(world->mesh.seeker.node_count, 1);
    assert_string_equal(kept(world, MALLORY), "");
    assert_string_equal(kept(world, BOB), address(1));
}

/* Of as many nodes as there is room for, and one more. */
static void test_who_finds_no_room_is_not_kept(void **state)
{
    struct mesh_world *world = *state;
    struct notebook notebook = { .count = 0 };
    char *where = (char *)(uintptr_t)address(7);
    struct public_key node = { { 0 } };

    for (unsigned i = 0; i <= NOTEBOOK_NODES_MAX; i++) {
        memcpy(node.bytes, &i, sizeof(i));
        notebook_note(&notebook, &node, &where, 1);
        assert_int_equal(notebook.count, i < NOTEBOOK_NODES_MAX ? i + 1 : NOTEBOOK_NODES_MAX);
    }
    notebook_finish(&notebook, &world->mesh.seat.vault);
    assert_int_equal(commits, NOTEBOOK_NODES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_what_a_node_says_first_is_on_the_disk_at_once, open_world, close_world),
        cmocka_unit_test_setup_teardown(
                test_a_node_that_says_another_thing_all_the_time_costs_few_commits, open_world,
                close_world),
        cmocka_unit_test_setup_teardown(
                test_what_was_said_last_is_kept_though_its_link_is_lost, open_world, close_world),
        cmocka_unit_test_setup_teardown(
                test_what_waits_is_kept_at_the_end_and_forgotten_of_who_was_revoked, open_world,
                close_world),
        cmocka_unit_test_setup_teardown(
                test_who_is_revoked_is_looked_for_no_more, open_world, close_world),
        cmocka_unit_test_setup_teardown(
                test_who_finds_no_room_is_not_kept, open_world, close_world),
    };

    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
