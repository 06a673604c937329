// SPDX-License-Identifier: Apache-2.0
/* protobuf-c writes what is read here, and reads what is written here. */
#include "mu/link/v1/link.pb-c.h"
#include "services/network/link/advert.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/identity_fixture.h"

enum { BODY_ROOM = 2 * ADVERT_BODY_MAX };

static struct span text(const char *words)
{
    return (struct span){ (const uint8_t *)words, strlen(words) };
}

static const uint8_t types[ADVERT_TYPES_SIZE] = { 1, 2, 3 };

/* A body with two offers and an address, in `bytes`. */
static struct span make_body(const struct public_key *node, uint8_t *bytes)
{
    struct offer offers[] = {
        { .service = text("chat"), .version = text("1.0.0"), .instances = 2, .latency_us = 900 },
        { .service = text("kv"),
                .version = text("2.1.0"),
                .types = { types, sizeof(types) },
                .proto_service = text("kv.v1.Kv"),
                .instances = 1 },
    };
    struct span addresses[] = { text("192.0.2.7:7400") };
    struct advert_body body = { .node = *node,
        .epoch = 1ull << 62,
        .sequence = 9,
        .ttl_ms = ADVERT_TTL_MS,
        .offer_count = 2,
        .address_count = 1 };
    size_t size = (size_t)(advert_body_write(&body, offers, addresses, bytes) - bytes);

    assert_int_equal(size, advert_body_size(&body, offers, addresses));
    return (struct span){ bytes, size };
}

static void test_protobuf_reads_the_body_that_is_written_here(void **state)
{
    struct public_key node = { { 5, 6 } };
    uint8_t bytes[512];
    struct span body = make_body(&node, bytes);
    Mu__Link__V1__AdvertBody *read = mu__link__v1__advert_body__unpack(NULL, body.size, body.data);

    (void)state;
    assert_non_null(read);
    assert_memory_equal(read->node.data, node.bytes, PUBLIC_KEY_SIZE);
    assert_true(read->epoch == 1ull << 62);
    assert_int_equal(read->sequence, 9);
    assert_int_equal(read->ttl_ms, ADVERT_TTL_MS);
    assert_int_equal(read->n_offers, 2);
    assert_string_equal(read->offers[0]->service, "chat");
    assert_int_equal(read->offers[0]->instances, 2);
    assert_int_equal(read->offers[0]->latency_us, 900);
    assert_string_equal(read->offers[1]->version, "2.1.0");
    assert_string_equal(read->offers[1]->proto_service, "kv.v1.Kv");
    assert_int_equal(read->offers[1]->types.len, ADVERT_TYPES_SIZE);
    assert_int_equal(read->n_addresses, 1);
    assert_string_equal(read->addresses[0], "192.0.2.7:7400");
    mu__link__v1__advert_body__free_unpacked(read, NULL);
}

static void test_offers_and_addresses_are_read_in_place(void **state)
{
    struct public_key node = { { 5, 6 } };
    uint8_t bytes[512];
    struct span packed = make_body(&node, bytes);
    struct fields fields = fields_of(packed);
    struct advert_body body;
    struct offer offer;
    struct span address;

    (void)state;
    assert_int_equal(advert_body_read(&body, packed), ADVERT_OK);
    assert_int_equal(body.offer_count, 2);
    assert_int_equal(body.address_count, 1);
    assert_true(advert_next_offer(&fields, &offer));
    assert_memory_equal(offer.service.data, "chat", 4);
    assert_true(advert_next_offer(&fields, &offer));
    assert_memory_equal(offer.types.data, types, sizeof(types));
    assert_false(advert_next_offer(&fields, &offer));
    fields = fields_of(packed);
    assert_true(advert_next_address(&fields, &address));
    assert_memory_equal(address.data, "192.0.2.7:7400", address.size);
    assert_false(advert_next_address(&fields, &address));
}

/* Packs a body with protobuf-c after `spoil` made it wrong, and reads it here. */
static enum advert_outcome read_spoiled(void (*spoil)(Mu__Link__V1__AdvertBody *body))
{
    Mu__Link__V1__AdvertBody body = MU__LINK__V1__ADVERT_BODY__INIT;
    Mu__Link__V1__Offer offers[2] = { MU__LINK__V1__OFFER__INIT, MU__LINK__V1__OFFER__INIT };
    Mu__Link__V1__Offer *pointers[2] = { &offers[0], &offers[1] };
    char *addresses[] = { (char *)"a:1" };
    uint8_t node[PUBLIC_KEY_SIZE + 1] = { 1 };
    static uint8_t bytes[BODY_ROOM];
    struct advert_body read;
    size_t size;

    offers[0].service = (char *)"a";
    offers[0].instances = 1;
    offers[1].service = (char *)"b";
    offers[1].instances = 1;
    body.node = (ProtobufCBinaryData){ PUBLIC_KEY_SIZE, node };
    body.sequence = 1;
    body.ttl_ms = 1;
    body.n_offers = 2;
    body.offers = pointers;
    body.n_addresses = 1;
    body.addresses = addresses;
    spoil(&body);
    size = mu__link__v1__advert_body__pack(&body, bytes);
    assert_true(size <= sizeof(bytes));
    return advert_body_read(&read, (struct span){ bytes, size });
}

static void spoil_nothing(Mu__Link__V1__AdvertBody *body)
{
    (void)body;
}

static void spoil_sequence(Mu__Link__V1__AdvertBody *body)
{
    body->sequence = 0;
}

static void spoil_no_ttl(Mu__Link__V1__AdvertBody *body)
{
    body->ttl_ms = 0;
}

static void spoil_long_ttl(Mu__Link__V1__AdvertBody *body)
{
    body->ttl_ms = ADVERT_TTL_MS + 1;
}

static void spoil_node(Mu__Link__V1__AdvertBody *body)
{
    body->node.len += 1;
}

static void spoil_order(Mu__Link__V1__AdvertBody *body)
{
    body->offers[0]->service = (char *)"c";
}

static void spoil_twice(Mu__Link__V1__AdvertBody *body)
{
    body->offers[0]->service = (char *)"b";
}

static void spoil_name(Mu__Link__V1__AdvertBody *body)
{
    body->offers[0]->service = (char *)"A";
}

static void spoil_instances(Mu__Link__V1__AdvertBody *body)
{
    body->offers[0]->instances = 0;
}

static void spoil_version(Mu__Link__V1__AdvertBody *body)
{
    body->offers[0]->version = (char *)"1 0";
}

static void spoil_types(Mu__Link__V1__AdvertBody *body)
{
    static uint8_t short_hash[] = { 1, 2 };

    body->offers[0]->types = (ProtobufCBinaryData){ sizeof(short_hash), short_hash };
}

static void spoil_address(Mu__Link__V1__AdvertBody *body)
{
    body->addresses[0] = (char *)"a b";
}

static void test_a_body_that_breaks_a_rule_is_none(void **state)
{
    static void (*const spoils[])(Mu__Link__V1__AdvertBody *) = {
        spoil_sequence,
        spoil_no_ttl,
        spoil_long_ttl,
        spoil_node,
        spoil_order,
        spoil_twice,
        spoil_name,
        spoil_instances,
        spoil_version,
        spoil_types,
        spoil_address,
    };

    (void)state;
    assert_int_equal(read_spoiled(spoil_nothing), ADVERT_OK);
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++)
        assert_int_equal(read_spoiled(spoils[i]), ADVERT_BAD);
}

static void test_a_body_has_as_many_offers_as_the_limit_and_not_one_more(void **state)
{
    static struct offer offers[ADVERT_OFFERS_MAX + 1];
    static char names[ADVERT_OFFERS_MAX + 1][8];
    static uint8_t bytes[BODY_ROOM];
    struct advert_body body = { .sequence = 1, .ttl_ms = 1 };
    struct advert_body read;

    (void)state;
    for (uint32_t i = 0; i <= ADVERT_OFFERS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "s%04u", i);
        offers[i] = (struct offer){ .service = text(names[i]), .instances = 1 };
    }
    for (uint32_t count = ADVERT_OFFERS_MAX - 1; count <= ADVERT_OFFERS_MAX + 1; count++) {
        size_t size;

        body.offer_count = count;
        size = (size_t)(advert_body_write(&body, offers, NULL, bytes) - bytes);
        assert_int_equal(advert_body_read(&read, (struct span){ bytes, size }),
                count <= ADVERT_OFFERS_MAX ? ADVERT_OK : ADVERT_BAD);
    }
}

static void test_an_advert_comes_back_as_it_was_written(void **state)
{
    struct public_key node = { { 5, 6 } };
    uint8_t body[512];
    uint8_t signature[SIGNATURE_SIZE] = { 7 };
    uint8_t bytes[1024];
    struct advert read;
    struct advert advert = { .node = node,
        .body = make_body(&node, body),
        .signature = { signature, sizeof(signature) },
        .chain = text("chain"),
        .path = { 2, { { { 8 } }, { { 9 } } } },
        .metric_us = 1234 };
    struct span packed = { bytes, (size_t)(advert_write(&advert, bytes) - bytes) };

    (void)state;
    assert_int_equal(packed.size, advert_size(&advert));
    assert_int_equal(advert_read(&read, packed), ADVERT_OK);
    assert_true(public_key_equal(&read.node, &node));
    assert_int_equal(read.version.sequence, 9);
    assert_memory_equal(read.body.data, body, advert.body.size);
    assert_memory_equal(read.chain.data, "chain", 5);
    assert_int_equal(read.path.count, 2);
    assert_memory_equal(&read.path, &advert.path, sizeof(advert.path));
    assert_int_equal(read.metric_us, 1234);
}

static void test_a_mention_has_the_version_of_the_body_that_it_stands_for(void **state)
{
    struct public_key node = { { 5, 6 } };
    uint8_t body[512];
    uint8_t signature[SIGNATURE_SIZE] = { 7 };
    uint8_t bytes[1024];
    struct advert whole;
    struct advert mention;
    struct advert read;
    struct advert advert = { .body = make_body(&node, body),
        .signature = { signature, sizeof(signature) } };

    (void)state;
    assert_int_equal(advert_read(&whole, (struct span){ bytes,
                                                 (size_t)(advert_write(&advert, bytes) - bytes) }),
            ADVERT_OK);
    mention = whole;
    mention.body.size = 0;
    assert_int_equal(advert_read(&read, (struct span){ bytes,
                                                (size_t)(advert_write(&mention, bytes) - bytes) }),
            ADVERT_OK);
    assert_int_equal(read.body.size, 0);
    assert_true(public_key_equal(&read.node, &node));
    assert_int_equal(version_compare(&read.version, &whole.version), 0);
}

static void test_what_is_neither_advert_nor_mention_is_refused(void **state)
{
    struct public_key node = { { 5, 6 } };
    uint8_t body[512];
    uint8_t signature[SIGNATURE_SIZE] = { 7 };
    uint8_t bytes[1024];
    struct advert read;
    struct advert advert = { .node = node,
        .version = { 1, 1, 1 },
        .body = make_body(&node, body),
        .signature = { signature, sizeof(signature) } };
    uint8_t *end = advert_write(&advert, bytes);
    size_t whole = (size_t)(end - bytes);

    (void)state;
    for (size_t size = 0; size < whole - 2; size++) /* cut short; the last two are an empty chain */
        assert_int_equal(advert_read(&read, (struct span){ bytes, size }), ADVERT_BAD);
    end = bytes_field_write(end, 6, (struct span){ node.bytes, PUBLIC_KEY_SIZE });
    assert_int_equal(advert_read(&read, (struct span){ bytes, (size_t)(end - bytes) }), ADVERT_BAD);
    end = bytes;
    for (int i = 0; i < ROUTE_HOPS_MAX; i++) /* too far away to be of use */
        end = bytes_field_write(end, 4, (struct span){ node.bytes, PUBLIC_KEY_SIZE });
    advert.body.size = 0;
    end = advert_write(&advert, end);
    assert_int_equal(advert_read(&read, (struct span){ bytes, (size_t)(end - bytes) }), ADVERT_BAD);
}

static void test_a_later_boot_is_newer_and_then_the_sequence_decides(void **state)
{
    struct version old_boot = { advert_epoch(1000, UINT64_MAX), 900, 5 };
    struct version new_boot = { advert_epoch(1001, 0), 1, 5 };
    struct version next = { new_boot.epoch, 2, 1 };
    struct version other = { new_boot.epoch, 2, 9 };

    (void)state;
    assert_true(version_compare(&new_boot, &old_boot) > 0);
    assert_true(version_compare(&next, &new_boot) > 0);
    assert_true(version_compare(&other, &next) > 0);
    assert_true(version_compare(&next, &other) < 0);
    assert_int_equal(version_compare(&next, &next), 0);
    assert_true(advert_epoch(1000, 1) != advert_epoch(1000, 2));
}

static void test_only_a_member_is_believed_and_only_with_its_own_signature(void **state)
{
    struct network network;
    struct identity identity;
    uint8_t body[512];
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t chain[CHAIN_SIZE_MAX];
    struct advert advert = { 0 };

    (void)state;
    network_init(&network);
    advert.node = network.node.public;
    advert.body = make_body(&advert.node, body);
    advert.signature = (struct span){ signature, sizeof(signature) };
    advert.chain = (struct span){ chain, (size_t)(chain_write(&network.chain, chain) - chain) };
    advert_sign(&network.node, advert.body, signature);
    assert_true(advert_believe(&network.trust, &advert, NOW_S, &identity));
    assert_string_equal(identity.name, "desk.alice");

    assert_false(advert_believe(&network.trust, &advert, NOW_S + YEAR_S, &identity));
    signature[9] ^= 1;
    assert_false(advert_believe(&network.trust, &advert, NOW_S, &identity));
    signature[9] ^= 1;
    body[advert.body.size - 1] ^= 1;
    assert_false(advert_believe(&network.trust, &advert, NOW_S, &identity));
    body[advert.body.size - 1] ^= 1;
    chain[100] ^= 1;
    assert_false(advert_believe(&network.trust, &advert, NOW_S, &identity));
    chain[100] ^= 1;
    advert.chain.size = 0;
    assert_false(advert_believe(&network.trust, &advert, NOW_S, &identity));
    advert.chain.size = chain_size(&network.chain);

    advert.node = network.stranger.public; /* with somebody else's chain */
    advert.body = make_body(&advert.node, body);
    advert_sign(&network.stranger, advert.body, signature);
    assert_false(advert_believe(&network.trust, &advert, NOW_S, &identity));
    network_deinit(&network);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_protobuf_reads_the_body_that_is_written_here),
        cmocka_unit_test(test_offers_and_addresses_are_read_in_place),
        cmocka_unit_test(test_a_body_that_breaks_a_rule_is_none),
        cmocka_unit_test(test_a_body_has_as_many_offers_as_the_limit_and_not_one_more),
        cmocka_unit_test(test_an_advert_comes_back_as_it_was_written),
        cmocka_unit_test(test_a_mention_has_the_version_of_the_body_that_it_stands_for),
        cmocka_unit_test(test_what_is_neither_advert_nor_mention_is_refused),
        cmocka_unit_test(test_a_later_boot_is_newer_and_then_the_sequence_decides),
        cmocka_unit_test(test_only_a_member_is_believed_and_only_with_its_own_signature),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
