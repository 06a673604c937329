// SPDX-License-Identifier: Apache-2.0
/* A manifest in YAML, as an operator or a service's author hands it in. */
#include "mu/node/v1/manifest.pb-c.h"
#include "tests/fuzz/schema_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const ProtobufCMessageDescriptor *generated = &mu__node__v1__manifest__descriptor;
    static struct mu_schema *schema;
    const ProtobufCMessageDescriptor *type;
    struct mu_schema_error error;
    ProtobufCMessage *message;
    uint8_t *body = NULL;
    size_t body_size = 0;

    if (schema == NULL)
        schema = fixture_open(MANIFEST_SET);
    type = fixture_type(schema, "mu.node.v1.Manifest");
    if (mu_yaml_to_body(schema, type, (const char *)data, size, &body, &body_size, &error) < 0)
        return 0;
    fixture_check_body(schema, type, (struct mu_bytes){ body, body_size }, 0);
    message = mu_body_unpack(generated, (struct mu_bytes){ body, body_size }, &error);
    CHECK(message != NULL);
    CHECK(protobuf_c_message_get_packed_size(message) == body_size);
    mu_body_free(message);
    free(body);
    return 0;
}
