// SPDX-License-Identifier: Apache-2.0
/* NOISE_VECTORS is a choice of the published vectors of cacophony and snow. MU_NOISE_VECTORS in the
 * environment names a file with more of them, in the same form. */
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/secure_patterns.h"

enum { MESSAGE_MAX = 512 };

/* ---- one vector ---- */

/* A hexadecimal text of a vector; empty where the vector does not have it. */
struct hex {
    uint8_t bytes[MESSAGE_MAX];
    size_t size;
};

static struct hex hex_of(const json_t *text)
{
    struct hex hex = { .size = 0 };

    if (json_is_string(text))
        assert_int_equal(sodium_hex2bin(hex.bytes, sizeof(hex.bytes), json_string_value(text),
                                 json_string_length(text), NULL, &hex.size, NULL),
                0);
    return hex;
}

/* Field `field` of the side whose fields begin with `side`: "init" or "resp". */
static struct hex side_field(const json_t *vector, const char *side, const char *field)
{
    char name[64];

    snprintf(name, sizeof(name), "%s_%s", side, field);
    return hex_of(json_object_get(vector, name));
}

static void start_side(struct noise *noise, const struct secure_pattern *pattern,
        const json_t *vector, enum noise_role role)
{
    const char *side = role == NOISE_INITIATOR ? "init" : "resp";
    struct hex ephemeral = side_field(vector, side, "ephemeral");
    struct hex own_static = side_field(vector, side, "static");
    struct hex remote_static = side_field(vector, side, "remote_static");
    struct hex prologue = side_field(vector, side, "prologue");
    struct noise_pair static_pair;
    uint8_t psks[NOISE_PSKS_MAX][NOISE_KEY_SIZE] = { 0 };
    char name[64];
    const json_t *texts;

    snprintf(name, sizeof(name), "%s_psks", side);
    texts = json_object_get(vector, name);
    assert_int_equal(json_array_size(texts), pattern->psk_count);
    for (size_t i = 0; i < pattern->psk_count; i++)
        memcpy(psks[i], hex_of(json_array_get(texts, i)).bytes, NOISE_KEY_SIZE);
    noise_pair_init(&static_pair, own_static.bytes);
    noise_init(noise, &pattern->noise, role, (struct span){ prologue.bytes, prologue.size },
            &(struct noise_keys){ .ephemeral_secret = ephemeral.bytes,
                    .own_static = own_static.size > 0 ? &static_pair : NULL,
                    .remote_static = remote_static.size > 0 ? remote_static.bytes : NULL,
                    .psks = (const uint8_t(*)[NOISE_KEY_SIZE])psks,
                    .psk_count = pattern->psk_count });
}

static void check_handshake_message(
        struct noise *writer, struct noise *reader, struct hex payload, struct hex wire)
{
    uint8_t out[MESSAGE_MAX + NOISE_OVERHEAD_MAX];
    size_t size;

    assert_true(noise_writes(writer) && !noise_writes(reader));
    assert_int_equal(noise_write(writer, (struct span){ payload.bytes, payload.size }, out, &size),
            NOISE_OK);
    assert_int_equal(size, wire.size);
    assert_memory_equal(out, wire.bytes, size);
    assert_int_equal(
            noise_read(reader, (struct span){ wire.bytes, wire.size }, out, &size), NOISE_OK);
    assert_int_equal(size, payload.size);
    assert_memory_equal(out, payload.bytes, size);
}

static void check_transport_message(struct noise_cipher *send, struct noise_cipher *receive,
        struct hex payload, struct hex wire)
{
    uint8_t bytes[MESSAGE_MAX + AEAD_TAG_SIZE];

    assert_int_equal(wire.size, payload.size + AEAD_TAG_SIZE);
    memcpy(bytes, payload.bytes, payload.size);
    assert_true(noise_cipher_seal(send, (struct span){ 0 }, bytes, payload.size));
    assert_memory_equal(bytes, wire.bytes, wire.size);
    assert_true(noise_cipher_open(receive, (struct span){ 0 }, bytes, payload.size));
    assert_memory_equal(bytes, payload.bytes, payload.size);
}

static void check_vector(const struct secure_pattern *pattern, const json_t *vector)
{
    const json_t *messages = json_object_get(vector, "messages");
    struct hex hash = hex_of(json_object_get(vector, "handshake_hash"));
    struct noise sides[2];
    struct noise_cipher send[2];
    struct noise_cipher receive[2];
    size_t i = 0;

    start_side(&sides[0], pattern, vector, NOISE_INITIATOR);
    start_side(&sides[1], pattern, vector, NOISE_RESPONDER);
    for (; i < json_array_size(messages); i++) {
        const json_t *message = json_array_get(messages, i);
        struct hex payload = hex_of(json_object_get(message, "payload"));
        struct hex wire = hex_of(json_object_get(message, "ciphertext"));
        size_t writer = pattern->one_way ? 0 : i % 2;

        if (!noise_is_done(&sides[0])) {
            check_handshake_message(&sides[writer], &sides[1 - writer], payload, wire);
            if (noise_is_done(&sides[0])) {
                noise_split(&sides[0], &send[0], &receive[0]);
                noise_split(&sides[1], &send[1], &receive[1]);
            }
        } else {
            check_transport_message(&send[writer], &receive[1 - writer], payload, wire);
        }
    }
    assert_true(noise_is_done(&sides[0]) && noise_is_done(&sides[1]));
    assert_memory_equal(sides[0].hash, sides[1].hash, NOISE_HASH_SIZE);
    if (hash.size > 0)
        assert_memory_equal(sides[0].hash, hash.bytes, NOISE_HASH_SIZE);
}

/* Runs each vector of the file. Returns how many there were. */
static size_t check_file(const char *path)
{
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error);
    const json_t *vectors = json_object_get(file, "vectors");
    size_t count = json_array_size(vectors);

    if (file == NULL)
        fail_msg("%s: %s", path, error.text);
    for (size_t i = 0; i < count; i++) {
        const json_t *vector = json_array_get(vectors, i);
        const char *protocol = json_string_value(json_object_get(vector, "protocol_name"));
        struct secure_pattern pattern;

        if (!secure_pattern_init(&pattern, protocol))
            fail_msg("%s is in no table", protocol);
        check_vector(&pattern, vector);
    }
    json_decref(file);
    return count;
}

static void test_published_vectors_come_out_byte_for_byte(void **state)
{
    (void)state;
    assert_int_equal(check_file(NOISE_VECTORS), 15);
}

static void test_so_does_every_vector_of_a_file_that_the_environment_names(void **state)
{
    const char *path = getenv("MU_NOISE_VECTORS");
    size_t count;

    (void)state;
    if (path == NULL)
        skip();
    count = check_file(path);
    print_message("%zu vectors of %s\n", count, path);
    assert_true(count > 0);
}

static void test_the_pattern_of_links_is_the_specification_s(void **state)
{
    struct secure_pattern pattern;

    (void)state;
    assert_true(secure_pattern_init(&pattern, noise_xxpsk0.protocol));
    assert_memory_equal(
            pattern.noise.messages, noise_xxpsk0.messages, sizeof(noise_xxpsk0.messages));
    assert_false(noise_xxpsk0.initiator_known || noise_xxpsk0.responder_known);
}

/* ---- what no vector says ---- */

static const uint8_t psk[1][NOISE_KEY_SIZE] = { "one psk for both, thirty-two lon" };

/* A side of noise_xxpsk0 with keys that are made of `seed`. */
static void start_xxpsk0(struct noise *noise, enum noise_role role, uint8_t seed)
{
    uint8_t secrets[2][NOISE_KEY_SIZE];
    struct noise_pair own_static;

    memset(secrets[0], seed, NOISE_KEY_SIZE);
    memset(secrets[1], seed + 1, NOISE_KEY_SIZE);
    noise_pair_init(&own_static, secrets[1]);
    noise_init(noise, &noise_xxpsk0, role, (struct span){ 0 },
            &(struct noise_keys){ .ephemeral_secret = secrets[0],
                    .own_static = &own_static,
                    .psks = psk,
                    .psk_count = 1 });
}

/* Runs a handshake in which bit `bit` of message `changed` is flipped on its way. Returns the side
 * that refused: 0, 1, or 2 for none. */
static unsigned run_changed(unsigned changed, size_t bit, size_t *sizes)
{
    struct noise sides[2];
    uint8_t wire[256];
    uint8_t payload[256];
    size_t size;

    start_xxpsk0(&sides[0], NOISE_INITIATOR, 1);
    start_xxpsk0(&sides[1], NOISE_RESPONDER, 3);
    for (unsigned i = 0; i < 3; i++) {
        struct noise *writer = &sides[i % 2];
        struct noise *reader = &sides[1 - i % 2];

        assert_int_equal(
                noise_write(writer, (struct span){ psk[0], 7 }, wire, &sizes[i]), NOISE_OK);
        if (i == changed)
            wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (noise_read(reader, (struct span){ wire, sizes[i] }, payload, &size) != NOISE_OK) {
            assert_false(noise_is_done(reader));
            assert_int_equal(noise_read(reader, (struct span){ wire, sizes[i] }, payload, &size),
                    NOISE_REFUSED);
            reader->refused = false; /* all that is left of it */
            assert_true(sodium_is_zero((const uint8_t *)reader, sizeof(*reader)));
            return 1 - i % 2;
        }
        assert_memory_equal(payload, psk[0], 7);
    }
    return 2;
}

static void test_each_flipped_bit_is_refused_by_the_next_who_reads_it(void **state)
{
    size_t sizes[3];
    size_t unused[3];

    (void)state;
    assert_int_equal(run_changed(3, 0, sizes), 2);
    for (unsigned message = 0; message < 3; message++)
        for (size_t bit = 0; bit < sizes[message] * 8; bit++)
            assert_int_equal(run_changed(message, bit, unused), 1 - message % 2);
}

static void test_a_message_that_was_cut_is_refused_wherever_it_was_cut(void **state)
{
    uint8_t wire[256];
    uint8_t payload[256];
    size_t whole;
    size_t size;

    (void)state;
    for (size_t length = 0; length < 32 + 7 + 16; length++) {
        struct noise sides[2];

        start_xxpsk0(&sides[0], NOISE_INITIATOR, 1);
        start_xxpsk0(&sides[1], NOISE_RESPONDER, 3);
        noise_write(&sides[0], (struct span){ psk[0], 7 }, wire, &whole);
        assert_int_equal(whole, 32 + 7 + 16);
        assert_int_equal(noise_read(&sides[1], (struct span){ wire, length }, payload, &size),
                NOISE_REFUSED);
    }
}

/* RFC 7748's curve and its twist have these points of low order, besides spellings of the same. */
static void test_a_point_of_low_order_is_refused(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    struct secure_pattern pattern;

    (void)state;
    assert_true(secure_pattern_init(&pattern, "Noise_NN_25519_ChaChaPoly_SHA256"));
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        struct noise side;
        uint8_t wire[NOISE_OVERHEAD_MAX];
        uint8_t payload[NOISE_OVERHEAD_MAX];
        size_t size;

        noise_init(&side, &pattern.noise, NOISE_RESPONDER, (struct span){ 0 },
                &(struct noise_keys){ .ephemeral_secret = psk[0] });
        sodium_hex2bin(wire, 32, points[i], 64, NULL, &size, NULL);
        assert_int_equal(noise_read(&side, (struct span){ wire, 32 }, payload, &size), NOISE_OK);
        assert_int_equal(noise_write(&side, (struct span){ 0 }, wire, &size), NOISE_REFUSED);
        assert_int_equal(noise_write(&side, (struct span){ 0 }, wire, &size), NOISE_REFUSED);
    }
}

/* Rekey() is the first half of what the cipher makes of zeroes at the last counter: the keystream
 * from its block 1 on. */
static void test_rekey_is_the_keystream_at_the_last_counter(void **state)
{
    struct noise_cipher cipher = { .counter = 70 };
    uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = { 0 };
    uint8_t expected[AEAD_KEY_SIZE] = { 0 };

    (void)state;
    memcpy(cipher.key, psk[0], AEAD_KEY_SIZE);
    memset(nonce + 4, 0xff, 8);
    crypto_stream_chacha20_ietf_xor_ic(expected, expected, sizeof(expected), nonce, 1, psk[0]);
    noise_cipher_rekey(&cipher);
    assert_memory_equal(cipher.key, expected, AEAD_KEY_SIZE);
    assert_int_equal(cipher.counter, 70);
}

static void test_the_last_counter_is_never_used_for_a_message(void **state)
{
    struct noise_cipher send = { .counter = UINT64_MAX - 1 };
    struct noise_cipher receive = send;
    uint8_t bytes[8 + AEAD_TAG_SIZE] = "eight by";
    uint8_t before[sizeof(bytes)];

    (void)state;
    assert_true(noise_cipher_seal(&send, (struct span){ 0 }, bytes, 8));
    assert_true(noise_cipher_open(&receive, (struct span){ 0 }, bytes, 8));
    memcpy(before, bytes, sizeof(bytes));
    assert_false(noise_cipher_seal(&send, (struct span){ 0 }, bytes, 8));
    assert_memory_equal(bytes, before, sizeof(bytes));
    assert_false(noise_cipher_open(&receive, (struct span){ 0 }, bytes, 8));
    assert_true(receive.counter == UINT64_MAX);
}

static void test_a_message_that_does_not_open_leaves_the_counter_for_the_one_that_does(void **state)
{
    struct noise_cipher send = { .counter = 0 };
    struct noise_cipher receive = send;
    uint8_t bytes[8 + AEAD_TAG_SIZE] = "eight by";
    uint8_t other[8 + AEAD_TAG_SIZE] = { 0 };

    (void)state;
    noise_cipher_seal(&send, (struct span){ 0 }, bytes, 8);
    assert_false(noise_cipher_open(&receive, (struct span){ 0 }, other, 8));
    assert_true(noise_cipher_open(&receive, (struct span){ 0 }, bytes, 8));
    assert_memory_equal(bytes, "eight by", 8);
}

static void test_nothing_secret_is_left_behind(void **state)
{
    struct noise noise;
    struct noise_pair pair;
    struct noise_cipher cipher = { .counter = 3, .key = "secret" };

    (void)state;
    start_xxpsk0(&noise, NOISE_INITIATOR, 1);
    noise_pair_init(&pair, psk[0]);
    for (int i = 0; i < 2; i++) {
        noise_deinit(&noise);
        noise_pair_deinit(&pair);
        noise_cipher_deinit(&cipher);
    }
    assert_true(sodium_is_zero((const uint8_t *)&noise, sizeof(noise)));
    assert_true(sodium_is_zero((const uint8_t *)&pair, sizeof(pair)));
    assert_true(sodium_is_zero((const uint8_t *)&cipher, sizeof(cipher)));
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors_come_out_byte_for_byte),
        cmocka_unit_test(test_so_does_every_vector_of_a_file_that_the_environment_names),
        cmocka_unit_test(test_the_pattern_of_links_is_the_specification_s),
        cmocka_unit_test(test_each_flipped_bit_is_refused_by_the_next_who_reads_it),
        cmocka_unit_test(test_a_message_that_was_cut_is_refused_wherever_it_was_cut),
        cmocka_unit_test(test_a_point_of_low_order_is_refused),
        cmocka_unit_test(test_rekey_is_the_keystream_at_the_last_counter),
        cmocka_unit_test(test_the_last_counter_is_never_used_for_a_message),
        cmocka_unit_test(
                test_a_message_that_does_not_open_leaves_the_counter_for_the_one_that_does),
        cmocka_unit_test(test_nothing_secret_is_left_behind),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
