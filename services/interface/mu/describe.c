// SPDX-License-Identifier: Apache-2.0
/* mu registry describe - a service's types, as .proto with comments, or as JSON for programs. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/description.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/field.h"
#include "services/interface/mu/output.h"

enum { DESCRIBE_TYPES_MAX = 512 }; /* types that are printed */

static const char *const describe_shapes[] = {
    [MU_UNARY] = "unary",
    [MU_CLIENT_STREAM] = "clientStream",
    [MU_SERVER_STREAM] = "serverStream",
    [MU_TWO_WAY] = "twoWay",
};

static const char *const describe_idempotency[] = {
    [MU_IDEMPOTENCY_UNKNOWN] = "unknown",
    [MU_NO_SIDE_EFFECTS] = "noSideEffects",
    [MU_IDEMPOTENT] = "idempotent",
};

/* The same as they stand in a .proto. */
static const char *const describe_levels[] = {
    [MU_NO_SIDE_EFFECTS] = "NO_SIDE_EFFECTS",
    [MU_IDEMPOTENT] = "IDEMPOTENT",
};

/* The types that can be reached, in the order they are met. */
struct describe {
    const struct description *description;
    const char *names[DESCRIBE_TYPES_MAX];                          /* borrowed from the schema */
    const ProtobufCMessageDescriptor *messages[DESCRIBE_TYPES_MAX]; /* NULL: an enum */
    const ProtobufCEnumDescriptor *enums[DESCRIBE_TYPES_MAX];
    size_t count;
};

static bool describe_add(struct describe *describe, const char *name)
{
    for (size_t i = 0; i < describe->count; i++) {
        if (strcmp(describe->names[i], name) == 0)
            return false;
    }
    if (describe->count == DESCRIBE_TYPES_MAX)
        return false;
    describe->names[describe->count++] = name;
    return true;
}

static void describe_message(struct describe *describe, const ProtobufCMessageDescriptor *message)
{
    if (describe_add(describe, message->name))
        describe->messages[describe->count - 1] = message;
}

static void describe_collect(struct describe *describe, const struct mu_schema_method *only)
{
    const struct mu_schema_service *service = describe->description->service;

    for (size_t i = 0; i < service->method_count; i++) {
        if (only != NULL && only != &service->methods[i])
            continue;
        describe_message(describe, service->methods[i].request);
        describe_message(describe, service->methods[i].reply);
    }
    for (size_t i = 0; i < describe->count; i++) { /* it grows meanwhile */
        CLEANUP(field_list_deinit) struct field_list list = { 0 };

        if (describe->messages[i] == NULL ||
                field_list_init(&list, describe->description->schema, describe->messages[i]) < 0)
            continue;
        for (size_t j = 0; j < list.count; j++) {
            const ProtobufCEnumDescriptor *values = field_value_enum(&list.fields[j]);

            if (field_has_fields(&list.fields[j]))
                describe_message(describe, field_value_message(&list.fields[j]));
            if (values != NULL && describe_add(describe, values->name))
                describe->enums[describe->count - 1] = values;
        }
    }
}

static void describe_comment(const char *comment, const char *indent)
{
    while (comment[0] != '\0') {
        int length = (int)strcspn(comment, "\n");

        while (comment[0] == ' ' && length > 0) {
            comment += 1;
            length -= 1;
        }
        printf("%s// %.*s\n", indent, length, comment);
        comment += length;
        comment += comment[0] == '\n';
    }
}

static void describe_print_method(const struct mu_schema_method *method)
{
    bool in = method->shape == MU_CLIENT_STREAM || method->shape == MU_TWO_WAY;
    bool out = method->shape == MU_SERVER_STREAM || method->shape == MU_TWO_WAY;

    describe_comment(method->comment, "");
    printf("rpc %s(%s%s) returns (%s%s)", method->name, in ? "stream " : "", method->request->name,
            out ? "stream " : "", method->reply->name);
    if (method->idempotency == MU_IDEMPOTENCY_UNKNOWN && !method->deprecated) {
        puts(";");
        return;
    }
    puts(" {");
    if (method->idempotency != MU_IDEMPOTENCY_UNKNOWN)
        printf("  option idempotency_level = %s;\n", describe_levels[method->idempotency]);
    if (method->deprecated)
        puts("  option deprecated = true;");
    puts("}");
}

static int describe_print(
        const struct cli *cli, const struct describe *describe, const struct mu_schema_method *only)
{
    const struct description *description = describe->description;
    CLEANUP(cleanup_free) char *text = NULL;

    if (only != NULL)
        describe_print_method(only);
    else if (mu_schema_print(description->schema, description->service->name, &text) < 0)
        return (int)failure_of_memory(cli);
    else
        printf("// %s%s%s\n%s", description->name, description->version[0] != '\0' ? " " : "",
                description->version, text);
    for (size_t i = 0; i < describe->count; i++) {
        CLEANUP(cleanup_free) char *type = NULL;

        if (mu_schema_print(description->schema, describe->names[i], &type) == 0)
            printf("\n%s", type);
    }
    return EXIT_OK;
}

static json_t *describe_fields(
        const struct describe *describe, const ProtobufCMessageDescriptor *message)
{
    CLEANUP(field_list_deinit) struct field_list list = { 0 };
    json_t *fields = json_array();

    if (field_list_init(&list, describe->description->schema, message) < 0)
        return fields;
    for (size_t i = 0; i < list.count; i++) {
        const struct mu_schema_field *field = &list.fields[i];

        json_array_append_new(
                fields, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "name", field->name, "jsonName",
                                field->json_name, "type", field->type, "comment", field->comment,
                                "repeated", (int)field->repeated, "map", (int)field->map));
    }
    return fields;
}

static json_t *describe_values(const ProtobufCEnumDescriptor *values)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < values->n_values; i++)
        json_array_append_new(list, json_pack("{s:s, s:i}", "name", values->values[i].name,
                                            "number", values->values[i].value));
    return list;
}

static json_t *describe_methods(
        const struct describe *describe, const struct mu_schema_method *only)
{
    const struct description *description = describe->description;
    json_t *methods = json_array();

    for (size_t i = 0; i < description->service->method_count; i++) {
        const struct mu_schema_method *method = &description->service->methods[i];
        char endpoint[MU_ENDPOINT_MAX];

        if (only != NULL && only != method)
            continue;
        json_array_append_new(
                methods, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "name", method->name,
                                 "endpoint", description_endpoint(description, method, endpoint),
                                 "shape", describe_shapes[method->shape], "idempotency",
                                 describe_idempotency[method->idempotency], "comment",
                                 method->comment, "request", method->request->name, "reply",
                                 method->reply->name, "deprecated", (int)method->deprecated));
    }
    return methods;
}

static int describe_print_json(
        const struct cli *cli, const struct describe *describe, const struct mu_schema_method *only)
{
    const struct description *description = describe->description;
    json_t *messages = json_object();
    json_t *enums = json_object();
    json_t *root;

    for (size_t i = 0; i < describe->count; i++) {
        if (describe->messages[i] != NULL)
            json_object_set_new(
                    messages, describe->names[i], describe_fields(describe, describe->messages[i]));
        else
            json_object_set_new(enums, describe->names[i], describe_values(describe->enums[i]));
    }
    root = json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "service", description->name, "version",
            description->version, "protoService", description->service->name, "comment",
            description->service->comment, "methods", describe_methods(describe, only), "messages",
            messages, "enums", enums);
    return output_json(cli, root);
}

static int describe_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(description_deinit) struct description description = { 0 };
    struct describe describe = { .description = &description };
    const struct mu_schema_method *only = NULL;
    char word[FAILURE_WORD_MAX];
    struct endpoint endpoint;
    int code;

    if (!endpoint_split(&endpoint, arguments->words[0]))
        return (int)failure_say(cli, EXIT_USAGE, "write SERVICE or SERVICE.METHOD",
                "\"%s\" names no service", failure_word(arguments->words[0], word));
    if (endpoint.method[0] == '\0')
        code = description_get(cli, endpoint.service, &description);
    else
        code = description_find(cli, &endpoint, &description, &only);
    if (code != EXIT_OK)
        return code;
    if (cli->format == OUTPUT_RAW) {
        fwrite(description.set, 1, description.set_size, stdout);
        return EXIT_OK;
    }
    describe_collect(&describe, only);
    return output_is_json(cli) ? describe_print_json(cli, &describe, only)
                               : describe_print(cli, &describe, only);
}

const struct command registry_describe_command = {
    .name = "describe",
    .summary = "a service's methods and types, with comments",
    .words = "SERVICE[.METHOD]",
    .takes_raw = true,
    .words_min = 1,
    .words_max = 1,
    .details = "For people as .proto source; -o json gives methods, fields, comments and enums; -o "
               "raw the\n"
               "FileDescriptorSet itself, which protobuf libraries of other languages read.",
    .examples =
            (const struct example[]){
                    { "mu registry describe greeter", "all of it" },
                    { "mu registry describe greeter.Hello -o json", "one method, for a program" },
                    { NULL, NULL },
            },
    .first = COMPLETE_ENDPOINT,
    .run = describe_run,
};
