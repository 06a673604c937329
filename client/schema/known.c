// SPDX-License-Identifier: Apache-2.0
/* A message is google.protobuf's own by its name and its fields: a set may hold anything under that
 * name, and what reads and writes these types takes their fields for granted. */
#include <string.h>

#include "client/schema/types.h"

enum { KNOWN_FIELDS_MAX = 6 };

static const struct {
    const char *name;
    enum well_known well_known;
    unsigned field_count;
    ProtobufCType types[KNOWN_FIELDS_MAX];
} known_types[] = {
    { "Any", WELL_KNOWN_ANY, 2, { PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES } },
    { "BoolValue", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_BOOL } },
    { "BytesValue", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_BYTES } },
    { "DoubleValue", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_DOUBLE } },
    { "Duration", WELL_KNOWN_DURATION, 2, { PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_INT32 } },
    { "FieldMask", WELL_KNOWN_FIELD_MASK, 1, { PROTOBUF_C_TYPE_STRING } },
    { "FloatValue", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_FLOAT } },
    { "Int32Value", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_INT32 } },
    { "Int64Value", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_INT64 } },
    { "ListValue", WELL_KNOWN_LIST, 1, { PROTOBUF_C_TYPE_MESSAGE } },
    { "StringValue", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_STRING } },
    { "Struct", WELL_KNOWN_STRUCT, 1, { PROTOBUF_C_TYPE_MESSAGE } },
    { "Timestamp", WELL_KNOWN_TIMESTAMP, 2, { PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_INT32 } },
    { "UInt32Value", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_UINT32 } },
    { "UInt64Value", WELL_KNOWN_WRAPPER, 1, { PROTOBUF_C_TYPE_UINT64 } },
    { "Value", WELL_KNOWN_VALUE, 6,
            { PROTOBUF_C_TYPE_ENUM, PROTOBUF_C_TYPE_DOUBLE, PROTOBUF_C_TYPE_STRING,
                    PROTOBUF_C_TYPE_BOOL, PROTOBUF_C_TYPE_MESSAGE, PROTOBUF_C_TYPE_MESSAGE } },
};

/* Whether all fields are single, repeated, or members of a oneof, as they are in the type of that
 * kind. */
static bool known_has_labels(const struct message_type *type, enum well_known well_known)
{
    for (unsigned i = 0; i < type->base.n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->base.fields[i];
        bool is_repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        bool is_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        bool is_list = well_known == WELL_KNOWN_FIELD_MASK || well_known == WELL_KNOWN_LIST;

        if (is_repeated != (is_list || well_known == WELL_KNOWN_STRUCT) ||
                is_oneof != (well_known == WELL_KNOWN_VALUE) ||
                type->fields[i].is_map != (well_known == WELL_KNOWN_STRUCT))
            return false;
        if (!is_repeated && !is_oneof && field->label != PROTOBUF_C_LABEL_NONE)
            return false;
    }
    return true;
}

enum well_known known_find(const struct message_type *type)
{
    static const char package[] = "google.protobuf.";
    size_t count = sizeof(known_types) / sizeof(*known_types);
    size_t index = 0;

    if (strncmp(type->base.name, package, sizeof(package) - 1) != 0)
        return WELL_KNOWN_NOT;
    while (index < count &&
            strcmp(type->base.name + sizeof(package) - 1, known_types[index].name) != 0)
        index += 1;
    if (index == count || type->base.n_fields != known_types[index].field_count)
        return WELL_KNOWN_NOT;
    for (unsigned i = 0; i < type->base.n_fields; i++)
        if (type->base.fields[i].id != i + 1 ||
                type->base.fields[i].type != known_types[index].types[i])
            return WELL_KNOWN_NOT;
    return known_has_labels(type, known_types[index].well_known) ? known_types[index].well_known
                                                                 : WELL_KNOWN_NOT;
}
