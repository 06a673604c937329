// SPDX-License-Identifier: Apache-2.0
/* The link that docs/protocol.md shows: a node joins `desk.alice` with the token of the same page.
 */
#include "tests/unit/cmocka.h"
#include "tests/unit/identity_fixture.h"
#include "tests/unit/secure_golden.h"
#include "transport/secure/handshake.h"

enum { HEX_MAX = 2 * HANDSHAKE_OUT_MAX + 1 };

static const struct link_limits limits = { 1056768, 256, 1048576 };

struct side {
    struct noise_pair link_static;
    struct handshake_self self;
    struct handshake handshake;
    struct record_writer writer;
    struct record_reader reader;
};

static void assert_bytes(struct span bytes, const char *expected)
{
    char text[HEX_MAX];

    assert_true(2 * bytes.size < sizeof(text));
    assert_string_equal(sodium_bin2hex(text, sizeof(text), bytes.data, bytes.size), expected);
}

/* A side whose X25519 key is 32 times `secret`. */
static void start_side(struct side *side, uint8_t secret, uint64_t boot_id)
{
    uint8_t bytes[NOISE_KEY_SIZE];

    memset(bytes, secret, sizeof(bytes));
    noise_pair_init(&side->link_static, bytes);
    side->self = (struct handshake_self){
        .link_static = &side->link_static, .limits = limits, .boot_id = boot_id
    };
}

/* Signs as the node that `self` is of. */
static void sign(struct handshake_self *self, const struct key *key, const struct chain *chain)
{
    uint8_t statement[STATEMENT_SIZE];

    introduction_statement(
            statement, NOISE_RESPONDER, self->link_static->public, &chain->certificates[0].network);
    key_sign(key, KEY_FOR_LINK_STATIC, (struct span){ statement, sizeof(statement) },
            self->signatures[NOISE_RESPONDER]);
    self->chain = chain;
}

static enum handshake_outcome pass(struct side *from, struct side *to, uint64_t wall_ms)
{
    struct span out = handshake_out(&from->handshake);
    size_t used;
    enum handshake_outcome outcome = handshake_read(&to->handshake, out, wall_ms, &used);

    assert_int_equal(used, out.size);
    return outcome;
}

static void shake_hands(struct side *joiner, struct side *node, const struct handshake_psk *psk)
{
    uint8_t ephemeral[NOISE_KEY_SIZE];

    memset(ephemeral, 6, sizeof(ephemeral));
    handshake_init_initiator(&joiner->handshake, &joiner->self, psk, ephemeral);
    memset(ephemeral, 7, sizeof(ephemeral));
    handshake_init_responder(&node->handshake, &node->self, psk, 1, ephemeral);
    assert_bytes(handshake_out(&joiner->handshake), GOLDEN_LINK_FIRST);
    assert_int_equal(pass(joiner, node, NOW_S * 1000 + 250), HANDSHAKE_MORE);
    assert_bytes(handshake_out(&node->handshake), GOLDEN_LINK_SECOND);
    assert_int_equal(pass(node, joiner, NOW_S * 1000 + 500), HANDSHAKE_ESTABLISHED);
    assert_bytes(handshake_out(&joiner->handshake), GOLDEN_LINK_THIRD);
    assert_int_equal(pass(joiner, node, NOW_S * 1000 + 750), HANDSHAKE_ESTABLISHED);
    assert_true(node->handshake.peer.joining);
    assert_bytes((struct span){ joiner->handshake.link_id, NOISE_HASH_SIZE }, GOLDEN_LINK_ID);
    assert_bytes((struct span){ node->handshake.link_id, NOISE_HASH_SIZE }, GOLDEN_LINK_ID);
    handshake_split(&joiner->handshake, &joiner->writer, &joiner->reader);
    handshake_split(&node->handshake, &node->writer, &node->reader);
    handshake_deinit(&joiner->handshake);
    handshake_deinit(&node->handshake);
}

static void assert_record(struct record_writer *writer, struct record record, const char *expected)
{
    uint8_t wire[64];

    assert_true(record_seal(writer, &record, wire));
    assert_bytes((struct span){ wire, record_size(record.body.size) }, expected);
}

static void test_a_link_s_bytes_are_those_that_the_protocol_shows(void **state)
{
    struct record hello = {
        .type = RECORD_DATA, .class = 1, .stream = 7, .body = { (const uint8_t *)"hello", 5 }
    };
    struct record ping = { .type = RECORD_PING };
    struct handshake_psk psk = { .is_token = true };
    struct side joiner = { 0 };
    struct side node = { 0 };
    struct network network;
    struct token token;
    uint8_t wire[64];

    (void)state;
    network_init(&network);
    network.chain.count = 2; /* without the root's */
    fixture_token(&token, &network);
    memcpy(psk.id, token.id.bytes, PSK_ID_SIZE);
    token_psk(&token, psk.key);
    psk.network = token.network;
    start_side(&joiner, 4, 1);
    start_side(&node, 5, 2);
    sign(&node.self, &network.node, &network.chain);
    shake_hands(&joiner, &node, &psk);
    assert_record(&joiner.writer, hello, GOLDEN_LINK_RECORD);
    assert_record(&node.writer, ping, GOLDEN_LINK_PING);
    while (node.writer.cipher.counter < RECORD_REKEY_COUNT)
        assert_true(record_seal(&node.writer, &ping, wire));
    assert_record(&node.writer, hello, GOLDEN_LINK_RECORD_LATE);
    record_writer_deinit(&joiner.writer);
    record_reader_deinit(&joiner.reader);
    record_writer_deinit(&node.writer);
    record_reader_deinit(&node.reader);
    noise_pair_deinit(&joiner.link_static);
    noise_pair_deinit(&node.link_static);
    network_deinit(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_link_s_bytes_are_those_that_the_protocol_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
