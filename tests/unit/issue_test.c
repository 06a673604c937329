// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka.h"
#include "tests/unit/identity_fixture.h"
#include "tests/unit/identity_golden.h"
#include "transport/secure/issue.h"

static struct network network;
static struct issuer issuer;
static struct token token;
static struct token_record record;
static struct request join;
static struct request renewal;

static enum issue_outcome answer_at(
        const struct request *request, uint64_t now_s, struct certificate *certificate)
{
    enum issue_outcome outcome;
    uint32_t uses_left = record.uses_left;

    certificate->serial = 99;
    outcome = issue_answer(&issuer, request, &record, NULL, now_s, certificate);
    if (outcome != ISSUE_OK) {
        assert_int_equal(certificate->serial, 99);
        assert_int_equal(record.uses_left, uses_left);
    }
    return outcome;
}

static enum issue_outcome answer(const struct request *request)
{
    struct certificate certificate;

    return answer_at(request, NOW_S, &certificate);
}

static struct request join_as(const char *name)
{
    struct request request;

    assert_int_equal(request_join(&request, &network.node, &token, name), 0);
    return request;
}

/* The answer to a request that its sender signed anew after a change. */
static enum issue_outcome answer_signed(struct request request)
{
    uint8_t bytes[REQUEST_SIZE_MAX];
    struct span part = { bytes, REQUEST_HEAD_SIZE + strlen(request.name) };
    struct key proof;

    request_write(&request, bytes);
    assert_int_equal(token_proof_key(&token, &proof), 0);
    key_sign(&network.node, KEY_FOR_REQUEST, part, request.possession);
    key_sign(&proof, KEY_FOR_JOIN, part, request.proof);
    key_deinit(&proof);
    return answer(&request);
}

static void revoke(const struct public_key *subject, uint64_t until_s)
{
    static uint8_t bytes[REVOCATION_LIST_SIZE_MAX];
    struct revocation_list *list = malloc(sizeof(*list));

    assert_non_null(list);
    revocation_list_init(list, &network.trust.network);
    revocation_list_add(list, subject, until_s);
    assert_int_equal(revocation_list_sign(list, &network.root, NULL, NOW_S), REVOCATION_OK);
    revocation_list_write(list, bytes);
    assert_int_equal(
            trust_revoke(&network.trust, (struct span){ bytes, revocation_list_size(list) }), 0);
    free(list);
}

static void test_requests_come_back_as_they_were_written(void **state)
{
    const struct request *const requests[] = { &join, &renewal };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[REQUEST_SIZE_MAX + 1] = { 0 };
        uint8_t again[REQUEST_SIZE_MAX];
        size_t size = (size_t)(request_write(requests[i], bytes) - bytes);
        struct request back = { .roles = 99 };

        assert_int_equal(size, request_size(requests[i]));
        for (size_t cut = 0; cut <= size + 1; cut++) {
            if (cut != size)
                assert_int_equal(request_read(&back, (struct span){ bytes, cut }), REQUEST_BAD);
        }
        assert_int_equal(back.roles, 99);
        assert_int_equal(request_read(&back, (struct span){ bytes, size }), REQUEST_OK);
        assert_ptr_equal(request_write(&back, again), again + size);
        assert_memory_equal(bytes, again, size);
    }
}

static void test_the_golden_request_is_written_byte_for_byte(void **state)
{
    uint8_t bytes[REQUEST_SIZE_MAX];

    (void)state;
    golden_equal((struct span){ bytes, (size_t)(request_write(&join, bytes) - bytes) },
            GOLDEN_JOIN_REQUEST);
}

static void test_no_bit_of_a_request_can_be_changed(void **state)
{
    const struct request *const requests[] = { &join, &renewal };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[REQUEST_SIZE_MAX];
        size_t size = (size_t)(request_write(requests[i], bytes) - bytes);

        for (size_t bit = 0; bit < size * 8; bit++) {
            struct request read;

            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (request_read(&read, (struct span){ bytes, size }) == REQUEST_OK)
                assert_int_not_equal(answer(&read), ISSUE_OK);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void test_a_join_gets_what_its_token_grants_for_a_day(void **state)
{
    struct certificate made;
    struct identity identity;
    struct chain chain;

    (void)state;
    assert_int_equal(answer_at(&join, NOW_S + 5, &made), ISSUE_OK);
    assert_true(public_key_equal(&made.subject, &network.node.public));
    assert_true(public_key_equal(&made.issuer, &network.authority.public));
    assert_string_equal(made.name, "desk.alice");
    assert_int_equal(made.roles, ROLE_MEMBER);
    assert_true(made.not_before_s == NOW_S + 5);
    assert_true(made.not_after_s == NOW_S + 5 + CERTIFICATE_LIFE_S);
    assert_int_equal(record.uses_left, 0);
    chain = (struct chain){ .count = 2, .certificates = { made, network.authority_certificate } };
    assert_int_equal(trust_check(&network.trust, &chain, NOW_S + 5, &identity), TRUST_OK);
}

static void test_serial_numbers_differ(void **state)
{
    struct certificate one;
    struct certificate two;

    (void)state;
    assert_int_equal(answer_at(&join, NOW_S, &one), ISSUE_OK);
    assert_int_equal(answer_at(&join, NOW_S, &two), ISSUE_OK); /* the same node asks again */
    assert_true(one.serial != two.serial);
}

static void test_a_root_answers_without_an_authority(void **state)
{
    (void)state;
    issuer = (struct issuer){ .key = &network.root, .trust = &network.trust };
    assert_int_equal(answer(&join), ISSUE_OK);
}

static void test_a_token_joins_one_node_and_no_second_one(void **state)
{
    struct request second;

    (void)state;
    assert_int_equal(request_join(&second, &network.stranger, &token, "lamp.alice"), 0);
    assert_int_equal(answer(&join), ISSUE_OK);
    assert_int_equal(answer(&second), ISSUE_TOKEN_SPENT);
    assert_int_equal(answer(&join), ISSUE_OK);
}

static void test_a_token_ends_by_the_issuers_clock(void **state)
{
    struct certificate made;

    (void)state;
    assert_int_equal(answer_at(&join, token.not_after_s + 1, &made), ISSUE_TOKEN_OVER);
    assert_int_equal(answer_at(&join, token.not_after_s, &made), ISSUE_OK);
}

/* A thief of the issuer's store has the record, and from it the psk; not the proof key. */
static void test_who_has_only_the_record_does_not_join(void **state)
{
    struct token guess = token;
    struct request forged;
    struct certificate made;

    (void)state;
    memcpy(guess.secret, record.psk, sizeof(guess.secret));
    assert_int_equal(request_join(&forged, &network.stranger, &guess, "lamp.alice"), 0);
    assert_int_equal(answer(&forged), ISSUE_NO_TOKEN);
    memcpy(guess.secret, record.proof.bytes, sizeof(guess.secret));
    assert_int_equal(request_join(&forged, &network.stranger, &guess, "lamp.alice"), 0);
    assert_int_equal(answer(&forged), ISSUE_NO_TOKEN);
    assert_int_equal(issue_answer(&issuer, &join, NULL, NULL, NOW_S, &made), ISSUE_NO_TOKEN);
    record.id.bytes[0] ^= 1;
    assert_int_equal(answer(&join), ISSUE_NO_TOKEN);
}

static void test_nobody_gets_a_certificate_for_a_key_that_he_does_not_hold(void **state)
{
    struct request forged = join;

    (void)state;
    forged.subject = network.stranger.public;
    assert_int_equal(answer_signed(forged), ISSUE_NO_POSSESSION);
    forged = renewal;
    forged.subject = network.stranger.public;
    assert_int_equal(answer_signed(forged), ISSUE_NO_POSSESSION);
}

static void test_a_join_gets_no_more_roles_than_its_token_or_authority_has(void **state)
{
    struct request asking = join;

    (void)state;
    asking.roles = ROLE_MEMBER | ROLE_CLIENT;
    assert_int_equal(answer_signed(asking), ISSUE_ROLES);
    record.roles = ROLES_ALL;
    assert_int_equal(answer_signed(asking), ISSUE_OK);
    asking.roles = ROLE_PEER_OWNER; /* the authority has it not */
    assert_int_equal(answer_signed(asking), ISSUE_ROLES);
}

static void test_names_are_the_owners_and_free(void **state)
{
    struct request asking = join_as("desk.bob");
    struct certificate made;

    (void)state;
    assert_int_equal(answer(&asking), ISSUE_NAME);
    assert_int_equal(issue_answer(&issuer, &join, &record, &network.stranger.public, NOW_S, &made),
            ISSUE_NAME_TAKEN);
    assert_int_equal(record.uses_left, 1);
    assert_int_equal(
            issue_answer(&issuer, &join, &record, &network.node.public, NOW_S, &made), ISSUE_OK);
    assert_int_equal(request_join(&asking, &network.node, &token, "desk"), REQUEST_BAD);
}

static void test_another_networks_requests_are_refused(void **state)
{
    struct request asking = join;

    (void)state;
    asking.network.bytes[0] ^= 1;
    assert_int_equal(answer_signed(asking), ISSUE_FOREIGN);
}

static void test_a_renewal_gives_the_same_for_another_day(void **state)
{
    struct certificate made;

    (void)state;
    assert_int_equal(answer_at(&renewal, NOW_S + DAY_S / 2, &made), ISSUE_OK);
    assert_true(public_key_equal(&made.subject, &network.node.public));
    assert_string_equal(made.name, "desk.alice");
    assert_int_equal(made.roles, ROLE_MEMBER);
    assert_true(made.not_after_s == NOW_S + DAY_S / 2 + CERTIFICATE_LIFE_S);
    assert_int_equal(record.uses_left, 1); /* no business of a token's */
}

static void test_a_renewal_changes_neither_key_nor_name_and_adds_no_role(void **state)
{
    struct request asking = renewal;

    (void)state;
    asking.roles |= ROLE_CLIENT;
    assert_int_equal(answer_signed(asking), ISSUE_ROLES);
    asking.roles = 0; /* fewer is fine */
    assert_int_equal(answer_signed(asking), ISSUE_OK);
    asking = renewal;
    memcpy(asking.name, "lamp.alice", 11);
    assert_int_equal(answer_signed(asking), ISSUE_NAME);
    request_renewal(&asking, &network.stranger, &network.chain); /* somebody else's certificate */
    assert_int_equal(answer(&asking), ISSUE_NOT_BELIEVED);
}

static void test_a_new_key_gets_a_renewal_where_the_link_proved_the_present_one(void **state)
{
    struct certificate made;

    (void)state;
    request_renewal(&renewal, &network.stranger, &network.chain);
    assert_int_equal(answer_at(&renewal, NOW_S, &made), ISSUE_NOT_BELIEVED);
    issuer.linked = &network.stranger.public;
    assert_int_equal(answer_at(&renewal, NOW_S, &made), ISSUE_NOT_BELIEVED);
    issuer.linked = &network.node.public;
    assert_int_equal(answer_at(&renewal, NOW_S, &made), ISSUE_OK);
    assert_true(public_key_equal(&made.subject, &network.stranger.public));
    assert_string_equal(made.name, "desk.alice");
}

static void test_an_issuer_may_give_another_life_than_a_day(void **state)
{
    struct certificate made;

    (void)state;
    issuer.life_s = 10;
    assert_int_equal(answer_at(&join, NOW_S, &made), ISSUE_OK);
    assert_true(made.not_after_s == NOW_S + 10);
}

static void test_an_ended_certificate_is_renewed_for_a_while(void **state)
{
    uint64_t end_s = network.node_certificate.not_after_s + RENEWAL_GRACE_S;
    struct certificate made;

    (void)state;
    assert_int_equal(answer_at(&renewal, end_s - 1, &made), ISSUE_OK);
    assert_int_equal(answer_at(&renewal, end_s, &made), ISSUE_OK);
    assert_int_equal(answer_at(&renewal, end_s + 1, &made), ISSUE_NOT_BELIEVED);
    assert_int_equal(answer_at(&renewal, NOW_S - CLOCK_TOLERANCE_S - 1, &made), ISSUE_NOT_BELIEVED);
}

static void test_what_is_revoked_is_not_renewed_and_does_not_join(void **state)
{
    struct certificate made;

    (void)state;
    revoke(&network.node.public, NOW_S);
    assert_int_equal(answer(&renewal), ISSUE_REVOKED);
    assert_int_equal(answer_at(&renewal, network.node_certificate.not_after_s + DAY_S, &made),
            ISSUE_REVOKED);
    assert_int_equal(answer(&join), ISSUE_REVOKED);
    assert_int_equal(answer_at(&join, NOW_S + 1, &made), ISSUE_OK); /* let in anew, by a token */
}

static void test_an_authority_that_is_none_issues_nothing(void **state)
{
    struct certificate ended = network.authority_certificate;

    (void)state;
    issuer.key = &network.stranger;
    assert_int_equal(answer(&join), ISSUE_NOT_AUTHORITY);
    issuer.authority = NULL;
    assert_int_equal(answer(&join), ISSUE_NOT_AUTHORITY);
    issuer = (struct issuer){
        .key = &network.authority, .authority = &ended, .trust = &network.trust
    };
    ended.not_before_s = NOW_S - 10;
    ended.not_after_s = NOW_S - 5;
    assert_int_equal(certificate_sign(&ended, &network.root), CERTIFICATE_OK);
    assert_int_equal(answer(&join), ISSUE_NOT_AUTHORITY); /* nothing left to give */
    issuer.authority = &network.authority_certificate;
    revoke(&network.authority.public, NOW_S);
    assert_int_equal(answer(&join), ISSUE_REVOKED);
}

static void test_a_certificate_ends_with_its_authority_at_the_latest(void **state)
{
    struct certificate authority = network.authority_certificate;
    struct certificate made;

    (void)state;
    authority.not_after_s = NOW_S + 100;
    assert_int_equal(certificate_sign(&authority, &network.root), CERTIFICATE_OK);
    issuer.authority = &authority;
    assert_int_equal(answer_at(&join, NOW_S, &made), ISSUE_OK);
    assert_true(made.not_after_s == NOW_S + 100);
    issuer.authority = NULL; /* it ends here */
}

static void test_a_certificate_is_renewed_after_seven_tenths_of_its_life(void **state)
{
    static const struct {
        uint64_t life_s;
        uint64_t wait_s;
    } rows[] = { { CERTIFICATE_LIFE_S, 60480 }, { 1000, 700 }, { 87, 60 }, { 85, 60 }, { 1, 60 },
        { 123428, 86399 }, { 123430, 86400 }, { YEAR_S, RENEWAL_WAIT_MAX_S } };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct certificate certificate = { .not_before_s = NOW_S,
            .not_after_s = NOW_S + rows[i].life_s };

        assert_true(issue_renewal_s(&certificate) == NOW_S + rows[i].wait_s);
    }
}

static void test_every_outcome_has_its_own_text(void **state)
{
    (void)state;
    for (int i = 0; i < ISSUE_OUTCOMES; i++) {
        assert_non_null(issue_text((enum issue_outcome)i));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(
                    issue_text((enum issue_outcome)i), issue_text((enum issue_outcome)k));
    }
}

static int set_up(void **state)
{
    (void)state;
    network_init(&network);
    issuer = (struct issuer){ .key = &network.authority,
        .authority = &network.authority_certificate,
        .trust = &network.trust };
    fixture_token(&token, &network);
    assert_int_equal(token_record_init(&record, &token, 1), 0);
    join = join_as("desk.alice");
    request_renewal(&renewal, &network.node, &network.chain);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    network_deinit(&network);
    return 0;
}

#define ASKED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ASKED(test_requests_come_back_as_they_were_written),
        ASKED(test_the_golden_request_is_written_byte_for_byte),
        ASKED(test_no_bit_of_a_request_can_be_changed),
        ASKED(test_a_join_gets_what_its_token_grants_for_a_day),
        ASKED(test_serial_numbers_differ),
        ASKED(test_a_root_answers_without_an_authority),
        ASKED(test_a_token_joins_one_node_and_no_second_one),
        ASKED(test_a_token_ends_by_the_issuers_clock),
        ASKED(test_who_has_only_the_record_does_not_join),
        ASKED(test_nobody_gets_a_certificate_for_a_key_that_he_does_not_hold),
        ASKED(test_a_join_gets_no_more_roles_than_its_token_or_authority_has),
        ASKED(test_names_are_the_owners_and_free),
        ASKED(test_another_networks_requests_are_refused),
        ASKED(test_a_renewal_gives_the_same_for_another_day),
        ASKED(test_a_renewal_changes_neither_key_nor_name_and_adds_no_role),
        ASKED(test_a_new_key_gets_a_renewal_where_the_link_proved_the_present_one),
        ASKED(test_an_issuer_may_give_another_life_than_a_day),
        ASKED(test_an_ended_certificate_is_renewed_for_a_while),
        ASKED(test_what_is_revoked_is_not_renewed_and_does_not_join),
        ASKED(test_an_authority_that_is_none_issues_nothing),
        ASKED(test_a_certificate_ends_with_its_authority_at_the_latest),
        ASKED(test_a_certificate_is_renewed_after_seven_tenths_of_its_life),
        ASKED(test_every_outcome_has_its_own_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
