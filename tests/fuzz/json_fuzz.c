// SPDX-License-Identifier: Apache-2.0
/* The first byte picks flags and a type, the rest is JSON. */
#include "tests/fuzz/schema_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "everything.v1.Everything", "everything.v1.Leaf",
        "google.protobuf.Value", "everything.v1.Everything" };
    static struct mu_schema *schema;
    const ProtobufCMessageDescriptor *type;
    struct mu_schema_error error;
    uint8_t *body = NULL;
    size_t body_size = 0;
    unsigned flags;

    if (schema == NULL)
        schema = fixture_open(EVERYTHING_SET);
    if (size == 0)
        return 0;
    flags = data[0] & 15;
    type = fixture_type(schema, names[data[0] >> 4 & 3]);
    if (mu_json_to_body(schema, type, (const char *)data + 1, size - 1, flags, &body, &body_size,
                &error) < 0)
        return 0;
    fixture_check_body(schema, type, (struct mu_bytes){ body, body_size }, flags);
    free(body);
    return 0;
}
