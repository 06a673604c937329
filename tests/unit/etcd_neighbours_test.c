// SPDX-License-Identifier: Apache-2.0
/* Whom a node believes in etcd, and what: signed statements of nodes that it lists, each newer than
 * the one before it, and nothing else. */
#include "registry/etcd/neighbours.h"

#include <errno.h>
#include <stdio.h>

#include "tests/unit/etcd_fixture.h"

struct world {
    struct keys east;
    struct keys west;
    struct keys stranger;
    struct roster roster;
    struct neighbours neighbours;
};

static void list(struct roster *roster, const struct world *world)
{
    Mu__Node__V1__BelievedNode lines[2] = { MU__NODE__V1__BELIEVED_NODE__INIT,
        MU__NODE__V1__BELIEVED_NODE__INIT };
    Mu__Node__V1__BelievedNode *each[2] = { &lines[0], &lines[1] };
    Mu__Node__V1__RegistrySettings settings = MU__NODE__V1__REGISTRY_SETTINGS__INIT;
    char error[ROSTER_ERROR_MAX];

    lines[0].node = (char *)(uintptr_t) "east";
    lines[0].key = (char *)(uintptr_t)world->east.text;
    lines[1].node = (char *)(uintptr_t) "west";
    lines[1].key = (char *)(uintptr_t)world->west.text;
    lines[0].owner = lines[1].owner = (char *)(uintptr_t) "someone";
    settings.nodes = each;
    settings.n_nodes = 2;
    assert_int_equal(roster_fill(roster, &settings, "here", error), 0);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    world->east = make_keys(1);
    world->west = make_keys(2);
    world->stranger = make_keys(3);
    list(&world->roster, world);
    assert_int_equal(neighbours_init(&world->neighbours, &world->roster, "/mu"), 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    neighbours_deinit(&world->neighbours);
    neighbours_deinit(&world->neighbours);
    roster_deinit(&world->roster);
    free(world);
    return 0;
}

/* Has a statement of `keys` heard as the offers of `node`. */
static int hear(struct world *world, const char *node, const struct keys *keys, const char *as,
        uint64_t sequence, uint32_t count)
{
    struct mu_bytes statement = make_offers(keys, as, sequence, count);
    int r = neighbours_hear(&world->neighbours, node, statement);

    free((uint8_t *)(uintptr_t)statement.data);
    return r;
}

static size_t offered(const struct world *world, uint32_t index)
{
    Mu__Etcd__V1__StatementBody *body = NULL;
    size_t count;

    assert_int_equal(neighbours_offers(&world->neighbours, index, &body), 0);
    if (body == NULL)
        return 0;
    count = body->offers->n_offers;
    mu__etcd__v1__statement_body__free_unpacked(body, NULL);
    return count;
}

static void test_a_signed_statement_of_a_listed_node_is_believed(void **state)
{
    struct world *world = *state;

    assert_int_equal(hear(world, "east", &world->east, "east", 5, 2), NEIGHBOURS_BELIEVED);
    assert_true(world->neighbours.slots[0].changed);
    assert_int_equal(world->neighbours.slots[0].instances, 2);
    assert_int_equal(offered(world, 0), 2);
    assert_int_equal(offered(world, 1), 0);
    assert_int_equal(hear(world, "east", &world->east, "east", 6, 1), NEIGHBOURS_BELIEVED);
    assert_int_equal(offered(world, 0), 1);
}

static void test_nothing_else_is_believed_and_all_of_it_is_counted(void **state)
{
    struct world *world = *state;
    struct mu_bytes garbage = { (const uint8_t *)"garbage", 7 };

    assert_int_equal(hear(world, "east", &world->east, "east", 5, 2), NEIGHBOURS_BELIEVED);
    assert_int_equal(hear(world, "north", &world->east, "north", 9, 1), NEIGHBOURS_UNKNOWN);
    assert_int_equal(hear(world, "east", &world->stranger, "east", 9, 1), NEIGHBOURS_FORGED);
    assert_int_equal(hear(world, "east", &world->west, "east", 9, 1), NEIGHBOURS_FORGED);
    assert_int_equal(hear(world, "west", &world->east, "east", 9, 1), NEIGHBOURS_FORGED);
    assert_int_equal(hear(world, "west", &world->west, "east", 9, 1), NEIGHBOURS_FORGED);
    assert_int_equal(hear(world, "east", &world->east, "east", 4, 1), NEIGHBOURS_REPLAYED);
    assert_int_equal(hear(world, "east", &world->east, "east", 5, 1), NEIGHBOURS_REPLAYED);
    assert_int_equal(neighbours_hear(&world->neighbours, "east", garbage), NEIGHBOURS_GARBAGE);
    assert_int_equal(neighbours_hear(&world->neighbours, "east", (struct mu_bytes){ 0 }),
            NEIGHBOURS_GARBAGE);
    assert_int_equal(offered(world, 0), 2);
    assert_int_equal(offered(world, 1), 0);
    assert_int_equal(world->neighbours.counts[NEIGHBOURS_UNKNOWN], 1);
    assert_int_equal(world->neighbours.counts[NEIGHBOURS_FORGED], 4);
    assert_int_equal(world->neighbours.counts[NEIGHBOURS_REPLAYED], 2);
    assert_int_equal(world->neighbours.counts[NEIGHBOURS_GARBAGE], 2);
}

static void test_any_changed_byte_makes_a_forgery(void **state)
{
    struct world *world = *state;
    struct mu_bytes statement = make_offers(&world->east, "east", 5, 2);
    uint8_t *bytes = (uint8_t *)(uintptr_t)statement.data;

    for (size_t i = 0; i < statement.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1 << bit);
            assert_true(
                    neighbours_hear(&world->neighbours, "east", statement) > NEIGHBOURS_UNKNOWN);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    }
    for (size_t size = 0; size < statement.size; size++)
        assert_true(neighbours_hear(&world->neighbours, "east", (struct mu_bytes){ bytes, size }) >
                    NEIGHBOURS_UNKNOWN);
    assert_int_equal(offered(world, 0), 0);
    assert_int_equal(neighbours_hear(&world->neighbours, "east", statement), NEIGHBOURS_BELIEVED);
    free(bytes);
}

static void test_a_registration_is_no_offer(void **state)
{
    struct world *world = *state;
    Mu__Etcd__V1__StatementBody body = MU__ETCD__V1__STATEMENT_BODY__INIT;
    Mu__Etcd__V1__Registration registration = MU__ETCD__V1__REGISTRATION__INIT;
    struct path place;
    uint8_t *statement;
    size_t size;

    body.sequence = 7;
    body.what_case = MU__ETCD__V1__STATEMENT_BODY__WHAT_REGISTRATION;
    body.registration = &registration;
    path_of_offers(&place, "/mu", "east");
    assert_int_equal(statement_write(&body, place.text, world->east.secret, &statement, &size), 0);
    assert_int_equal(
            neighbours_hear(&world->neighbours, "east", (struct mu_bytes){ statement, size }),
            NEIGHBOURS_GARBAGE);
    free(statement);
}

static void test_what_stands_in_etcd_no_more_is_offered_no_more(void **state)
{
    struct world *world = *state;

    hear(world, "east", &world->east, "east", 5, 2);
    world->neighbours.slots[0].changed = false;
    neighbours_gone(&world->neighbours, "east");
    neighbours_gone(&world->neighbours, "north");
    assert_true(world->neighbours.slots[0].changed);
    assert_int_equal(offered(world, 0), 0);
    world->neighbours.slots[0].changed = false;
    neighbours_gone(&world->neighbours, "east");
    assert_false(world->neighbours.slots[0].changed);
    assert_int_equal(hear(world, "east", &world->east, "east", 4, 1), NEIGHBOURS_REPLAYED);
    assert_int_equal(offered(world, 0), 0);
    assert_int_equal(hear(world, "east", &world->east, "east", 5, 2), NEIGHBOURS_SAME);
    assert_int_equal(offered(world, 0), 2);
}

static void test_a_list_ends_what_it_does_not_name(void **state)
{
    struct world *world = *state;

    hear(world, "east", &world->east, "east", 5, 2);
    hear(world, "west", &world->west, "west", 5, 3);
    neighbours_list_begin(&world->neighbours);
    assert_int_equal(hear(world, "west", &world->west, "west", 5, 3), NEIGHBOURS_SAME);
    assert_int_equal(offered(world, 0), 2);
    neighbours_list_end(&world->neighbours);
    assert_int_equal(offered(world, 0), 0);
    assert_int_equal(offered(world, 1), 3);
}

/* A forgery that takes the place of a node's offers is not believed, and ends nothing either. */
static void test_a_forgery_does_not_end_what_it_overwrites(void **state)
{
    struct world *world = *state;

    hear(world, "east", &world->east, "east", 5, 2);
    neighbours_list_begin(&world->neighbours);
    assert_int_equal(hear(world, "east", &world->stranger, "east", 9, 1), NEIGHBOURS_FORGED);
    neighbours_list_end(&world->neighbours);
    assert_int_equal(offered(world, 0), 2);
}

static void test_a_registry_that_starts_anew_is_told_all(void **state)
{
    struct world *world = *state;

    hear(world, "east", &world->east, "east", 5, 2);
    world->neighbours.slots[0].changed = false;
    neighbours_touch(&world->neighbours);
    assert_true(world->neighbours.slots[0].changed);
    assert_true(world->neighbours.slots[1].changed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_signed_statement_of_a_listed_node_is_believed),
        TEST(test_nothing_else_is_believed_and_all_of_it_is_counted),
        TEST(test_any_changed_byte_makes_a_forgery),
        TEST(test_a_registration_is_no_offer),
        TEST(test_what_stands_in_etcd_no_more_is_offered_no_more),
        TEST(test_a_list_ends_what_it_does_not_name),
        TEST(test_a_forgery_does_not_end_what_it_overwrites),
        TEST(test_a_registry_that_starts_anew_is_told_all),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
