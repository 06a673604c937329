// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka.h"
#include "tests/unit/secure_direction.h"
#include "transport/secure/big_endian.h"

enum { RECORDS = 4, WIRE_MAX = 1024 };

/* Four records one behind the other, and where each begins; the last entry is the end. */
struct transcript {
    uint8_t bytes[WIRE_MAX];
    size_t starts[RECORDS + 1];
};

static void write_transcript(struct transcript *transcript, struct record_writer *writer)
{
    static const char *const bodies[RECORDS] = { "first", "second, which is longer", "", "fourth" };

    transcript->starts[0] = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        struct record record = data(bodies[i]);

        assert_true(record_seal(writer, &record, transcript->bytes + transcript->starts[i]));
        transcript->starts[i + 1] = transcript->starts[i] + record_size(record.body.size);
    }
}

/* Opens what `size` bytes hold. Returns how many records came out before the reader wanted more or
 * closed. */
static size_t open_all(struct record_reader *reader, uint8_t *bytes, size_t size)
{
    size_t count = 0;
    struct record record;
    size_t used;

    while (record_open(reader, bytes, size, &record, &used) == RECORD_OPENED) {
        bytes += used;
        size -= used;
        count += 1;
    }
    return count;
}

/* A closed reader: whatever it is given, also the right record, nothing comes. */
static void assert_closed_for_ever(
        struct record_reader *reader, const struct transcript *transcript)
{
    struct transcript copy = *transcript;
    struct record record = { .stream = 99 };
    size_t used = 99;

    assert_true(sodium_is_zero((const uint8_t *)&reader->cipher, sizeof(reader->cipher)));
    for (size_t i = 0; i < RECORDS; i++)
        assert_int_equal(record_open(reader, copy.bytes + copy.starts[i],
                                 copy.starts[RECORDS] - copy.starts[i], &record, &used),
                RECORD_CLOSED);
    assert_memory_equal(copy.bytes, transcript->bytes, sizeof(copy.bytes));
    assert_int_equal(record.stream, 99);
    assert_int_equal(used, 99);
}

static void test_records_come_out_as_they_went_in(void **state)
{
    static const enum record_type types[] = { RECORD_DATA, RECORD_DATA_MORE, RECORD_CREDIT,
        RECORD_PING, RECORD_PONG, RECORD_GOAWAY, RECORD_CANCEL };
    static uint8_t body[RECORD_BODY_MAX];
    static uint8_t wire[RECORD_SIZE_MAX];
    static const size_t sizes[] = { 0, 1, 128, 1000, RECORD_BODY_MAX - 1, RECORD_BODY_MAX };
    struct record_writer writer;
    struct record_reader reader;

    (void)state;
    start_both(&writer, &reader, 0);
    randombytes_buf(body, sizeof(body));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t j = 0; j < sizeof(types) / sizeof(types[0]); j++) {
            struct record in = { .type = types[j],
                .class = (uint8_t)(j % (RECORD_CLASS_MAX + 1)),
                .stream = (uint32_t)(UINT32_MAX - j),
                .body = { body, sizes[i] } };
            struct record out;
            size_t used;

            assert_true(record_seal(&writer, &in, wire));
            assert_int_equal(record_open(&reader, wire, sizeof(wire), &out, &used), RECORD_OPENED);
            assert_int_equal(used, record_size(sizes[i]));
            assert_int_equal(out.type, in.type);
            assert_int_equal(out.class, in.class);
            assert_int_equal(out.stream, in.stream);
            assert_int_equal(out.body.size, in.body.size);
            assert_memory_equal(out.body.data, body, sizes[i]);
        }
    }
}

static void test_a_body_that_stands_in_its_place_is_sealed_there(void **state)
{
    struct record_writer writers[2];
    struct record_reader reader;
    struct record record = data("where it will leave from");
    uint8_t copied[WIRE_MAX];
    uint8_t in_place[WIRE_MAX];

    (void)state;
    start_both(&writers[0], &reader, 0);
    start_both(&writers[1], &reader, 0);
    assert_true(record_seal(&writers[0], &record, copied));
    memcpy(in_place + RECORD_HEAD_SIZE, record.body.data, record.body.size);
    record.body.data = in_place + RECORD_HEAD_SIZE;
    assert_true(record_seal(&writers[1], &record, in_place));
    assert_memory_equal(copied, in_place, record_size(record.body.size));
}

/* The layout of docs/protocol.md, made by hand. */
static void test_the_bytes_are_those_of_the_protocol(void **state)
{
    struct record_writer writer;
    struct record_reader reader;
    struct record record = { .type = RECORD_CANCEL,
        .class = 1,
        .stream = 0x01020304,
        .body = { (const uint8_t *)"hi", 2 } };
    uint8_t nonce[12] = { 0, 0, 0, 0, 9 };
    uint8_t inner[10];
    uint8_t wire[64];

    (void)state;
    start_both(&writer, &reader, 9);
    assert_true(record_seal(&writer, &record, wire));
    assert_int_equal(wire[0] << 8 | wire[1], 8 + 2 + 16);
    assert_int_equal(
            crypto_aead_chacha20poly1305_ietf_decrypt(inner, NULL, NULL, wire + 2, 26, NULL, 0,
                    nonce, (const uint8_t *)"the key of one direction\0\0\0\0\0\0\0\0"),
            0);
    assert_memory_equal(inner, "\x08\x01\0\0\x01\x02\x03\x04hi", 10);
}

static void test_many_records_of_one_buffer_open_where_they_stand(void **state)
{
    struct record_writer writer;
    struct record_reader reader;
    struct transcript transcript;
    struct record record;
    size_t used;

    (void)state;
    start_both(&writer, &reader, 0);
    write_transcript(&transcript, &writer);
    assert_int_equal(
            record_open(&reader, transcript.bytes, sizeof(transcript.bytes), &record, &used),
            RECORD_OPENED);
    assert_ptr_equal(record.body.data, transcript.bytes + RECORD_HEAD_SIZE);
    assert_memory_equal(record.body.data, "first", 5);
    assert_int_equal(
            open_all(&reader, transcript.bytes + used, transcript.starts[RECORDS] - used), 3);
    assert_int_equal(reader.end, RECORD_GOES_ON);
}

static void test_a_part_of_a_record_waits_for_the_rest_and_changes_nothing(void **state)
{
    struct record_writer writer;
    struct record_reader reader;
    struct transcript transcript;
    struct transcript before;
    struct record record;
    size_t used;

    (void)state;
    start_both(&writer, &reader, 0);
    write_transcript(&transcript, &writer);
    before = transcript;
    for (size_t size = 0; size < transcript.starts[1]; size++)
        assert_int_equal(record_open(&reader, transcript.bytes, size, &record, &used), RECORD_MORE);
    assert_memory_equal(&transcript, &before, sizeof(before));
    assert_int_equal(open_all(&reader, transcript.bytes, transcript.starts[RECORDS]), RECORDS);
}

static void test_each_flipped_bit_closes_and_no_plaintext_comes_out(void **state)
{
    struct record_writer writer;
    struct record_reader reader;
    struct transcript transcript;

    (void)state;
    start_both(&writer, &reader, 0);
    write_transcript(&transcript, &writer);
    for (size_t bit = 0; bit < transcript.starts[RECORDS] * 8; bit++) {
        struct transcript changed = transcript;
        size_t hit = 0; /* the record in which the bit is */
        size_t opened;

        while (transcript.starts[hit + 1] * 8 <= bit)
            hit += 1;
        changed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        start_both(&writer, &reader, 0);
        opened = open_all(&reader, changed.bytes, sizeof(changed.bytes));
        assert_int_equal(opened, hit);
        if (reader.end == RECORD_GOES_ON)
            continue; /* a length that says more: it waits for bytes that would not open */
        assert_true(reader.end == RECORD_FORGED || reader.end == RECORD_BAD_LENGTH);
        assert_closed_for_ever(&reader, &transcript);
    }
}

/* Records in another order than they left in. Returns how many opened. */
static size_t open_reordered(const size_t order[], size_t count, enum record_end expected)
{
    struct record_writer writer;
    struct record_reader reader;
    struct transcript transcript;
    uint8_t bytes[WIRE_MAX];
    size_t size = 0;
    size_t opened;

    start_both(&writer, &reader, 0);
    write_transcript(&transcript, &writer);
    for (size_t i = 0; i < count; i++) {
        size_t start = transcript.starts[order[i]];
        size_t length = transcript.starts[order[i] + 1] - start;

        memcpy(bytes + size, transcript.bytes + start, length);
        size += length;
    }
    opened = open_all(&reader, bytes, size);
    assert_int_equal(reader.end, expected);
    if (expected != RECORD_GOES_ON)
        assert_closed_for_ever(&reader, &transcript);
    return opened;
}

static void test_a_record_dropped_repeated_or_moved_closes(void **state)
{
    (void)state;
    assert_int_equal(open_reordered((size_t[]){ 0, 1, 2, 3 }, 4, RECORD_GOES_ON), 4);
    assert_int_equal(open_reordered((size_t[]){ 1, 2, 3 }, 3, RECORD_FORGED), 0);
    assert_int_equal(open_reordered((size_t[]){ 0, 2, 3 }, 3, RECORD_FORGED), 1);
    assert_int_equal(open_reordered((size_t[]){ 0, 1, 3 }, 3, RECORD_FORGED), 2);
    assert_int_equal(open_reordered((size_t[]){ 0, 0, 1 }, 3, RECORD_FORGED), 1);
    assert_int_equal(open_reordered((size_t[]){ 0, 1, 2, 3, 0 }, 5, RECORD_FORGED), 4);
    assert_int_equal(open_reordered((size_t[]){ 1, 0, 2, 3 }, 4, RECORD_FORGED), 0);
    assert_int_equal(open_reordered((size_t[]){ 0, 1, 3, 2 }, 4, RECORD_FORGED), 2);
}

static void test_a_reader_of_the_other_direction_opens_nothing(void **state)
{
    struct noise_cipher cipher = { .key = "the key of the other direction" };
    struct record_writer writer;
    struct record_reader reader;
    struct transcript transcript;
    struct transcript copy;

    (void)state;
    start_both(&writer, &reader, 0);
    write_transcript(&transcript, &writer);
    copy = transcript;
    record_reader_init(&reader, &cipher);
    assert_int_equal(open_all(&reader, copy.bytes, copy.starts[RECORDS]), 0);
    assert_int_equal(reader.end, RECORD_FORGED);
    assert_closed_for_ever(&reader, &transcript);
}

static void test_a_length_below_the_least_closes_at_once(void **state)
{
    for (unsigned length = 0; length <= 24; length++) {
        struct record_writer writer;
        struct record_reader reader;
        uint8_t bytes[2];
        struct record record;
        size_t used;

        (void)state;
        start_both(&writer, &reader, 0);
        be16_write(bytes, (uint16_t)length);
        assert_int_equal(record_open(&reader, bytes, 2, &record, &used),
                length < 24 ? RECORD_CLOSED : RECORD_MORE);
        assert_int_equal(reader.end, length < 24 ? RECORD_BAD_LENGTH : RECORD_GOES_ON);
    }
}

/* Seals eight bytes of a head, and `body`, as a peer with the right key and wrong ideas would. */
static enum record_outcome open_head(
        const uint8_t head[RECORD_INNER_SIZE], size_t body, struct record_reader *reader)
{
    struct noise_cipher cipher = { .key = "the key of one direction" };
    struct record_writer writer;
    uint8_t wire[64] = { 0, (uint8_t)(24 + body) };
    struct record record;
    size_t used;
    enum record_outcome outcome;

    start_both(&writer, reader, 0);
    memcpy(wire + 2, head, RECORD_INNER_SIZE);
    noise_cipher_seal(&cipher, (struct span){ 0 }, wire + 2, RECORD_INNER_SIZE + body);
    outcome = record_open(reader, wire, sizeof(wire), &record, &used);
    if (outcome == RECORD_CLOSED)
        assert_true(sodium_is_zero(wire + 2, RECORD_INNER_SIZE + body));
    return outcome;
}

static void test_a_head_with_a_bit_that_means_nothing_closes(void **state)
{
    struct record_reader reader;

    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        bool known = value <= RECORD_CANCEL && value != 5;
        uint8_t type[8] = { (uint8_t)value };
        uint8_t class[8] = { RECORD_DATA, (uint8_t)value };

        assert_int_equal(open_head(type, 0, &reader), known ? RECORD_OPENED : RECORD_CLOSED);
        assert_int_equal(open_head(class, 4, &reader),
                value <= RECORD_CLASS_MAX ? RECORD_OPENED : RECORD_CLOSED);
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        uint8_t flags[8] = { RECORD_DATA };

        flags[2 + bit / 8] = (uint8_t)(1 << bit % 8);
        assert_int_equal(open_head(flags, 0, &reader), RECORD_CLOSED);
        assert_int_equal(reader.end, RECORD_BAD_HEAD);
    }
    assert_int_equal(open_head((const uint8_t[8]){ RECORD_CLOSE }, 1, &reader), RECORD_CLOSED);
    assert_int_equal(
            open_head((const uint8_t[8]){ RECORD_CLOSE, [7] = 1 }, 0, &reader), RECORD_CLOSED);
    assert_int_equal(reader.end, RECORD_BAD_HEAD);
}

static void test_nothing_follows_a_close(void **state)
{
    struct record close = { .type = RECORD_CLOSE };
    struct record more = data("too late");
    struct record_writer writer;
    struct record_reader reader;
    uint8_t wire[64];
    uint8_t behind[64];
    struct record record;
    size_t used;

    (void)state;
    start_both(&writer, &reader, 0);
    assert_true(record_seal(&writer, &close, wire));
    assert_false(record_seal(&writer, &more, behind));
    assert_false(record_seal(&writer, &close, behind));
    assert_int_equal(record_open(&reader, wire, sizeof(wire), &record, &used), RECORD_OPENED);
    assert_int_equal(record.type, RECORD_CLOSE);
    assert_int_equal(reader.end, RECORD_ENDED);
    assert_int_equal(record_open(&reader, wire, sizeof(wire), &record, &used), RECORD_CLOSED);
    assert_true(sodium_is_zero((const uint8_t *)&writer.cipher, sizeof(writer.cipher)));
    assert_true(sodium_is_zero((const uint8_t *)&reader.cipher, sizeof(reader.cipher)));
}

static void test_deinit_wipes_and_closes_and_may_come_twice(void **state)
{
    struct record_writer writer;
    struct record_reader reader;
    struct transcript transcript;
    struct record record = data("no");
    uint8_t wire[64];

    (void)state;
    start_both(&writer, &reader, 0);
    write_transcript(&transcript, &writer);
    for (int i = 0; i < 2; i++) {
        record_writer_deinit(&writer);
        record_reader_deinit(&reader);
    }
    assert_true(sodium_is_zero((const uint8_t *)&writer.cipher, sizeof(writer.cipher)));
    assert_false(record_seal(&writer, &record, wire));
    assert_closed_for_ever(&reader, &transcript);
}

static void test_each_end_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < RECORD_ENDS; i++) {
        assert_true(strlen(record_end_name((enum record_end)i)) > 0);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(
                    record_end_name((enum record_end)i), record_end_name((enum record_end)j));
    }
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_come_out_as_they_went_in),
        cmocka_unit_test(test_a_body_that_stands_in_its_place_is_sealed_there),
        cmocka_unit_test(test_the_bytes_are_those_of_the_protocol),
        cmocka_unit_test(test_many_records_of_one_buffer_open_where_they_stand),
        cmocka_unit_test(test_a_part_of_a_record_waits_for_the_rest_and_changes_nothing),
        cmocka_unit_test(test_each_flipped_bit_closes_and_no_plaintext_comes_out),
        cmocka_unit_test(test_a_record_dropped_repeated_or_moved_closes),
        cmocka_unit_test(test_a_reader_of_the_other_direction_opens_nothing),
        cmocka_unit_test(test_a_length_below_the_least_closes_at_once),
        cmocka_unit_test(test_a_head_with_a_bit_that_means_nothing_closes),
        cmocka_unit_test(test_nothing_follows_a_close),
        cmocka_unit_test(test_deinit_wipes_and_closes_and_may_come_twice),
        cmocka_unit_test(test_each_end_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
