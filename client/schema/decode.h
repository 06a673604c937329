/* client/schema/decode.h - unpacked messages to JSON text, by the types of a schema. */
#pragma once

#include "client/schema/buffer.h"
#include "client/schema/types.h"

struct decode {
    struct buffer out;
    struct mu_arena *arena; /* borrowed: of the message */
    unsigned flags;         /* of enum mu_json_flags */
    unsigned indent;        /* levels */
    struct mu_schema_error *error;
};

/* Each writes one value. Returns 0, -EINVAL with the error, or -ENOMEM. */
int decode_message(struct decode *decode, const ProtobufCMessage *message);

/* The same for the types with a JSON of their own. */
int decode_well_known(struct decode *decode, const ProtobufCMessage *message);

/* A repeated field or map. */
int decode_list(struct decode *decode, const ProtobufCFieldDescriptor *field,
        const ProtobufCMessage *message);
int decode_map(struct decode *decode, const ProtobufCFieldDescriptor *field,
        const ProtobufCMessage *message);

/* One value of `field` that is no message; `member` is where it stands. */
int decode_scalar(struct decode *decode, const ProtobufCFieldDescriptor *field, const void *member);

/* One value of `field`, which may be a message. */
int decode_value(struct decode *decode, const ProtobufCFieldDescriptor *field, const void *member);

/* `text` in quotes, with escapes where JSON needs them. */
void decode_quote(struct decode *decode, const char *text);

static inline const void *decode_member(const ProtobufCMessage *message, unsigned offset)
{
    return (const uint8_t *)message + offset;
}
