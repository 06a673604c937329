// SPDX-License-Identifier: Apache-2.0
/* The first byte picks a type, the rest is a body. What passes the check, protobuf-c unpacks too;
 * what we pack of it, both unpack to the same; and its JSON, where it has one, is read again. */
#include "schema/old.pb-c.h"
#include "schema/plain.pb-c.h"
#include "tests/fuzz/schema_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mu_bytes pack(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1);

    CHECK(bytes != NULL);
    CHECK(protobuf_c_message_pack(message, bytes) == size);
    return (struct mu_bytes){ bytes, size };
}

/* Lets protobuf-c unpack `body`, which may be in parts that it does not merge. */
static void unpack_by_protobuf_c(const ProtobufCMessageDescriptor *type, struct mu_bytes body)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, body.size, body.data);

    if (message != NULL)
        protobuf_c_message_free_unpacked(message, NULL);
}

/* Packs what protobuf-c makes of `body`. */
static struct mu_bytes repack_by_protobuf_c(
        const ProtobufCMessageDescriptor *type, struct mu_bytes body)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, body.size, body.data);
    struct mu_bytes packed;

    CHECK(message != NULL);
    packed = pack(message);
    protobuf_c_message_free_unpacked(message, NULL);
    return packed;
}

static void check_unpacked(const ProtobufCMessageDescriptor *type, struct mu_bytes body)
{
    struct mu_schema_error error = { "" };
    ProtobufCMessage *message = mu_body_unpack(type, body, &error);
    struct mu_bytes ours;
    struct mu_bytes theirs;

    unpack_by_protobuf_c(type, body);
    if (message == NULL) {
        CHECK(fixture_is_budget(&error));
        return;
    }
    ours = pack(message);
    theirs = repack_by_protobuf_c(type, ours);
    CHECK(ours.size == theirs.size && memcmp(ours.data, theirs.data, ours.size) == 0);
    CHECK(mu_body_check(type, ours, &error) == 0 || fixture_is_budget(&error));
    mu_body_free(message);
    free((void *)ours.data);
    free((void *)theirs.data);
}

static void check_json(const struct mu_schema *schema, const ProtobufCMessageDescriptor *type,
        struct mu_bytes body, unsigned flags)
{
    struct mu_schema_error error = { "" };
    uint8_t *again = NULL;
    char *json = NULL;
    size_t size;

    if (mu_body_to_json(schema, type, body, flags, &json, &error) < 0)
        return;
    if (mu_json_to_body(schema, type, json, strlen(json), 0, &again, &size, &error) == 0)
        fixture_check_body(schema, type, (struct mu_bytes){ again, size }, flags);
    else
        CHECK(fixture_is_budget(&error));
    free(again);
    free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mu_schema *schema;
    const ProtobufCMessageDescriptor *types[4];
    const ProtobufCMessageDescriptor *type;
    struct mu_bytes body = { data + 1, size - 1 };

    if (schema == NULL)
        schema = fixture_open(EVERYTHING_SET);
    if (size == 0)
        return 0;
    types[0] = fixture_type(schema, "everything.v1.Everything");
    types[1] = fixture_type(schema, "google.protobuf.Value");
    types[2] = &plain__v1__thing__descriptor;
    types[3] = &old__v1__old__descriptor;
    type = types[data[0] & 3];
    if (mu_body_check(type, body, NULL) < 0)
        return 0;
    check_unpacked(type, body);
    if ((data[0] & 3) < 2)
        check_json(schema, type, body, data[0] >> 2 & 7);
    return 0;
}
