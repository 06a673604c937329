// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "services/network/link/own.h"
#include "tests/unit/cmocka.h"

enum { START_MS = 50000, MINUTE_MS = 60000 };

struct desk {
    struct own own;
    uint64_t now_ms;
    uint32_t adverts;
    uint8_t bytes[ADVERT_BODY_MAX];
    size_t size;
};

static struct span text(const char *words)
{
    return (struct span){ (const uint8_t *)words, strlen(words) };
}

static void desk_init(struct desk *desk)
{
    desk->now_ms = START_MS;
    desk->adverts = 0;
    own_init(&desk->own, desk->now_ms);
}

/* Makes the advert that is due, if one is. */
static bool desk_make(struct desk *desk)
{
    struct advert_body body = { .epoch = 1 };

    if (own_due(&desk->own, desk->now_ms) > desk->now_ms)
        return false;
    desk->size = own_write(&desk->own, &body, desk->bytes, desk->now_ms);
    desk->adverts += 1;
    return true;
}

/* Lets time pass and makes what is due meanwhile. */
static void desk_pass(struct desk *desk, uint64_t for_ms)
{
    uint64_t until_ms = desk->now_ms + for_ms;

    while (desk->now_ms < until_ms) {
        uint64_t due_ms = own_due(&desk->own, desk->now_ms);

        desk->now_ms = due_ms < until_ms ? due_ms : until_ms;
        desk_make(desk);
    }
}

/* Services whose bit is set, all in version 1. */
static void desk_set(struct desk *desk, uint32_t services, uint32_t latency_us)
{
    static const char *const names[] = { "a", "b", "c", "d" };
    struct offer offers[4];
    uint32_t count = 0;

    for (uint32_t i = 0; i < 4; i++)
        if ((services >> i & 1) != 0)
            offers[count++] = (struct offer){ .service = text(names[i]),
                .version = text("1"),
                .instances = 1,
                .latency_us = latency_us };
    assert_int_equal(own_set(&desk->own, offers, count, desk->now_ms), OWN_OK);
}

/* The services of the last advert, as bits. */
static uint32_t desk_told(const struct desk *desk)
{
    struct fields fields = fields_of((struct span){ desk->bytes, desk->size });
    struct offer offer;
    uint32_t told = 0;

    while (advert_next_offer(&fields, &offer))
        told |= 1u << (offer.service.data[0] - 'a');
    return told;
}

static void test_what_comes_or_goes_is_told_at_once(void **state)
{
    static struct desk desk;

    (void)state;
    desk_init(&desk);
    assert_true(desk_make(&desk)); /* that there is this node */
    assert_int_equal(desk_told(&desk), 0);
    desk_set(&desk, 3, 0);
    assert_true(desk_make(&desk));
    assert_int_equal(desk_told(&desk), 3);
    desk_set(&desk, 2, 0);
    assert_true(desk_make(&desk));
    assert_int_equal(desk_told(&desk), 2);
    assert_int_equal(desk.own.sequence, 3);
    own_deinit(&desk.own);
}

static void test_the_same_offers_again_are_not_told_again(void **state)
{
    static struct desk desk;

    (void)state;
    desk_init(&desk);
    desk_set(&desk, 7, 100);
    assert_true(desk_make(&desk));
    for (int i = 0; i < 100; i++) {
        desk_set(&desk, 7, 100);
        desk_pass(&desk, 1000);
    }
    assert_int_equal(desk.adverts, 1);
    own_deinit(&desk.own);
}

static void test_load_waits_and_its_noise_is_never_told(void **state)
{
    static struct desk desk;

    (void)state;
    desk_init(&desk);
    desk_set(&desk, 1, 20000);
    desk_make(&desk);
    for (int i = 0; i < 60; i++) {
        desk_set(&desk, 1, 20000 + (i % 2 == 0 ? 4000u : 0));
        desk_pass(&desk, 1000);
    }
    assert_int_equal(desk.adverts, 1);
    desk_set(&desk, 1, 40000);
    assert_false(desk_make(&desk) && desk.now_ms < START_MS + ADVERT_SOFT_MS);
    for (int i = 0; i < 120; i++) {
        desk_set(&desk, 1, i % 2 == 0 ? 90000 : 10000);
        desk_pass(&desk, 500);
    }
    assert_in_range(desk.adverts, 3, 2 + MINUTE_MS / ADVERT_SOFT_MS);
    own_deinit(&desk.own);
}

static void test_a_service_that_flaps_costs_few_adverts_and_is_told_when_it_stays(void **state)
{
    static struct desk desk;

    (void)state;
    desk_init(&desk);
    desk_set(&desk, 3, 0);
    desk_make(&desk);
    desk.adverts = 0;
    for (int i = 0; i < 600; i++) {
        desk_set(&desk, i % 2 == 0 ? 1 : 3, 0);
        desk_pass(&desk, 100);
    }
    print_message("a flapping service: %u adverts in a minute\n", desk.adverts);
    assert_in_range(desk.adverts, 1, 6);
    assert_int_equal(desk_told(&desk), 1);
    desk_set(&desk, 3, 0);
    desk_pass(&desk, 3ull * DAMPING_HALF_LIFE_MS + 2000);
    assert_int_equal(desk_told(&desk), 3);
    own_deinit(&desk.own);
}

static void test_no_rhythm_of_flaps_costs_more_than_sixteen_adverts_a_minute(void **state)
{
    static struct desk desk;
    uint32_t most = 0;

    (void)state;
    for (uint64_t pause_ms = 50; pause_ms < 30000; pause_ms += pause_ms / 4) {
        uint64_t until_ms = START_MS + 10ull * MINUTE_MS;
        uint32_t before = 0;
        uint64_t minute_ms = START_MS;

        desk_init(&desk);
        for (int i = 0; desk.now_ms < until_ms; i++) {
            desk_set(&desk, (uint32_t)i % 2, 0);
            desk_pass(&desk, pause_ms);
            if (desk.now_ms - minute_ms < MINUTE_MS)
                continue;
            if (desk.adverts - before > most)
                most = desk.adverts - before;
            before = desk.adverts;
            minute_ms = desk.now_ms;
        }
        own_deinit(&desk.own);
    }
    print_message("the worst rhythm: %u adverts in a minute\n", most);
    assert_in_range(most, 1, 16);
}

static void test_many_changes_become_few_adverts(void **state)
{
    static struct desk desk;

    (void)state;
    desk_init(&desk);
    for (uint32_t i = 0; i < 1000; i++) { /* types that change with every call are no flap of one */
        own_renew(&desk.own);
        desk_pass(&desk, 10);
    }
    assert_in_range(desk.adverts, ADVERT_BURST, ADVERT_BURST + 10000 / ADVERT_REFILL_MS);
    own_deinit(&desk.own);
}

static void test_new_types_of_the_same_version_are_told(void **state)
{
    static struct desk desk;
    uint8_t types[ADVERT_TYPES_SIZE] = { 1 };
    struct offer offer = { .service = text("a"),
        .version = text("1"),
        .types = { types, sizeof(types) },
        .instances = 1 };

    (void)state;
    desk_init(&desk);
    assert_int_equal(own_set(&desk.own, &offer, 1, desk.now_ms), OWN_OK);
    assert_true(desk_make(&desk));
    types[0] = 2;
    assert_int_equal(own_set(&desk.own, &offer, 1, desk.now_ms), OWN_OK);
    assert_true(desk_make(&desk));
    own_deinit(&desk.own);
}

static void test_offers_beyond_a_limit_change_nothing(void **state)
{
    static struct desk desk;
    static struct offer offers[ADVERT_OFFERS_MAX + 1];
    static char names[ADVERT_OFFERS_MAX + 1][SERVICE_NAME_MAX + 1];
    static char word[ADVERT_PROTO_NAME_MAX];

    (void)state;
    desk_init(&desk);
    memset(word, 'x', sizeof(word));
    for (uint32_t i = 0; i <= ADVERT_OFFERS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "s%04u", i);
        offers[i] = (struct offer){ .service = text(names[i]), .instances = 1 };
    }
    desk_set(&desk, 1, 0);
    assert_int_equal(own_set(&desk.own, offers, ADVERT_OFFERS_MAX + 1, desk.now_ms), OWN_TOO_MANY);
    assert_int_equal(desk.own.count, 1);
    assert_int_equal(own_set(&desk.own, offers, ADVERT_OFFERS_MAX, desk.now_ms), OWN_OK);
    for (uint32_t i = 0; i < ADVERT_OFFERS_MAX; i++)
        offers[i].proto_service = (struct span){ (const uint8_t *)word, sizeof(word) };
    assert_int_equal(own_set(&desk.own, offers, ADVERT_OFFERS_MAX, desk.now_ms), OWN_TOO_MANY);
    assert_true(desk_make(&desk));
    offers[0] = offers[1];
    assert_int_equal(own_set(&desk.own, offers, 2, desk.now_ms), OWN_BAD);
    offers[0].service = text("Not-a-name");
    assert_int_equal(own_set(&desk.own, offers, 1, desk.now_ms), OWN_BAD);
    assert_false(desk_make(&desk));
    own_deinit(&desk.own);
}

static void test_services_that_are_gone_are_remembered_only_while_there_is_room(void **state)
{
    static struct desk desk;
    static struct offer offers[ADVERT_OFFERS_MAX];
    static char names[ADVERT_OFFERS_MAX][16];

    (void)state;
    desk_init(&desk);
    for (uint32_t round = 0; round < 8; round++) {
        for (uint32_t i = 0; i < ADVERT_OFFERS_MAX; i++) {
            snprintf(names[i], sizeof(names[i]), "s%04u-%u", i, round);
            offers[i] = (struct offer){ .service = text(names[i]), .instances = 1 };
        }
        assert_int_equal(own_set(&desk.own, offers, ADVERT_OFFERS_MAX, desk.now_ms), OWN_OK);
        assert_true(desk.own.count <= 2 * ADVERT_OFFERS_MAX);
        desk_make(&desk);
    }
    own_deinit(&desk.own);
    own_deinit(&desk.own);
}

static void test_addresses_are_told_and_wrong_ones_are_refused(void **state)
{
    static struct desk desk;
    static char long_one[ADVERT_ADDRESS_MAX + 1];
    struct span addresses[ADVERT_ADDRESSES_MAX + 1];
    struct fields fields;
    struct span address;

    (void)state;
    desk_init(&desk);
    desk_make(&desk);
    for (uint32_t i = 0; i <= ADVERT_ADDRESSES_MAX; i++)
        addresses[i] = text("host:7400");
    assert_int_equal(own_set_addresses(&desk.own, addresses, ADVERT_ADDRESSES_MAX + 1), OWN_BAD);
    assert_int_equal(own_set_addresses(&desk.own, addresses, ADVERT_ADDRESSES_MAX), OWN_OK);
    assert_true(desk_make(&desk));
    fields = fields_of((struct span){ desk.bytes, desk.size });
    assert_true(advert_next_address(&fields, &address));
    assert_memory_equal(address.data, "host:7400", address.size);
    memset(long_one, 'x', sizeof(long_one));
    addresses[0] = (struct span){ (const uint8_t *)long_one, sizeof(long_one) };
    assert_int_equal(own_set_addresses(&desk.own, addresses, 1), OWN_BAD);
    addresses[0] = text("");
    assert_int_equal(own_set_addresses(&desk.own, addresses, 1), OWN_BAD);
    own_deinit(&desk.own);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_comes_or_goes_is_told_at_once),
        cmocka_unit_test(test_the_same_offers_again_are_not_told_again),
        cmocka_unit_test(test_load_waits_and_its_noise_is_never_told),
        cmocka_unit_test(test_a_service_that_flaps_costs_few_adverts_and_is_told_when_it_stays),
        cmocka_unit_test(test_no_rhythm_of_flaps_costs_more_than_sixteen_adverts_a_minute),
        cmocka_unit_test(test_many_changes_become_few_adverts),
        cmocka_unit_test(test_new_types_of_the_same_version_are_told),
        cmocka_unit_test(test_offers_beyond_a_limit_change_nothing),
        cmocka_unit_test(test_services_that_are_gone_are_remembered_only_while_there_is_room),
        cmocka_unit_test(test_addresses_are_told_and_wrong_ones_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
