// SPDX-License-Identifier: Apache-2.0
/* What the mapping is, the comparison with Google's tells (tests/contract/json_compare.py). Here is
 * what it cannot: the words of errors, limits, flags, and bodies that no JSON makes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mu/schema.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/schema_file.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct mu_schema *schema; /* of everything.v1, and what it imports */

static const ProtobufCMessageDescriptor *type(const char *name)
{
    const ProtobufCMessageDescriptor *found = mu_schema_message(schema, name);

    assert_non_null(found);
    return found;
}

/* JSON to a body and back. The caller frees it. */
static char *convert(const char *name, const char *json, unsigned flags)
{
    struct mu_schema_error error = { "" };
    uint8_t *body = NULL;
    char *back = NULL;
    size_t size;

    if (mu_json_to_body(schema, type(name), json, strlen(json), flags, &body, &size, &error) < 0)
        fail_msg("%s: %s", json, error.text);
    assert_non_null(body);
    assert_int_equal(mu_body_check(type(name), (struct mu_bytes){ body, size }, &error), 0);
    assert_int_equal(mu_body_to_json(schema, type(name), (struct mu_bytes){ body, size }, flags,
                             &back, &error),
            0);
    free(body);
    return back;
}

static void test_json_comes_back_in_its_own_words(void **state)
{
    static const struct {
        const char *type;
        unsigned flags;
        const char *json;
        const char *back; /* NULL: the same */
    } rows[] = {
        { "everything.v1.Leaf", 0, "{}", NULL },
        { "everything.v1.Leaf", 0, "{\"leaves\":[{\"number\":1},{}]}", NULL },
        { "everything.v1.Leaf", MU_JSON_DEFAULTS, "{}",
                "{\"text\":\"\",\"number\":0,\"leaves\":[]}" },
        { "everything.v1.Leaf", MU_JSON_PRETTY, "{\"leaves\":[{\"text\":\"x\"},{}]}",
                "{\n  \"leaves\": [\n    {\n      \"text\": \"x\"\n    },\n    {}\n  ]\n}" },
        { "everything.v1.Leaf", MU_JSON_IGNORE_UNKNOWN, "{\"x\":[1,{}],\"text\":\"y\"}",
                "{\"text\":\"y\"}" },
        { "everything.v1.Everything", MU_JSON_PROTO_NAMES, "{\"anInt32\":1}", "{\"an_int32\":1}" },
        { "everything.v1.Everything", 0, "{\"int64s\":[1,\"-2\"],\"an_int32\":7}",
                "{\"anInt32\":7,\"int64s\":[\"1\",\"-2\"]}" },
        { "everything.v1.Everything", 0, "{\"byString\":{\"b\":{},\"a\":{}}}", NULL },
        { "everything.v1.Everything", 0, "{\"aString\":\"\\u0001\\b\\t\\n\\f\\r\\u007f\\u0085/\"}",
                "{\"aString\":\"\\u0001\\b\\t\\n\\f\\r\\u007f\\u0085/\"}" },
        { "everything.v1.Everything", 0, "{\"chosenNull\":null}", NULL },
        { "everything.v1.Everything", 0, "{\"moods\":[77,\"MOOD_LOW\",1]}",
                "{\"moods\":[77,\"MOOD_LOW\",\"MOOD_HAPPY\"]}" },
        { "google.protobuf.Duration", 0, "\"1.5s\"", "\"1.500s\"" },
        { "google.protobuf.Timestamp", 0, "\"2024-01-31T12:00:00Z\"", NULL },
        { "google.protobuf.Value", 0, "{\"a\":[1,null,true,\"x\",{}]}", NULL },
        { "google.protobuf.StringValue", 0, "\"\"", NULL },
        { "google.protobuf.FieldMask", 0, "\"a,bC.dE\"", NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *back = convert(rows[i].type, rows[i].json, rows[i].flags);

        assert_string_equal(back, rows[i].back != NULL ? rows[i].back : rows[i].json);
        free(back);
    }
}

static const struct {
    const char *json;
    const char *error;
} refusals[] = {
    { "", "line 1 column 1: expected a value, but the text ends" },
    { "\n {", "line 2 column 3: expected a name in double quotes" },
    { "{\"a\" 1}", "line 1 column 6: expected `:`" },
    { "{\"a\":1 \"b\"}", "line 1 column 8: expected `,` or `}`" },
    { "[1 2]", "line 1 column 4: expected `,` or `]`" },
    { "{} x", "line 1 column 4: something stands after the value" },
    { "nul", "line 1 column 1: expected a value" },
    { "\"abc", "line 1 column 5: a string without its end" },
    { "\"\\q\"", "line 1 column 3: no such escape" },
    { "\"\\", "line 1 column 3: no such escape" },
    { "\"\\u12g4\"", "line 1 column 6: expected four hex digits, and surrogates in pairs" },
    { "\"\\u12", "line 1 column 6: expected four hex digits, and surrogates in pairs" },
    { "\"\\udc00\"", "line 1 column 8: expected four hex digits, and surrogates in pairs" },
    { "\"\\ud800\\u0041\"", "line 1 column 14: expected four hex digits, and surrogates in pairs" },
    { "\"\\ud800x\"", "line 1 column 8: expected four hex digits, and surrogates in pairs" },
    { "\"\\u0000\"", "line 1 column 8: a NUL character, which no string can hold here" },
    { "\"\n\"", "line 1 column 2: a control character in a string; write it as an escape" },
    { "-", "line 1 column 2: not a number" },
    { "1.", "line 1 column 3: a number without digits after its point" },
    { "1e", "line 1 column 3: a number without digits after its e" },
    { "{\"a\":1,\"a\":2}", "line 1 column 8: \"a\" stands here twice" },
    { "\xff", "the text is not UTF-8, or has a NUL" },
    { "7", "expected an object, got 7" },
    { "{\"nope\":1}", "nope: everything.v1.Everything has no such field" },
    { "{\"leaf\":{\"txet\":1}}", "leaf.txet: no such field; did you mean text?" },
    { "{\"an_in32\":1}", "an_in32: no such field; did you mean an_int32?" },
    { "{\"aString\":5}", "aString: expected a string, got 5" },
    { "{\"anInt32\":\"x\"}", "anInt32: expected a whole number of 32 bits, got \"x\"" },
    { "{\"anInt32\":2147483648}", "anInt32: expected a whole number of 32 bits, got 2147483648" },
    { "{\"anInt64\":1.5}", "anInt64: expected a whole number of 64 bits, got 1.5" },
    { "{\"aUint32\":-1}", "aUint32: expected a whole number from 0 to 4294967295, got -1" },
    { "{\"aUint64\":{}}",
            "aUint64: expected a whole number from 0 to 18446744073709551615, got an object" },
    { "{\"aBool\":\"true\"}", "aBool: expected true or false, got \"true\"" },
    { "{\"aDouble\":\"x\"}", "aDouble: expected a number, got \"x\"" },
    { "{\"aDouble\":[]}", "aDouble: expected a number, got a list" },
    { "{\"aFloat\":1e39}", "aFloat: expected a number that a float can hold, got 1e39" },
    { "{\"someBytes\":\"*\"}", "someBytes: expected base64, got \"*\"" },
    { "{\"someBytes\":false}", "someBytes: expected base64, got false" },
    { "{\"mood\":\"MOOD_HAPY\"}",
            "mood: everything.v1.Mood has no value MOOD_HAPY; did you mean MOOD_HAPPY?" },
    { "{\"mood\":\"X\"}", "mood: expected one of MOOD_LOW, MOOD_UNKNOWN, MOOD_HAPPY, MOOD_SAD, "
                          "MOOD_GONE, got \"X\"" },
    { "{\"mood\":0.5}", "mood: expected one of MOOD_LOW, MOOD_UNKNOWN, MOOD_HAPPY, MOOD_SAD, "
                        "MOOD_GONE, got 0.5" },
    { "{\"chosenNull\":\"x\"}", "chosenNull: expected one of NULL_VALUE, got \"x\"" },
    { "{\"chosenNull\":1}", "chosenNull: expected one of NULL_VALUE, got 1" },
    { "{\"leaf\":\"x\"}", "leaf: expected an object, got \"x\"" },
    { "{\"leaves\":{}}", "leaves: expected a list, got an object" },
    { "{\"leaves\":[{},{\"number\":true}]}",
            "leaves[1].number: expected a whole number of 32 bits, got true" },
    { "{\"int32s\":[1,null]}", "int32s[1]: expected a whole number of 32 bits, got null" },
    { "{\"byString\":[]}", "byString: expected an object, got a list" },
    { "{\"byString\":{\"k\":{\"text\":1}}}", "byString[\"k\"].text: expected a string, got 1" },
    { "{\"byInt32\":{\"x\":1}}", "byInt32[\"x\"]: expected a whole number of 32 bits, got \"x\"" },
    { "{\"byBool\":{\"1\":\"\"}}", "byBool[\"1\"]: expected true or false as the key, got \"1\"" },
    { "{\"byInt32\":{\"1\":null}}",
            "byInt32[\"1\"]: expected a whole number of 32 bits, got null" },
    { "{\"anInt32\":1,\"an_int32\":2}", "an_int32: the field stands here twice" },
    { "{\"chosenInt32\":1,\"chosenString\":\"\"}",
            "chosenString: only one of chosenInt32 and chosenString can be set" },
    { "{\"time\":\"x\"}", "time: expected a time like \"2024-01-31T12:00:00Z\", got \"x\"" },
    { "{\"duration\":5}", "duration: expected a duration like \"1.5s\", got 5" },
    { "{\"mask\":\"a_b\"}",
            "mask: expected names of fields like \"user.displayName,photo\", got \"a_b\"" },
    { "{\"aStruct\":[]}", "aStruct: expected an object, got a list" },
    { "{\"aList\":{}}", "aList: expected a list, got an object" },
    { "{\"anyValue\":1e999}", "anyValue: expected a number, got 1e999" },
    { "{\"aString\":\"\\u0061bcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl\",\"anInt32\":"
      "\"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl\"}",
            "anInt32: expected a whole number of 32 bits, got "
            "\"abcdefghijklmnopqrstuvwxyz0123456789abcd…\"" },
};

static void test_an_error_says_where_and_what_was_expected(void **state)
{
    const ProtobufCMessageDescriptor *everything = type("everything.v1.Everything");

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct mu_schema_error error = { "" };
        uint8_t *body = NULL;
        size_t size;

        assert_int_equal(mu_json_to_body(schema, everything, refusals[i].json,
                                 strlen(refusals[i].json), 0, &body, &size, &error),
                -EINVAL);
        assert_string_equal(error.text, refusals[i].error);
        assert_null(body);
        assert_int_equal(mu_json_to_body(schema, everything, refusals[i].json,
                                 strlen(refusals[i].json), 0, &body, &size, NULL),
                -EINVAL);
    }
}

/* `outer` repeated `count` times around `inner`. The caller frees it. */
static char *nest(const char *outer, const char *inner, const char *close, size_t count)
{
    char *text = malloc(count * (strlen(outer) + strlen(close)) + strlen(inner) + 1);
    char *to = text;

    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        to = stpcpy(to, outer);
    to = stpcpy(to, inner);
    for (size_t i = 0; i < count; i++)
        to = stpcpy(to, close);
    return text;
}

static int read_nested(const char *name, char *text, struct mu_schema_error *error)
{
    uint8_t *body = NULL;
    size_t size;
    int result = mu_json_to_body(schema, type(name), text, strlen(text), 0, &body, &size, error);

    free(text);
    free(body);
    return result;
}

static void test_messages_nest_as_deep_as_the_limit_and_no_deeper(void **state)
{
    struct mu_schema_error error;

    (void)state;
    assert_int_equal(read_nested("everything.v1.Leaf",
                             nest("{\"leaves\":[", "{}", "]}", MU_SCHEMA_DEPTH_MAX), &error),
            0);
    assert_int_equal(read_nested("everything.v1.Leaf",
                             nest("{\"leaves\":[", "{}", "]}", MU_SCHEMA_DEPTH_MAX + 1), &error),
            -EINVAL);
    assert_non_null(strstr(error.text, "messages nested too deep"));
    assert_int_equal(
            read_nested("google.protobuf.Value", nest("{\"a\":", "1", "}", 11), &error), -EINVAL);
    assert_non_null(strstr(error.text, "messages nested too deep"));
    assert_int_equal(read_nested("everything.v1.Leaf", nest("[", "", "]", 100), &error), -EINVAL);
    assert_string_equal(error.text, "expected an object, got a list");
    assert_int_equal(read_nested("everything.v1.Leaf", nest("[", "", "]", 101), &error), -EINVAL);
    assert_string_equal(error.text, "line 1 column 101: nested too deep");
}

static void test_a_body_may_be_as_large_as_the_limit_and_no_larger(void **state)
{
    enum { HEAD = 1 + 3 }; /* a tag, and a length of three bytes */
    size_t largest = MU_MESSAGE_MAX - HEAD;
    char *json = malloc(MU_MESSAGE_MAX + 64);
    struct mu_schema_error error;

    (void)state;
    assert_non_null(json);
    for (size_t more = 0; more < 2; more++) {
        uint8_t *body = NULL;
        char *to = stpcpy(json, "{\"text\":\"");
        size_t size;
        int result;

        memset(to, 'x', largest + more);
        memcpy(to + largest + more, "\"}", sizeof("\"}"));
        result = mu_json_to_body(
                schema, type("everything.v1.Leaf"), json, strlen(json), 0, &body, &size, &error);
        assert_int_equal(result, more == 0 ? 0 : -E2BIG);
        if (more == 0)
            assert_int_equal(size, MU_MESSAGE_MAX);
        else
            assert_string_equal(error.text, "larger than a message may be");
        free(body);
    }
    free(json);
}

static void test_texts_beyond_their_limits_are_refused(void **state)
{
    char *text = malloc(MU_SCHEMA_TEXT_MAX + 1);
    struct mu_schema_error error;
    uint8_t *body;
    size_t size;

    (void)state;
    assert_non_null(text);
    memset(text, ' ', MU_SCHEMA_TEXT_MAX + 1);
    assert_int_equal(mu_json_to_body(schema, type("everything.v1.Leaf"), text,
                             MU_SCHEMA_TEXT_MAX + 1, 0, &body, &size, &error),
            -E2BIG);
    assert_int_equal(mu_json_to_body(schema, type("everything.v1.Leaf"), text, MU_SCHEMA_TEXT_MAX,
                             0, &body, &size, &error),
            -EINVAL);
    assert_int_equal(mu_yaml_to_body(schema, type("everything.v1.Leaf"), text,
                             MU_SCHEMA_TEXT_MAX + 1, &body, &size, &error),
            -E2BIG);
    for (size_t i = 0; i < MU_SCHEMA_TEXT_MAX; i += 2)
        memcpy(text + i, i == 0 ? "[1" : ",1", 2);
    assert_int_equal(mu_json_to_body(schema, type("everything.v1.Leaf"), text, MU_SCHEMA_TEXT_MAX,
                             0, &body, &size, &error),
            -ENOMEM);
    assert_string_equal(error.text, "out of memory, or more than a text may take");
    free(text);
}

static void test_json_of_a_body_that_grows_too_much_is_refused(void **state)
{
    enum { COUNT = 20000 };
    char *json = malloc((size_t)3 * COUNT + 64);
    struct mu_schema_error error;
    uint8_t *body = NULL;
    size_t size;
    char *to;

    (void)state;
    assert_non_null(json);
    to = stpcpy(json, "{\"leaves\":[");
    for (size_t i = 0; i < COUNT; i++)
        to = stpcpy(to, i == 0 ? "{}" : ",{}");
    stpcpy(to, "]}");
    assert_int_equal(mu_json_to_body(schema, type("everything.v1.Leaf"), json, strlen(json), 0,
                             &body, &size, &error),
            -EINVAL);
    assert_non_null(strstr(error.text, "bytes of memory"));
    free(json);
}

/* Bodies with what JSON cannot say, or says once only. */
static const struct {
    const char *type;
    const char *body;
    size_t size;
    const char *json;  /* or NULL, and */
    const char *error; /* this */
} bodies[] = {
    { "everything.v1.Leaf", "\x10\x01\x10\x02", 4, "{\"number\":2}", NULL },
    { "everything.v1.Leaf", "\x10\x00", 2, "{}", NULL },
    { "everything.v1.Leaf", "\xa0\x06\x05", 3, "{}", NULL },
    { "everything.v1.Leaf", "\x10", 1, NULL,
            "byte 0: everything.v1.Leaf.number: the value is cut short, or not minimal" },
    /* by_int32: 1 -> 2, 3 -> 4, 1 -> 5, and an entry of nothing */
    { "everything.v1.Everything",
            "\xea\x03\x04\x08\x01\x10\x02\xea\x03\x04\x08\x03\x10\x04\xea\x03\x04\x08\x01\x10\x05"
            "\xea\x03\x00",
            24, "{\"byInt32\":{\"3\":4,\"1\":5,\"0\":0}}", NULL },
    /* by_string: "" -> nothing, and "" -> Leaf */
    { "everything.v1.Everything", "\xc2\x04\x00\xc2\x04\x04\x12\x02\x10\x01", 10,
            "{\"byString\":{\"\":{\"number\":1}}}", NULL },
    { "everything.v1.Everything", "\xc2\x04\x00", 3, "{\"byString\":{\"\":{}}}", NULL },
    { "google.protobuf.Timestamp", "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, NULL,
            "google.protobuf.Timestamp: seconds or nanos out of range" },
    { "google.protobuf.Duration", "\x08\x01\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13, NULL,
            "google.protobuf.Duration: seconds or nanos out of range" },
    { "google.protobuf.FieldMask",
            "\x0a\x02"
            "aB",
            4, NULL, "google.protobuf.FieldMask: a path that is not in snake_case" },
    { "google.protobuf.FieldMask",
            "\x0a\x03"
            "a__",
            5, NULL, "google.protobuf.FieldMask: a path that is not in snake_case" },
    { "google.protobuf.Value", "", 0, "null", NULL },
    { "google.protobuf.Value", "\x11\x00\x00\x00\x00\x00\x00\xf0\x7f", 9, NULL,
            "google.protobuf.Value: a number that JSON does not have" },
};

static void test_bodies_print_as_a_reader_of_protobuf_takes_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct mu_bytes body = { (const uint8_t *)bodies[i].body, bodies[i].size };
        struct mu_schema_error error = { "" };
        char *json = NULL;
        int result = mu_body_to_json(schema, type(bodies[i].type), body, 0, &json, &error);

        assert_int_equal(result, bodies[i].json != NULL ? 0 : -EINVAL);
        if (bodies[i].json != NULL)
            assert_string_equal(json, bodies[i].json);
        else
            assert_string_equal(error.text, bodies[i].error);
        free(json);
    }
}

static void test_a_body_whose_json_would_be_endless_is_refused(void **state)
{
    enum { COUNT = 1000000 };
    uint8_t *body = calloc(1, COUNT + 5);
    struct mu_schema_error error;
    char *json = NULL;

    (void)state;
    assert_non_null(body);
    memcpy(body, "\xf2\x02\xc0\x84\x3d", 5); /* moods: a million of MOOD_UNKNOWN */
    assert_int_equal(mu_body_to_json(schema, type("everything.v1.Everything"),
                             (struct mu_bytes){ body, COUNT + 5 }, MU_JSON_PRETTY, &json, &error),
            -E2BIG);
    free(body);
}

static int open_schema(void **state)
{
    (void)state;
    schema = schema_open(EVERYTHING_SET);
    return 0;
}

static int close_schema(void **state)
{
    (void)state;
    schema = mu_schema_free(schema);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_comes_back_in_its_own_words),
        cmocka_unit_test(test_an_error_says_where_and_what_was_expected),
        cmocka_unit_test(test_messages_nest_as_deep_as_the_limit_and_no_deeper),
        cmocka_unit_test(test_a_body_may_be_as_large_as_the_limit_and_no_larger),
        cmocka_unit_test(test_texts_beyond_their_limits_are_refused),
        cmocka_unit_test(test_json_of_a_body_that_grows_too_much_is_refused),
        cmocka_unit_test(test_bodies_print_as_a_reader_of_protobuf_takes_them),
        cmocka_unit_test(test_a_body_whose_json_would_be_endless_is_refused),
    };

    return cmocka_run_group_tests(tests, open_schema, close_schema);
}
