// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mu/schema.h"
#include "schema/old.pb-c.h"
#include "schema/plain.pb-c.h"
#include "tests/unit/cmocka.h"
#include "tests/unit/schema_file.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct mu_schema *schema; /* of plain.v1 and old.v1 */

static void compare_enums(
        const ProtobufCEnumDescriptor *ours, const ProtobufCEnumDescriptor *theirs)
{
    assert_int_equal(ours->magic, theirs->magic);
    assert_string_equal(ours->name, theirs->name);
    assert_string_equal(ours->short_name, theirs->short_name);
    assert_string_equal(ours->package_name, theirs->package_name);
    assert_int_equal(ours->n_values, theirs->n_values);
    for (unsigned i = 0; i < ours->n_values; i++) {
        assert_int_equal(ours->values[i].value, theirs->values[i].value);
        assert_non_null(protobuf_c_enum_descriptor_get_value(ours, theirs->values[i].value));
    }
    assert_int_equal(ours->n_value_names, theirs->n_value_names);
    for (unsigned i = 0; i < ours->n_value_names; i++) {
        assert_string_equal(ours->values_by_name[i].name, theirs->values_by_name[i].name);
        assert_int_equal(ours->values_by_name[i].index, theirs->values_by_name[i].index);
    }
    assert_int_equal(ours->n_value_ranges, theirs->n_value_ranges);
    for (unsigned i = 0; i <= ours->n_value_ranges; i++) {
        assert_int_equal(ours->value_ranges[i].start_value, theirs->value_ranges[i].start_value);
        assert_int_equal(ours->value_ranges[i].orig_index, theirs->value_ranges[i].orig_index);
    }
}

static void compare_fields(
        const ProtobufCFieldDescriptor *ours, const ProtobufCFieldDescriptor *theirs)
{
    const ProtobufCMessageDescriptor *our_type = ours->descriptor;
    const ProtobufCMessageDescriptor *their_type = theirs->descriptor;

    assert_string_equal(ours->name, theirs->name);
    assert_int_equal(ours->id, theirs->id);
    assert_int_equal(ours->label, theirs->label);
    assert_int_equal(ours->type, theirs->type);
    assert_int_equal(ours->flags, theirs->flags);
    assert_int_equal(ours->quantifier_offset == 0, theirs->quantifier_offset == 0);
    if (ours->type == PROTOBUF_C_TYPE_MESSAGE)
        assert_string_equal(our_type->name, their_type->name);
    if (ours->type == PROTOBUF_C_TYPE_ENUM)
        compare_enums(ours->descriptor, theirs->descriptor);
}

static void compare_messages(const ProtobufCMessageDescriptor *theirs)
{
    const ProtobufCMessageDescriptor *ours = mu_schema_message(schema, theirs->name);

    assert_non_null(ours);
    assert_int_equal(ours->magic, theirs->magic);
    assert_string_equal(ours->name, theirs->name);
    assert_string_equal(ours->short_name, theirs->short_name);
    assert_string_equal(ours->package_name, theirs->package_name);
    assert_int_equal(ours->n_fields, theirs->n_fields);
    for (unsigned i = 0; i < ours->n_fields; i++) {
        compare_fields(&ours->fields[i], &theirs->fields[i]);
        assert_int_equal(ours->fields_sorted_by_name[i], theirs->fields_sorted_by_name[i]);
        assert_ptr_equal(protobuf_c_message_descriptor_get_field(ours, ours->fields[i].id),
                &ours->fields[i]);
    }
    assert_int_equal(ours->n_field_ranges, theirs->n_field_ranges);
    for (unsigned i = 0; i < ours->n_field_ranges; i++) {
        assert_int_equal(ours->field_ranges[i].start_value, theirs->field_ranges[i].start_value);
        assert_int_equal(ours->field_ranges[i].orig_index, theirs->field_ranges[i].orig_index);
    }
}

static void test_descriptors_are_those_that_protoc_c_makes(void **state)
{
    (void)state;
    compare_messages(&plain__v1__thing__descriptor);
    compare_messages(&plain__v1__thing__inner__descriptor);
    compare_messages(&plain__v1__thing__things_entry__descriptor);
    compare_messages(&plain__v1__empty__descriptor);
    compare_messages(&old__v1__old__descriptor);
    compare_messages(&old__v1__inner__descriptor);
    assert_null(mu_schema_message(schema, "plain.v1.Mood"));
    assert_null(mu_schema_message(schema, "plain.v1.Nothing"));
}

static void test_structs_do_not_overlap(void **state)
{
    const ProtobufCMessageDescriptor *type = mu_schema_message(schema, "plain.v1.Thing");

    (void)state;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];

        assert_true(field->offset >= sizeof(ProtobufCMessage));
        assert_true(field->offset + 4 <= type->sizeof_message);
        assert_int_equal(field->offset % 4, 0);
        for (unsigned j = 0; j < i; j++)
            if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
                assert_true(type->fields[j].offset != field->offset);
    }
}

static void test_protobuf_c_packs_and_unpacks_by_a_schema(void **state)
{
    const ProtobufCMessageDescriptor *type = mu_schema_message(schema, "plain.v1.Thing");
    Plain__V1__Thing inner = PLAIN__V1__THING__INIT;
    Plain__V1__Thing thing = PLAIN__V1__THING__INIT;
    char *words[] = { "a", "" };
    int32_t numbers[] = { 1, -1 };
    uint8_t bytes[512];
    uint8_t again[512];
    ProtobufCMessage *message;
    size_t size;

    (void)state;
    inner.name = "inner";
    thing.name = "name";
    thing.words = words;
    thing.n_words = 2;
    thing.numbers = numbers;
    thing.n_numbers = 2;
    thing.choice_case = PLAIN__V1__THING__CHOICE_THING;
    thing.thing = &inner;
    thing.real = 1.5;
    size = plain__v1__thing__pack(&thing, bytes);
    message = protobuf_c_message_unpack(type, NULL, size, bytes);
    assert_non_null(message);
    assert_int_equal(protobuf_c_message_pack(message, again), size);
    assert_memory_equal(bytes, again, size);
    protobuf_c_message_free_unpacked(message, NULL);
    message = mu_body_unpack(type, (struct mu_bytes){ bytes, size }, NULL);
    assert_non_null(message);
    assert_int_equal(protobuf_c_message_pack(message, again), size);
    assert_memory_equal(bytes, again, size);
    mu_body_free(message);
}

/* The member of `field` in a message of a schema. */
static const void *member(const ProtobufCMessage *message, const char *field)
{
    const ProtobufCFieldDescriptor *found =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, field);

    assert_non_null(found);
    return (const uint8_t *)message + found->offset;
}

static void test_defaults_of_proto2_are_those_that_protoc_c_makes(void **state)
{
    static const uint8_t body[] = { 0x0a, 0x01, 'n' };
    static const char *const numbers[] = { "count", "big", "real", "single", "flag", "size",
        "large", "zag", "bare" };
    struct mu_bytes bytes = { body, sizeof(body) };
    ProtobufCMessage *theirs = mu_body_unpack(&old__v1__old__descriptor, bytes, NULL);
    ProtobufCMessage *ours = mu_body_unpack(mu_schema_message(schema, "old.v1.Old"), bytes, NULL);
    const ProtobufCBinaryData *our_data;
    const ProtobufCBinaryData *their_data;

    (void)state;
    assert_non_null(theirs);
    assert_non_null(ours);
    for (size_t i = 0; i < COUNT(numbers); i++)
        assert_memory_equal(member(ours, numbers[i]), member(theirs, numbers[i]), 4);
    assert_memory_equal(member(ours, "big"), member(theirs, "big"), 8);
    assert_memory_equal(member(ours, "real"), member(theirs, "real"), 8);
    assert_string_equal(
            *(char *const *)member(ours, "text"), *(char *const *)member(theirs, "text"));
    our_data = member(ours, "data");
    their_data = member(theirs, "data");
    assert_int_equal(our_data->len, their_data->len);
    assert_memory_equal(our_data->data, their_data->data, our_data->len);
    mu_body_free(ours);
    mu_body_free(theirs);
}

static void test_a_service_has_its_methods_with_shapes_levels_and_comments(void **state)
{
    static const struct {
        const char *name;
        enum mu_shape shape;
        enum mu_idempotency idempotency;
        const char *comment;
        bool deprecated;
    } rows[] = {
        { "One", MU_UNARY, MU_NO_SIDE_EFFECTS, "Answers one.", false },
        { "Up", MU_CLIENT_STREAM, MU_IDEMPOTENT, "", true },
        { "Down", MU_SERVER_STREAM, MU_IDEMPOTENCY_UNKNOWN, "", false },
        { "Both", MU_TWO_WAY, MU_IDEMPOTENCY_UNKNOWN, "", false },
    };
    const struct mu_schema_service *service = mu_schema_find_service(schema, "plain.v1.Talk");

    (void)state;
    assert_non_null(service);
    assert_ptr_equal(mu_schema_find_service(schema, NULL), service);
    assert_null(mu_schema_find_service(schema, "plain.v1.Walk"));
    assert_string_equal(service->comment, "Says things.");
    assert_int_equal(service->method_count, COUNT(rows));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct mu_schema_method *method = mu_schema_find_method(service, rows[i].name);

        assert_ptr_equal(method, &service->methods[i]);
        assert_int_equal(method->shape, rows[i].shape);
        assert_int_equal(method->idempotency, rows[i].idempotency);
        assert_string_equal(method->comment, rows[i].comment);
        assert_int_equal(method->deprecated, rows[i].deprecated);
    }
    assert_null(mu_schema_find_method(service, "one"));
    assert_string_equal(
            mu_schema_find_method(service, "Down")->reply->name, "plain.v1.Thing.Inner");
}

static void test_fields_come_in_the_order_of_the_proto_with_their_comments(void **state)
{
    static const struct {
        const char *name;
        const char *type;
        const char *comment;
    } rows[] = {
        { "name", "string", "The name." },
        { "first", "int32", "Out of order." },
        { "mood", "plain.v1.Mood", "after the field" },
        { "numbers", "repeated int32", "" },
        { "loose", "repeated int32", "" },
        { "words", "repeated string", "" },
        { "things", "map<string, plain.v1.Thing>", "" },
        { "text", "string", "A text." },
    };
    const ProtobufCMessageDescriptor *type = mu_schema_message(schema, "plain.v1.Thing");
    struct mu_schema_field fields[64];
    size_t count = mu_schema_fields(schema, type, fields, COUNT(fields));

    (void)state;
    assert_int_equal(count, type->n_fields);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_string_equal(fields[i].name, rows[i].name);
        assert_string_equal(fields[i].type, rows[i].type);
        assert_string_equal(fields[i].comment, rows[i].comment);
    }
    assert_non_null(fields[2].values);
    assert_null(fields[2].message);
    assert_true(fields[3].repeated);
    assert_true(fields[6].map);
    assert_false(fields[6].repeated);
    assert_non_null(fields[6].message);
    assert_int_equal(mu_schema_fields(schema, type, fields, 1), count);
    assert_int_equal(mu_schema_fields(schema, type, NULL, 0), count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, "chosen_mood") == 0)
            assert_string_equal(fields[i].json_name, "chosenMood");
}

static const char thing_source[] = "// A thing with\n"
                                   "// a name.\n"
                                   "//\n"
                                   "// And more.\n"
                                   "message Thing {\n"
                                   "  // Inside.\n"
                                   "  message Inner {\n"
                                   "    enum Kind {\n"
                                   "      KIND_NONE = 0;\n"
                                   "    }\n"
                                   "    Thing.Inner.Kind kind = 1;\n"
                                   "  }\n"
                                   "  // The name.\n"
                                   "  string name = 2;\n"
                                   "  // Out of order.\n"
                                   "  int32 first = 1;\n"
                                   "  // after the field\n"
                                   "  Mood mood = 3;\n"
                                   "  repeated int32 numbers = 5;\n"
                                   "  repeated int32 loose = 6;\n"
                                   "  repeated string words = 7;\n"
                                   "  map<string, Thing> things = 8;\n"
                                   "  // One of them.\n"
                                   "  oneof choice {\n"
                                   "    // A text.\n"
                                   "    string text = 10;\n"
                                   "    bytes data = 11;\n"
                                   "    Thing thing = 12;\n"
                                   "    Mood chosen_mood = 13;\n"
                                   "    fixed64 fixed = 14;\n"
                                   "  }\n"
                                   "  Thing self = 20;\n"
                                   "  bytes blob = 21;\n";

static const struct {
    const char *name;
    const char *source;
} sources[] = {
    { "plain.v1.Mood", "// How it feels.\n"
                       "enum Mood {\n"
                       "  option allow_alias = true;\n"
                       "  // Nobody knows.\n"
                       "  MOOD_UNKNOWN = 0;\n"
                       "  // very\n"
                       "  MOOD_GOOD = 5;\n"
                       "  MOOD_FINE = 5;\n"
                       "  MOOD_LOW = -3;\n"
                       "  MOOD_OLD = 6 [deprecated = true];\n"
                       "}\n" },
    { "plain.v1.Empty", "message Empty {\n}\n" },
    { "plain.v1.Talk", "// Says things.\n"
                       "service Talk {\n"
                       "  // Answers one.\n"
                       "  rpc One(Thing) returns (Empty) {\n"
                       "    option idempotency_level = NO_SIDE_EFFECTS;\n"
                       "  }\n"
                       "  rpc Up(stream Thing) returns (Empty) {\n"
                       "    option idempotency_level = IDEMPOTENT;\n"
                       "    option deprecated = true;\n"
                       "  }\n"
                       "  rpc Down(Thing) returns (stream Thing.Inner);\n"
                       "  rpc Both(stream Thing) returns (stream Thing);\n"
                       "}\n" },
    { "old.v1.Old", "message Old {\n"
                    "  required string name = 1;\n"
                    "  optional int32 count = 2 [default = -7];\n"
                    "  optional uint64 big = 3 [default = 18446744073709551615];\n"
                    "  optional double real = 4 [default = -2.5e+100];\n"
                    "  optional float single = 5 [default = 1.5];\n"
                    "  optional bool flag = 6 [default = true];\n"
                    "  optional string text = 7 [default = \"a \\042b\\042\\012\"];\n"
                    "  optional bytes data = 8 [default = \"\\001x\\\\\\\"\\n\"];\n"
                    "  optional Size size = 9;\n"
                    "  optional Size large = 10 [default = LARGE];\n"
                    "  optional Inner inner = 11;\n"
                    "  repeated int32 loose = 12;\n"
                    "  repeated int32 packed = 13;\n"
                    "  optional sint64 zag = 14 [default = -9];\n"
                    "  optional int32 bare = 15 [deprecated = true];\n"
                    "}\n" },
};

static void test_types_print_as_their_source(void **state)
{
    char *text;

    (void)state;
    for (size_t i = 0; i < COUNT(sources); i++) {
        assert_int_equal(mu_schema_print(schema, sources[i].name, &text), 0);
        assert_string_equal(text, sources[i].source);
        free(text);
    }
    assert_int_equal(mu_schema_print(schema, "plain.v1.Thing", &text), 0);
    assert_memory_equal(text, thing_source, strlen(thing_source));
    free(text);
    assert_int_equal(mu_schema_print(schema, "plain.v1.Nothing", &text), -ENOENT);
}

static void test_optional_fields_of_proto3_print_as_such(void **state)
{
    struct mu_schema *everything = schema_open(EVERYTHING_SET);
    char *text;

    (void)state;
    assert_int_equal(mu_schema_print(everything, "everything.v1.Everything", &text), 0);
    assert_non_null(strstr(text, "\n  optional int32 maybe_int32 = 22;\n"));
    assert_non_null(strstr(text, "\n  int32 an_int32 = 3;\n"));
    assert_non_null(strstr(text, "\n  google.protobuf.Timestamp time = 101;\n"));
    assert_non_null(
            strstr(text, "\n  map<sfixed64, google.protobuf.Duration> by_sfixed64 = 70;\n"));
    assert_null(strstr(text, "oneof _"));
    free(text);
    mu_schema_free(everything);
}

static int open_schema(void **state)
{
    (void)state;
    schema = schema_open(PLAIN_SET);
    return 0;
}

static int close_schema(void **state)
{
    (void)state;
    schema = mu_schema_free(schema);
    assert_null(mu_schema_free(NULL));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptors_are_those_that_protoc_c_makes),
        cmocka_unit_test(test_structs_do_not_overlap),
        cmocka_unit_test(test_protobuf_c_packs_and_unpacks_by_a_schema),
        cmocka_unit_test(test_defaults_of_proto2_are_those_that_protoc_c_makes),
        cmocka_unit_test(test_a_service_has_its_methods_with_shapes_levels_and_comments),
        cmocka_unit_test(test_fields_come_in_the_order_of_the_proto_with_their_comments),
        cmocka_unit_test(test_types_print_as_their_source),
        cmocka_unit_test(test_optional_fields_of_proto3_print_as_such),
    };

    return cmocka_run_group_tests(tests, open_schema, close_schema);
}
