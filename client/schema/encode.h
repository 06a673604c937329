/* client/schema/encode.h - values to a packed message, by the types of a schema. */
#pragma once

#include "client/schema/buffer.h"
#include "client/schema/types.h"
#include "client/schema/value.h"

struct encode {
    struct buffer out;
    struct mu_arena arena; /* of the values */
    unsigned flags;        /* of enum mu_json_flags */
    unsigned depth;        /* of messages around the one being written */
    bool has_lines;        /* whether errors say where in the text */
    struct mu_schema_error *error;
};

/* The way from the whole message to a value, for errors: each step lives on the stack. */
struct step {
    const struct step *outer; /* NULL for the first */
    const char *name;         /* of a field, or the key of a map; NULL for an element of a list */
    size_t index;             /* of that element */
    bool is_key;
};

/* Writes the fields of a message of `type` that `value` means, without a tag or length of its own.
 * Returns 0, -EINVAL with the error, or -ENOMEM. */
int encode_message(struct encode *encode, const struct message_type *type,
        const struct value *value, const struct step *step);

/* The same for the types with a JSON of their own. */
int encode_well_known(struct encode *encode, const struct message_type *type,
        const struct value *value, const struct step *step);

/* Writes `value` as the field `number`, a message. */
int encode_child(struct encode *encode, uint32_t number, const struct message_type *type,
        const struct value *value, const struct step *step);

/* Writes one value of `field`, which is no message, without its tag. With `presence` false a value
 * that is the default writes nothing at all; else the tag `number` goes first, unless that is 0. */
int encode_scalar(struct encode *encode, const ProtobufCFieldDescriptor *field, bool presence,
        uint32_t number, const struct value *value, const struct step *step);

void encode_tag(struct encode *encode, uint32_t number, unsigned wire_type);

/* "path: expected `what`, got …". Returns -EINVAL. */
int encode_expected(const struct encode *encode, const struct step *step, const struct value *value,
        const char *what);

/* "path: " and the text. Returns -EINVAL. */
int encode_fail(const struct encode *encode, const struct step *step, const struct value *value,
        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Writes the elements of `list`, or the members of `object`, as the repeated field or map `field`.
 */
int encode_list(struct encode *encode, const ProtobufCFieldDescriptor *field,
        const struct value *list, const struct step *outer);
int encode_map(struct encode *encode, const ProtobufCFieldDescriptor *field,
        const struct value *object, const struct step *step);

/* What a value is where no type says it: a scalar of YAML is a bool, a number or a string. */
enum value_kind encode_resolve(const struct value *value);
