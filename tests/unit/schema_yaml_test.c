// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mu/schema.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/schema_file.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct mu_schema *manifests;
static struct mu_schema *everything;

static char *convert(const struct mu_schema *schema, const char *name, const char *yaml)
{
    const ProtobufCMessageDescriptor *type = mu_schema_message(schema, name);
    struct mu_schema_error error = { "" };
    uint8_t *body;
    char *json = NULL;
    size_t size;

    assert_non_null(type);
    if (mu_yaml_to_body(schema, type, yaml, strlen(yaml), &body, &size, &error) < 0)
        fail_msg("%s: %s", yaml, error.text);
    assert_int_equal(
            mu_body_to_json(schema, type, (struct mu_bytes){ body, size }, 0, &json, &error), 0);
    free(body);
    return json;
}

static const char manifest[] = "# A service.\n"
                               "name: greeter\n"
                               "version: 1.0\n"
                               "program: /usr/bin/greeter # by path\n"
                               "args: [--verbose, '--name', \"a b\"]\n"
                               "env:\n"
                               "  HOME: /root\n"
                               "  PORT: 8080\n"
                               "  EMPTY: ''\n"
                               "needs:\n"
                               "  - store\n"
                               "  - user\n"
                               "instances: 2\n"
                               "limits: { callsMax: 0x10, memory_mib: 64 }\n"
                               "restart:\n"
                               "  policy: RESTART_ALWAYS\n"
                               "metadata:\n"
                               "  on: yes\n"
                               "  text: |\n"
                               "    two\n"
                               "    lines\n";

static void test_a_manifest_is_read_as_people_write_it(void **state)
{
    char *json = convert(manifests, "mu.node.v1.Manifest", manifest);

    (void)state;
    assert_string_equal(json,
            "{\"name\":\"greeter\",\"version\":\"1.0\",\"program\":\"/usr/bin/greeter\","
            "\"args\":[\"--verbose\",\"--name\",\"a b\"],"
            "\"env\":{\"HOME\":\"/root\",\"PORT\":\"8080\",\"EMPTY\":\"\"},"
            "\"needs\":[\"store\",\"user\"],\"instances\":2,"
            "\"limits\":{\"callsMax\":16,\"memoryMib\":64},"
            "\"restart\":{\"policy\":\"RESTART_ALWAYS\"},"
            "\"metadata\":{\"on\":\"yes\",\"text\":\"two\\nlines\\n\"}}");
    free(json);
}

static void test_json_is_yaml_too(void **state)
{
    char *json = convert(manifests, "mu.node.v1.Manifest",
            "{\"name\": \"x\", \"args\": [\"a\", \"b\"], \"limits\": {\"files\": 5}}");

    (void)state;
    assert_string_equal(json, "{\"name\":\"x\",\"args\":[\"a\",\"b\"],\"limits\":{\"files\":5}}");
    free(json);
}

static void test_a_word_without_quotes_is_what_its_field_takes_it_for(void **state)
{
    static const struct {
        const char *yaml;
        const char *json;
    } rows[] = {
        { "aString: 1.0", "{\"aString\":\"1.0\"}" },
        { "aString: yes", "{\"aString\":\"yes\"}" },
        { "aString: 0x1f", "{\"aString\":\"0x1f\"}" },
        { "aString: 2024-01-31", "{\"aString\":\"2024-01-31\"}" },
        { "aString: ~", "{}" },
        { "aString: null", "{}" },
        { "aString:", "{}" },
        { "aString: 'null'", "{\"aString\":\"null\"}" },
        { "aString: \"\\x41\\u00e4\"", "{\"aString\":\"A\xc3\xa4\"}" },
        { "aBool: yes", "{\"aBool\":true}" },
        { "aBool: Off", "{}" },
        { "aBool: true", "{\"aBool\":true}" },
        { "maybeBool: NO", "{\"maybeBool\":false}" },
        { "anInt32: +7", "{\"anInt32\":7}" },
        { "anInt32: -7", "{\"anInt32\":-7}" },
        { "anInt32: 0xFF", "{\"anInt32\":255}" },
        { "anInt32: '12'", "{\"anInt32\":12}" },
        { "aUint64: 18446744073709551615", "{\"aUint64\":\"18446744073709551615\"}" },
        { "aUint64: 0xffffffffffffffff", "{\"aUint64\":\"18446744073709551615\"}" },
        { "aDouble: .inf", "{\"aDouble\":\"Infinity\"}" },
        { "aDouble: -.inf", "{\"aDouble\":\"-Infinity\"}" },
        { "aDouble: .nan", "{\"aDouble\":\"NaN\"}" },
        { "aDouble: NaN", "{\"aDouble\":\"NaN\"}" },
        { "aDouble: +1.5", "{\"aDouble\":1.5}" },
        { "mood: MOOD_SAD", "{\"mood\":\"MOOD_SAD\"}" },
        { "mood: 2", "{\"mood\":\"MOOD_SAD\"}" },
        { "someBytes: AQI=", "{\"someBytes\":\"AQI=\"}" },
        { "byInt32: {1: 2}", "{\"byInt32\":{\"1\":2}}" },
        { "byBool: {true: x}", "{\"byBool\":{\"true\":\"x\"}}" },
        { "time: 2024-01-31T12:00:00Z", "{\"time\":\"2024-01-31T12:00:00Z\"}" },
        { "duration: 5s", "{\"duration\":\"5s\"}" },
        { "mask: a,bC", "{\"mask\":\"a,bC\"}" },
        { "chosenNull: ~", "{\"chosenNull\":null}" },
        { "anyValue: [yes, 1, x, '1', ~, {a: .5x}]",
                "{\"anyValue\":[true,1,\"x\",\"1\",null,{\"a\":\".5x\"}]}" },
        { "stringValue: 007", "{\"stringValue\":\"007\"}" },
        { "--- {anInt32: 1}\n...\n", "{\"anInt32\":1}" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *json = convert(everything, "everything.v1.Everything", rows[i].yaml);

        assert_string_equal(json, rows[i].json);
        free(json);
    }
}

static const struct {
    const char *yaml;
    const char *error;
} refusals[] = {
    { "", "line 1 column 1: there is nothing in it" },
    { "# nothing\n", "line 2 column 1: there is nothing in it" },
    { "x", "line 1 column 1: expected an object, got x" },
    { "- a\n- b\n", "line 1 column 1: expected an object, got a list" },
    { "name: x\nnmae: y\n", "line 2 column 1: nmae: no such field; did you mean name?" },
    { "name: x\nlimits:\n  files: many\n", "line 3 column 3: limits.files: expected a whole number "
                                           "from 0 to 4294967295, got many" },
    { "needs: store\n", "line 1 column 1: needs: expected a list, got store" },
    { "args:\n  - a\n  - [b]\n", "line 3 column 5: args[1]: expected a string, got a list" },
    { "env: [a]\n", "line 1 column 1: env: expected an object, got a list" },
    { "instances: 1_000\n",
            "line 1 column 1: instances: expected a whole number from 0 to 4294967295, got 1_000" },
    { "instances: +-1\n",
            "line 1 column 1: instances: expected a whole number from 0 to 4294967295, got +-1" },
    { "instances: 0x\n",
            "line 1 column 1: instances: expected a whole number from 0 to 4294967295, got 0x" },
    { "instances: 0x1g\n",
            "line 1 column 1: instances: expected a whole number from 0 to 4294967295, got 0x1g" },
    { "name: a\nname: b\n", "line 2 column 1: \"name\" stands here twice" },
    { "name: &a x\n", "line 1 column 7: anchors are not supported" },
    { "args: &a [x]\n", "line 1 column 7: anchors are not supported" },
    { "env: &a {x: y}\n", "line 1 column 6: anchors are not supported" },
    { "name: *a\n", "line 1 column 7: aliases are not supported" },
    { "name: !!str x\n", "line 1 column 7: tags are not supported" },
    { "args: !x [a]\n", "line 1 column 7: tags are not supported" },
    { "env: !x {a: b}\n", "line 1 column 6: tags are not supported" },
    { "? [a]\n: b\n", "line 1 column 3: expected a name" },
    { "name: x\n---\nname: y\n", "line 2 column 1: a second document, where one is supported" },
    { "name: \"a\\0b\"\n", "line 1 column 7: a NUL character, which no string can hold here" },
    { "name: 'x\n", "line 2 column 1: found unexpected end of stream" },
    { "a: b: c\n", "line 1 column 5: mapping values are not allowed in this context" },
    { "\tname: x\n", "line 1 column 1: found character that cannot start any token" },
    { "name: \xff\n", "the text is not UTF-8, or has a NUL" },
    { "restart: {policy: RESTART_NEVR}\n",
            "line 1 column 11: restart.policy: mu.node.v1.RestartPolicy has no value RESTART_NEVR; "
            "did you mean RESTART_NEVER?" },
};

static void test_an_error_says_its_line_and_column(void **state)
{
    const ProtobufCMessageDescriptor *type = mu_schema_message(manifests, "mu.node.v1.Manifest");

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        struct mu_schema_error error = { "" };
        uint8_t *body = NULL;
        size_t size;

        assert_int_equal(mu_yaml_to_body(manifests, type, refusals[i].yaml,
                                 strlen(refusals[i].yaml), &body, &size, &error),
                -EINVAL);
        assert_string_equal(error.text, refusals[i].error);
        assert_null(body);
    }
}

static void test_yaml_that_is_nested_too_deep_is_refused(void **state)
{
    const ProtobufCMessageDescriptor *type = mu_schema_message(manifests, "mu.node.v1.Manifest");
    struct mu_schema_error error;
    char yaml[256];
    uint8_t *body;
    size_t size;

    (void)state;
    memset(yaml, '[', 101);
    memset(yaml + 101, ']', 101);
    assert_int_equal(mu_yaml_to_body(manifests, type, yaml, 202, &body, &size, &error), -EINVAL);
    assert_string_equal(error.text, "line 1 column 101: nested too deep");
}

static int open_schemas(void **state)
{
    (void)state;
    manifests = schema_open(MANIFEST_SET);
    everything = schema_open(EVERYTHING_SET);
    return 0;
}

static int close_schemas(void **state)
{
    (void)state;
    manifests = mu_schema_free(manifests);
    everything = mu_schema_free(everything);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_manifest_is_read_as_people_write_it),
        cmocka_unit_test(test_json_is_yaml_too),
        cmocka_unit_test(test_a_word_without_quotes_is_what_its_field_takes_it_for),
        cmocka_unit_test(test_an_error_says_its_line_and_column),
        cmocka_unit_test(test_yaml_that_is_nested_too_deep_is_refused),
    };

    return cmocka_run_group_tests(tests, open_schemas, close_schemas);
}
