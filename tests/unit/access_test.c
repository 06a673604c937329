// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <time.h>

#include "mu/router/v1/access.pb-c.h"
#include "tests/unit/access_fixture.h"
#include "tests/unit/access_golden.h"
#include "tests/unit/cmocka.h"
#include "transport/secure/access_block.h"
#include "transport/secure/access_chain.h"
#include "transport/secure/base64url.h"

enum { PREFIX = 5, VERIFICATIONS = 200 };

static struct key authority_key;
static struct access_authority authority;
static char line[ACCESS_TEXT_MAX + 1];
static char other[ACCESS_TEXT_MAX + 1];

static int set_up(void **state)
{
    (void)state;
    CHECK(sodium_init() >= 0);
    fixture_key(&authority_key, 5);
    authority = fixture_authority(&authority_key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    key_deinit(&authority_key);
    return 0;
}

static enum access_outcome judge(const char *text, uint64_t now_s)
{
    struct access access;

    memset(&access, 0x5a, sizeof(access));
    if (access_read(&access, fixture_text(text), &authority, now_s) == ACCESS_OK)
        return ACCESS_OK;
    for (size_t i = 0; i < sizeof(access); i++)
        assert_int_equal(((uint8_t *)&access)[i], 0x5a);
    return access_read(&access, fixture_text(text), &authority, now_s);
}

static struct access read_token(const char *text)
{
    struct access access;

    assert_int_equal(access_read(&access, fixture_text(text), &authority, NOW_S), ACCESS_OK);
    return access;
}

static struct access_id issue(const struct access_grant *grant)
{
    struct access_id id;

    assert_int_equal(access_issue(grant, &authority_key, line, &id), ACCESS_OK);
    return id;
}

static bool covers(const struct access *access, const char *endpoint)
{
    return access_covers(access, fixture_text(endpoint));
}

static void test_a_token_says_what_its_authority_put_into_it(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_id id;
    struct access access;

    (void)state;
    grant.budget = 40;
    snprintf(grant.audience, sizeof(grant.audience), "*.alice");
    id = issue(&grant);
    access = read_token(line);
    assert_true(access_id_equal(&access.id, &id));
    assert_string_equal(access.subject, "alice");
    assert_int_equal(access.issued_s, NOW_S);
    assert_int_equal(access.expires_s, NOW_S + ACCESS_LIFE_MAX_S);
    assert_int_equal(access.budget_count, 1);
    assert_int_equal(access.budgets[0].calls, 40);
    assert_int_equal(access.narrowings, 0);
    assert_false(access.sealed);
    assert_true(covers(&access, "greeter.Hello"));
    assert_true(covers(&access, "store.Get"));
    assert_false(covers(&access, "greeter.Bye"));
    assert_false(covers(&access, "store.mu.Health"));
    assert_true(access_is_for(&access, "desk.alice"));
    assert_false(access_is_for(&access, "desk.bob"));
    assert_false(access_is_for(&access, "desk"));
}

static void test_a_token_is_kept_to_a_namespace_and_no_bearer_takes_it_off(void **state)
{
    struct access_narrowing narrowing = { .expires_s = NOW_S + 60 };
    struct access_grant grant = fixture_grant();
    char narrow[ACCESS_TEXT_MAX + 1];
    struct access_body body = { .is_first = true };
    uint8_t bytes[ACCESS_BODY_SIZE_MAX];
    struct access_id id;
    size_t size;

    (void)state;
    snprintf(grant.space, sizeof(grant.space), "acme");
    issue(&grant);
    assert_string_equal(read_token(line).space, "acme");
    assert_int_equal(access_narrow(&narrowing, fixture_text(line), narrow), ACCESS_OK);
    assert_string_equal(read_token(narrow).space, "acme");
    snprintf(grant.space, sizeof(grant.space), "Acme");
    assert_int_equal(access_issue(&grant, &authority_key, line, &id), ACCESS_BAD);
    body.space = fixture_text("beta"); /* a later block with one alone */
    size = access_body_write(&body, bytes);
    assert_true(size > 6);
    assert_int_equal(
            access_body_read(&body, (struct span){ bytes + size - 6, 6 }, false), ACCESS_BAD);
}

static void test_each_token_has_an_id_of_its_own(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_id one = issue(&grant);
    struct access_id two = issue(&grant);

    (void)state;
    assert_false(access_id_equal(&one, &two));
}

/* The token that docs/protocol.md shows, narrowed once, with its secrets from seeds. */
static void golden_write(struct access_chain *chain, uint8_t rooms[2][ACCESS_BODY_SIZE_MAX],
        uint8_t signatures[2][SIGNATURE_SIZE], struct key next[2])
{
    struct access_body bodies[2] = { { .is_first = true,
                                             .subject = fixture_text("alice"),
                                             .audience = fixture_text("*.alice"),
                                             .issued_s = NOW_S,
                                             .expires_s = NOW_S + ACCESS_LIFE_MAX_S,
                                             .budget = 1000 },
        { .expires_s = NOW_S + 60 } };

    memset(bodies[0].network.bytes, ACCESS_NETWORK_BYTE, NETWORK_ID_SIZE);
    memset(bodies[0].id.bytes, 0x11, ACCESS_ID_SIZE);
    access_key_id(&bodies[0].key, &authority_key.public);
    fixture_scope(&bodies[0].scopes, "greeter.Hello");
    fixture_scope(&bodies[0].scopes, "store.*");
    fixture_scope(&bodies[1].scopes, "store.Get");
    for (uint32_t i = 0; i < 2; i++) {
        struct access_block *block = &chain->blocks[i];

        fixture_key(&next[i], (uint8_t)(6 + i));
        block->body = (struct span){ rooms[i], access_body_write(&bodies[i], rooms[i]) };
        block->next = (struct span){ next[i].public.bytes, PUBLIC_KEY_SIZE };
        block->signature = (struct span){ signatures[i], SIGNATURE_SIZE };
        chain->count = i + 1;
        access_chain_hash(chain);
        access_chain_sign(chain, i == 0 ? &authority_key : &next[0], KEY_FOR_ACCESS, signatures[i]);
    }
}

static void test_a_token_is_written_as_the_protocol_says(void **state)
{
    struct access_chain chain = { .count = 0 };
    uint8_t rooms[2][ACCESS_BODY_SIZE_MAX];
    uint8_t signatures[2][SIGNATURE_SIZE];
    uint8_t bytes[ACCESS_BYTES_MAX];
    uint8_t seed[KEY_SEED_SIZE];
    struct key next[2];
    struct access access;
    size_t size;

    (void)state;
    golden_write(&chain, rooms, signatures, next);
    key_seed(&next[1], seed);
    chain.proof = (struct span){ seed, sizeof(seed) };
    size = access_chain_write(&chain, bytes, sizeof(bytes));
    snprintf(line, sizeof(line), "mut1.");
    base64url_write((struct span){ bytes, size }, line + PREFIX, ACCESS_TEXT_MAX - PREFIX);
    assert_string_equal(line, GOLDEN_ACCESS_TOKEN);
    access = read_token(line);
    assert_string_equal(access.subject, "alice");
    assert_int_equal(access.expires_s, NOW_S + 60);
    assert_int_equal(access.scopes.count, 1);
    assert_int_equal(access.narrowings, 1);
    assert_int_equal(access_seal(fixture_text(line), other), ACCESS_OK);
    assert_string_equal(other, GOLDEN_ACCESS_TOKEN_SEALED);
    key_deinit(&next[0]);
    key_deinit(&next[1]);
}

static void test_a_protobuf_library_reads_the_same(void **state)
{
    uint8_t bytes[ACCESS_BYTES_MAX];
    size_t size = 0;
    Mu__Router__V1__AccessToken *token;
    Mu__Router__V1__AccessBody *body;

    (void)state;
    assert_true(base64url_read(
            fixture_text(&GOLDEN_ACCESS_TOKEN[PREFIX]), bytes, sizeof(bytes), &size));
    token = mu__router__v1__access_token__unpack(NULL, size, bytes);
    assert_non_null(token);
    assert_int_equal(token->n_blocks, 2);
    assert_int_equal(token->proof.len, KEY_SEED_SIZE);
    body = mu__router__v1__access_body__unpack(
            NULL, token->blocks[0]->body.len, token->blocks[0]->body.data);
    assert_non_null(body);
    assert_string_equal(body->subject, "alice");
    assert_string_equal(body->audience, "*.alice");
    assert_int_equal(body->n_scopes, 2);
    assert_string_equal(body->scopes[1], "store.*");
    assert_int_equal(body->expires_s, NOW_S + ACCESS_LIFE_MAX_S);
    assert_int_equal(body->budget, 1000);
    mu__router__v1__access_body__free_unpacked(body, NULL);
    mu__router__v1__access_token__free_unpacked(token, NULL);
}

static void test_a_token_lasts_from_its_issue_to_its_end(void **state)
{
    struct access_grant grant = fixture_grant();

    (void)state;
    issue(&grant);
    assert_int_equal(judge(line, NOW_S + ACCESS_LIFE_MAX_S - 1), ACCESS_OK);
    assert_int_equal(judge(line, NOW_S + ACCESS_LIFE_MAX_S), ACCESS_EXPIRED);
    assert_int_equal(judge(line, NOW_S - CLOCK_TOLERANCE_S), ACCESS_OK);
    assert_int_equal(judge(line, NOW_S - CLOCK_TOLERANCE_S - 1), ACCESS_EARLY);
}

static void test_only_the_authority_s_keys_and_network_are_believed(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_id id;
    struct key stranger;

    (void)state;
    fixture_key(&stranger, 9);
    assert_int_equal(access_issue(&grant, &stranger, line, &id), ACCESS_OK);
    assert_int_equal(judge(line, NOW_S), ACCESS_KEY);
    authority.keys[authority.key_count++] = stranger.public;
    assert_int_equal(judge(line, NOW_S), ACCESS_OK);
    authority.network.bytes[0] ^= 1;
    assert_int_equal(judge(line, NOW_S), ACCESS_NETWORK);
    key_deinit(&stranger);
}

static void test_what_no_token_may_say_is_not_issued(void **state)
{
    struct access_id id;
    struct access_grant grants[8];

    (void)state;
    for (size_t i = 0; i < 8; i++)
        grants[i] = fixture_grant();
    grants[0].subject[0] = '\0';
    snprintf(grants[1].subject, sizeof(grants[1].subject), "Alice");
    snprintf(grants[2].audience, sizeof(grants[2].audience), "desk..alice");
    grants[3].scopes.count = 0;
    snprintf(grants[4].scopes.patterns[0], PATTERN_SIZE_MAX + 1, "greeter");
    grants[5].expires_s = NOW_S + ACCESS_LIFE_MAX_S + 1;
    grants[6].expires_s = NOW_S;
    grants[7].scopes.count = ACCESS_SCOPES_MAX + 1;
    for (size_t i = 0; i < 8; i++) {
        line[0] = '!';
        assert_int_equal(access_issue(&grants[i], &authority_key, line, &id), ACCESS_BAD);
        assert_int_equal(line[0], '!');
    }
}

static void test_as_many_scopes_as_the_line_has_room_for_are_issued(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_id id;
    enum access_outcome outcome = ACCESS_OK;
    size_t length = 14;

    (void)state;
    grant.scopes.count = ACCESS_SCOPES_MAX;
    memset(grant.subject, 'a', ACCESS_SUBJECT_MAX);
    memset(grant.audience, 'a', ACCESS_AUDIENCE_MAX);
    for (; outcome == ACCESS_OK && length <= PATTERN_SIZE_MAX; length++) {
        for (size_t i = 0; i < ACCESS_SCOPES_MAX; i++)
            snprintf(grant.scopes.patterns[i], PATTERN_SIZE_MAX + 1, "store.%0*zu",
                    (int)(length - 6), i);
        outcome = access_issue(&grant, &authority_key, line, &id);
        if (outcome == ACCESS_OK)
            assert_int_equal(read_token(line).scopes.count, ACCESS_SCOPES_MAX);
    }
    assert_int_equal(outcome, ACCESS_FULL);
    assert_true(length > 100);
}

static void test_a_bearer_narrows_a_token_without_the_authority(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_narrowing less = { .expires_s = NOW_S + 60, .budget = 5 };
    struct access_id id = issue(&grant);
    struct access access;

    (void)state;
    fixture_scope(&less.scopes, "store.Get");
    assert_int_equal(access_narrow(&less, fixture_text(line), other), ACCESS_OK);
    access = read_token(other);
    assert_true(access_id_equal(&access.id, &id));
    assert_true(covers(&access, "store.Get"));
    assert_false(covers(&access, "store.Put"));
    assert_false(covers(&access, "greeter.Hello"));
    assert_int_equal(access.budgets[0].calls, 5);
    assert_int_equal(judge(other, NOW_S + 59), ACCESS_OK);
    assert_int_equal(judge(other, NOW_S + 60), ACCESS_EXPIRED);
    assert_int_equal(judge(line, NOW_S + 60), ACCESS_OK);
}

static void test_no_narrowing_widens(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_narrowing rows[] = { { .expires_s = NOW_S + ACCESS_LIFE_MAX_S + 1 },
        { .budget = 11 }, { .budget = 1 }, { .budget = 1 }, { .budget = 1 }, { .budget = 1 } };
    static const char *const scopes[] = { NULL, NULL, "store.>", "greeter.*", ">", "store.mu.Get" };

    (void)state;
    grant.budget = 10;
    issue(&grant);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (scopes[i] != NULL)
            fixture_scope(&rows[i].scopes, scopes[i]);
        assert_int_equal(access_narrow(&rows[i], fixture_text(line), other), ACCESS_WIDER);
    }
    rows[0] = (struct access_narrowing){ .budget = 0 };
    assert_int_equal(access_narrow(&rows[0], fixture_text(line), other), ACCESS_BAD);
}

static void test_a_block_that_widens_is_not_believed_whoever_signed_it(void **state)
{
    struct access_chain chain = { .count = 0 };
    uint8_t rooms[2][ACCESS_BODY_SIZE_MAX];
    uint8_t signatures[2][SIGNATURE_SIZE];
    uint8_t bytes[ACCESS_BYTES_MAX];
    uint8_t seed[KEY_SEED_SIZE];
    struct access_body wide = { .expires_s = NOW_S + 60 };
    struct key next[2];

    (void)state;
    golden_write(&chain, rooms, signatures, next);
    fixture_scope(&wide.scopes, ">");
    chain.blocks[1].body.size = access_body_write(&wide, rooms[1]);
    access_chain_hash(&chain);
    access_chain_sign(&chain, &next[0], KEY_FOR_ACCESS, signatures[1]);
    key_seed(&next[1], seed);
    chain.proof = (struct span){ seed, sizeof(seed) };
    assert_int_equal(access_chain_verify(&chain), ACCESS_OK);
    snprintf(line, sizeof(line), "mut1.");
    base64url_write((struct span){ bytes, access_chain_write(&chain, bytes, sizeof(bytes)) },
            line + PREFIX, ACCESS_TEXT_MAX - PREFIX);
    assert_int_equal(judge(line, NOW_S), ACCESS_WIDER);
    key_deinit(&next[0]);
    key_deinit(&next[1]);
}

static void test_a_token_is_narrowed_four_times(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_narrowing less = { .budget = 100 };

    (void)state;
    issue(&grant);
    for (int i = 0; i < ACCESS_NARROWINGS_MAX; i++) {
        less.budget -= 1;
        assert_int_equal(access_narrow(&less, fixture_text(line), other), ACCESS_OK);
        memcpy(line, other, sizeof(line));
    }
    assert_int_equal(read_token(line).narrowings, ACCESS_NARROWINGS_MAX);
    assert_int_equal(read_token(line).budget_count, ACCESS_NARROWINGS_MAX);
    assert_int_equal(access_narrow(&less, fixture_text(line), other), ACCESS_FULL);
}

static void test_a_sealed_token_allows_the_same_and_is_narrowed_no_more(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_narrowing less = { .budget = 1 };
    char again[ACCESS_TEXT_MAX + 1];
    struct access_id id = issue(&grant);
    struct access sealed;

    (void)state;
    assert_int_equal(access_seal(fixture_text(line), other), ACCESS_OK);
    sealed = read_token(other);
    assert_true(sealed.sealed);
    assert_true(access_id_equal(&sealed.id, &id));
    assert_int_equal(access_narrow(&less, fixture_text(other), again), ACCESS_SEALED);
    assert_int_equal(access_seal(fixture_text(other), again), ACCESS_SEALED);
}

static void test_a_bearer_may_look_at_a_token_without_keys(void **state)
{
    struct access_grant grant = fixture_grant();
    struct access_id id = issue(&grant);
    struct access access;

    (void)state;
    assert_int_equal(access_look(&access, fixture_text(line)), ACCESS_OK);
    assert_true(access_id_equal(&access.id, &id));
    assert_int_equal(access_look(&access, fixture_text("mu1.AAAA")), ACCESS_NO_TOKEN);
    assert_int_equal(access_look(&access, fixture_text("mut1.A!")), ACCESS_NO_TEXT);
    assert_int_equal(access_look(&access, fixture_text("mut1.AAAA")), ACCESS_BAD);
    assert_int_equal(access_look(&access, fixture_text("mut1.")), ACCESS_BAD);
}

static void test_each_outcome_has_a_text(void **state)
{
    (void)state;
    for (int i = 0; i < ACCESS_OUTCOMES; i++)
        assert_true(strlen(access_text((enum access_outcome)i)) > 3);
    assert_string_equal(access_text(ACCESS_OUTCOMES), "unknown outcome");
}

static void test_audiences(void **state)
{
    static const char *const good[] = { "", "*", ">", "desk", "Desk_2.alice", "*.alice", "desk.>" };
    static const char *const bad[] = { ".", "desk.", ".alice", "a..b", ">.alice", "de*k", "desk!",
        "0123456789012345678901234567890123456789012345678901234567890123x" };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(access_audience_is_valid(fixture_text(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(access_audience_is_valid(fixture_text(bad[i])));
}

/* Prints what it costs; a time is not asserted. */
static void test_what_a_verification_costs(void **state)
{
    struct access_grant grant = fixture_grant();
    struct timespec begin;
    struct timespec end;
    double us;

    (void)state;
    issue(&grant);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (int i = 0; i < VERIFICATIONS; i++)
        read_token(line);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    us = ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
         1000 / VERIFICATIONS;
    print_message("a token is verified in %.1f us\n", us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
                test_a_token_says_what_its_authority_put_into_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_token_is_kept_to_a_namespace_and_no_bearer_takes_it_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_token_has_an_id_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_token_is_written_as_the_protocol_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_protobuf_library_reads_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_token_lasts_from_its_issue_to_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_only_the_authority_s_keys_and_network_are_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_what_no_token_may_say_is_not_issued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_as_many_scopes_as_the_line_has_room_for_are_issued, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_bearer_narrows_a_token_without_the_authority, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_narrowing_widens, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_block_that_widens_is_not_believed_whoever_signed_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_token_is_narrowed_four_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_sealed_token_allows_the_same_and_is_narrowed_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_bearer_may_look_at_a_token_without_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_each_outcome_has_a_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_audiences, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_a_verification_costs, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
