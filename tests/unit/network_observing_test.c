// SPDX-License-Identifier: Apache-2.0
/* Whom the link process answers, by the certificates of its links. */
#include <stdio.h>

#include "base/log.h"
#include "tests/fuzz/mesh_world.h"
#include "tests/unit/cmocka.h"

static int open_world(void **state)
{
    static struct mesh_world world;

    log_set_level(LOG_ERROR);
    mesh_world_open(&world, true);
    mesh_world_link(&world, BOB);
    *state = &world;
    return 0;
}

static int close_world(void **state)
{
    mesh_world_close(*state);
    return 0;
}

/* Bob asks desk for what its router counted. True where desk asked its router. */
static bool desk_asks_its_router(struct mesh_world *world)
{
    Mu__Link__V1__PeerMessage message = MU__LINK__V1__PEER_MESSAGE__INIT;
    Mu__Link__V1__Question question = MU__LINK__V1__QUESTION__INIT;
    uint64_t before = world->mesh.observer.last_number;
    char endpoint[] = "router.Meter";
    uint8_t bytes[256];

    question.number = 1;
    question.node =
            (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, world->mesh.seat.membership.key.public.bytes };
    question.endpoint = endpoint;
    question.timeout_ms = 1000;
    message.what_case = MU__LINK__V1__PEER_MESSAGE__WHAT_QUESTION;
    message.question = &question;
    mesh_world_hear(
            world, BOB, (struct span){ bytes, mu__link__v1__peer_message__pack(&message, bytes) });
    return world->mesh.observer.last_number != before;
}

static struct linked_node *bob(struct mesh_world *world)
{
    return linked_find(&world->mesh.linked, world->people[BOB].link);
}

static void test_a_node_of_its_owner_is_told(void **state)
{
    assert_true(desk_asks_its_router(*state));
}

static void test_a_node_of_another_owner_is_not(void **state)
{
    snprintf(bob(*state)->identity.name, sizeof(bob(*state)->identity.name), "bob.mallory");
    assert_false(desk_asks_its_router(*state));
}

static void test_nor_one_of_another_network_whatever_its_owner_is_called(void **state)
{
    bob(*state)->identity.network.bytes[0] ^= 1;
    assert_false(desk_asks_its_router(*state));
}

#define test(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_a_node_of_its_owner_is_told),
        test(test_a_node_of_another_owner_is_not),
        test(test_nor_one_of_another_network_whatever_its_owner_is_called),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
