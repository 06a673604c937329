// SPDX-License-Identifier: Apache-2.0
/* Lists by themselves, and what trust makes of them. */
#include "tests/unit/cmocka.h"
#include "tests/unit/identity_fixture.h"
#include "tests/unit/identity_golden.h"

static struct network network;
static uint8_t bytes[REVOCATION_LIST_SIZE_MAX + 1];

/* An empty list on the heap, where AddressSanitizer sees its ends. */
static struct revocation_list *list_new(void)
{
    struct revocation_list *list = malloc(sizeof(*list));

    assert_non_null(list);
    revocation_list_init(list, &network.trust.network);
    return list;
}

static struct span packed(const struct revocation_list *list)
{
    size_t size = (size_t)(revocation_list_write(list, bytes) - bytes);

    assert_int_equal(size, revocation_list_size(list));
    return (struct span){ bytes, size };
}

static void sign_root(struct revocation_list *list)
{
    assert_int_equal(revocation_list_sign(list, &network.root, NULL, NOW_S), REVOCATION_OK);
}

static void sign_authority(struct revocation_list *list)
{
    assert_int_equal(
            revocation_list_sign(list, &network.authority, &network.authority_certificate, NOW_S),
            REVOCATION_OK);
}

static enum trust_outcome check(void)
{
    struct identity identity;

    return trust_check(&network.trust, &network.chain, NOW_S, &identity);
}

static void test_a_list_comes_back_as_it_was_written(void **state)
{
    struct revocation_list *list = list_new();
    struct revocation_list *back = list_new();
    struct span span;

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        struct public_key subject;

        randombytes_buf(&subject, sizeof(subject));
        assert_int_equal(revocation_list_add(list, &subject, NOW_S + i), REVOCATION_OK);
    }
    assert_int_equal(revocation_list_add(list, NULL, NOW_S), REVOCATION_OK);
    for (int by_authority = 0; by_authority < 2; by_authority++) {
        if (by_authority != 0)
            sign_authority(list);
        else
            sign_root(list);
        span = packed(list);
        assert_int_equal(revocation_list_read(back, span), REVOCATION_OK);
        assert_true(revocation_list_verify(back));
        assert_int_equal(back->version, list->version);
        assert_int_equal(back->count, 101);
        assert_memory_equal(back->entries, list->entries, sizeof(list->entries[0]) * list->count);
        assert_int_equal(revocation_list_order(list, back), REVOCATION_SAME);
    }
    free(list);
    free(back);
}

static void test_the_golden_list_is_written_byte_for_byte(void **state)
{
    struct revocation_list *list = list_new();

    (void)state;
    assert_int_equal(revocation_list_add(list, &network.node.public, NOW_S), REVOCATION_OK);
    assert_int_equal(revocation_list_add(list, NULL, NOW_S - DAY_S), REVOCATION_OK);
    sign_authority(list);
    golden_equal(packed(list), GOLDEN_REVOCATION_LIST);
    free(list);
}

/* Each byte set to each other value, the authority's certificate included. */
static void test_no_byte_of_a_list_can_be_changed(void **state)
{
    struct revocation_list *list = list_new();
    struct span span;

    (void)state;
    revocation_list_add(list, &network.node.public, NOW_S);
    sign_authority(list);
    span = packed(list);
    for (size_t i = 0; i < span.size; i++) {
        for (unsigned change = 1; change < 256; change = change < 3 ? change + 1 : change * 2 + 1) {
            bytes[i] ^= (uint8_t)change;
            assert_true(trust_revoke(&network.trust, span) > 0);
            bytes[i] ^= (uint8_t)change;
        }
    }
    for (size_t size = 0; size <= span.size + 1; size++) {
        if (size != span.size)
            assert_int_equal(
                    trust_revoke(&network.trust, (struct span){ bytes, size }), TRUST_BAD_LIST);
    }
    assert_int_equal(network.trust.list_count, 0);
    assert_int_equal(trust_revoke(&network.trust, span), 0);
    free(list);
}

static void test_entries_are_sorted_and_none_is_there_twice(void **state)
{
    struct revocation_list *list = list_new();
    struct revocation_list *back = list_new();
    struct revocation first;
    struct span span;

    (void)state;
    revocation_list_add(list, &network.node.public, NOW_S);
    revocation_list_add(list, &network.stranger.public, NOW_S);
    revocation_list_add(list, &network.node.public, NOW_S - 5);
    assert_int_equal(list->count, 2);
    revocation_list_add(list, &network.node.public, NOW_S + 5);
    assert_int_equal(list->count, 2);
    assert_true(revocation_list_voids(list, &network.node_certificate));
    first = list->entries[0];
    list->entries[0] = list->entries[1];
    list->entries[1] = first;
    sign_root(list); /* a signature makes it no better */
    span = packed(list);
    assert_int_equal(revocation_list_read(back, span), REVOCATION_BAD);
    list->entries[0] = first;
    sign_root(list);
    span = packed(list);
    assert_int_equal(revocation_list_read(back, span), REVOCATION_BAD);
    free(list);
    free(back);
}

static void test_a_list_holds_its_limit_and_no_more(void **state)
{
    struct revocation_list *list = list_new();
    struct public_key subject = { { 1 } };

    (void)state;
    for (uint32_t i = 0; i < REVOCATIONS_MAX; i++) {
        subject.bytes[4] = (uint8_t)(i >> 8);
        subject.bytes[5] = (uint8_t)i;
        assert_int_equal(revocation_list_add(list, &subject, NOW_S + i), REVOCATION_OK);
    }
    assert_int_equal(revocation_list_add(list, &subject, NOW_S), REVOCATION_OK); /* it is there */
    assert_int_equal(revocation_list_add(list, NULL, NOW_S), REVOCATION_FULL);
    sign_authority(list);
    assert_true(packed(list).size <= REVOCATION_LIST_SIZE_MAX);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
    packed(list);
    bytes[75] += 1; /* says that there is one more */
    assert_int_equal(
            trust_revoke(&network.trust, (struct span){ bytes, sizeof(bytes) }), TRUST_BAD_LIST);
    revocation_list_forget(list, NOW_S + 1000);
    assert_int_equal(list->count, 24);
    assert_int_equal(revocation_list_add(list, NULL, NOW_S), REVOCATION_OK);
    free(list);
}

static void test_a_certificate_is_void_where_it_begins_at_or_before_the_time(void **state)
{
    (void)state;
    for (int everybody = 0; everybody < 2; everybody++) {
        const struct public_key *subject = everybody != 0 ? NULL : &network.node.public;
        struct revocation_list *list = list_new();

        revocation_list_add(list, subject, NOW_S - 1);
        assert_false(revocation_list_voids(list, &network.node_certificate));
        revocation_list_add(list, subject, NOW_S);
        assert_true(revocation_list_voids(list, &network.node_certificate));
        revocation_list_add(list, subject, NOW_S + 1);
        assert_true(revocation_list_voids(list, &network.node_certificate));
        assert_int_equal(revocation_list_add(list, subject, TIME_MAX_S), REVOCATION_OK);
        assert_int_equal(revocation_list_add(list, subject, TIME_MAX_S + 1), REVOCATION_BAD);
        assert_int_equal(revocation_list_voids(list, &network.authority_certificate), everybody);
        free(list);
    }
}

static void test_the_root_revokes_a_node_an_authority_and_everybody(void **state)
{
    const struct public_key *const subjects[] = { &network.node.public, &network.authority.public,
        NULL };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct revocation_list *list = list_new();

        trust_deinit(&network.trust);
        trust_init(&network.trust, &network.root.public);
        assert_int_equal(check(), TRUST_OK);
        revocation_list_add(list, subjects[i], NOW_S);
        sign_root(list);
        assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
        assert_int_equal(check(), TRUST_REVOKED);
        free(list);
    }
}

/* Else the first authority that is broken into would end the network. */
static void test_an_authority_revokes_what_it_issued_and_nothing_else(void **state)
{
    struct certificate direct = { .network = network.trust.network };
    struct revocation_list *list = list_new();
    struct identity identity;
    struct chain chain;

    (void)state;
    fixture_certificate(&direct, CERTIFICATE_NODE, &network.stranger, &network.root, "lab.bob");
    chain = (struct chain){ .count = 1, .certificates = { direct } };
    revocation_list_add(list, NULL, NOW_S);
    revocation_list_add(list, &network.stranger.public, NOW_S);
    revocation_list_add(list, &network.authority.public, NOW_S);
    sign_authority(list);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
    assert_int_equal(check(), TRUST_REVOKED);
    assert_int_equal(trust_check(&network.trust, &chain, NOW_S, &identity), TRUST_OK);
    assert_int_equal(
            trust_check_authority(&network.trust, &network.authority_certificate, NOW_S), TRUST_OK);
    free(list);
}

static void test_a_new_certificate_ends_a_revocation(void **state)
{
    struct revocation_list *list = list_new();

    (void)state;
    revocation_list_add(list, &network.node.public, NOW_S);
    sign_root(list);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
    network.chain.certificates[0].not_before_s = NOW_S + 1;
    assert_int_equal(
            certificate_sign(&network.chain.certificates[0], &network.authority), CERTIFICATE_OK);
    assert_int_equal(check(), TRUST_OK);
    free(list);
}

static void test_a_newer_list_takes_the_place_of_an_older_one_and_never_back(void **state)
{
    static uint8_t first[REVOCATION_LIST_SIZE_MAX];
    struct revocation_list *list = list_new();
    struct span old;

    (void)state;
    sign_root(list);
    old = (struct span){ first, packed(list).size };
    memcpy(first, bytes, old.size);
    assert_int_equal(trust_revoke(&network.trust, old), 0);
    assert_int_equal(trust_revoke(&network.trust, old), TRUST_SAME_LIST);
    revocation_list_add(list, &network.node.public, NOW_S);
    sign_root(list);
    assert_int_equal(list->version, 2);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
    assert_int_equal(check(), TRUST_REVOKED);
    assert_int_equal(trust_revoke(&network.trust, old), TRUST_OLD_LIST);
    assert_int_equal(check(), TRUST_REVOKED);
    list->count = 0; /* its signer takes it back */
    sign_root(list);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
    assert_int_equal(check(), TRUST_OK);
    assert_int_equal(network.trust.list_count, 1);
    free(list);
}

static void test_of_two_lists_of_one_version_the_first_stays(void **state)
{
    struct revocation_list *list = list_new();

    (void)state;
    revocation_list_add(list, &network.node.public, NOW_S);
    sign_root(list);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
    list->count = 0;
    list->version = 0;
    sign_root(list);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), TRUST_FORKED_LIST);
    assert_int_equal(check(), TRUST_REVOKED);
    free(list);
}

static void test_a_list_of_anybody_else_is_refused(void **state)
{
    struct revocation_list *list = list_new();
    struct certificate forged = { .network = network.trust.network };

    (void)state;
    revocation_list_add(list, NULL, NOW_S);
    assert_int_equal(revocation_list_sign(list, &network.stranger, NULL, NOW_S), REVOCATION_OK);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), TRUST_FOREIGN_ROOT);
    list->signer = network.root.public; /* as if it were the root's */
    assert_int_equal(trust_revoke(&network.trust, packed(list)), TRUST_BAD_SIGNATURE);
    assert_int_equal(revocation_list_sign(list, &network.node, &network.node_certificate, NOW_S),
            REVOCATION_OK);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), TRUST_WRONG_KIND);
    fixture_certificate(
            &forged, CERTIFICATE_AUTHORITY, &network.stranger, &network.stranger, "alice");
    assert_int_equal(revocation_list_sign(list, &network.stranger, &forged, NOW_S), REVOCATION_OK);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), TRUST_FOREIGN_ROOT);
    list->authority.issuer = network.root.public;
    assert_int_equal(trust_revoke(&network.trust, packed(list)), TRUST_BAD_SIGNATURE);
    list->network.bytes[0] ^= 1;
    sign_root(list);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), TRUST_FOREIGN_NETWORK);
    assert_int_equal(network.trust.list_count, 0);
    free(list);
}

static void test_a_signer_shows_its_own_certificate(void **state)
{
    struct revocation_list *list = list_new();

    (void)state;
    assert_int_equal(
            revocation_list_sign(list, &network.stranger, &network.authority_certificate, NOW_S),
            REVOCATION_BAD);
    assert_int_equal(
            revocation_list_sign(list, &network.root, NULL, TIME_MAX_S + 1), REVOCATION_BAD);
    assert_int_equal(list->version, 0);
    sign_authority(list);
    list->signer = network.stranger.public;
    assert_int_equal(trust_revoke(&network.trust, packed(list)), TRUST_BAD_LIST);
    list->version = UINT64_MAX;
    assert_int_equal(revocation_list_sign(list, &network.root, NULL, NOW_S), REVOCATION_BAD);
    free(list);
}

/* A list that was stored is read again at every start, also when the certificate in it has ended.
 */
static void test_an_authority_that_ended_still_revokes(void **state)
{
    struct revocation_list *list = list_new();

    (void)state;
    network.authority_certificate.not_before_s = 1;
    network.authority_certificate.not_after_s = 2;
    assert_int_equal(
            certificate_sign(&network.authority_certificate, &network.root), CERTIFICATE_OK);
    revocation_list_add(list, &network.node.public, NOW_S);
    sign_authority(list);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
    assert_int_equal(check(), TRUST_REVOKED);
    free(list);
}

static void test_as_many_signers_have_lists_as_the_limit_says(void **state)
{
    struct revocation_list *list = list_new();

    (void)state;
    for (uint32_t i = 0; i <= TRUST_LISTS_MAX; i++) {
        struct certificate certificate = { .network = network.trust.network };
        struct key authority;

        fixture_key(&authority, (uint8_t)(100 + i));
        fixture_certificate(
                &certificate, CERTIFICATE_AUTHORITY, &authority, &network.root, "alice");
        assert_int_equal(
                revocation_list_sign(list, &authority, &certificate, NOW_S), REVOCATION_OK);
        assert_int_equal(trust_revoke(&network.trust, packed(list)),
                i < TRUST_LISTS_MAX ? 0 : TRUST_LISTS_FULL);
        key_deinit(&authority);
    }
    free(list);
}

static void test_a_strict_network_wants_a_fresh_list(void **state)
{
    struct revocation_list *list = list_new();
    struct identity identity;

    (void)state;
    network.chain.certificates[0].not_after_s = NOW_S + YEAR_S;
    assert_int_equal(
            certificate_sign(&network.chain.certificates[0], &network.authority), CERTIFICATE_OK);
    network.trust.strict = true;
    assert_int_equal(check(), TRUST_STALE);
    sign_root(list);
    assert_int_equal(trust_revoke(&network.trust, packed(list)), 0);
    assert_int_equal(check(), TRUST_OK);
    assert_int_equal(
            trust_check(&network.trust, &network.chain, NOW_S + REVOCATION_FRESH_S, &identity),
            TRUST_OK);
    assert_int_equal(
            trust_check(&network.trust, &network.chain, NOW_S + REVOCATION_FRESH_S + 1, &identity),
            TRUST_STALE);
    assert_int_equal(trust_check(&network.trust, &network.chain, NOW_S - 60, &identity), TRUST_OK);
    free(list);
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

#define IN_A_NETWORK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        IN_A_NETWORK(test_a_list_comes_back_as_it_was_written),
        IN_A_NETWORK(test_the_golden_list_is_written_byte_for_byte),
        IN_A_NETWORK(test_no_byte_of_a_list_can_be_changed),
        IN_A_NETWORK(test_entries_are_sorted_and_none_is_there_twice),
        IN_A_NETWORK(test_a_list_holds_its_limit_and_no_more),
        IN_A_NETWORK(test_a_certificate_is_void_where_it_begins_at_or_before_the_time),
        IN_A_NETWORK(test_the_root_revokes_a_node_an_authority_and_everybody),
        IN_A_NETWORK(test_an_authority_revokes_what_it_issued_and_nothing_else),
        IN_A_NETWORK(test_a_new_certificate_ends_a_revocation),
        IN_A_NETWORK(test_a_newer_list_takes_the_place_of_an_older_one_and_never_back),
        IN_A_NETWORK(test_of_two_lists_of_one_version_the_first_stays),
        IN_A_NETWORK(test_a_list_of_anybody_else_is_refused),
        IN_A_NETWORK(test_a_signer_shows_its_own_certificate),
        IN_A_NETWORK(test_an_authority_that_ended_still_revokes),
        IN_A_NETWORK(test_as_many_signers_have_lists_as_the_limit_says),
        IN_A_NETWORK(test_a_strict_network_wants_a_fresh_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
