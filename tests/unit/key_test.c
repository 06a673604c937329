// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "transport/secure/node_id.h"

static struct span text(const char *string)
{
    return (struct span){ (const uint8_t *)string, strlen(string) };
}

static struct key key_of(uint8_t byte)
{
    uint8_t seed[KEY_SEED_SIZE];
    struct key key;

    memset(seed, byte, sizeof(seed));
    assert_int_equal(key_init_seed(&key, seed), 0);
    return key;
}

static void test_a_signature_is_good_for_its_key_its_message_and_its_purpose_alone(void **state)
{
    struct key key = key_of(1);
    struct key other = key_of(2);
    uint8_t signature[SIGNATURE_SIZE];

    (void)state;
    for (int made = 0; made < KEY_PURPOSES; made++) {
        key_sign(&key, (enum key_purpose)made, text("message"), signature);
        for (int asked = 0; asked < KEY_PURPOSES; asked++)
            assert_int_equal(
                    key_verify(&key.public, (enum key_purpose)asked, text("message"), signature),
                    asked == made);
        assert_false(key_verify(&key.public, (enum key_purpose)made, text("massage"), signature));
        assert_false(key_verify(&other.public, (enum key_purpose)made, text("message"), signature));
    }
    key_deinit(&key);
    key_deinit(&other);
}

/* No purpose with its NUL begins another, so none can be made of another and a message. */
static void test_a_purpose_is_signed_as_its_text_and_a_nul(void **state)
{
    static const struct {
        enum key_purpose purpose;
        const char text[24];
        size_t size;
    } purposes[] = {
        { KEY_FOR_CERTIFICATE, "mu.cert.v1", 11 },
        { KEY_FOR_LINK_STATIC, "mu.link.static.v1", 18 },
        { KEY_FOR_REVOCATIONS, "mu.revocation.v1", 17 },
        { KEY_FOR_REQUEST, "mu.request.v1", 14 },
        { KEY_FOR_JOIN, "mu.join.v1", 11 },
        { KEY_FOR_ADVERT, "mu.advert.v1", 13 },
        { KEY_FOR_CLIENT, "mu.client.v1", 13 },
        { KEY_FOR_ACCESS, "mu.token.v1", 12 },
        { KEY_FOR_ACCESS_SEAL, "mu.token.seal.v1", 17 },
    };
    struct key key = key_of(1);
    uint8_t signature[SIGNATURE_SIZE];

    (void)state;
    assert_int_equal(sizeof(purposes) / sizeof(purposes[0]), KEY_PURPOSES);
    for (size_t i = 0; i < KEY_PURPOSES; i++) {
        uint8_t bytes[32] = { 0 };

        memcpy(bytes, purposes[i].text, purposes[i].size);
        bytes[purposes[i].size] = 'x';
        key_sign(&key, purposes[i].purpose, text("x"), signature);
        assert_int_equal(crypto_sign_verify_detached(
                                 signature, bytes, purposes[i].size + 1, key.public.bytes),
                0);
    }
    key_deinit(&key);
}

static void test_the_longest_message_is_signed(void **state)
{
    uint8_t bytes[SIGNED_SIZE_MAX] = { 1 };
    struct span longest = { bytes, sizeof(bytes) };
    struct key key = key_of(1);
    uint8_t signature[SIGNATURE_SIZE];

    (void)state;
    key_sign(&key, KEY_FOR_LINK_STATIC, longest, signature);
    assert_true(key_verify(&key.public, KEY_FOR_LINK_STATIC, longest, signature));
    bytes[sizeof(bytes) - 1] ^= 1;
    assert_false(key_verify(&key.public, KEY_FOR_LINK_STATIC, longest, signature));
    key_sign(&key, KEY_FOR_LINK_STATIC, (struct span){ NULL, 0 }, signature);
    assert_true(key_verify(&key.public, KEY_FOR_LINK_STATIC, (struct span){ NULL, 0 }, signature));
    key_deinit(&key);
}

/* RFC 8032, section 5.1.7: S below the group's order. Adding the order gives the same point. */
static void test_a_signature_in_a_second_spelling_is_refused(void **state)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c,
        0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10 };
    struct key key = key_of(1);
    uint8_t signature[SIGNATURE_SIZE];
    unsigned carry = 0;

    (void)state;
    key_sign(&key, KEY_FOR_JOIN, text("message"), signature);
    for (size_t i = 0; i < sizeof(order); i++) {
        carry += signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_false(key_verify(&key.public, KEY_FOR_JOIN, text("message"), signature));
    key_deinit(&key);
}

static void test_keys_of_small_order_sign_nothing(void **state)
{
    static const struct public_key small[] = { { { 0 } }, { { 1 } } };
    uint8_t signature[SIGNATURE_SIZE] = { 1 }; /* R the neutral point, S zero */

    (void)state;
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++)
        assert_false(key_verify(&small[i], KEY_FOR_JOIN, text("message"), signature));
}

static void test_a_seed_gives_the_same_key_and_comes_back(void **state)
{
    struct key key = key_of(9);
    struct key fresh;
    struct key second;
    uint8_t seed[KEY_SEED_SIZE];

    (void)state;
    key_seed(&key, seed);
    for (size_t i = 0; i < sizeof(seed); i++)
        assert_int_equal(seed[i], 9);
    assert_int_equal(key_init(&fresh), 0);
    assert_int_equal(key_init(&second), 0);
    assert_false(public_key_equal(&fresh.public, &second.public));
    key_deinit(&key);
    key_deinit(&key);
    assert_null(key.secret);
    key_deinit(&fresh);
    key_deinit(&second);
}

static void test_the_golden_node_id_is_printed(void **state)
{
    struct public_key key;
    char id[NODE_ID_SIZE + 1];
    char short_id[NODE_ID_SHORT_SIZE + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(key.bytes); i++)
        key.bytes[i] = (uint8_t)i;
    node_id_print(&key, id);
    assert_string_equal(id, "mu:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq");
    node_id_print_short(&key, short_id);
    assert_string_equal(short_id, "aaaqeaye");
}

static void test_node_ids_come_back_as_they_were_printed(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct public_key key;
        struct public_key back;
        char id[NODE_ID_SIZE + 1];

        randombytes_buf(&key, sizeof(key));
        node_id_print(&key, id);
        assert_int_equal(node_id_parse(&back, text(id)), NODE_ID_OK);
        assert_true(public_key_equal(&key, &back));
    }
}

/* Any other character in any place gives another key or none, so an id has one spelling. */
static void test_a_node_id_has_one_spelling(void **state)
{
    struct key key = key_of(3);
    char id[NODE_ID_SIZE + 1];
    struct public_key back;

    (void)state;
    node_id_print(&key.public, id);
    for (size_t i = 0; i < NODE_ID_SIZE; i++) {
        char was = id[i];

        for (int c = 0; c < 256; c++) {
            id[i] = (char)c;
            if (id[i] != was && node_id_parse(&back,
                                        (struct span){ (uint8_t *)id, NODE_ID_SIZE }) == NODE_ID_OK)
                assert_false(public_key_equal(&back, &key.public));
        }
        id[i] = was;
    }
    key_deinit(&key);
}

static void test_what_is_no_node_id_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = { "",
        "mu:", "aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq",
        "mu:AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPQ",
        "mu:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypr", /* bits to spare */
        "mu:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypq=",
        "mu:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dyp",
        "mu:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dyp1",
        " mu:aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dyp" };
    struct public_key key = { { 9 } };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(node_id_parse(&key, text(bad[i])), NODE_ID_BAD);
        assert_int_equal(key.bytes[0], 9);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_signature_is_good_for_its_key_its_message_and_its_purpose_alone),
        cmocka_unit_test(test_a_purpose_is_signed_as_its_text_and_a_nul),
        cmocka_unit_test(test_the_longest_message_is_signed),
        cmocka_unit_test(test_a_signature_in_a_second_spelling_is_refused),
        cmocka_unit_test(test_keys_of_small_order_sign_nothing),
        cmocka_unit_test(test_a_seed_gives_the_same_key_and_comes_back),
        cmocka_unit_test(test_the_golden_node_id_is_printed),
        cmocka_unit_test(test_node_ids_come_back_as_they_were_printed),
        cmocka_unit_test(test_a_node_id_has_one_spelling),
        cmocka_unit_test(test_what_is_no_node_id_is_refused_and_changes_nothing),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
