/* client/schema/types.h - what a schema holds: protobuf-c's descriptors, made at run time, and
 * beside them what those do not say (JSON names, comments, the order of the .proto). */
#pragma once

#include "google/protobuf/descriptor.pb-c.h"
#include "mu/arena.h"
#include "mu/schema.h"

/* Generated names as they are would leave no room on a line for what is done with them. */
typedef Google__Protobuf__FileDescriptorProto file_proto;
typedef Google__Protobuf__DescriptorProto message_proto;
typedef Google__Protobuf__FieldDescriptorProto field_proto;
typedef Google__Protobuf__EnumDescriptorProto enum_proto;
typedef Google__Protobuf__ServiceDescriptorProto service_proto;

/* Everything below is borrowed from the schema's arena, which holds the unpacked set, too. */

struct comment {
    const int32_t *path; /* of what it is about, as in SourceCodeInfo */
    size_t path_size;
    const char *text;
};

struct file {
    const file_proto *proto;
    struct comment *comments; /* sorted by path */
    size_t comment_count;
    bool is_proto3;
};

/* Where something stands in its file, to find comments by. */
struct place_in_file {
    const struct file *file;
    const int32_t *path;
    size_t path_size;
};

/* Messages whose JSON is not that of their fields. */
enum well_known {
    WELL_KNOWN_NOT,
    WELL_KNOWN_ANY,
    WELL_KNOWN_DURATION,
    WELL_KNOWN_FIELD_MASK,
    WELL_KNOWN_LIST,
    WELL_KNOWN_STRUCT,
    WELL_KNOWN_TIMESTAMP,
    WELL_KNOWN_VALUE,
    WELL_KNOWN_WRAPPER /* one of the nine of wrappers.proto */
};

struct field_type {
    const field_proto *proto;
    const char *json_name;
    const char *comment;
    const char *type_text; /* as in mu_schema_field */
    int32_t oneof;         /* index of the oneof of the .proto that it is in, or -1 */
    bool is_map;
    bool is_null; /* google.protobuf.NullValue, whose value is null in JSON */
};

struct message_type {
    ProtobufCMessageDescriptor base; /* first: a descriptor of a schema is a message_type */
    struct field_type *fields;       /* beside base.fields */
    unsigned *order;                 /* indices of the fields, in the order of the .proto */
    unsigned *by_json_name;          /* indices of the fields, sorted by JSON name */
    const message_proto *proto;
    struct place_in_file place;
    enum well_known well_known;
};

struct enum_type {
    ProtobufCEnumDescriptor base; /* first, as above */
    const enum_proto *proto;
    struct place_in_file place;
};

/* A message or an enum by name; the other is NULL. */
struct type {
    const char *name;
    struct message_type *message;
    struct enum_type *enumeration;
};

struct service {
    struct mu_schema_service base;
    const service_proto *proto;
    struct place_in_file place;
};

struct mu_schema {
    struct mu_arena arena;
    struct file *files;
    size_t file_count;
    struct type *types; /* sorted by name */
    size_t type_count;
    struct service *services;
    size_t service_count;
};

/* How many messages and enums a file has. */
size_t scope_count_types(const file_proto *proto);

/* All of these return 0, -EINVAL with `error`, or -ENOMEM. */

/* Adds the types and services of `file`, by name, to those of `schema`, which has room for them. */
int scope_collect(struct mu_schema *schema, const struct file *file, struct mu_schema_error *error);

/* Fills in the descriptor of a message whose name and place are known; all types of the set must be
 * there by name. */
int message_build(
        struct mu_schema *schema, struct message_type *message, struct mu_schema_error *error);

int enum_build(
        struct mu_schema *schema, struct enum_type *enumeration, struct mu_schema_error *error);

int service_build(struct mu_schema *schema, struct service *service, struct mu_schema_error *error);

/* Cleans and sorts the comments of a file. Returns 0 or -ENOMEM. */
int comment_index(struct mu_schema *schema, struct file *file);

/* The comment on `place`, or on the `index`th member with the number `kind` in its descriptor where
 * kind != 0. "" for none. */
const char *comment_find(const struct place_in_file *place, int32_t kind, int32_t index);

/* The type called `name`, which may begin with a dot; NULL for none. */
const struct type *type_find(const struct mu_schema *schema, const char *name);

/* True for a name that a .proto may have: letters, digits and `_`, and dots where `dots` says so.
 */
bool name_is_valid(const char *name, bool dots);

/* Memory that lives as long as the schema, cleared. NULL where there is none. */
void *schema_alloc(struct mu_schema *schema, size_t count, size_t size);

/* The three texts, one after the other, for as long as the schema lives. NULL: no memory. */
char *schema_join(struct mu_schema *schema, const char *a, const char *b, const char *c);

/* The type that a message's descriptor is. It must be of a schema. */
const struct message_type *message_type_of(const ProtobufCMessageDescriptor *descriptor);

/* The field with this JSON or proto name; NULL for none. */
const ProtobufCFieldDescriptor *message_find_field(
        const struct message_type *message, const char *name);

/* Which of google.protobuf's own messages this one is, whose fields are built. */
enum well_known known_find(const struct message_type *type);

/* The name of `number`, or NULL. Not by protobuf-c's own search, which overflows for values near
 * INT_MAX. */
const char *enum_find_name(const ProtobufCEnumDescriptor *enumeration, int32_t number);
