// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services/interface/mu/assignment.h"
#include "tests/unit/cli_schema.h"
#include "tests/unit/cmocka.h"

struct kitchen {
    struct mu_schema *schema;
    const ProtobufCMessageDescriptor *meal;
};

static int kitchen_open(void **state)
{
    struct kitchen *kitchen = calloc(1, sizeof(*kitchen));

    kitchen->schema = cli_schema_new();
    kitchen->meal = mu_schema_message(kitchen->schema, "kitchen.v1.Meal");
    assert_non_null(kitchen->meal);
    *state = kitchen;
    return 0;
}

static int kitchen_close(void **state)
{
    struct kitchen *kitchen = *state;

    mu_schema_free(kitchen->schema);
    free(kitchen);
    return 0;
}

/* Applies the words (ended by NULL) and compares the JSON; then checks that it is a meal. */
static void kitchen_expect(struct kitchen *kitchen, const char *const *words, const char *json)
{
    struct assignment_error error = { "", "" };
    struct mu_schema_error schema_error = { "" };
    json_t *root = json_object();
    uint8_t *body = NULL;
    size_t size = 0;
    char *text;

    for (; *words != NULL; words++) {
        if (assignment_apply(root, kitchen->schema, kitchen->meal, *words, &error) < 0)
            fail_msg("%s: %s (%s)", *words, error.text, error.fix);
    }
    text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, json);
    if (mu_json_to_body(kitchen->schema, kitchen->meal, text, strlen(text), 0, &body, &size,
                &schema_error) < 0)
        fail_msg("%s", schema_error.text);
    free(body);
    free(text);
    json_decref(root);
}

#define EXPECT(kitchen, json, ...)                                                                 \
    kitchen_expect((kitchen), (const char *const[]){ __VA_ARGS__, NULL }, (json))

static void kitchen_refuses(
        struct kitchen *kitchen, const char *word, const char *text, const char *fix)
{
    struct assignment_error error = { "", "" };
    json_t *root = json_object();

    assert_int_equal(assignment_apply(root, kitchen->schema, kitchen->meal, word, &error), -EINVAL);
    assert_string_equal(error.text, text);
    if (fix != NULL)
        assert_string_equal(error.fix, fix);
    json_decref(root);
}

static void test_the_type_says_what_a_value_is(void **state)
{
    struct kitchen *kitchen = *state;

    EXPECT(kitchen, "{\"name\":\"123\"}", "name=123");
    EXPECT(kitchen, "{\"count\":\"3\",\"hot\":true,\"price\":\"2.5\"}", "count=3", "hot=true",
            "price=2.5");
    EXPECT(kitchen, "{\"serial\":\"9223372036854775807\"}", "serial=9223372036854775807");
    EXPECT(kitchen, "{\"mood\":\"MOOD_WILD\"}", "mood=MOOD_WILD");
    EXPECT(kitchen, "{\"mood\":1}", "mood=1");
    EXPECT(kitchen, "{\"name\":\"a=b:c\"}", "name=a=b:c");
    EXPECT(kitchen, "{\"name\":\"\"}", "name=");
}

static void test_dots_lead_into_messages(void **state)
{
    struct kitchen *kitchen = *state;

    EXPECT(kitchen, "{\"cook\":{\"boss\":{\"firstName\":\"Eve\"},\"firstName\":\"Ada\"}}",
            "cook.first_name=Ada", "cook.boss.firstName=Eve");
    EXPECT(kitchen, "{\"cook\":{\"firstName\":\"Ada\"}}", "cook.first-name=Ada");
    EXPECT(kitchen, "{\"cook\":{\"firstName\":\"Ada\"}}", "cook={\"firstName\":\"Ada\"}");
}

static void test_a_list_grows_by_each_word(void **state)
{
    struct kitchen *kitchen = *state;

    EXPECT(kitchen, "{\"tag\":[\"a\"]}", "tag=a");
    EXPECT(kitchen, "{\"tag\":[\"a\",\"b\"]}", "tag=a", "tag=b");
    EXPECT(kitchen, "{\"tag\":[\"x\",\"y\"]}", "tag:=[\"x\",\"y\"]");
    EXPECT(kitchen, "{\"tag\":[\"c\",\"b\"]}", "tag=a", "tag=b", "tag.0=c");
    EXPECT(kitchen, "{\"helpers\":[{\"firstName\":\"A\",\"mood\":1},{\"firstName\":\"B\"}]}",
            "helpers.0.first_name=A", "helpers.0.mood=1", "helpers.1.first_name=B");
    EXPECT(kitchen, "{\"helpers\":[{\"firstName\":\"A\"}]}", "helpers:={\"firstName\":\"A\"}");
}

static void test_a_map_takes_its_keys_one_by_one(void **state)
{
    struct kitchen *kitchen = *state;

    EXPECT(kitchen, "{\"labels\":{\"a.b\":\"y\",\"env\":\"x\"}}", "labels.env=x", "labels.a.b=y");
    EXPECT(kitchen, "{\"stations\":{\"oven\":{\"firstName\":\"Ada\"}}}",
            "stations.oven.first_name=Ada");
    EXPECT(kitchen, "{\"labels\":{\"k\":\"v\"}}", "labels:={\"k\":\"v\"}");
}

static void test_json_stands_behind_a_colon(void **state)
{
    struct kitchen *kitchen = *state;

    EXPECT(kitchen, "{\"count\":12}", "count:=12");
    EXPECT(kitchen, "{\"name\":\"@x\"}", "name:=\"@x\"");
    kitchen_refuses(kitchen, "count:=a", "count: after := must be JSON: invalid token near 'a'",
            "for a text write key=value, without the colon");
}

static void test_a_file_is_text_or_bytes_by_the_field(void **state)
{
    struct kitchen *kitchen = *state;
    char path[] = "/tmp/cli-assignment-XXXXXX";
    char word[128];
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "foo", 3), 3);
    close(fd);
    snprintf(word, sizeof(word), "photo=@%s", path);
    EXPECT(kitchen, "{\"photo\":\"Zm9v\"}", word);
    snprintf(word, sizeof(word), "name=@%s", path);
    EXPECT(kitchen, "{\"name\":\"foo\"}", word);
    unlink(path);
    snprintf(word, sizeof(word), "name: cannot read %s: No such file or directory", path);
    {
        char missing[64];
        struct assignment_error error = { "", "" };
        json_t *root = json_object();

        snprintf(missing, sizeof(missing), "name=@%s", path);
        assert_int_equal(
                assignment_apply(root, kitchen->schema, kitchen->meal, missing, &error), -ENOENT);
        assert_string_equal(error.text, word);
        json_decref(root);
    }
}

static void test_what_is_wrong_is_said_with_what_to_write(void **state)
{
    struct kitchen *kitchen = *state;

    kitchen_refuses(
            kitchen, "nmae=x", "kitchen.v1.Meal has no field \"nmae\"", "did you mean: name");
    kitchen_refuses(kitchen, "cook.frist_name=x", "kitchen.v1.Cook has no field \"frist_name\"",
            "did you mean: first_name");
    kitchen_refuses(kitchen, "cook.elephant=x", "kitchen.v1.Cook has no field \"elephant\"",
            "it has: first_name, mood, boss");
    kitchen_refuses(kitchen, "hot=yes", "hot is a bool, not \"yes\"", "write true or false");
    kitchen_refuses(kitchen, "cook=Ada", "cook is a kitchen.v1.Cook", NULL);
    kitchen_refuses(kitchen, "labels=x", "labels is a map<string, string>", NULL);
    kitchen_refuses(kitchen, "name.x=y", "name is a string, it has no field \"x\"", NULL);
    kitchen_refuses(
            kitchen, "helpers.1.mood=1", "helpers.1.mood: \"1\" is no place in the list", NULL);
    kitchen_refuses(kitchen, "elephant", "\"elephant\" is neither key=value nor JSON", NULL);
    kitchen_refuses(kitchen, "=x", "\"=x\" is neither key=value nor JSON", NULL);
    kitchen_refuses(kitchen, "name=\xff", "name: the value is no UTF-8 text", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_type_says_what_a_value_is),
        cmocka_unit_test(test_dots_lead_into_messages),
        cmocka_unit_test(test_a_list_grows_by_each_word),
        cmocka_unit_test(test_a_map_takes_its_keys_one_by_one),
        cmocka_unit_test(test_json_stands_behind_a_colon),
        cmocka_unit_test(test_a_file_is_text_or_bytes_by_the_field),
        cmocka_unit_test(test_what_is_wrong_is_said_with_what_to_write),
    };

    return cmocka_run_group_tests(tests, kitchen_open, kitchen_close);
}
