// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client/schema/text.h"
#include "client/schema/types.h"

/* A value while it is being sorted: the first of several names for a number is the one it is called
 * by, so the order of the .proto decides among equals. */
struct named_value {
    ProtobufCEnumValue value;
    size_t order;
};

static int named_value_compare_numbers(const void *a, const void *b)
{
    const struct named_value *left = a;
    const struct named_value *right = b;

    if (left->value.value != right->value.value)
        return left->value.value < right->value.value ? -1 : 1;
    return (left->order > right->order) - (left->order < right->order);
}

static int enum_compare_names(const void *a, const void *b)
{
    return strcmp(
            ((const ProtobufCEnumValueIndex *)a)->name, ((const ProtobufCEnumValueIndex *)b)->name);
}

static int enum_check(const struct enum_type *enumeration, struct mu_schema_error *error)
{
    const enum_proto *proto = enumeration->proto;

    if (proto->n_value == 0)
        return text_fail(error, "%s: an enum without values", enumeration->base.name);
    for (size_t i = 0; i < proto->n_value; i++)
        if (proto->value[i]->name == NULL || !name_is_valid(proto->value[i]->name, false))
            return text_fail(error, "%s: a value without a proper name", enumeration->base.name);
    return 0;
}

/* Numbers that follow each other are one range; a last entry holds their count. */
static unsigned enum_build_ranges(
        ProtobufCIntRange *ranges, const ProtobufCEnumValue *values, unsigned count)
{
    unsigned range_count = 0;

    for (unsigned i = 0; i < count; i++)
        if (i == 0 || (int64_t)values[i].value != (int64_t)values[i - 1].value + 1)
            ranges[range_count++] = (ProtobufCIntRange){ values[i].value, i };
    ranges[range_count] = (ProtobufCIntRange){ 0, count };
    return range_count;
}

int enum_build(
        struct mu_schema *schema, struct enum_type *enumeration, struct mu_schema_error *error)
{
    const enum_proto *proto = enumeration->proto;
    size_t count = proto->n_value;
    struct named_value *sorted = schema_alloc(schema, count, sizeof(*sorted));
    ProtobufCEnumValue *values = schema_alloc(schema, count, sizeof(*values));
    ProtobufCEnumValueIndex *names = schema_alloc(schema, count, sizeof(*names));
    ProtobufCIntRange *ranges = schema_alloc(schema, count + 1, sizeof(*ranges));
    unsigned distinct = 0;
    int result = enum_check(enumeration, error);

    if (result < 0)
        return result;
    if (sorted == NULL || values == NULL || names == NULL || ranges == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        const Google__Protobuf__EnumValueDescriptorProto *value = proto->value[i];

        sorted[i].value = (ProtobufCEnumValue){ value->name, value->name, value->number };
        sorted[i].order = i;
    }
    qsort(sorted, count, sizeof(*sorted), named_value_compare_numbers);
    for (size_t i = 0; i < count; i++) {
        if (distinct == 0 || values[distinct - 1].value != sorted[i].value.value)
            values[distinct++] = sorted[i].value;
        names[i] = (ProtobufCEnumValueIndex){ sorted[i].value.name, distinct - 1 };
    }
    qsort(names, count, sizeof(*names), enum_compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1].name, names[i].name) == 0)
            return text_fail(
                    error, "%s: two values named %s", enumeration->base.name, names[i].name);
    enumeration->base.n_values = distinct;
    enumeration->base.values = values;
    enumeration->base.n_value_names = (unsigned)count;
    enumeration->base.values_by_name = names;
    enumeration->base.n_value_ranges = enum_build_ranges(ranges, values, distinct);
    enumeration->base.value_ranges = ranges;
    return 0;
}

const char *enum_find_name(const ProtobufCEnumDescriptor *enumeration, int32_t number)
{
    size_t low = 0;
    size_t high = enumeration->n_values;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (enumeration->values[middle].value == number)
            return enumeration->values[middle].name;
        if (enumeration->values[middle].value < number)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
