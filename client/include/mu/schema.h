/* mu/schema.h - types at run time: any service can be called with no generated code.
 *
 * A schema is made from a FileDescriptorSet (what `protoc --include_imports --include_source_info
 * --descriptor_set_out` writes, and what the registry holds). It gives protobuf-c descriptors, the
 * services with their methods and comments, and JSON to and from protobuf by the proto3 JSON
 * mapping (https://protobuf.dev/programming-guides/json/). */
#pragma once

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

#include "mu/arena.h"
#include "mu/service.h"

enum {
    MU_SCHEMA_ERROR_MAX = 512,    /* bytes with the final NUL */
    MU_SCHEMA_DEPTH_MAX = 32,     /* messages in messages, in JSON and on the wire */
    MU_SCHEMA_SET_MAX = 4194304,  /* bytes of a FileDescriptorSet */
    MU_SCHEMA_TYPES_MAX = 16384,  /* messages and enums of one set */
    MU_SCHEMA_TEXT_MAX = 16777216 /* bytes of a JSON or YAML text */
};

struct mu_schema; /* opaque */

/* Says what is wrong, where and what was expected: `user.age: expected a number, got "x"`; with
 * `line L column C: ` in front where a text is no JSON, and always for YAML. Holds no control
 * characters, whatever it quotes. */
struct mu_schema_error {
    char text[MU_SCHEMA_ERROR_MAX];
};

/* Makes a schema from a packed FileDescriptorSet, which is only borrowed for the length of this
 * function. The caller frees it. Returns 0; -EINVAL for bytes that are no set, or one that refers
 * to what it does not hold (`error` says which); -E2BIG over a limit; -ENOMEM. `error` may be NULL.
 */
MU_PUBLIC int mu_schema_new(
        struct mu_schema **schemap, struct mu_bytes set, struct mu_schema_error *error);

/* Frees it with every descriptor. NULL is fine. Returns NULL. */
MU_PUBLIC struct mu_schema *mu_schema_free(struct mu_schema *schema);

/* The descriptor of "package.Message", for mu_body_unpack, protobuf_c_message_pack and the like;
 * borrowed from the schema. NULL where there is none. It has no message_init:
 * protobuf_c_message_init is not for it. */
MU_PUBLIC const ProtobufCMessageDescriptor *mu_schema_message(
        const struct mu_schema *schema, const char *name);

/* One method of a service, as the .proto has it. All borrowed from the schema. */
struct mu_schema_method {
    const char *name;
    const char *comment; /* leading comment, "" for none */
    enum mu_shape shape;
    enum mu_idempotency idempotency;
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
    bool deprecated;
};

struct mu_schema_service {
    const char *name; /* "greeter.v1.Greeter" */
    const char *comment;
    const struct mu_schema_method *methods;
    size_t method_count;
};

/* The service called `name`, or the first of the set for NULL; borrowed; NULL where there is none.
 */
MU_PUBLIC const struct mu_schema_service *mu_schema_find_service(
        const struct mu_schema *schema, const char *name);

/* Its method, by exact name; NULL where there is none. */
MU_PUBLIC const struct mu_schema_method *mu_schema_find_method(
        const struct mu_schema_service *service, const char *name);

/* What a field is called in JSON and what it is for, for help and completion. Borrowed. */
struct mu_schema_field {
    const char *name;      /* "user_id" */
    const char *json_name; /* "userId" */
    const char *type; /* "string", "int64", "greeter.v1.Mood", "map<string, int32>", "repeated …" */
    const char *comment;
    const ProtobufCMessageDescriptor *message; /* of a message field, else NULL */
    const ProtobufCEnumDescriptor *values;     /* of an enum field, else NULL */
    bool repeated;
    bool map;
};

/* Fills `fields[0..max-1]` with the fields of `message` in the order of the .proto. Returns how
 * many fields there are, which may be more than `max`. `message` must be of this schema. */
MU_PUBLIC size_t mu_schema_fields(const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *message, struct mu_schema_field *fields, size_t max);

/* Prints a message, enum or service (`name`) as .proto source with comments into a text that the
 * caller frees. Returns 0, -ENOENT or -ENOMEM. */
MU_PUBLIC int mu_schema_print(const struct mu_schema *schema, const char *name, char **textp);

/* ---- bodies ---- */

enum {
    MU_BODY_MEMORY_FACTOR = 8,   /* a body may take this many times its size when unpacked, ... */
    MU_BODY_MEMORY_EXTRA = 65536 /* ... and this many bytes more */
};

/* Checks a body against its type before anything is unpacked: depth, tags, minimal varints,
 * lengths, wire types, UTF-8 without NUL in strings, required fields, and the memory that unpacking
 * takes. What passes is safe for protobuf_c_message_unpack, too, which by itself knows no depth and
 * no limit. Unknown fields are fine, groups are not. Allocates nothing. Returns 0, or -EINVAL with
 * `error` (may be NULL) saying what and at which byte. Needs no schema: `type` may be generated. */
MU_PUBLIC int mu_body_check(const ProtobufCMessageDescriptor *type, struct mu_bytes body,
        struct mu_schema_error *error);

/* Checks `body` and unpacks it; the message does not point into the body. The caller frees it with
 * mu_body_free, and not with protobuf_c_message_free_unpacked. Returns NULL with `error` (may be
 * NULL) saying why. */
MU_PUBLIC ProtobufCMessage *mu_body_unpack(const ProtobufCMessageDescriptor *type,
        struct mu_bytes body, struct mu_schema_error *error);

/* Frees a message of mu_body_unpack. NULL is fine. Returns NULL. */
MU_PUBLIC ProtobufCMessage *mu_body_free(ProtobufCMessage *message);

/* The same into an arena, where the message lives until the next reset: for those who read many. */
MU_PUBLIC ProtobufCMessage *mu_arena_unpack(struct mu_arena *arena,
        const ProtobufCMessageDescriptor *type, struct mu_bytes body,
        struct mu_schema_error *error);

/* ---- JSON and YAML ----
 *
 * protobuf's JSON mapping in whole, with google.protobuf's Timestamp, Duration, FieldMask, Empty,
 * Struct, Value, ListValue and wrappers; google.protobuf.Any is refused. Stricter than some: a
 * field may not stand twice by its two names, and strings hold no NUL. What is printed is on one
 * line, in the order of the .proto; control characters are escaped. What is read makes the same
 * body however it was arranged. A text is no larger than MU_SCHEMA_TEXT_MAX either way. */

enum mu_json_flags {
    MU_JSON_COMPACT = 0,
    MU_JSON_PRETTY = 1,        /* indented by two spaces */
    MU_JSON_DEFAULTS = 2,      /* print fields that hold their default, too */
    MU_JSON_PROTO_NAMES = 4,   /* user_id instead of userId */
    MU_JSON_IGNORE_UNKNOWN = 8 /* reading: skip fields that the type does not have */
};

/* JSON text to a packed message of `type`, which must be of this schema. The caller frees `*bodyp`
 * (malloc; never NULL on success, also for size 0), which mu_body_check passes. Returns 0; -EINVAL
 * with `error` (may be NULL); -E2BIG for a body over MU_MESSAGE_MAX or a text that is too large;
 * -ENOMEM. */
MU_PUBLIC int mu_json_to_body(const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type, const char *json, size_t json_size, unsigned flags,
        uint8_t **bodyp, size_t *sizep, struct mu_schema_error *error);

/* A packed message to JSON text, NUL-terminated, which the caller frees. Checks the body first.
 * Returns 0; -EINVAL with `error` for a body that is none of `type`, or holds what JSON cannot say
 * (a time after the year 9999); -E2BIG; -ENOMEM. */
MU_PUBLIC int mu_body_to_json(const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type, struct mu_bytes body, unsigned flags, char **jsonp,
        struct mu_schema_error *error);

/* YAML to a packed message, as mu_json_to_body: manifests and configuration. A word without quotes
 * is what its field takes it for: `version: 1.0` is a string where the field is one, and `yes` is
 * true where it is a bool. Anchors, aliases, tags and second documents are refused. Errors say line
 * and column. */
MU_PUBLIC int mu_yaml_to_body(const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type, const char *yaml, size_t yaml_size, uint8_t **bodyp,
        size_t *sizep, struct mu_schema_error *error);
