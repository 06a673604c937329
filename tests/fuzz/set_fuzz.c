// SPDX-License-Identifier: Apache-2.0
/* A FileDescriptorSet as a service publishes it. Whatever schema comes of it prints, and takes an
 * empty body of each of its types. */
#include "tests/fuzz/schema_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_message(const struct mu_schema *schema, const ProtobufCMessageDescriptor *type)
{
    struct mu_bytes empty = { (const uint8_t *)"", 0 };
    struct mu_schema_field fields[8];
    ProtobufCMessage *message;
    char *text = NULL;

    mu_schema_fields(schema, type, fields, 8);
    if (mu_schema_print(schema, type->name, &text) == 0)
        free(text);
    message = mu_body_unpack(type, empty, NULL);
    if (message != NULL)
        CHECK(protobuf_c_message_get_packed_size(message) == 0);
    mu_body_free(message);
    if (mu_body_to_json(schema, type, empty, MU_JSON_DEFAULTS, &text, NULL) == 0)
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mu_schema_service *service;
    struct mu_schema_error error;
    struct mu_schema *schema;
    char *text;

    if (mu_schema_new(&schema, (struct mu_bytes){ data, size }, &error) < 0)
        return 0;
    service = mu_schema_find_service(schema, NULL);
    for (size_t i = 0; service != NULL && i < service->method_count; i++) {
        use_message(schema, service->methods[i].request);
        use_message(schema, service->methods[i].reply);
    }
    if (service != NULL && mu_schema_print(schema, service->name, &text) == 0)
        free(text);
    mu_schema_free(schema);
    return 0;
}
