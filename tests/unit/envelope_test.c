// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "tests/unit/cmocka.h"
#include "transport/envelope.h"

static struct span text(const char *string)
{
    return (struct span){ (const uint8_t *)string, strlen(string) };
}

static enum envelope_outcome read_bytes(struct envelope *envelope, const char *bytes, size_t size)
{
    return envelope_read(envelope, (const uint8_t *)bytes, size);
}

static struct span random_span(struct random *random, size_t max)
{
    static uint8_t pool[4096];

    for (size_t i = 0; i < 64; i++)
        pool[random_below(random, sizeof(pool))] = (uint8_t)random_next(random);
    return (struct span){ pool, random_below(random, (uint32_t)max + 1) };
}

static bool span_is(struct span span, ProtobufCBinaryData data)
{
    return span.size == data.len &&
           (span.size == 0 || memcmp(span.data, data.data, span.size) == 0);
}

/* What envelope_write writes, protobuf-c reads; what protobuf-c packs, envelope_read reads. */
static void test_both_codecs_read_what_the_other_wrote(void **state)
{
    struct random random;

    (void)state;
    random_init(&random, 1);
    for (int i = 0; i < 5000; i++) {
        struct envelope envelope = {
            .kind = (enum envelope_kind)(1 + random_below(&random, ENVELOPE_KINDS - 1)),
            .shape = (enum envelope_shape)random_below(&random, 4),
            .id = random_next(&random) >> random_below(&random, 64),
            .parent = random_next(&random) >> random_below(&random, 64),
            .timeout_ms = (uint32_t)random_next(&random) >> random_below(&random, 32),
            .credit = (uint32_t)random_next(&random) >> random_below(&random, 32),
            .endpoint = text(random_below(&random, 2) ? "greeter.Hello" : ""),
            .body = random_span(&random, 300),
            .token = text(random_below(&random, 2) ? "mut1.AAAA" : ""),
            .key = random_span(&random, KEY_SIZE_MAX + 1),
        };
        uint8_t bytes[1024];
        uint8_t packed[1024];
        struct envelope back;
        Mu__Bus__V1__Envelope *message;
        size_t size = envelope_size(&envelope);

        if (random_below(&random, 2))
            envelope.trace = (struct span){ envelope.body.data, TRACE_SIZE };
        size = envelope_size(&envelope);
        assert_ptr_equal(envelope_write(&envelope, bytes), bytes + size);
        message = mu__bus__v1__envelope__unpack(NULL, size, bytes);
        assert_non_null(message);
        assert_int_equal(message->kind, envelope.kind);
        assert_int_equal(message->shape, envelope.shape);
        assert_true(message->id == envelope.id && message->parent == envelope.parent);
        assert_int_equal(message->timeout_ms, envelope.timeout_ms);
        assert_int_equal(message->credit, envelope.credit);
        assert_true(span_is(envelope.body, message->body));
        assert_true(span_is(envelope.trace, message->trace));
        assert_int_equal(strlen(message->token), envelope.token.size);
        assert_true(span_is(envelope.key, message->key));
        assert_int_equal(mu__bus__v1__envelope__get_packed_size(message), size);
        size = mu__bus__v1__envelope__pack(message, packed);
        assert_int_equal(envelope_read(&back, packed, size), ENVELOPE_OK);
        assert_true(back.id == envelope.id && back.parent == envelope.parent);
        assert_int_equal(back.token.size, envelope.token.size);
        assert_true(span_is(back.key, message->key));
        assert_int_equal(back.body.size, envelope.body.size);
        mu__bus__v1__envelope__free_unpacked(message, NULL);
    }
}

/* Whatever passes here, protobuf-c takes, and sees the same numbers in it. */
static void test_what_is_accepted_reads_the_same_with_protobuf(void **state)
{
    struct random random;
    uint8_t bytes[64];
    unsigned accepted = 0;

    (void)state;
    random_init(&random, 2);
    for (int i = 0; i < 200000; i++) {
        struct envelope seed = { .kind = ENVELOPE_CALL,
            .id = 7,
            .endpoint = text("a.B"),
            .timeout_ms = 300,
            .body = text("body") };
        struct envelope envelope;
        size_t size = envelope_size(&seed);
        Mu__Bus__V1__Envelope *message;

        envelope_write(&seed, bytes);
        for (uint32_t changes = 1 + random_below(&random, 3); changes > 0; changes--)
            bytes[random_below(&random, (uint32_t)size)] = (uint8_t)random_next(&random);
        if (envelope_read(&envelope, bytes, size) != ENVELOPE_OK || envelope.caller.size != 0 ||
                envelope.status.size !=
                        0) /* messages of their own, read by status_read or not at all */
            continue;
        accepted += 1;
        message = mu__bus__v1__envelope__unpack(NULL, size, bytes);
        assert_non_null(message);
        assert_int_equal(message->kind, envelope.kind);
        assert_true(message->id == envelope.id);
        assert_int_equal(message->timeout_ms, envelope.timeout_ms);
        assert_true(span_is(envelope.body, message->body));
        mu__bus__v1__envelope__free_unpacked(message, NULL);
    }
    assert_true(accepted > 1000);
}

static void test_what_is_no_envelope_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        { "", 0 },                 /* no kind */
        { "\x08\x00", 2 },         /* kind 0 */
        { "\x08\x0d", 2 },         /* a kind there is not */
        { "\x08\x01\x08\x01", 4 }, /* twice */
        { "\x08\x81\x00", 3 },     /* not minimal */
        { "\x88\x00\x01", 3 },     /* nor the tag */
        { "\x08", 1 },             /* cut */
        { "\x08\x01\x52\x05"
          "ab",
                6 },                                                    /* cut in the body */
        { "\x08\x01\x0a\x01x", 5 },                                     /* kind as text */
        { "\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 13 }, /* over 64 bits */
        { "\x08\x01\x13", 3 },                                          /* a group */
        { "\x08\x01\x00\x01", 4 },                                      /* tag 0 */
        { "\x08\x01\x3a\x01x", 5 },                                     /* a trace of one byte */
        { "\x08\x01\x58\x04", 4 },                                      /* a shape there is not */
        { "\x08\x01\x20\x80\x80\x80\x80\x10", 8 },                      /* a timeout over 32 bits */
        { "\x08\x01\x28\x80\x80\x80\x80\x10", 8 },                      /* so is the credit */
        { "\x08\x01\x61xxxxxxx", 10 },                                  /* a fixed64 cut short */
        { "\x08\x01\x65xxx", 6 },                                       /* a fixed32 cut short */
        { "\x08\x01\x68\x05", 4 },                                      /* a number for a key */
        { "\x08\x01\x6a\x01k\x6a\x01k", 8 },                            /* two keys */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct envelope envelope = { .id = 99 };

        assert_int_equal(read_bytes(&envelope, bad[i].bytes, bad[i].size), ENVELOPE_BAD);
        assert_int_equal(envelope.id, 99);
    }
}

static void test_fields_of_a_later_version_are_skipped(void **state)
{
    struct envelope envelope;

    (void)state;
    assert_int_equal(read_bytes(&envelope, "\x08\x01\x70\x05\x71xxxxxxxx\x75xxxx\x7a\x01z", 21),
            ENVELOPE_OK);
    assert_int_equal(envelope.kind, ENVELOPE_CALL);
}

static void test_limits_hold_one_below_at_and_above(void **state)
{
    size_t room = BODY_SIZE_MAX + ENVELOPE_HEAD_MAX + 64;
    uint8_t *bytes = calloc(2, room);
    uint8_t *filler = bytes + room;
    struct envelope back;

    (void)state;
    for (int off = -1; off <= 1; off++) {
        struct envelope envelope = { .kind = ENVELOPE_CALL,
            .body = { filler, (size_t)(BODY_SIZE_MAX + off) } };
        size_t size = (size_t)(envelope_write(&envelope, bytes) - bytes);

        assert_int_equal(envelope_read(&back, bytes, size), off <= 0 ? ENVELOPE_OK : ENVELOPE_BAD);
        envelope = (struct envelope){ .kind = ENVELOPE_CALL,
            .endpoint = { filler, (size_t)(ENDPOINT_SIZE_MAX + off) } };
        size = (size_t)(envelope_write(&envelope, bytes) - bytes);
        assert_int_equal(envelope_read(&back, bytes, size), off <= 0 ? ENVELOPE_OK : ENVELOPE_BAD);
        envelope = (struct envelope){ .kind = ENVELOPE_CALL, /* 2 of the kind, 3 of the status */
            .status = { filler, (size_t)(ENVELOPE_HEAD_MAX - 5 + off) } };
        size = (size_t)(envelope_write(&envelope, bytes) - bytes);
        assert_int_equal(size, ENVELOPE_HEAD_MAX + off);
        assert_int_equal(envelope_read(&back, bytes, size), off <= 0 ? ENVELOPE_OK : ENVELOPE_BAD);
    }
    free(bytes);
}

static void test_a_status_comes_back_as_it_was_written(void **state)
{
    struct status status = { .code = 14,
        .executed = 1,
        .retry_after_ms = 250,
        .message = text("no instance takes calls"),
        .origin = text("router") };
    struct status back;
    uint8_t bytes[128];
    size_t size = status_write(&status, bytes, sizeof(bytes));
    Mu__Bus__V1__Status *message = mu__bus__v1__status__unpack(NULL, size, bytes);

    (void)state;
    assert_non_null(message);
    assert_string_equal(message->message, "no instance takes calls");
    assert_string_equal(message->origin, "router");
    assert_int_equal(message->executed, MU__BUS__V1__EXECUTED__EXECUTED_NO);
    mu__bus__v1__status__free_unpacked(message, NULL);
    assert_int_equal(status_read(&back, (struct span){ bytes, size }), ENVELOPE_OK);
    assert_int_equal(back.code, 14);
    assert_int_equal(back.executed, 1);
    assert_int_equal(back.retry_after_ms, 250);
    assert_int_equal(back.message.size, status.message.size);
}

static void test_a_status_too_long_is_cut_between_characters(void **state)
{
    char message[2 * STATUS_TEXT_MAX];
    struct status status = { .code = 13, .message = { (uint8_t *)message, sizeof(message) } };
    struct status back;
    uint8_t bytes[1024];
    size_t size;

    (void)state;
    for (size_t i = 0; i < sizeof(message); i += 2)
        memcpy(message + i, "\xc3\xa4", 2);
    size = status_write(&status, bytes, sizeof(bytes));
    assert_int_equal(status_read(&back, (struct span){ bytes, size }), ENVELOPE_OK);
    assert_int_equal(back.message.size, STATUS_TEXT_MAX - 1);
    size = status_write(&status, bytes, 50);
    assert_true(size <= 50);
    assert_int_equal(status_read(&back, (struct span){ bytes, size }), ENVELOPE_OK);
    assert_int_equal(status_write(&status, bytes, 2), 0);
}

static void test_a_status_that_is_no_text_is_refused(void **state)
{
    static const char *const bad[] = { "\x12\x01\x80", "\x12\x02\xc0\x80", "\x12\x03\xe0\x80\x80",
        "\x12\x03\xed\xa0\x80", "\x12\x04\xf0\x80\x80\x80", "\x12\x04\xf4\x90\x80\x80",
        "\x12\x01\xc3", "\x12\x01\xff", "\x08\x01\x08\x01", "\x0a\x01x", "\x08" };
    struct status status;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(status_read(&status, text(bad[i])), ENVELOPE_BAD);
    assert_int_equal(status_read(&status, text("\x12\x0a\xf0\x9f\x99\x82\xe2\x82\xac\xc3\xa4!")),
            ENVELOPE_OK);
    assert_int_equal(status_read(&status, text("\x08\x63\x18\x07\x32\x01z")), ENVELOPE_OK);
    assert_int_equal(status.code, 2);
    assert_int_equal(status.executed, 0);
}

static void test_endpoints_are_a_service_a_dot_and_a_method(void **state)
{
    static const char *const good[] = { "a.B", "greeter.Hello", "a-1.mu.Health", "x.y_2.Z" };
    static const char *const bad[] = { "", ".", "a", "a.", ".B", "A.B", "1a.B", "a b.C", "a.B.",
        "a..B", "a.B-C", "a.B\xc3\xa4", "-a.B" };
    char longest[ENDPOINT_SIZE_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(endpoint_is_valid(text(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(endpoint_is_valid(text(bad[i])));
    memset(longest, 'a', sizeof(longest));
    longest[1] = '.';
    assert_true(endpoint_is_valid((struct span){ (uint8_t *)longest, ENDPOINT_SIZE_MAX }));
    assert_false(endpoint_is_valid((struct span){ (uint8_t *)longest, ENDPOINT_SIZE_MAX + 1 }));
    longest[1] = 'a';
    assert_true(service_name_is_valid((struct span){ (uint8_t *)longest, SERVICE_NAME_MAX }));
    assert_false(service_name_is_valid((struct span){ (uint8_t *)longest, SERVICE_NAME_MAX + 1 }));
}

static void test_varints_round_trip_at_every_size(void **state)
{
    uint8_t bytes[16];

    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t value = (1ull << bit) + bit / 3;
        uint64_t back = 0;
        const uint8_t *end = varint_write(bytes, value);

        assert_int_equal(end - bytes, varint_size(value));
        assert_ptr_equal(varint_read(bytes, end, &back), end);
        assert_true(back == value);
        assert_null(varint_read(bytes, end - 1, &back));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_codecs_read_what_the_other_wrote),
        cmocka_unit_test(test_what_is_accepted_reads_the_same_with_protobuf),
        cmocka_unit_test(test_what_is_no_envelope_is_refused_and_changes_nothing),
        cmocka_unit_test(test_fields_of_a_later_version_are_skipped),
        cmocka_unit_test(test_limits_hold_one_below_at_and_above),
        cmocka_unit_test(test_a_status_comes_back_as_it_was_written),
        cmocka_unit_test(test_a_status_too_long_is_cut_between_characters),
        cmocka_unit_test(test_a_status_that_is_no_text_is_refused),
        cmocka_unit_test(test_endpoints_are_a_service_a_dot_and_a_method),
        cmocka_unit_test(test_varints_round_trip_at_every_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
