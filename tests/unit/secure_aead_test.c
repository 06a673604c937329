// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <string.h>

#include "base/random.h"
#include "tests/unit/cmocka.h"
#include "transport/secure/aead.h"

enum { SIZE_MAX_TESTED = AEAD_SHORT_MAX + 80 };

static const uint8_t key[AEAD_KEY_SIZE] = "a key of exactly thirty-two byte";

/* What libsodium makes of the same. */
static void seal_by_libsodium(
        uint64_t counter, struct span ad, const uint8_t *plain, size_t size, uint8_t *out)
{
    uint8_t nonce[12] = { 0 };

    for (int i = 4; i < 12; i++, counter >>= 8)
        nonce[i] = (uint8_t)counter;
    crypto_aead_chacha20poly1305_ietf_encrypt(
            out, NULL, plain, size, ad.data, ad.size, NULL, nonce, key);
}

static void test_every_size_comes_out_as_libsodium_makes_it(void **state)
{
    uint8_t plain[SIZE_MAX_TESTED];
    uint8_t expected[SIZE_MAX_TESTED + AEAD_TAG_SIZE];
    uint8_t bytes[SIZE_MAX_TESTED + AEAD_TAG_SIZE];
    struct random random;

    (void)state;
    random_init(&random, 4);
    for (size_t size = 0; size <= SIZE_MAX_TESTED; size++) {
        uint64_t counter = random_next(&random) >> random_below(&random, 64);
        struct span ads[] = { { NULL, 0 }, { key, 32 } };

        for (size_t i = 0; i < size; i++)
            plain[i] = (uint8_t)random_next(&random);
        for (size_t i = 0; i < 2; i++) {
            seal_by_libsodium(counter, ads[i], plain, size, expected);
            memcpy(bytes, plain, size);
            aead_seal(key, counter, ads[i], bytes, size);
            assert_memory_equal(bytes, expected, size + AEAD_TAG_SIZE);
            assert_true(aead_open(key, counter, ads[i], bytes, size));
            assert_memory_equal(bytes, plain, size);
        }
    }
}

static void test_what_was_changed_does_not_open_and_leaves_zeroes(void **state)
{
    static const size_t sizes[] = { 0, 1, 16, 192, 193, AEAD_SHORT_MAX, AEAD_SHORT_MAX + 1 };
    uint8_t sealed[AEAD_SHORT_MAX + 1 + AEAD_TAG_SIZE];
    uint8_t bytes[sizeof(sealed)];

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t size = sizes[i];

        memset(sealed, 'p', size);
        aead_seal(key, 5, (struct span){ 0 }, sealed, size);
        for (size_t bit = 0; bit < (size + AEAD_TAG_SIZE) * 8; bit++) {
            memcpy(bytes, sealed, size + AEAD_TAG_SIZE);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(aead_open(key, 5, (struct span){ 0 }, bytes, size));
            assert_true(sodium_is_zero(bytes, size));
        }
        memcpy(bytes, sealed, size + AEAD_TAG_SIZE);
        assert_false(aead_open(key, 6, (struct span){ 0 }, bytes, size));
        memcpy(bytes, sealed, size + AEAD_TAG_SIZE);
        assert_false(aead_open(key, 5, (struct span){ key, 1 }, bytes, size));
        memcpy(bytes, sealed, size + AEAD_TAG_SIZE);
        assert_true(aead_open(key, 5, (struct span){ 0 }, bytes, size));
    }
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size_comes_out_as_libsodium_makes_it),
        cmocka_unit_test(test_what_was_changed_does_not_open_and_leaves_zeroes),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
