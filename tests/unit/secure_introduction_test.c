// SPDX-License-Identifier: Apache-2.0
/* A peer that holds all keys and says something else than handshake.c would. */
#include <sodium.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/secure_world.h"
#include "transport/secure/big_endian.h"

enum { WIRE_MAX = 2 * HANDSHAKE_MESSAGE_MAX };

static struct world world;

/* An introduction as bytes, to be changed at will. */
struct words {
    uint8_t bytes[HANDSHAKE_MESSAGE_MAX];
    size_t size;
};

/* What a node would say in `role`; without certificates where it joins. */
static struct words words_of(enum world_node node, enum noise_role role, bool joins)
{
    struct words words;

    words.size = world_introduce(&world, node, role, joins, words.bytes);
    return words;
}

/* Starts the peer by hand: Noise with the right keys. */
static void start_peer(struct noise *noise, enum noise_role role,
        const struct noise_pair *link_static, const struct handshake_psk *psk,
        const uint8_t preamble[HANDSHAKE_PREAMBLE_SIZE])
{
    uint8_t prologue[10 + HANDSHAKE_PREAMBLE_SIZE] = "mu.link.v1";
    uint8_t ephemeral[NOISE_KEY_SIZE];

    memcpy(prologue + 10, preamble, HANDSHAKE_PREAMBLE_SIZE);
    world_ephemeral(ephemeral, role, 9);
    noise_init(noise, &noise_xxpsk0, role, (struct span){ prologue, sizeof(prologue) },
            &(struct noise_keys){ .ephemeral_secret = ephemeral,
                    .own_static = link_static,
                    .psks = (const uint8_t(*)[NOISE_KEY_SIZE]) & psk->key,
                    .psk_count = 1 });
}

/* Appends the peer's next message to `wire`. Returns its new size. */
static size_t say(struct noise *noise, struct span payload, uint8_t *wire, size_t size)
{
    size_t written;

    assert_int_equal(noise_write(noise, payload, wire + size + 2, &written), NOISE_OK);
    be16_write(wire + size, (uint16_t)written);
    return size + 2 + written;
}

static enum handshake_cause read_all(struct handshake *handshake, const uint8_t *wire, size_t size)
{
    size_t used;
    enum handshake_outcome outcome =
            handshake_read(handshake, (struct span){ wire, size }, WORLD_WALL_MS, &used);

    assert_true(outcome == HANDSHAKE_CLOSED || used == size);
    assert_int_equal(outcome == HANDSHAKE_CLOSED, handshake->cause != HANDSHAKE_GOES_ON);
    return handshake->cause;
}

/* Says `first` in the first message and `last` in the last one to a real responder. */
static enum handshake_cause tell_responder(
        const struct handshake_psk *psk, struct span first, const struct words *last)
{
    uint8_t wire[WIRE_MAX] = { 'M', 'u', 'L', '1', LINK_VERSION, LINK_SUITE };
    uint8_t heard[HANDSHAKE_MESSAGE_MAX];
    uint8_t ephemeral[NOISE_KEY_SIZE];
    struct handshake handshake;
    enum handshake_cause cause;
    struct noise peer;
    struct span out;
    size_t size;

    memcpy(wire + 8, psk->id, PSK_ID_SIZE);
    start_peer(&peer, NOISE_INITIATOR, &world.nodes[WORLD_ALICE].link_static, psk, wire);
    size = say(&peer, first, wire, HANDSHAKE_PREAMBLE_SIZE);
    world_ephemeral(ephemeral, NOISE_RESPONDER, 9);
    handshake_init_responder(
            &handshake, &world.nodes[WORLD_BOB].self, world.psks, WORLD_PSKS, ephemeral);
    cause = read_all(&handshake, wire, size);
    if (cause == HANDSHAKE_GOES_ON) {
        out = handshake_out(&handshake);
        assert_int_equal(
                noise_read(&peer, (struct span){ out.data + 2, out.size - 2 }, heard, &size),
                NOISE_OK);
        size = say(&peer, (struct span){ last->bytes, last->size }, wire, 0);
        cause = read_all(&handshake, wire, size);
        assert_int_equal(handshake.state == HANDSHAKE_DONE, cause == HANDSHAKE_GOES_ON);
    }
    handshake_deinit(&handshake);
    noise_deinit(&peer);
    return cause;
}

/* Says `words` in the second message to a real initiator. */
static enum handshake_cause tell_initiator(const struct words *words)
{
    const struct handshake_psk *psk = &world.psks[WORLD_CURRENT];
    uint8_t wire[WIRE_MAX];
    uint8_t heard[HANDSHAKE_MESSAGE_MAX];
    uint8_t ephemeral[NOISE_KEY_SIZE];
    struct handshake handshake;
    enum handshake_cause cause;
    struct noise peer;
    struct span out;
    size_t size;

    world_ephemeral(ephemeral, NOISE_INITIATOR, 9);
    handshake_init_initiator(&handshake, &world.nodes[WORLD_ALICE].self, psk, ephemeral);
    out = handshake_out(&handshake);
    assert_int_equal(out.size, HANDSHAKE_PREAMBLE_SIZE + 2 + 48);
    start_peer(&peer, NOISE_RESPONDER, &world.nodes[WORLD_BOB].link_static, psk, out.data);
    assert_int_equal(noise_read(&peer, (struct span){ out.data + HANDSHAKE_PREAMBLE_SIZE + 2, 48 },
                             heard, &size),
            NOISE_OK);
    assert_int_equal(size, 0);
    size = say(&peer, (struct span){ words->bytes, words->size }, wire, 0);
    cause = read_all(&handshake, wire, size);
    handshake_deinit(&handshake);
    noise_deinit(&peer);
    return cause;
}

static enum handshake_cause tell(enum noise_role liar, const struct words *words)
{
    return liar == NOISE_RESPONDER
                   ? tell_initiator(words)
                   : tell_responder(&world.psks[WORLD_CURRENT], (struct span){ 0 }, words);
}

/* Each test below is run with the liar in either role. */
static const struct {
    enum noise_role role;
    enum world_node node;
} liars[2] = { { NOISE_INITIATOR, WORLD_ALICE }, { NOISE_RESPONDER, WORLD_BOB } };

static void test_the_truth_is_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct words words = words_of(liars[i].node, liars[i].role, false);

        assert_int_equal(tell(liars[i].role, &words), HANDSHAKE_GOES_ON);
    }
}

/* The layout of docs/protocol.md. */
static void test_a_field_out_of_bounds_closes(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        enum handshake_cause cause;
    } rows[] = {
        { 0, 0, HANDSHAKE_DOWNGRADED },       /* the least version is 1 */
        { 0, 2, HANDSHAKE_DOWNGRADED },       /* who would not speak 1 does not speak 1 */
        { 1, 0, HANDSHAKE_DOWNGRADED },       /* nor who does not know it */
        { 1, 2, HANDSHAKE_GOES_ON },          /* a later one may */
        { 1, 255, HANDSHAKE_GOES_ON },        /* a much later one, too */
        { 2, 1, HANDSHAKE_BAD_INTRODUCTION }, /* flags */
        { 3, 128, HANDSHAKE_BAD_INTRODUCTION },
        { 4, 0xff, HANDSHAKE_GOES_ON },        /* limits are not judged */
        { 24, 1, HANDSHAKE_BAD_INTRODUCTION }, /* a wall clock beyond all years */
        { 32, 0, HANDSHAKE_BAD_SIGNATURE },    /* the signature: see below for its values */
        { 95, 0, HANDSHAKE_BAD_SIGNATURE },
        { 96, 1, HANDSHAKE_BAD_CERTIFICATE },  /* one more than it says */
        { 96, 3, HANDSHAKE_BAD_CERTIFICATE },  /* one less */
        { 96, 0, HANDSHAKE_BAD_INTRODUCTION }, /* none, but there they are */
        { 96, CHAIN_MAX + 1, HANDSHAKE_BAD_INTRODUCTION }, { 97, 'm', HANDSHAKE_BAD_CERTIFICATE },
        { 97 + 5, 1, HANDSHAKE_BAD_CERTIFICATE }, /* a reserved byte of the certificate */
        { 97 + 24, 0, HANDSHAKE_UNTRUSTED },      /* its subject: the issuer signed another */
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
            struct words words = words_of(liars[i].node, liars[i].role, false);

            if (words.bytes[rows[row].at] == rows[row].value)
                words.bytes[rows[row].at] ^= 0x10; /* a signature may hold the value already */
            else
                words.bytes[rows[row].at] = rows[row].value;
            assert_int_equal(tell(liars[i].role, &words), rows[row].cause);
        }
    }
}

static void test_every_reserved_bit_closes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (unsigned bit = 0; bit < 16; bit++) {
            struct words words = words_of(liars[i].node, liars[i].role, false);

            words.bytes[2 + bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(tell(liars[i].role, &words), HANDSHAKE_BAD_INTRODUCTION);
        }
    }
}

static void test_an_introduction_cut_or_lengthened_closes(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct words whole = words_of(liars[i].node, liars[i].role, false);

        for (size_t size = 0; size < whole.size; size++) {
            struct words words = whole;

            words.size = size;
            assert_int_equal(tell(liars[i].role, &words), size < INTRODUCTION_HEAD_SIZE
                                                                  ? HANDSHAKE_BAD_INTRODUCTION
                                                                  : HANDSHAKE_BAD_CERTIFICATE);
        }
        for (size_t more = 1; whole.size + more <= HANDSHAKE_MESSAGE_MAX - NOISE_OVERHEAD_MAX;
                more *= 2) {
            struct words words = whole;

            words.size += more;
            assert_int_equal(tell(liars[i].role, &words), HANDSHAKE_BAD_CERTIFICATE);
        }
    }
}

static void test_the_first_message_may_say_nothing(void **state)
{
    struct words words = words_of(WORLD_ALICE, NOISE_INITIATOR, false);

    (void)state;
    assert_int_equal(tell_responder(&world.psks[WORLD_CURRENT],
                             (struct span){ (const uint8_t *)"x", 1 }, &words),
            HANDSHAKE_BAD_LENGTH);
}

static void test_a_responder_has_certificates(void **state)
{
    struct words words = words_of(WORLD_BOB, NOISE_RESPONDER, true);

    (void)state;
    assert_int_equal(tell_initiator(&words), HANDSHAKE_NO_CERTIFICATE);
}

static void test_a_token_goes_with_no_certificate(void **state)
{
    struct words with = words_of(WORLD_ALICE, NOISE_INITIATOR, false);
    struct words without = words_of(WORLD_ALICE, NOISE_INITIATOR, true);

    (void)state;
    assert_int_equal(tell_responder(&world.psks[WORLD_TOKEN], (struct span){ 0 }, &without),
            HANDSHAKE_GOES_ON);
    assert_int_equal(tell_responder(&world.psks[WORLD_TOKEN], (struct span){ 0 }, &with),
            HANDSHAKE_MISUSED_TOKEN);
    without.bytes[32] = 1; /* nothing signed, so there is no signature either */
    assert_int_equal(tell_responder(&world.psks[WORLD_TOKEN], (struct span){ 0 }, &without),
            HANDSHAKE_BAD_INTRODUCTION);
}

/* Somebody between two that speak 1 and 2 asks both for 1: then they must not speak. */
static void test_a_version_holds_only_if_both_have_no_better_one(void **state)
{
    static const struct {
        struct link_versions own;
        struct link_versions peer;
        uint8_t used;
        bool holds;
    } rows[] = {
        { { 1, 1 }, { 1, 1 }, 1, true },
        { { 1, 1 }, { 1, 2 }, 1, true },
        { { 1, 2 }, { 1, 1 }, 1, true },
        { { 1, 2 }, { 1, 2 }, 2, true },
        { { 1, 2 }, { 1, 2 }, 1, false },
        { { 1, 3 }, { 2, 2 }, 2, true },
        { { 1, 3 }, { 2, 3 }, 2, false },
        { { 2, 3 }, { 1, 1 }, 1, false },
        { { 1, 1 }, { 2, 3 }, 1, false },
        { { 1, 1 }, { 2, 1 }, 1, false },
        { { 1, 1 }, { 0, 1 }, 1, false },
        { { 1, 1 }, { 1, 0 }, 1, false },
        { { 1, 1 }, { 1, 1 }, 2, false },
        { { 1, 255 }, { 1, 255 }, 255, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(
                link_versions_hold(rows[i].own, rows[i].peer, rows[i].used), rows[i].holds);
}

static void test_what_is_read_is_written_back_byte_for_byte(void **state)
{
    struct words words = words_of(WORLD_ALICE, NOISE_INITIATOR, false);
    struct introduction introduction;
    uint8_t back[HANDSHAKE_MESSAGE_MAX];

    (void)state;
    assert_int_equal(introduction_read(&introduction, (struct span){ words.bytes, words.size }),
            INTRODUCTION_OK);
    assert_ptr_equal(introduction_write(&introduction, back), back + words.size);
    assert_memory_equal(back, words.bytes, words.size);
}

static void test_a_statement_is_the_role_the_key_and_the_network(void **state)
{
    uint8_t statement[STATEMENT_SIZE];
    uint8_t link_static[NOISE_KEY_SIZE];
    struct network_id network;

    (void)state;
    memset(link_static, 's', sizeof(link_static));
    memset(network.bytes, 'n', sizeof(network.bytes));
    introduction_statement(statement, NOISE_INITIATOR, link_static, &network);
    assert_int_equal(statement[0], 'i');
    assert_memory_equal(statement + 1, link_static, 32);
    assert_memory_equal(statement + 33, network.bytes, 16);
    assert_int_equal(sizeof(statement), 49);
    introduction_statement(statement, NOISE_RESPONDER, link_static, &network);
    assert_int_equal(statement[0], 'r');
}

static int start(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    world_init(&world);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_deinit(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_truth_is_believed),
        cmocka_unit_test(test_a_field_out_of_bounds_closes),
        cmocka_unit_test(test_every_reserved_bit_closes),
        cmocka_unit_test(test_an_introduction_cut_or_lengthened_closes),
        cmocka_unit_test(test_the_first_message_may_say_nothing),
        cmocka_unit_test(test_a_responder_has_certificates),
        cmocka_unit_test(test_a_token_goes_with_no_certificate),
        cmocka_unit_test(test_a_version_holds_only_if_both_have_no_better_one),
        cmocka_unit_test(test_what_is_read_is_written_back_byte_for_byte),
        cmocka_unit_test(test_a_statement_is_the_role_the_key_and_the_network),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
