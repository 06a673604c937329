// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mu/schema.h"
#include "schema/old.pb-c.h"
#include "schema/plain.pb-c.h"
#include "tests/unit/cmocka.h"

#define THING (&plain__v1__thing__descriptor)
#define OLD   (&old__v1__old__descriptor)

static const struct refusal {
    const ProtobufCMessageDescriptor *type;
    const char *body;
    size_t size;
    const char *error;
} refusals[] = {
    { THING, "\x00\x01", 2, "byte 0: plain.v1.Thing: not a field's tag" },
    { THING, "\x05", 1, "byte 0: plain.v1.Thing: not a field's tag" },
    { THING, "\x88\x00\x01", 3, "byte 0: plain.v1.Thing: not a field's tag" },
    { THING, "\x88\x80\x80\x80\x80\x01\x01", 7, "byte 0: plain.v1.Thing: not a field's tag" },
    { THING, "\x88", 1, "byte 0: plain.v1.Thing: not a field's tag" },
    { THING, "\x08\x01\x0b", 3, "byte 2: plain.v1.Thing: groups are not supported" },
    { THING, "\x0c", 1, "byte 0: plain.v1.Thing: groups are not supported" },
    { THING, "\x0e\x01", 2, "byte 0: plain.v1.Thing: there is no such wire type" },
    { THING, "\x0f\x01", 2, "byte 0: plain.v1.Thing: there is no such wire type" },
    { THING, "\x08", 1, "byte 0: plain.v1.Thing.first: the value is cut short, or not minimal" },
    { THING, "\x08\x80\x00", 3,
            "byte 0: plain.v1.Thing.first: the value is cut short, or not minimal" },
    { THING, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11,
            "byte 0: plain.v1.Thing.first: the value is cut short, or not minimal" },
    { THING, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12,
            "byte 0: plain.v1.Thing.first: the value is cut short, or not minimal" },
    { THING, "\x12\x02x", 3,
            "byte 0: plain.v1.Thing.name: the value is cut short, or not minimal" },
    { THING, "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11,
            "byte 0: plain.v1.Thing.name: the value is cut short, or not minimal" },
    { THING, "\xbd\x01\x00\x00\x00", 5,
            "byte 0: plain.v1.Thing.single: the value is cut short, or not minimal" },
    { THING, "\x71\x00\x00\x00\x00\x00\x00\x00", 8,
            "byte 0: plain.v1.Thing.fixed: the value is cut short, or not minimal" },
    { THING, "\xaa\x06\x01", 3, "byte 0: plain.v1.Thing: the value is cut short, or not minimal" },
    { THING, "\x0d\x01\x02\x03\x04", 5, "byte 1: plain.v1.Thing.first: the wrong wire type" },
    { THING, "\x0a\x01\x02", 3, "byte 1: plain.v1.Thing.first: the wrong wire type" },
    { THING, "\x10\x01", 2, "byte 1: plain.v1.Thing.name: the wrong wire type" },
    { THING, "\x38\x01", 2, "byte 1: plain.v1.Thing.words: the wrong wire type" },
    { THING, "\x12\x01\xff", 3, "byte 2: plain.v1.Thing.name: not UTF-8, or with a NUL" },
    { THING, "\x12\x02\xc0\x80", 4, "byte 2: plain.v1.Thing.name: not UTF-8, or with a NUL" },
    { THING, "\x12\x03\xed\xa0\x80", 5, "byte 2: plain.v1.Thing.name: not UTF-8, or with a NUL" },
    { THING,
            "\x12\x03"
            "a\0b",
            5, "byte 2: plain.v1.Thing.name: not UTF-8, or with a NUL" },
    { THING, "\x2a\x02\x01\x80", 4, "byte 3: plain.v1.Thing.numbers: a packed value is cut short" },
    { THING, "\xd2\x01\x04\x01\x02\x03\x04", 7,
            "byte 3: plain.v1.Thing.reals: a packed value is cut short" },
    { THING, "\xa2\x01\x02\x08\x80", 5,
            "byte 3: plain.v1.Thing.first: the value is cut short, or not minimal" },
    { OLD, "", 0, "byte 0: old.v1.Old.name: required, but missing" },
    { OLD, "\x0a\x01x\x5a\x00", 5, "byte 5: old.v1.Inner.number: required, but missing" },
};

static void test_what_is_no_message_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        const struct refusal *refusal = &refusals[i];
        struct mu_bytes body = { (const uint8_t *)refusal->body, refusal->size };
        struct mu_schema_error error = { "" };

        assert_int_equal(mu_body_check(refusal->type, body, &error), -EINVAL);
        assert_string_equal(error.text, refusal->error);
        assert_int_equal(mu_body_check(refusal->type, body, NULL), -EINVAL);
        assert_null(mu_body_unpack(refusal->type, body, NULL));
    }
}

/* Puts `depth` messages around nothing, from the inside to the outside. */
static size_t nest(uint8_t *body, size_t capacity, unsigned depth)
{
    size_t start = capacity;

    for (unsigned i = 0; i < depth; i++) {
        size_t size = capacity - start;

        if (size >= 0x80) {
            body[--start] = (uint8_t)(size >> 7);
            body[--start] = (uint8_t)(size | 0x80);
        } else {
            body[--start] = (uint8_t)size;
        }
        body[--start] = 0x01;
        body[--start] = 0xa2; /* self = 20 */
    }
    memmove(body, body + start, capacity - start);
    return capacity - start;
}

static void test_messages_nest_as_deep_as_the_limit_and_no_deeper(void **state)
{
    uint8_t body[256];
    struct mu_schema_error error;
    struct mu_bytes bytes = { body, 0 };
    ProtobufCMessage *message;

    (void)state;
    bytes.size = nest(body, sizeof(body), MU_SCHEMA_DEPTH_MAX);
    assert_int_equal(mu_body_check(THING, bytes, &error), 0);
    message = mu_body_unpack(THING, bytes, &error);
    assert_non_null(message);
    mu_body_free(message);
    bytes.size = nest(body, sizeof(body), MU_SCHEMA_DEPTH_MAX + 1);
    assert_int_equal(mu_body_check(THING, bytes, &error), -EINVAL);
    assert_non_null(strstr(error.text, "plain.v1.Thing.self: messages nested too deep"));
}

static void test_a_body_that_would_grow_too_much_is_refused(void **state)
{
    enum { COUNT = 100000 };
    size_t each = sizeof(Plain__V1__Thing *) + sizeof(Plain__V1__Thing);
    uint8_t *body = malloc((size_t)3 * COUNT);
    struct mu_schema_error error;
    struct mu_bytes bytes = { body, 0 };
    size_t count = 0;

    (void)state;
    assert_non_null(body);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(body + 3 * i, "\xda\x01\x00", 3); /* an empty message of list = 27 */
    while ((count + 1) * each + sizeof(Plain__V1__Thing) <=
            (count + 1) * 3 * MU_BODY_MEMORY_FACTOR + MU_BODY_MEMORY_EXTRA)
        count += 1;
    bytes.size = count * 3;
    assert_int_equal(mu_body_check(THING, bytes, &error), 0);
    bytes.size = (count + 1) * 3;
    assert_int_equal(mu_body_check(THING, bytes, &error), -EINVAL);
    assert_non_null(strstr(error.text, "bytes of memory"));
    bytes.size = (size_t)3 * COUNT;
    assert_null(mu_body_unpack(THING, bytes, &error));
    free(body);
}

static void test_lists_of_short_strings_and_numbers_may_be_long(void **state)
{
    enum { COUNT = 400000 };
    uint8_t *body = malloc((size_t)2 * COUNT);
    struct mu_bytes bytes = { body, (size_t)2 * COUNT };
    Plain__V1__Thing *thing;

    (void)state;
    assert_non_null(body);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(body + 2 * i, "\x3a\x00", 2);
    thing = (Plain__V1__Thing *)mu_body_unpack(THING, bytes, NULL);
    assert_non_null(thing);
    assert_int_equal(thing->n_words, COUNT);
    mu_body_free(&thing->base);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(body + 2 * i, "\x30\x07", 2);
    thing = (Plain__V1__Thing *)mu_body_unpack(THING, bytes, NULL);
    assert_non_null(thing);
    assert_int_equal(thing->n_loose, COUNT);
    mu_body_free(&thing->base);
    free(body);
}

static void test_a_body_beyond_what_protobuf_allows_is_refused(void **state)
{
    struct mu_bytes bytes = { (const uint8_t *)"", (size_t)INT32_MAX + 1 };

    (void)state;
    assert_int_equal(mu_body_check(THING, bytes, NULL), -EINVAL);
}

/* Bodies that protobuf-c unpacks to the same message. */
static const struct body {
    const char *text;
    size_t size;
} bodies[] = {
    { "", 0 }, { "\x08\x01\x12\x03xyz\x18\x05", 9 },
    { "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },     /* -1 */
    { "\x2a\x03\x01\x02\x03\x28\x04\x2a\x00\x2a\x01\x05", 12 }, /* packed, alone, empty */
    { "\x2a\x00", 2 }, { "\x30\x01\x32\x02\x02\x03", 6 }, { "\x3a\x00\x3a\x01x", 5 },
    { "\x42\x00\x42\x05\x0a\x01k\x12\x00", 9 },    /* a map, with an entry that has nothing */
    { "\x52\x01x\x52\x00", 5 },                    /* a oneof, twice */
    { "\x52\x01x\x5a\x02yz", 7 },                  /* another of it */
    { "\x5a\x02yz\x62\x02\x08\x01", 8 },           /* a message of it */
    { "\x71\x01\x02\x03\x04\x05\x06\x07\x08", 9 }, /* fixed64 */
    { "\xaa\x01\x00\xaa\x01\x01x", 7 },            /* bytes */
    { "\xb0\x01\x05", 3 },                         /* a bool that is 5 */
    { "\xbd\x01\x00\x00\xc0\x3f\xc1\x01\x00\x00\x00\x00\x00\x00\xf0\x3f", 16 },
    { "\xca\x01\x03\x01\x00\x02", 6 }, /* bools */
    { "\xd2\x01\x10\x01\x02\x03\x04\x05\x06\x07\x08\x01\x02\x03\x04\x05\x06\x07\x08", 19 },
    { "\xda\x01\x02\x08\x01\xda\x01\x00", 8 },     /* messages */
    { "\xe2\x01\x01x\xe2\x01\x00", 7 },            /* bytes */
    { "\xea\x01\x02\x05\x07", 5 },                 /* enums, one of which is not known */
    { "\xf0\x01\x03\xf8\x01\x03\x80\x02\x7f", 9 }, /* zigzag, and a large number */
    { "\x8d\x02\xff\xff\xff\xff\x92\x02\x04\x01\x00\x00\x00", 12 }, { "\x9a\x02\x02\x01\x02", 5 },
    { "\xf8\xff\xff\xff\x0f\x09", 6 }, /* the last field number */
    { "\xa0\x06\x01\xaa\x06\x02xy\xad\x06\x01\x02\x03\x04\xa1\x06\x01\x02\x03\x04\x05\x06\x07\x08",
            25 },                              /* unknown fields of every wire type */
    { "\xa2\x01\x04\xa0\x06\x01\x08", 7 },     /* cut short: not a message */
    { "\xa2\x01\x05\xa0\x06\x01\x08\x02", 8 }, /* an unknown field inside */
};

static uint8_t *pack(const ProtobufCMessage *message, size_t *sizep)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);

    assert_non_null(bytes);
    *sizep = protobuf_c_message_pack(message, bytes);
    return bytes;
}

static void test_messages_are_those_that_protobuf_c_unpacks(void **state)
{
    struct mu_arena arena;

    (void)state;
    mu_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct mu_bytes body = { (const uint8_t *)bodies[i].text, bodies[i].size };
        ProtobufCMessage *ours = mu_arena_unpack(&arena, THING, body, NULL);
        ProtobufCMessage *theirs = protobuf_c_message_unpack(THING, NULL, body.size, body.data);
        uint8_t *our_bytes;
        uint8_t *their_bytes;
        size_t our_size;
        size_t their_size;

        assert_int_equal(ours == NULL, theirs == NULL);
        if (ours == NULL)
            continue;
        our_bytes = pack(ours, &our_size);
        their_bytes = pack(theirs, &their_size);
        assert_int_equal(our_size, their_size);
        assert_memory_equal(our_bytes, their_bytes, our_size);
        free(our_bytes);
        free(their_bytes);
        protobuf_c_message_free_unpacked(theirs, NULL);
        mu_arena_reset(&arena, SIZE_MAX);
    }
    mu_arena_deinit(&arena);
}

static void test_parts_of_one_message_are_merged(void **state)
{
    /* self: { name "a", numbers 1, unknown }, self: { first 7, numbers 2 3, unknown } */
    static const uint8_t body[] = { 0xa2, 0x01, 0x08, 0x12, 0x01, 'a', 0x28, 0x01, 0xa0, 0x06, 0x05,
        0xa2, 0x01, 0x09, 0x08, 0x07, 0x2a, 0x02, 0x02, 0x03, 0xa0, 0x06, 0x06 };
    Plain__V1__Thing *thing = (Plain__V1__Thing *)mu_body_unpack(
            THING, (struct mu_bytes){ body, sizeof(body) }, NULL);

    (void)state;
    assert_non_null(thing);
    assert_string_equal(thing->self->name, "a");
    assert_int_equal(thing->self->first, 7);
    assert_int_equal(thing->self->n_numbers, 3);
    assert_int_equal(thing->self->numbers[0], 1);
    assert_int_equal(thing->self->numbers[2], 3);
    assert_int_equal(thing->self->base.n_unknown_fields, 2);
    mu_body_free(&thing->base);
}

static void test_a_message_of_a_oneof_is_merged_only_with_itself(void **state)
{
    /* thing { first 1 }, thing { name a }; then text, and thing { zig } anew */
    static const uint8_t once[] = { 0x62, 0x02, 0x08, 0x01, 0x62, 0x03, 0x12, 0x01, 'a' };
    static const uint8_t anew[] = { 0x62, 0x02, 0x08, 0x01, 0x52, 0x01, 'x', 0x62, 0x03, 0x12, 0x01,
        'a' };
    Plain__V1__Thing *thing = (Plain__V1__Thing *)mu_body_unpack(
            THING, (struct mu_bytes){ once, sizeof(once) }, NULL);

    (void)state;
    assert_non_null(thing);
    assert_int_equal(thing->thing->first, 1);
    assert_string_equal(thing->thing->name, "a");
    mu_body_free(&thing->base);
    thing = (Plain__V1__Thing *)mu_body_unpack(
            THING, (struct mu_bytes){ anew, sizeof(anew) }, NULL);
    assert_non_null(thing);
    assert_int_equal(thing->thing->first, 0);
    assert_string_equal(thing->thing->name, "a");
    mu_body_free(&thing->base);
}

/* Every part adds one number, so that the list of them is copied again and again. */
static void test_a_message_in_very_many_parts_ends_at_its_budget(void **state)
{
    enum { COUNT = 2000, NAME = 60, PART = 7 + NAME };
    static const uint8_t head[] = { 0x62, PART - 2, 0x2a, 0x01, 0x07, 0x12, NAME };
    uint8_t *body = malloc((size_t)COUNT * PART);
    struct mu_bytes bytes = { body, (size_t)COUNT * PART };
    struct mu_schema_error error;
    struct mu_arena arena;

    (void)state;
    assert_non_null(body);
    memset(body, 'x', (size_t)COUNT * PART);
    for (size_t i = 0; i < COUNT; i++)
        memcpy(body + i * PART, head, sizeof(head));
    assert_int_equal(mu_body_check(THING, bytes, &error), 0);
    assert_null(mu_body_unpack(THING, bytes, &error));
    mu_arena_init(&arena, SIZE_MAX);
    assert_null(mu_arena_unpack(&arena, THING, bytes, &error));
    assert_string_equal(error.text, "plain.v1.Thing: out of memory");
    assert_true(arena.size_left > SIZE_MAX / 2);
    mu_arena_deinit(&arena);
    free(body);
}

static void test_an_arena_that_is_too_small_refuses(void **state)
{
    static const uint8_t body[] = { 0x12, 0x03, 'x', 'y', 'z' };
    struct mu_bytes bytes = { body, sizeof(body) };
    size_t cost = sizeof(Plain__V1__Thing) + 8;
    struct mu_schema_error error;
    struct mu_arena arena;

    (void)state;
    mu_arena_init(&arena, cost - 1);
    assert_null(mu_arena_unpack(&arena, THING, bytes, &error));
    mu_arena_reset(&arena, cost);
    assert_non_null(mu_arena_unpack(&arena, THING, bytes, &error));
    assert_int_equal(arena.size_left, 0);
    mu_arena_deinit(&arena);
}

static void test_required_fields_and_defaults_of_proto2_work(void **state)
{
    static const uint8_t body[] = { 0x0a, 0x01, 'n', 0x10, 0x05, 0x5a, 0x02, 0x08, 0x01 };
    Old__V1__Old *old =
            (Old__V1__Old *)mu_body_unpack(OLD, (struct mu_bytes){ body, sizeof(body) }, NULL);

    (void)state;
    assert_non_null(old);
    assert_string_equal(old->name, "n");
    assert_true(old->has_count);
    assert_int_equal(old->count, 5);
    assert_false(old->has_big);
    assert_true(old->big == UINT64_MAX);
    assert_int_equal(old->inner->number, 1);
    assert_string_equal(old->text, "a \"b\"\n");
    mu_body_free(&old->base);
    assert_null(mu_body_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_message_is_refused_with_its_place),
        cmocka_unit_test(test_messages_nest_as_deep_as_the_limit_and_no_deeper),
        cmocka_unit_test(test_a_body_that_would_grow_too_much_is_refused),
        cmocka_unit_test(test_lists_of_short_strings_and_numbers_may_be_long),
        cmocka_unit_test(test_a_body_beyond_what_protobuf_allows_is_refused),
        cmocka_unit_test(test_messages_are_those_that_protobuf_c_unpacks),
        cmocka_unit_test(test_parts_of_one_message_are_merged),
        cmocka_unit_test(test_a_message_of_a_oneof_is_merged_only_with_itself),
        cmocka_unit_test(test_a_message_in_very_many_parts_ends_at_its_budget),
        cmocka_unit_test(test_an_arena_that_is_too_small_refuses),
        cmocka_unit_test(test_required_fields_and_defaults_of_proto2_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
