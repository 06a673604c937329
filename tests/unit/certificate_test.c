// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka.h"
#include "tests/unit/identity_fixture.h"
#include "tests/unit/identity_golden.h"

static struct network network;

static struct span packed(const struct certificate *certificate, uint8_t *bytes)
{
    const uint8_t *end = certificate_write(certificate, bytes);

    assert_int_equal(end - bytes, certificate_size(certificate));
    return (struct span){ bytes, (size_t)(end - bytes) };
}

/* A certificate that says what is wanted and has a good signature of the root's. */
static struct certificate node_named(const char *name)
{
    struct certificate made = network.node_certificate;

    memset(made.name, 0, sizeof(made.name));
    memcpy(made.name, name, strlen(name));
    return made;
}

static void test_a_certificate_comes_back_as_it_was_written(void **state)
{
    const struct certificate *const all[] = { &network.root_certificate,
        &network.authority_certificate, &network.node_certificate };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[CERTIFICATE_SIZE_MAX];
        uint8_t again[CERTIFICATE_SIZE_MAX];
        struct span span = packed(all[i], bytes);
        struct certificate back;

        assert_int_equal(certificate_read(&back, span), CERTIFICATE_OK);
        assert_true(certificate_verify(&back));
        assert_int_equal(packed(&back, again).size, span.size);
        assert_memory_equal(again, bytes, span.size);
        assert_int_equal(back.kind, all[i]->kind);
        assert_string_equal(back.name, all[i]->name);
        assert_true(back.serial == 7 || back.kind == CERTIFICATE_ROOT);
        assert_true(back.not_before_s == NOW_S && back.roles == all[i]->roles);
    }
}

static void test_the_golden_certificates_are_written_byte_for_byte(void **state)
{
    uint8_t bytes[CERTIFICATE_SIZE_MAX];

    (void)state;
    golden_equal(packed(&network.root_certificate, bytes), GOLDEN_ROOT_CERTIFICATE);
    golden_equal(packed(&network.authority_certificate, bytes), GOLDEN_AUTHORITY_CERTIFICATE);
    golden_equal(packed(&network.node_certificate, bytes), GOLDEN_NODE_CERTIFICATE);
    golden_equal((struct span){ network.trust.network.bytes, NETWORK_ID_SIZE }, GOLDEN_NETWORK_ID);
}

/* Each byte set to each other value: no certificate any more, or its signature is wrong. */
static void test_no_byte_of_a_certificate_can_be_changed(void **state)
{
    uint8_t bytes[CERTIFICATE_SIZE_MAX];
    struct span span = packed(&network.node_certificate, bytes);
    unsigned verified = 0;

    (void)state;
    for (size_t i = 0; i < span.size; i++) {
        for (unsigned change = 1; change < 256; change++) {
            struct certificate read;

            bytes[i] ^= (uint8_t)change;
            if (certificate_read(&read, span) == CERTIFICATE_OK) {
                assert_false(certificate_verify(&read));
                verified += 1;
            }
            bytes[i] ^= (uint8_t)change;
        }
    }
    assert_true(verified > 10000);
}

static void test_a_certificate_is_as_long_as_it_says(void **state)
{
    uint8_t bytes[CERTIFICATE_SIZE_MAX + 1] = { 0 };
    struct span span = packed(&network.node_certificate, bytes);
    struct certificate read = { .serial = 99 };

    (void)state;
    assert_int_equal(certificate_measure((struct span){ bytes, sizeof(bytes) }), span.size);
    for (size_t size = 0; size <= span.size + 1; size++) {
        struct span cut = { bytes, size };

        if (size == span.size)
            continue;
        assert_int_equal(certificate_read(&read, cut), CERTIFICATE_BAD);
        assert_int_equal(certificate_measure(cut), size < span.size ? 0 : span.size);
    }
    assert_int_equal(read.serial, 99);
}

static void test_what_is_reserved_is_zero(void **state)
{
    static const size_t reserved[] = { 5, 6, 116, 117, 118, 119 };
    uint8_t bytes[CERTIFICATE_SIZE_MAX];
    struct span span = packed(&network.node_certificate, bytes);
    struct certificate read;

    (void)state;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[reserved[i]] ^= (uint8_t)(1 << bit);
            assert_int_equal(certificate_read(&read, span), CERTIFICATE_BAD);
            bytes[reserved[i]] ^= (uint8_t)(1 << bit);
        }
    }
    assert_int_equal(certificate_read(&read, span), CERTIFICATE_OK);
}

static void test_names_are_a_node_and_its_owner(void **state)
{
    static const char *const nodes[] = { "a.b", "desk.alice", "n-1.o-2", "1.2" };
    static const char *const owners[] = { "a", "alice", "o-2", "1" };
    static const char *const neither[] = { "", ".", "a.", ".b", "a..b", "a.b.c", "A.b", "a.B",
        "-a.b", "a-.b", "a.-b", "a.b-", "a b.c", "a_b.c", "-", "a-", "a.b\n", "\xc3\xa4.b" };

    (void)state;
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        assert_true(certificate_name_is_valid(nodes[i], CERTIFICATE_NODE));
        assert_false(certificate_name_is_valid(nodes[i], CERTIFICATE_AUTHORITY));
        assert_true(certificate_name_is_valid(owners[i], CERTIFICATE_AUTHORITY));
        assert_true(certificate_name_is_valid(owners[i], CERTIFICATE_ROOT));
        assert_false(certificate_name_is_valid(owners[i], CERTIFICATE_NODE));
    }
    for (size_t i = 0; i < sizeof(neither) / sizeof(neither[0]); i++) {
        assert_false(certificate_name_is_valid(neither[i], CERTIFICATE_NODE));
        assert_false(certificate_name_is_valid(neither[i], CERTIFICATE_AUTHORITY));
    }
    assert_string_equal(certificate_owner(&network.node_certificate), "alice");
    assert_string_equal(certificate_owner(&network.authority_certificate), "alice");
}

static void test_a_name_is_as_long_as_its_limit_and_no_longer(void **state)
{
    char name[CERTIFICATE_NAME_MAX + 2] = { 0 };
    uint8_t bytes[CERTIFICATE_SIZE_MAX + 1];
    struct certificate made;
    struct certificate read;
    uint8_t *end;

    (void)state;
    memset(name, 'a', CERTIFICATE_NAME_MAX + 1);
    name[10] = '.';
    assert_false(certificate_name_is_valid(name, CERTIFICATE_NODE));
    for (size_t size = CERTIFICATE_NAME_MAX - 1; size <= CERTIFICATE_NAME_MAX; size++) {
        memset(name + size, 0, sizeof(name) - size);
        memset(name + 11, 'a', size - 11);
        made = node_named(name);
        assert_int_equal(certificate_sign(&made, &network.root), CERTIFICATE_OK);
        end = certificate_write(&made, bytes);
        assert_int_equal(end - bytes, 184 + size);
        assert_int_equal(certificate_read(&read, (struct span){ bytes, (size_t)(end - bytes) }),
                CERTIFICATE_OK);
        assert_string_equal(read.name, name);
    }
    bytes[7] += 1; /* a name of 65 */
    assert_int_equal(
            certificate_read(&read, (struct span){ bytes, sizeof(bytes) }), CERTIFICATE_BAD);
}

static void test_a_name_with_a_nul_in_it_is_refused(void **state)
{
    uint8_t bytes[CERTIFICATE_SIZE_MAX];
    struct span span = packed(&network.node_certificate, bytes);
    struct certificate read;

    (void)state;
    for (size_t i = 0; i < strlen(network.node_certificate.name); i++) {
        uint8_t was = bytes[CERTIFICATE_HEAD_SIZE + i];

        bytes[CERTIFICATE_HEAD_SIZE + i] = 0;
        assert_int_equal(certificate_read(&read, span), CERTIFICATE_BAD);
        bytes[CERTIFICATE_HEAD_SIZE + i] = was;
    }
}

/* What nobody could read, nobody can sign. */
static void test_nothing_is_signed_that_no_reader_takes(void **state)
{
    struct certificate made;

    (void)state;
    made = node_named("desk");
    assert_int_equal(certificate_sign(&made, &network.root), CERTIFICATE_BAD);
    made = node_named("desk.alice");
    made.kind = (enum certificate_kind)0;
    assert_int_equal(certificate_sign(&made, &network.root), CERTIFICATE_BAD);
    made.kind = (enum certificate_kind)4;
    assert_int_equal(certificate_sign(&made, &network.root), CERTIFICATE_BAD);
    made = node_named("desk.alice");
    made.not_after_s = made.not_before_s;
    assert_int_equal(certificate_sign(&made, &network.root), CERTIFICATE_BAD);
    made.not_after_s = TIME_MAX_S + 1;
    assert_int_equal(certificate_sign(&made, &network.root), CERTIFICATE_BAD);
    assert_memory_equal(made.signature, network.node_certificate.signature, SIGNATURE_SIZE);
    made.not_after_s = TIME_MAX_S;
    assert_int_equal(certificate_sign(&made, &network.root), CERTIFICATE_OK);
    made = network.root_certificate;
    assert_int_equal(certificate_sign(&made, &network.stranger), CERTIFICATE_BAD);
    assert_int_equal(certificate_sign_root(&made, &network.root, "a.b", 1, 2), CERTIFICATE_BAD);
    assert_int_equal(certificate_sign_root(&made, &network.root, "a", 2, 2), CERTIFICATE_BAD);
}

static void test_a_root_is_issued_by_itself(void **state)
{
    uint8_t bytes[CERTIFICATE_SIZE_MAX];
    struct span span = packed(&network.root_certificate, bytes);
    struct certificate read;

    (void)state;
    memcpy(bytes + 56, network.stranger.public.bytes, PUBLIC_KEY_SIZE);
    assert_int_equal(certificate_read(&read, span), CERTIFICATE_BAD);
}

static void test_chains_of_one_to_three_come_back_and_no_others(void **state)
{
    uint8_t bytes[CHAIN_SIZE_MAX + CERTIFICATE_SIZE_MAX];
    uint8_t again[CHAIN_SIZE_MAX];
    struct chain chain = network.chain;
    struct chain back = { .count = 99 };

    (void)state;
    for (chain.count = 1; chain.count <= CHAIN_MAX; chain.count++) {
        uint8_t *end = chain_write(&chain, bytes);
        struct span span = { bytes, (size_t)(end - bytes) };

        assert_int_equal(span.size, chain_size(&chain));
        assert_int_equal(chain_read(&back, chain.count, span), CERTIFICATE_OK);
        assert_int_equal(back.count, chain.count);
        assert_int_equal(chain_write(&back, again) - again, span.size);
        assert_memory_equal(again, bytes, span.size);
        assert_true(public_key_equal(chain_root(&back),
                chain.count == 1 ? &network.authority.public : &network.root.public));
        back.count = 99;
        assert_int_equal(chain_read(&back, chain.count - 1, span), CERTIFICATE_BAD);
        assert_int_equal(chain_read(&back, chain.count + 1, span), CERTIFICATE_BAD);
        span.size -= 1;
        assert_int_equal(chain_read(&back, chain.count, span), CERTIFICATE_BAD);
        span.size += 2;
        assert_int_equal(chain_read(&back, chain.count, span), CERTIFICATE_BAD);
        assert_int_equal(back.count, 99);
    }
    certificate_write(&network.node_certificate, bytes + chain_size(&network.chain));
    assert_int_equal(
            chain_read(&back, 4,
                    (struct span){ bytes, chain_size(&network.chain) +
                                                  certificate_size(&network.node_certificate) }),
            CERTIFICATE_BAD);
    assert_int_equal(chain_read(&back, 0, (struct span){ NULL, 0 }), CERTIFICATE_BAD);
    assert_int_equal(chain_read(&back, 1, (struct span){ NULL, 0 }), CERTIFICATE_BAD);
}

static int set_up(void **state)
{
    (void)state;
    network_init(&network);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    network_deinit(&network);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_certificate_comes_back_as_it_was_written),
        cmocka_unit_test(test_the_golden_certificates_are_written_byte_for_byte),
        cmocka_unit_test(test_no_byte_of_a_certificate_can_be_changed),
        cmocka_unit_test(test_a_certificate_is_as_long_as_it_says),
        cmocka_unit_test(test_what_is_reserved_is_zero),
        cmocka_unit_test(test_names_are_a_node_and_its_owner),
        cmocka_unit_test(test_a_name_is_as_long_as_its_limit_and_no_longer),
        cmocka_unit_test(test_a_name_with_a_nul_in_it_is_refused),
        cmocka_unit_test(test_nothing_is_signed_that_no_reader_takes),
        cmocka_unit_test(test_a_root_is_issued_by_itself),
        cmocka_unit_test(test_chains_of_one_to_three_come_back_and_no_others),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
