// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/cmocka.h"
#include "tests/unit/identity_fixture.h"
#include "tests/unit/identity_golden.h"
#include "transport/secure/address.h"
#include "transport/secure/token_record.h"

enum { HOUR_S = 3600 };

static struct network network;

static struct span text(const char *string)
{
    return (struct span){ (const uint8_t *)string, strlen(string) };
}

/* The token that docs/protocol.md shows. */
static struct token golden(void)
{
    struct token token;

    fixture_token(&token, &network);
    assert_int_equal(token_add_address(&token, "192.0.2.7:7400"), TOKEN_OK);
    assert_int_equal(token_add_address(&token, "[2001:db8::7]:7400"), TOKEN_OK);
    return token;
}

static enum token_outcome parse(const char *line)
{
    struct token token = { .roles = 99 };
    enum token_outcome outcome = token_parse(&token, text(line), NOW_S);

    assert_true(outcome == TOKEN_OK || token.roles == 99);
    return outcome;
}

/* The line of any bytes, its checksum made right. */
static const char *line_of(uint8_t *bytes, size_t size)
{
    static char line[TOKEN_TEXT_SIZE_MAX + 64];
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size - 4; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    for (size_t i = 0; i < 4; i++)
        bytes[size - 4 + i] = (uint8_t)(~crc >> (24 - 8 * i));
    memcpy(line, "mu1.", 4);
    sodium_bin2base64(
            line + 4, sizeof(line) - 4, bytes, size, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return line;
}

static size_t bytes_of(uint8_t *bytes, size_t max, const char *line)
{
    size_t size;

    assert_int_equal(sodium_base642bin(bytes, max, line + 4, strlen(line) - 4, NULL, &size, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING),
            0);
    return size;
}

static void test_the_golden_token_is_printed_and_its_keys_derived(void **state)
{
    struct token token = golden();
    char line[TOKEN_TEXT_SIZE_MAX + 1];
    uint8_t psk[PSK_SIZE];
    struct key proof;

    (void)state;
    assert_int_equal(token_print(&token, line), strlen(GOLDEN_TOKEN));
    assert_string_equal(line, GOLDEN_TOKEN);
    token_psk(&token, psk);
    golden_equal((struct span){ psk, sizeof(psk) }, GOLDEN_TOKEN_PSK);
    assert_int_equal(token_proof_key(&token, &proof), 0);
    golden_equal((struct span){ proof.public.bytes, PUBLIC_KEY_SIZE }, GOLDEN_TOKEN_PROOF_KEY);
    key_deinit(&proof);
}

static void test_a_token_comes_back_as_it_was_printed(void **state)
{
    (void)state;
    for (uint32_t addresses = 0; addresses <= TOKEN_ADDRESSES_MAX; addresses++) {
        struct token token;
        struct token back;
        char line[TOKEN_TEXT_SIZE_MAX + 1];
        size_t size;

        token_init(&token, &network.root.public, ROLE_CLIENT, NOW_S);
        for (uint32_t i = 0; i < addresses; i++)
            assert_int_equal(token_add_address(&token, "node.example:7400"), TOKEN_OK);
        size = token_print(&token, line);
        assert_int_equal(strlen(line), size);
        assert_int_equal(
                token_parse(&back, (struct span){ (uint8_t *)line, size }, NOW_S), TOKEN_OK);
        assert_memory_equal(&back, &token, sizeof(token));
        assert_true(token_names_root(&back, &network.root.public));
        assert_false(token_names_root(&back, &network.stranger.public));
    }
}

static void test_a_client_token_is_told_by_its_first_characters_and_its_keys_are_its_own(
        void **state)
{
    struct token token;
    struct token back;
    char line[TOKEN_TEXT_SIZE_MAX + 1];
    uint8_t psks[2][PSK_SIZE];

    (void)state;
    token_init(&token, &network.root.public, ROLE_CLIENT, NOW_S);
    assert_true(token_is_client(&token));
    token_print(&token, line);
    assert_memory_equal(line, "muc1.", 5);
    assert_int_equal(
            token_parse(&back, (struct span){ (uint8_t *)line, strlen(line) }, NOW_S), TOKEN_OK);
    memmove(line + 2, line + 3, strlen(line + 3) + 1); /* said to be a join token */
    assert_int_equal(
            token_parse(&back, (struct span){ (uint8_t *)line, strlen(line) }, NOW_S), TOKEN_BAD);
    token_psk(&token, psks[0]);
    token.roles = ROLE_MEMBER;
    assert_false(token_is_client(&token));
    token_psk(&token, psks[1]);
    assert_memory_not_equal(psks[0], psks[1], PSK_SIZE);
}

static void test_tokens_differ(void **state)
{
    struct token one;
    struct token two;
    uint8_t psks[2][PSK_SIZE];

    (void)state;
    token_init(&one, &network.root.public, ROLE_MEMBER, NOW_S);
    token_init(&two, &network.root.public, ROLE_MEMBER, NOW_S);
    assert_memory_not_equal(&one.id, &two.id, sizeof(one.id));
    assert_memory_not_equal(one.secret, two.secret, sizeof(one.secret));
    token_psk(&one, psks[0]);
    token_psk(&two, psks[1]);
    assert_memory_not_equal(psks[0], psks[1], PSK_SIZE);
    assert_memory_not_equal(psks[0], one.secret, PSK_SIZE);
    token_wipe(&one);
    token_wipe(&one);
    assert_true(sodium_is_zero((uint8_t *)&one, sizeof(one)));
}

/* Each character set to each other byte, dropped, doubled, and swapped with its neighbour. */
static void test_every_slip_of_the_hand_is_noticed(void **state)
{
    char line[sizeof(GOLDEN_TOKEN) + 1] = GOLDEN_TOKEN;
    size_t size = strlen(line);

    (void)state;
    for (size_t i = 0; i < size; i++) {
        char was = line[i];

        for (int c = 1; c < 256; c++) {
            enum token_outcome outcome;

            line[i] = (char)c;
            outcome = parse(line);
            assert_true(line[i] == was ? outcome == TOKEN_OK : outcome != TOKEN_OK);
            if (i >= 4 && line[i] != was)
                assert_true(outcome == TOKEN_NO_TEXT || outcome == TOKEN_MISTYPED);
        }
        line[i] = was;
    }
    for (size_t i = 0; i < size; i++) {
        char changed[sizeof(line)] = { 0 };

        memcpy(changed, GOLDEN_TOKEN, i);
        memcpy(changed + i, &GOLDEN_TOKEN[i + 1], size - i - 1);
        assert_int_not_equal(parse(changed), TOKEN_OK); /* dropped */
        memcpy(changed, GOLDEN_TOKEN, i + 1);
        memcpy(changed + i + 1, &GOLDEN_TOKEN[i], size - i);
        assert_int_not_equal(parse(changed), TOKEN_OK); /* doubled */
        memcpy(changed, GOLDEN_TOKEN, size + 1);
        if (i == 0 || changed[i] == changed[i - 1])
            continue;
        changed[i] = GOLDEN_TOKEN[i - 1];
        changed[i - 1] = GOLDEN_TOKEN[i];
        assert_int_not_equal(parse(changed), TOKEN_OK); /* swapped */
    }
}

static void test_each_refusal_has_its_reason(void **state)
{
    uint8_t bytes[TOKEN_BYTES_MAX];
    size_t size = bytes_of(bytes, sizeof(bytes), GOLDEN_TOKEN);
    char longest[TOKEN_TEXT_SIZE_MAX + 2];

    (void)state;
    assert_int_equal(parse(""), TOKEN_NO_TOKEN);
    assert_int_equal(parse("mu1"), TOKEN_NO_TOKEN);
    assert_int_equal(parse("mu2.AAAA"), TOKEN_NO_TOKEN);
    assert_int_equal(parse(" " GOLDEN_TOKEN), TOKEN_NO_TOKEN);
    assert_int_equal(parse(GOLDEN_TOKEN "\n"), TOKEN_NO_TEXT);
    assert_int_equal(parse(GOLDEN_TOKEN "="), TOKEN_NO_TEXT);
    assert_int_equal(parse("mu1.AAA+"), TOKEN_NO_TEXT); /* the other alphabet */
    assert_int_equal(parse("mu1."), TOKEN_MISTYPED);
    assert_int_equal(parse("mu1.AAAA"), TOKEN_MISTYPED);
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_OK);
    bytes[0] = 2;
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_VERSION);
    assert_int_equal(parse(line_of(bytes, 5)), TOKEN_VERSION);
    bytes[0] = 1;
    assert_int_equal(parse(line_of(bytes, 5)), TOKEN_BAD);
    memset(longest, 'A', sizeof(longest));
    memcpy(longest, "mu1.", 4);
    longest[TOKEN_TEXT_SIZE_MAX + 1] = '\0';
    assert_int_equal(parse(longest), TOKEN_NO_TEXT);
    longest[TOKEN_TEXT_SIZE_MAX] = '\0';
    assert_int_equal(parse(longest), TOKEN_MISTYPED);
    for (int i = 0; i < TOKEN_OUTCOMES; i++) {
        assert_non_null(token_text((enum token_outcome)i));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(
                    token_text((enum token_outcome)i), token_text((enum token_outcome)k));
    }
}

/* A checksum is made easily, so what is behind it is looked at all the same. */
static void test_a_right_checksum_makes_no_token(void **state)
{
    uint8_t good[TOKEN_BYTES_MAX];
    uint8_t bytes[TOKEN_BYTES_MAX + 16] = { 0 };
    size_t size = bytes_of(good, sizeof(good), GOLDEN_TOKEN);

    (void)state;
    memcpy(bytes, good, size);
    bytes[85] = 1; /* addresses: one more behind it */
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_BAD);
    bytes[85] = 3; /* one is missing */
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_BAD);
    bytes[85] = TOKEN_ADDRESSES_MAX + 1;
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_BAD);
    memcpy(bytes, good, size);
    bytes[86] = 255; /* over the end */
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_BAD);
    memcpy(bytes, good, size);
    bytes[86] = 0; /* an address of nothing */
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_BAD);
    memcpy(bytes, good, size);
    bytes[87] = ' ';
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_BAD);
    memcpy(bytes, good, size);
    bytes[73] = 0xff; /* ends after the year 9999 */
    assert_int_equal(parse(line_of(bytes, size)), TOKEN_BAD);
    for (size_t cut = 5; cut < size; cut++) {
        memcpy(bytes, good, size);
        assert_int_equal(parse(line_of(bytes, cut)), TOKEN_BAD);
    }
    memcpy(bytes, good, size);
    assert_int_equal(parse(line_of(bytes, size + 1)), TOKEN_BAD);
}

static void test_a_token_ends_with_the_clocks_tolerance(void **state)
{
    uint64_t end_s = NOW_S + HOUR_S + CLOCK_TOLERANCE_S;
    struct token token;

    (void)state;
    assert_int_equal(token_parse(&token, text(GOLDEN_TOKEN), end_s - 1), TOKEN_OK);
    assert_int_equal(token_parse(&token, text(GOLDEN_TOKEN), end_s), TOKEN_OK);
    assert_int_equal(token_parse(&token, text(GOLDEN_TOKEN), end_s + 1), TOKEN_EXPIRED);
    assert_int_equal(token_parse(&token, text(GOLDEN_TOKEN), 0), TOKEN_OK);
}

static void test_addresses_are_a_host_and_a_port(void **state)
{
    static const char *const good[] = { "a:1", "localhost:7400", "192.0.2.7:65535", "[::1]:80",
        "[2001:db8::7]:7400", "Node-1.example.org:22", "[::ffff:192.0.2.1]:9" };
    static const char *const bad[] = { "", ":", "a", "a:", ":1", "a:0", "a:01", "a:65536",
        "a:99999", "a:123456", "a:-1", "a:1 ", " a:1", "a b:1", "-a:1", "a-:1", "a..b:1", ".a:1",
        "a.:1", "::1:80", "[]:80", "[:80", "[::1:80", "::1]:80", "[::g]:80", "[::1%lo]:80",
        "[1.2.3.4]:80", "a_b:1", "a:1x", "tcp://a:1" };
    char longest[ADDRESS_SIZE_MAX + 2];
    struct token token;

    (void)state;
    token_init(&token, &network.root.public, ROLE_MEMBER, NOW_S);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(address_is_valid(text(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(address_is_valid(text(bad[i])));
        assert_int_equal(token_add_address(&token, bad[i]), TOKEN_BAD);
    }
    for (size_t i = 0; i < sizeof(longest); i++)
        longest[i] = i % 50 == 49 ? '.' : 'a';
    memcpy(longest + ADDRESS_SIZE_MAX - 2, ":1", 3);
    assert_true(address_is_valid(text(longest)));
    memcpy(longest + ADDRESS_SIZE_MAX - 2, ":12", 4);
    assert_false(address_is_valid(text(longest)));
    assert_int_equal(token_add_address(&token, longest), TOKEN_BAD);
    for (int i = 0; i < TOKEN_ADDRESSES_MAX; i++)
        assert_int_equal(token_add_address(&token, "a:1"), TOKEN_OK);
    assert_int_equal(token_add_address(&token, "a:1"), TOKEN_BAD);
}

static struct token_record record_of(const struct token *token, uint32_t uses)
{
    struct token_record record;

    assert_int_equal(token_record_init(&record, token, uses), 0);
    return record;
}

static void test_a_record_comes_back_as_it_was_written(void **state)
{
    struct token token = golden();
    struct token_record record = record_of(&token, 3);
    struct token_record back;
    uint8_t bytes[TOKEN_RECORD_SIZE + 1] = { 0 };

    (void)state;
    assert_int_equal(token_record_use(&record, &network.node.public, NOW_S), TOKEN_USE_OK);
    token_record_write(&record, bytes);
    assert_int_equal(
            token_record_read(&back, (struct span){ bytes, TOKEN_RECORD_SIZE }), TOKEN_RECORD_OK);
    assert_int_equal(back.uses_left, 2);
    assert_int_equal(back.use_count, 1);
    assert_true(public_key_equal(&back.used_by, &network.node.public));
    assert_memory_equal(back.psk, record.psk, PSK_SIZE);
    assert_true(public_key_equal(&back.proof, &record.proof));
    assert_true(back.used_at_s == NOW_S && back.not_after_s == NOW_S + HOUR_S);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        if (size != TOKEN_RECORD_SIZE)
            assert_int_equal(
                    token_record_read(&back, (struct span){ bytes, size }), TOKEN_RECORD_BAD);
    }
    for (size_t i = 0; i < 8; i++) {
        bytes[i] ^= 1;
        assert_int_equal(token_record_read(&back, (struct span){ bytes, TOKEN_RECORD_SIZE }),
                TOKEN_RECORD_BAD);
        bytes[i] ^= 1;
    }
    bytes[92] = 1; /* over TOKEN_USES_MAX uses */
    assert_int_equal(
            token_record_read(&back, (struct span){ bytes, TOKEN_RECORD_SIZE }), TOKEN_RECORD_BAD);
}

/* Neither the secret nor the proof key's seed can be in it. */
static void test_a_record_does_not_hold_what_proves_the_token(void **state)
{
    struct token token = golden();
    struct token_record record = record_of(&token, 1);
    uint8_t bytes[TOKEN_RECORD_SIZE];
    uint8_t seed[KEY_SEED_SIZE];
    struct key proof;

    (void)state;
    assert_int_equal(token_proof_key(&token, &proof), 0);
    key_seed(&proof, seed);
    token_record_write(&record, bytes);
    assert_null(memmem(bytes, sizeof(bytes), token.secret, 8));
    assert_null(memmem(bytes, sizeof(bytes), seed, 8));
    assert_true(public_key_equal(&record.proof, &proof.public));
    key_deinit(&proof);
}

static void test_a_single_use_admits_one_node_however_often_it_asks(void **state)
{
    struct token token = golden();
    struct token_record record = record_of(&token, 1);

    (void)state;
    assert_int_equal(token_record_use(&record, &network.node.public, NOW_S), TOKEN_USE_OK);
    assert_int_equal(token_record_use(&record, &network.node.public, NOW_S), TOKEN_USE_AGAIN);
    assert_int_equal(token_record_use(&record, &network.stranger.public, NOW_S), TOKEN_USE_SPENT);
    assert_int_equal(record.use_count, 1);
    assert_true(public_key_equal(&record.used_by, &network.node.public));
}

static void test_a_token_admits_as_many_nodes_as_it_says(void **state)
{
    struct token token = golden();
    struct token_record record = record_of(&token, TOKEN_USES_MAX);
    struct public_key node = { { 0 } };

    (void)state;
    for (uint32_t i = 0; i < TOKEN_USES_MAX; i++) {
        node.bytes[0] = (uint8_t)i;
        node.bytes[1] = (uint8_t)(i >> 8);
        assert_int_equal(token_record_use(&record, &node, NOW_S), TOKEN_USE_OK);
    }
    node.bytes[2] = 1;
    assert_int_equal(token_record_use(&record, &node, NOW_S), TOKEN_USE_SPENT);
}

static void test_a_token_that_has_ended_admits_nobody_and_loses_its_psk(void **state)
{
    struct token token = golden();
    struct token_record record = record_of(&token, 1);
    uint64_t end_s = NOW_S + HOUR_S;

    (void)state;
    assert_int_equal(token_record_judge(&record, &network.node.public, end_s + 1), TOKEN_USE_OVER);
    assert_int_equal(token_record_judge(&record, &network.node.public, end_s), TOKEN_USE_OK);
    assert_int_equal(token_record_judge(&record, &network.node.public, end_s - 1), TOKEN_USE_OK);
    assert_int_equal(token_record_use(&record, &network.node.public, end_s), TOKEN_USE_OK);
    assert_int_equal(token_record_use(&record, &network.node.public, end_s + 1), TOKEN_USE_OVER);
    assert_false(token_record_expire(&record, end_s));
    assert_false(sodium_is_zero(record.psk, PSK_SIZE));
    assert_true(token_record_expire(&record, end_s + 1));
    assert_true(sodium_is_zero(record.psk, PSK_SIZE));
    assert_true(public_key_equal(&record.used_by, &network.node.public));
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
        cmocka_unit_test(test_the_golden_token_is_printed_and_its_keys_derived),
        cmocka_unit_test(test_a_token_comes_back_as_it_was_printed),
        cmocka_unit_test(
                test_a_client_token_is_told_by_its_first_characters_and_its_keys_are_its_own),
        cmocka_unit_test(test_tokens_differ),
        cmocka_unit_test(test_every_slip_of_the_hand_is_noticed),
        cmocka_unit_test(test_each_refusal_has_its_reason),
        cmocka_unit_test(test_a_right_checksum_makes_no_token),
        cmocka_unit_test(test_a_token_ends_with_the_clocks_tolerance),
        cmocka_unit_test(test_addresses_are_a_host_and_a_port),
        cmocka_unit_test(test_a_record_comes_back_as_it_was_written),
        cmocka_unit_test(test_a_record_does_not_hold_what_proves_the_token),
        cmocka_unit_test(test_a_single_use_admits_one_node_however_often_it_asks),
        cmocka_unit_test(test_a_token_admits_as_many_nodes_as_it_says),
        cmocka_unit_test(test_a_token_that_has_ended_admits_nobody_and_loses_its_psk),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
