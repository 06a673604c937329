// SPDX-License-Identifier: Apache-2.0
/* What both sides count: records under one key, and records of a link. */
#include "tests/unit/cmocka.h"
#include "tests/unit/secure_direction.h"

static void test_the_key_is_replaced_behind_every_65536th_record_and_not_before(void **state)
{
    struct record_writer writer;
    struct record_reader reader;
    uint8_t key[AEAD_KEY_SIZE];
    uint8_t wire[64];

    (void)state;
    start_both(&writer, &reader, 0);
    memcpy(key, writer.cipher.key, sizeof(key));
    for (uint64_t count = 1; count <= 2 * RECORD_REKEY_COUNT + 1; count++) {
        struct record record = data("over the edge");
        struct record opened;
        size_t used;

        assert_true(record_seal(&writer, &record, wire));
        assert_int_equal(record_open(&reader, wire, sizeof(wire), &opened, &used), RECORD_OPENED);
        assert_true(writer.cipher.counter == count && reader.cipher.counter == count);
        assert_memory_equal(writer.cipher.key, reader.cipher.key, sizeof(key));
        if (count % RECORD_REKEY_COUNT == 0) {
            struct noise_cipher expected = { .counter = count };

            memcpy(expected.key, key, sizeof(key));
            noise_cipher_rekey(&expected);
            memcpy(key, expected.key, sizeof(key));
        }
        assert_memory_equal(writer.cipher.key, key, sizeof(key));
    }
}

static void test_a_reader_that_missed_the_new_key_closes(void **state)
{
    struct record_writer writer;
    struct record_reader reader;
    struct record record = data("under the new key");
    uint8_t old[AEAD_KEY_SIZE];
    uint8_t wire[64];
    size_t used;

    (void)state;
    start_both(&writer, &reader, RECORD_REKEY_COUNT - 1);
    memcpy(old, reader.cipher.key, sizeof(old));
    assert_true(record_seal(&writer, &record, wire));
    assert_int_equal(record_open(&reader, wire, sizeof(wire), &record, &used), RECORD_OPENED);
    memcpy(reader.cipher.key, old, sizeof(old));
    record = data("under the new key");
    assert_true(record_seal(&writer, &record, wire));
    assert_int_equal(record_open(&reader, wire, sizeof(wire), &record, &used), RECORD_CLOSED);
    assert_int_equal(reader.end, RECORD_FORGED);
}

static void test_the_last_record_of_all_is_kept_for_close(void **state)
{
    struct record_writer writer;
    struct record_reader reader;
    struct record close = { .type = RECORD_CLOSE };
    struct record record = data("the last but one");
    struct record opened;
    uint8_t wire[64];
    size_t used;

    (void)state;
    start_both(&writer, &reader, RECORD_COUNT_MAX - 2);
    assert_true(record_seal(&writer, &record, wire));
    assert_int_equal(record_open(&reader, wire, sizeof(wire), &opened, &used), RECORD_OPENED);
    assert_false(record_seal(&writer, &record, wire));
    assert_true(record_seal(&writer, &close, wire));
    assert_int_equal(record_open(&reader, wire, sizeof(wire), &opened, &used), RECORD_OPENED);
    assert_int_equal(reader.end, RECORD_ENDED);
}

static void test_a_record_beyond_the_last_closes_though_it_would_open(void **state)
{
    struct noise_cipher cipher = { .counter = RECORD_COUNT_MAX, .key = "the key of one direction" };
    struct record_writer writer;
    struct record_reader reader;
    uint8_t wire[2 + RECORD_INNER_SIZE + AEAD_TAG_SIZE] = { 0, 24 };
    struct record opened;
    size_t used;

    (void)state;
    start_both(&writer, &reader, RECORD_COUNT_MAX);
    assert_false(record_seal(&writer, &(struct record){ .type = RECORD_CLOSE }, wire));
    noise_cipher_seal(&cipher, (struct span){ 0 }, wire + 2, RECORD_INNER_SIZE);
    assert_int_equal(record_open(&reader, wire, sizeof(wire), &opened, &used), RECORD_CLOSED);
    assert_int_equal(reader.end, RECORD_EXHAUSTED);
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_key_is_replaced_behind_every_65536th_record_and_not_before),
        cmocka_unit_test(test_a_reader_that_missed_the_new_key_closes),
        cmocka_unit_test(test_the_last_record_of_all_is_kept_for_close),
        cmocka_unit_test(test_a_record_beyond_the_last_closes_though_it_would_open),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
