// SPDX-License-Identifier: Apache-2.0
/* Sets that protoc would never make: a registry takes them from whoever is allowed to register.
 * Each case spoils one thing of a small set that is well. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mu/schema.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/schema_small.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int set_open(const struct set *set, struct mu_schema_error *error)
{
    size_t size = google__protobuf__file_descriptor_set__get_packed_size(&set->set);
    uint8_t *bytes = malloc(size + 1);
    struct mu_schema *schema = NULL;
    int result;

    assert_non_null(bytes);
    google__protobuf__file_descriptor_set__pack(&set->set, bytes);
    result = mu_schema_new(&schema, (struct mu_bytes){ bytes, size }, error);
    assert_int_equal(result == 0, schema != NULL);
    mu_schema_free(schema);
    free(bytes);
    return result;
}

static void file_without_name(struct set *set)
{
    set->file.name = NULL;
}
static void file_of_edition(struct set *set)
{
    set->file.syntax = "editions";
}
static void package_with_blank(struct set *set)
{
    set->file.package = "a b";
}
static void package_with_empty_part(struct set *set)
{
    set->file.package = "p.";
}
static void message_without_name(struct set *set)
{
    set->note.name = NULL;
}
static void message_with_dot(struct set *set)
{
    set->note.name = "No.te";
}
static void nested_with_digit(struct set *set)
{
    set->entry.name = "1";
}
static void enum_without_name(struct set *set)
{
    set->mood.name = "";
}
static void two_types_of_one_name(struct set *set)
{
    set->mood.name = "Note";
}
static void enum_without_values(struct set *set)
{
    set->mood.n_value = 0;
}
static void value_without_name(struct set *set)
{
    set->low.name = NULL;
}
static void two_values_of_one_name(struct set *set)
{
    set->values[1] = &set->low;
    set->mood.n_value = 2;
}
static void field_without_name(struct set *set)
{
    set->fields[0].name = NULL;
}
static void field_with_escape(struct set *set)
{
    set->fields[0].name = "\033[2J";
}
static void field_number_zero(struct set *set)
{
    set->fields[0].number = 0;
}
static void field_number_too_large(struct set *set)
{
    set->fields[0].number = 536870912;
}
static void field_number_twice(struct set *set)
{
    set->fields[0].number = 2;
}
static void field_name_twice(struct set *set)
{
    set->fields[0].name = "mood";
}
static void field_without_type(struct set *set)
{
    set->fields[0].has_type = false;
}
static void field_of_unknown_type(struct set *set)
{
    set->fields[0].type = (Google__Protobuf__FieldDescriptorProto__Type)19;
}
static void field_of_group(struct set *set)
{
    set->fields[0].type = TYPE(GROUP);
}
static void field_of_missing_message(struct set *set)
{
    field_init(&set->fields[0], "text", 1, TYPE(MESSAGE), ".p.Nope");
}
static void field_of_enum_as_message(struct set *set)
{
    field_init(&set->fields[0], "text", 1, TYPE(MESSAGE), ".p.Mood");
}
static void field_of_message_as_enum(struct set *set)
{
    field_init(&set->fields[0], "text", 1, TYPE(ENUM), ".p.Note");
}
static void field_of_nameless_message(struct set *set)
{
    field_init(&set->fields[0], "text", 1, TYPE(MESSAGE), NULL);
}
static void scalar_with_type_name(struct set *set)
{
    set->fields[0].type_name = ".p.Note";
}
static void field_of_missing_oneof(struct set *set)
{
    set->fields[3].oneof_index = 1;
}
static void field_of_negative_oneof(struct set *set)
{
    set->fields[3].oneof_index = -1;
}
static void oneof_without_name(struct set *set)
{
    set->oneof.name = NULL;
}
static void bad_default(struct set *set)
{
    set->file.syntax = "proto2";
    field_init(&set->fields[0], "text", 1, TYPE(INT32), NULL);
    set->fields[0].default_value = "5x";
}
static void bad_default_of_bool(struct set *set)
{
    set->file.syntax = "proto2";
    field_init(&set->fields[0], "text", 1, TYPE(BOOL), NULL);
    set->fields[0].default_value = "yes";
}
static void bad_default_of_enum(struct set *set)
{
    set->file.syntax = NULL;
    set->fields[1].default_value = "HIGH";
}
static void map_that_is_not_repeated(struct set *set)
{
    set->fields[2].label = LABEL(OPTIONAL);
}
static void map_with_message_as_key(struct set *set)
{
    field_init(&set->entry_fields[0], "key", 1, TYPE(MESSAGE), ".p.Note");
}
static void map_without_value(struct set *set)
{
    set->entry.n_field = 1;
}
static void map_with_other_numbers(struct set *set)
{
    set->entry_fields[1].number = 3;
}
static void map_with_repeated_value(struct set *set)
{
    set->entry_fields[1].label = LABEL(REPEATED);
}
static void service_without_name(struct set *set)
{
    set->desk.name = NULL;
}
static void method_without_name(struct set *set)
{
    set->put.name = "a-b";
}
static void method_of_missing_message(struct set *set)
{
    set->put.input_type = ".p.Nope";
}
static void method_of_enum(struct set *set)
{
    set->put.output_type = ".p.Mood";
}
static void method_without_type(struct set *set)
{
    set->put.output_type = NULL;
}

static const struct {
    void (*spoil)(struct set *set);
    const char *error;
} spoilers[] = {
    { file_without_name, "a file without a name" },
    { file_of_edition, "p.proto: neither proto2 nor proto3" },
    { package_with_blank, "p.proto: a package without a proper name" },
    { package_with_empty_part, "p.proto: a package without a proper name" },
    { message_without_name, "p.proto: something without a proper name in p" },
    { message_with_dot, "p.proto: something without a proper name in p" },
    { nested_with_digit, "p.proto: something without a proper name in p.Note" },
    { enum_without_name, "p.proto: something without a proper name in p" },
    { two_types_of_one_name, "two types named p.Note" },
    { enum_without_values, "p.Mood: an enum without values" },
    { value_without_name, "p.Mood: a value without a proper name" },
    { two_values_of_one_name, "p.Mood: two values named LOW" },
    { field_without_name, "p.Note: a field without a proper name" },
    { field_with_escape, "p.Note: a field without a proper name" },
    { field_number_zero, "p.Note.text: a number that no field can have" },
    { field_number_too_large, "p.Note.text: a number that no field can have" },
    { field_number_twice, "p.Note.mood: two fields with this number" },
    { field_name_twice, "p.Note.mood: two fields with this name" },
    { field_without_type, "p.Note.text: a type that is not known" },
    { field_of_unknown_type, "p.Note.text: a type that is not known" },
    { field_of_group, "p.Note.text: groups are not supported" },
    { field_of_missing_message, "p.Note.text: message .p.Nope is not in the set" },
    { field_of_enum_as_message, "p.Note.text: message .p.Mood is not in the set" },
    { field_of_message_as_enum, "p.Note.text: enum .p.Note is not in the set" },
    { field_of_nameless_message, "p.Note.text: message without a name is not in the set" },
    { scalar_with_type_name, "p.Note.text: a scalar with the name of a type" },
    { field_of_missing_oneof, "p.Note.one: in a oneof that is not there" },
    { field_of_negative_oneof, "p.Note.one: in a oneof that is not there" },
    { oneof_without_name, "p.Note: a oneof without a proper name" },
    { bad_default, "p.Note.text: a default that is none" },
    { bad_default_of_bool, "p.Note.text: a default that is none" },
    { bad_default_of_enum, "p.Note.mood: a default that is none" },
    { map_that_is_not_repeated, "p.Note.notes: not a map as protoc makes it" },
    { map_with_message_as_key, "p.Note.notes: not a map as protoc makes it" },
    { map_without_value, "p.Note.notes: not a map as protoc makes it" },
    { map_with_other_numbers, "p.Note.notes: not a map as protoc makes it" },
    { map_with_repeated_value, "p.Note.notes: not a map as protoc makes it" },
    { service_without_name, "p.proto: something without a proper name in p" },
    { method_without_name, "p.Desk: a method without a proper name" },
    { method_of_missing_message, "p.Desk.Put: message .p.Nope is not in the set" },
    { method_of_enum, "p.Desk.Put: message .p.Mood is not in the set" },
    { method_without_type, "p.Desk.Put: message without a name is not in the set" },
};

static void test_a_set_with_one_thing_wrong_is_refused_with_its_name(void **state)
{
    struct mu_schema_error error = { "" };
    struct set set;

    (void)state;
    set_init(&set);
    if (set_open(&set, &error) < 0)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < COUNT(spoilers); i++) {
        set_init(&set);
        spoilers[i].spoil(&set);
        assert_int_equal(set_open(&set, &error), -EINVAL);
        assert_string_equal(error.text, spoilers[i].error);
        assert_int_equal(set_open(&set, NULL), -EINVAL);
    }
}

static void test_bytes_that_are_no_set_are_refused(void **state)
{
    struct mu_schema *schema = NULL;
    struct mu_schema_error error;

    (void)state;
    assert_int_equal(
            mu_schema_new(&schema, (struct mu_bytes){ (const uint8_t *)"\x0a\x05", 2 }, &error),
            -EINVAL);
    assert_string_equal(error.text, "byte 0: google.protobuf.FileDescriptorSet.file: the value is "
                                    "cut short, or not minimal");
    assert_null(schema);
}

static void test_an_empty_set_is_a_schema_of_nothing(void **state)
{
    struct mu_schema *schema;

    (void)state;
    assert_int_equal(mu_schema_new(&schema, (struct mu_bytes){ .size = 0 }, NULL), 0);
    assert_null(mu_schema_message(schema, "x"));
    assert_null(mu_schema_find_service(schema, NULL));
    mu_schema_free(schema);
}

static void test_sets_beyond_their_limits_are_refused(void **state)
{
    uint8_t *bytes = calloc(1, MU_SCHEMA_SET_MAX + 1);
    struct mu_schema *schema;
    struct mu_schema_error error;

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(
            mu_schema_new(&schema, (struct mu_bytes){ bytes, MU_SCHEMA_SET_MAX + 1 }, &error),
            -E2BIG);
    assert_string_equal(error.text, "4194305 bytes of types; 4194304 at most");
    assert_int_equal(
            mu_schema_new(&schema, (struct mu_bytes){ bytes, MU_SCHEMA_SET_MAX }, &error), -EINVAL);
    free(bytes);
}

static void test_as_many_types_as_the_limit_are_taken_and_no_more(void **state)
{
    Google__Protobuf__DescriptorProto *messages;
    Google__Protobuf__DescriptorProto **list;
    char(*names)[8];
    struct mu_schema_error error;
    struct set set;

    (void)state;
    messages = calloc(MU_SCHEMA_TYPES_MAX, sizeof(*messages));
    list = calloc(MU_SCHEMA_TYPES_MAX, sizeof(*list));
    names = calloc(MU_SCHEMA_TYPES_MAX, sizeof(*names));
    assert_true(messages != NULL && list != NULL && names != NULL);
    for (size_t i = 0; i < MU_SCHEMA_TYPES_MAX; i++) {
        google__protobuf__descriptor_proto__init(&messages[i]);
        snprintf(names[i], sizeof(*names), "M%zu", i % 100000);
        messages[i].name = names[i];
        list[i] = &messages[i];
    }
    set_init(&set);
    set.file.message_type = list;
    set.file.n_message_type = MU_SCHEMA_TYPES_MAX;
    set.file.n_service = 0;
    assert_int_equal(set_open(&set, &error), -E2BIG);
    assert_string_equal(error.text, "16385 types; 16384 at most");
    set.file.n_message_type = MU_SCHEMA_TYPES_MAX - 1; /* and the enum */
    assert_int_equal(set_open(&set, &error), 0);
    free(messages);
    free(list);
    free(names);
}

/* A set may give google.protobuf's names to types of any shape. */
static void test_a_type_with_a_borrowed_name_is_an_ordinary_message(void **state)
{
    static const char *const names[] = { "Value", "Struct", "ListValue", "Timestamp", "Duration",
        "FieldMask", "StringValue", "Any", "Other" };
    struct set set;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        uint8_t bytes[1024];
        struct mu_schema *schema;
        char full[64];
        char *json;
        size_t size;

        set_init(&set);
        set.file.package = "google.protobuf";
        set.file.n_service = 0;
        set.note.name = (char *)names[i];
        set.note.n_nested_type = 0;
        set.note.n_field = 1;
        set.fields[0].label = LABEL(REPEATED);
        set.fields[0].type = TYPE(BOOL);
        size = google__protobuf__file_descriptor_set__pack(&set.set, bytes);
        assert_int_equal(mu_schema_new(&schema, (struct mu_bytes){ bytes, size }, NULL), 0);
        snprintf(full, sizeof(full), "google.protobuf.%s", names[i]);
        assert_int_equal(
                mu_body_to_json(schema, mu_schema_message(schema, full),
                        (struct mu_bytes){ (const uint8_t *)"\x08\x01", 2 }, 0, &json, NULL),
                0);
        assert_string_equal(json, "{\"text\":[true]}");
        free(json);
        mu_schema_free(schema);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_set_with_one_thing_wrong_is_refused_with_its_name),
        cmocka_unit_test(test_bytes_that_are_no_set_are_refused),
        cmocka_unit_test(test_an_empty_set_is_a_schema_of_nothing),
        cmocka_unit_test(test_sets_beyond_their_limits_are_refused),
        cmocka_unit_test(test_as_many_types_as_the_limit_are_taken_and_no_more),
        cmocka_unit_test(test_a_type_with_a_borrowed_name_is_an_ordinary_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
