// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/random.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "tests/unit/cmocka.h"
#include "transport/stamp.h"

static struct span text(const char *string)
{
    return (struct span){ (const uint8_t *)string, strlen(string) };
}

static bool is(struct span span, const char *string)
{
    return span.size == strlen(string) &&
           (span.size == 0 || memcmp(span.data, string, span.size) == 0);
}

static enum envelope_outcome read_bytes(struct stamp *stamp, const char *bytes, size_t size)
{
    return stamp_read(stamp, (struct span){ (const uint8_t *)bytes, size });
}

static void test_both_codecs_read_what_the_other_wrote(void **state)
{
    static const char *const texts[] = { "", "a", "desk.alice", "greeter" };
    struct random random;

    (void)state;
    random_init(&random, 1);
    for (int i = 0; i < 2000; i++) {
        Mu__Bus__V1__Caller *message;
        struct stamp stamp = {
            .node = text(texts[random_below(&random, 4)]),
            .service = text(texts[random_below(&random, 4)]),
            .owner = text(texts[random_below(&random, 4)]),
            .instance = random_next(&random) >> random_below(&random, 64),
            .uid = (uint32_t)random_next(&random) >> random_below(&random, 32),
            .pid = (uint32_t)random_next(&random) >> random_below(&random, 32),
            .hops = random_below(&random, 4),
            .is_operator = random_below(&random, 2) != 0,
            .user = text(texts[random_below(&random, 4)]),
            .token = text(random_below(&random, 2) != 0 ? "0123456789abcdef" : ""),
            .space = text(texts[random_below(&random, 4)]),
        };
        uint8_t room[STAMP_SIZE_MAX];
        uint8_t packed[STAMP_SIZE_MAX];
        struct span bytes = stamp_write(&stamp, room);
        struct stamp back;

        message = mu__bus__v1__caller__unpack(NULL, bytes.size, bytes.data);
        assert_non_null(message);
        assert_true(is(stamp.node, message->node) && is(stamp.service, message->service));
        assert_true(is(stamp.owner, message->owner) && is(stamp.user, message->user));
        assert_true(is(stamp.space, message->namespace_));
        assert_int_equal(stamp.token.size, message->token.len);
        assert_true(message->instance == stamp.instance && message->hops == stamp.hops);
        assert_true(message->uid == stamp.uid && message->pid == stamp.pid);
        assert_int_equal(message->operator_, stamp.is_operator);
        assert_int_equal(stamp_read(&back, (struct span){ packed,
                                                   mu__bus__v1__caller__pack(message, packed) }),
                ENVELOPE_OK);
        assert_true(is(back.node, message->node) && is(back.service, message->service));
        assert_true(is(back.owner, message->owner) && is(back.user, message->user));
        assert_true(is(back.space, message->namespace_));
        assert_int_equal(back.token.size, stamp.token.size);
        assert_true(back.instance == stamp.instance && back.hops == stamp.hops);
        assert_true(back.uid == stamp.uid && back.pid == stamp.pid);
        assert_int_equal(back.is_operator, stamp.is_operator);
        mu__bus__v1__caller__free_unpacked(message, NULL);
    }
}

static void test_no_bytes_are_an_empty_stamp(void **state)
{
    struct stamp stamp;

    (void)state;
    assert_int_equal(stamp_read(&stamp, (struct span){ NULL, 0 }), ENVELOPE_OK);
    assert_int_equal(stamp.node.size, 0);
    assert_int_equal(stamp.hops, 0);
}

static void test_what_has_two_readings_is_refused(void **state)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t size;
    } bad[] = {
        { "a field twice", "\x40\x01\x40\x02", 4 },
        { "a text twice", "\x0a\x01x\x0a\x01y", 6 },
        { "a number where a text belongs", "\x08\x01", 2 },
        { "a text where a number belongs", "\x42\x01\x01", 3 },
        { "a longer varint than needed", "\x40\x81\x00", 3 },
        { "a token of 15 bytes",
                "\x5a\x0f"
                "0123456789abcde",
                17 },
        { "hops over 32 bits", "\x40\x80\x80\x80\x80\x10", 6 },
        { "a uid over 32 bits", "\x20\x80\x80\x80\x80\x10", 6 },
        { "a bool that is 2", "\x30\x02", 2 },
        { "no UTF-8", "\x12\x02\xc0\x80", 4 },
        { "a text that is cut", "\x12\x05gree", 6 },
        { "a number that is cut", "\x18\x80", 2 },
        { "tag 0", "\x00\x01", 2 },
        { "a group", "\x4b\x4c", 2 },
    };
    struct stamp stamp = { .hops = 77 };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (read_bytes(&stamp, bad[i].bytes, bad[i].size) != ENVELOPE_BAD)
            fail_msg("%s was read", bad[i].what);
        assert_int_equal(stamp.hops, 77); /* nothing is written on failure */
    }
}

static void test_fields_of_a_later_version_are_skipped(void **state)
{
    struct stamp stamp;

    (void)state;
    assert_int_equal(read_bytes(&stamp,
                             "\x70\x05\x40\x02\x7a\x01x\x71"
                             "12345678",
                             16),
            ENVELOPE_OK);
    assert_int_equal(stamp.hops, 2);
}

static void test_the_largest_stamp_fits(void **state)
{
    static const char longest[] =
            "0123456789012345678901234567890123456789012345678901234567890123";
    uint8_t room[STAMP_SIZE_MAX + 1] = { 0 };
    struct stamp stamp = { .node = text(longest),
        .service = text(longest),
        .owner = text(longest),
        .instance = UINT64_MAX,
        .uid = UINT32_MAX,
        .pid = UINT32_MAX,
        .hops = UINT32_MAX,
        .client = text(longest),
        .user = text(longest),
        .token = text("0123456789abcdef"),
        .space = text(longest),
        .is_operator = true };
    struct stamp back;
    struct span bytes = stamp_write(&stamp, room);

    (void)state;
    assert_int_equal(strlen(longest), STAMP_TEXT_MAX);
    assert_true(bytes.size <= STAMP_SIZE_MAX);
    assert_int_equal(stamp_read(&back, bytes), ENVELOPE_OK);
    assert_true(is(back.owner, longest) && back.hops == UINT32_MAX);
    assert_true(is(back.client, longest) && is(back.user, longest) && is(back.space, longest));
}

static void test_a_user_is_added_as_if_he_had_been_there_before(void **state)
{
    struct stamp stamp = { .node = text("desk"), .service = text("greeter"), .pid = 7 };
    uint8_t without[STAMP_SIZE_MAX];
    uint8_t with[STAMP_SIZE_MAX];
    uint8_t added[STAMP_SIZE_MAX];
    struct span bytes = stamp_write(&stamp, without);
    struct span wanted;

    (void)state;
    stamp.user = text("alice");
    stamp.token = text("0123456789abcdef");
    stamp.space = text("acme");
    wanted = stamp_write(&stamp, with);
    bytes = stamp_add_user(bytes, stamp.user, stamp.token, stamp.space, added);
    assert_int_equal(bytes.size, wanted.size);
    assert_memory_equal(bytes.data, wanted.data, wanted.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_codecs_read_what_the_other_wrote),
        cmocka_unit_test(test_no_bytes_are_an_empty_stamp),
        cmocka_unit_test(test_what_has_two_readings_is_refused),
        cmocka_unit_test(test_fields_of_a_later_version_are_skipped),
        cmocka_unit_test(test_the_largest_stamp_fits),
        cmocka_unit_test(test_a_user_is_added_as_if_he_had_been_there_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
