// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka.h"
#include "tests/unit/identity_fixture.h"

static struct network network;

static enum trust_outcome check_at(const struct chain *chain, uint64_t now_s)
{
    struct identity identity = { .roles = 99 };
    enum trust_outcome outcome = trust_check(&network.trust, chain, now_s, &identity);

    assert_true(outcome == TRUST_OK || identity.roles == 99);
    return outcome;
}

static enum trust_outcome check(const struct chain *chain)
{
    return check_at(chain, NOW_S);
}

/* A chain of what is named, the node's certificate first. */
static struct chain chain_of(const struct certificate *first, const struct certificate *second,
        const struct certificate *third)
{
    struct chain chain = { .count = 1, .certificates = { *first } };

    if (second != NULL)
        chain.certificates[chain.count++] = *second;
    if (third != NULL)
        chain.certificates[chain.count++] = *third;
    return chain;
}

static struct certificate issued(enum certificate_kind kind, const struct key *subject,
        const struct key *issuer, const char *name)
{
    struct certificate made = { .network = network.trust.network };

    fixture_certificate(&made, kind, subject, issuer, name);
    return made;
}

static void test_a_node_is_believed_by_its_authority_or_by_the_root(void **state)
{
    struct certificate direct = issued(CERTIFICATE_NODE, &network.node, &network.root, "lab.bob");
    struct chain chain = network.chain;

    (void)state;
    assert_int_equal(check(&chain), TRUST_OK);
    chain.count = 2;
    assert_int_equal(check(&chain), TRUST_OK);
    chain = chain_of(&direct, NULL, NULL);
    assert_int_equal(check(&chain), TRUST_OK);
    chain = chain_of(&direct, &network.root_certificate, NULL);
    assert_int_equal(check(&chain), TRUST_OK);
}

static void test_who_is_believed_is_told(void **state)
{
    struct identity identity;

    (void)state;
    assert_int_equal(trust_check(&network.trust, &network.chain, NOW_S, &identity), TRUST_OK);
    assert_true(public_key_equal(&identity.key, &network.node.public));
    assert_true(network_id_equal(&identity.network, &network.trust.network));
    assert_string_equal(identity.name, "desk.alice");
    assert_int_equal(identity.roles, ROLE_MEMBER);
    assert_true(identity.until_s == NOW_S + DAY_S);
}

/* The first end in the chain counts: here the authority's. */
static void test_a_link_ends_with_the_first_certificate_that_ends(void **state)
{
    struct certificate authority = network.authority_certificate;
    struct identity identity;
    struct chain chain;

    (void)state;
    authority.not_after_s = NOW_S + 60;
    assert_int_equal(certificate_sign(&authority, &network.root), CERTIFICATE_OK);
    chain = chain_of(&network.node_certificate, &authority, NULL);
    assert_int_equal(trust_check(&network.trust, &chain, NOW_S, &identity), TRUST_OK);
    assert_true(identity.until_s == NOW_S + 60);
}

/* Each certificate of the chain in turn is the one that is too young or too old. */
static void test_times_hold_one_below_at_and_above(void **state)
{
    static const struct key *const issuers[] = { &network.authority, &network.root, &network.root };

    (void)state;
    for (uint32_t which = 0; which < 3; which++) {
        struct chain chain = network.chain;
        uint64_t begin_s = NOW_S + 1000;
        uint64_t end_s = NOW_S + 2000;

        chain.certificates[which].not_before_s = begin_s;
        chain.certificates[which].not_after_s = end_s;
        assert_int_equal(
                certificate_sign(&chain.certificates[which], issuers[which]), CERTIFICATE_OK);
        assert_int_equal(check_at(&chain, begin_s - CLOCK_TOLERANCE_S - 1), TRUST_NOT_YET_VALID);
        assert_int_equal(check_at(&chain, begin_s - CLOCK_TOLERANCE_S), TRUST_OK);
        assert_int_equal(check_at(&chain, begin_s), TRUST_OK);
        assert_int_equal(check_at(&chain, end_s), TRUST_OK);
        assert_int_equal(check_at(&chain, end_s + CLOCK_TOLERANCE_S), TRUST_OK);
        assert_int_equal(check_at(&chain, end_s + CLOCK_TOLERANCE_S + 1), TRUST_EXPIRED);
    }
    assert_int_equal(check_at(&network.chain, 0), TRUST_NOT_YET_VALID);
    assert_int_equal(check_at(&network.chain, UINT64_MAX), TRUST_EXPIRED);
}

static void test_another_network_is_not_believed(void **state)
{
    struct certificate root;
    struct certificate node = { .kind = CERTIFICATE_NODE };
    struct chain chain;

    (void)state;
    assert_int_equal(certificate_sign_root(&root, &network.stranger, "home", NOW_S, NOW_S + DAY_S),
            CERTIFICATE_OK);
    node.network = root.network;
    fixture_certificate(&node, CERTIFICATE_NODE, &network.node, &network.stranger, "desk.alice");
    chain = chain_of(&node, &root, NULL);
    assert_int_equal(check(&chain), TRUST_FOREIGN_NETWORK);
    /* a certificate of our root's, for another network of the same root */
    assert_int_equal(certificate_sign(&node, &network.root), CERTIFICATE_OK);
    chain = chain_of(&node, NULL, NULL);
    assert_int_equal(check(&chain), TRUST_FOREIGN_NETWORK);
    /* a stranger that claims this network's id */
    node = issued(CERTIFICATE_NODE, &network.node, &network.stranger, "desk.alice");
    chain = chain_of(&node, NULL, NULL);
    assert_int_equal(check(&chain), TRUST_FOREIGN_ROOT);
    root.network = network.trust.network;
    assert_int_equal(certificate_sign(&root, &network.stranger), CERTIFICATE_OK);
    chain = chain_of(&node, &root, NULL);
    assert_int_equal(check(&chain), TRUST_FOREIGN_ROOT);
}

static void test_a_key_that_certifies_itself_is_not_believed(void **state)
{
    struct certificate node = issued(CERTIFICATE_NODE, &network.node, &network.node, "desk.alice");
    struct chain chain = chain_of(&node, NULL, NULL);

    (void)state;
    assert_int_equal(check(&chain), TRUST_FOREIGN_ROOT);
    chain = chain_of(&node, &network.root_certificate, NULL);
    assert_int_equal(check(&chain), TRUST_BROKEN_CHAIN);
    /* naming the root as its issuer does not help: that needs the root's signature */
    chain.certificates[0].issuer = network.root.public;
    assert_int_equal(check(&chain), TRUST_BAD_SIGNATURE);
}

static void test_a_swapped_key_is_found(void **state)
{
    (void)state;
    for (uint32_t which = 0; which < 2; which++) {
        struct chain chain = network.chain;

        chain.certificates[which].subject = network.stranger.public;
        if (which > 0)
            chain.certificates[which - 1].issuer = network.stranger.public;
        assert_int_equal(check(&chain), TRUST_BAD_SIGNATURE);
    }
}

static void test_an_authority_makes_no_authority(void **state)
{
    struct certificate second =
            issued(CERTIFICATE_AUTHORITY, &network.stranger, &network.authority, "alice");
    struct certificate node =
            issued(CERTIFICATE_NODE, &network.node, &network.stranger, "desk.alice");
    struct chain chain = chain_of(&node, &second, &network.authority_certificate);

    (void)state;
    assert_int_equal(check(&chain), TRUST_WRONG_KIND);
}

static void test_a_node_makes_nothing(void **state)
{
    struct certificate second =
            issued(CERTIFICATE_NODE, &network.stranger, &network.node, "lamp.alice");
    struct chain chain =
            chain_of(&second, &network.node_certificate, &network.authority_certificate);

    (void)state;
    assert_int_equal(check(&chain), TRUST_WRONG_KIND);
}

static void test_only_a_node_is_believed_to_be_a_node(void **state)
{
    struct chain chain = chain_of(&network.authority_certificate, &network.root_certificate, NULL);

    (void)state;
    assert_int_equal(check(&chain), TRUST_WRONG_KIND);
    chain = chain_of(&network.root_certificate, NULL, NULL);
    assert_int_equal(check(&chain), TRUST_WRONG_KIND);
    chain = chain_of(
            &network.node_certificate, &network.root_certificate, &network.authority_certificate);
    assert_int_equal(check(&chain), TRUST_BROKEN_CHAIN);
    assert_int_equal(
            trust_check_authority(&network.trust, &network.authority_certificate, NOW_S), TRUST_OK);
    assert_int_equal(trust_check_authority(&network.trust, &network.node_certificate, NOW_S),
            TRUST_WRONG_KIND);
    assert_int_equal(trust_check_authority(&network.trust, &network.root_certificate, NOW_S),
            TRUST_WRONG_KIND);
}

static void test_a_chain_that_ends_early_or_skips_one_is_broken(void **state)
{
    struct chain chain = chain_of(&network.node_certificate, NULL, NULL);

    (void)state;
    assert_int_equal(check(&chain), TRUST_FOREIGN_ROOT);
    chain = chain_of(&network.node_certificate, &network.root_certificate, NULL);
    assert_int_equal(check(&chain), TRUST_BROKEN_CHAIN);
}

static void test_nobody_gives_more_roles_than_he_has(void **state)
{
    struct certificate node = network.node_certificate;
    struct chain chain;

    (void)state;
    node.roles = ROLE_MEMBER | ROLE_CLIENT;
    assert_int_equal(certificate_sign(&node, &network.authority), CERTIFICATE_OK);
    chain = chain_of(&node, &network.authority_certificate, NULL);
    assert_int_equal(check(&chain), TRUST_OK);
    node.roles |= ROLE_PEER_OWNER;
    assert_int_equal(certificate_sign(&node, &network.authority), CERTIFICATE_OK);
    chain = chain_of(&node, &network.authority_certificate, NULL);
    assert_int_equal(check(&chain), TRUST_ROLES_EXCEEDED);
}

static void test_an_authority_certifies_nodes_of_its_own_name_alone(void **state)
{
    static const char *const others[] = { "desk.bob", "desk.alic", "desk.alicee", "alice.desk" };

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct certificate node =
                issued(CERTIFICATE_NODE, &network.node, &network.authority, others[i]);
        struct chain chain = chain_of(&node, &network.authority_certificate, NULL);

        assert_int_equal(check(&chain), TRUST_FOREIGN_NAME);
    }
}

static void test_no_bit_of_a_chain_can_be_changed(void **state)
{
    uint8_t bytes[CHAIN_SIZE_MAX];
    size_t size = (size_t)(chain_write(&network.chain, bytes) - bytes);
    unsigned read = 0;

    (void)state;
    for (size_t i = 0; i < size * 8; i++) {
        struct chain chain;

        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        if (chain_read(&chain, network.chain.count, (struct span){ bytes, size }) ==
                CERTIFICATE_OK) {
            assert_int_not_equal(check(&chain), TRUST_OK);
            read += 1;
        }
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_true(read > 1000);
}

static void test_every_outcome_has_its_own_text(void **state)
{
    (void)state;
    for (int i = 0; i < TRUST_OUTCOMES; i++) {
        assert_non_null(trust_text((enum trust_outcome)i));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(
                    trust_text((enum trust_outcome)i), trust_text((enum trust_outcome)k));
    }
    assert_string_equal(trust_text((enum trust_outcome)TRUST_OUTCOMES), "unknown outcome");
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
    network_deinit(&network);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_node_is_believed_by_its_authority_or_by_the_root),
        cmocka_unit_test(test_who_is_believed_is_told),
        cmocka_unit_test(test_a_link_ends_with_the_first_certificate_that_ends),
        cmocka_unit_test(test_times_hold_one_below_at_and_above),
        cmocka_unit_test(test_another_network_is_not_believed),
        cmocka_unit_test(test_a_key_that_certifies_itself_is_not_believed),
        cmocka_unit_test(test_a_swapped_key_is_found),
        cmocka_unit_test(test_an_authority_makes_no_authority),
        cmocka_unit_test(test_a_node_makes_nothing),
        cmocka_unit_test(test_only_a_node_is_believed_to_be_a_node),
        cmocka_unit_test(test_a_chain_that_ends_early_or_skips_one_is_broken),
        cmocka_unit_test(test_nobody_gives_more_roles_than_he_has),
        cmocka_unit_test(test_an_authority_certifies_nodes_of_its_own_name_alone),
        cmocka_unit_test(test_no_bit_of_a_chain_can_be_changed),
        cmocka_unit_test(test_every_outcome_has_its_own_text),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
