// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/field.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

int field_list_init(struct field_list *list, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *message)
{
    size_t count = mu_schema_fields(schema, message, NULL, 0);

    if (count > FIELD_COUNT_MAX)
        count = FIELD_COUNT_MAX;
    list->fields = calloc(count + 1, sizeof(*list->fields));
    if (list->fields == NULL)
        return err_new(-ENOMEM);
    list->count = count;
    mu_schema_fields(schema, message, list->fields, count);
    return 0;
}

void field_list_deinit(struct field_list *list)
{
    free(list->fields);
    *list = (struct field_list){ 0 };
}

const struct mu_schema_field *field_find(const struct field_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct mu_schema_field *field = &list->fields[i];
        char kebab[FIELD_NAME_MAX];

        field_kebab(field->name, kebab);
        if (strcmp(field->name, name) == 0 || strcmp(field->json_name, name) == 0 ||
                strcmp(kebab, name) == 0)
            return field;
    }
    return NULL;
}

void field_value_type(const struct mu_schema_field *field, char type[FIELD_NAME_MAX])
{
    const char *from = field->type;
    const char *comma = field->map ? strstr(from, ", ") : NULL;
    size_t length;

    if (strncmp(from, "repeated ", 9) == 0)
        from += 9;
    if (comma != NULL)
        from = comma + 2;
    snprintf(type, FIELD_NAME_MAX, "%s", from);
    length = strlen(type);
    if (comma != NULL && length > 0 && type[length - 1] == '>')
        type[length - 1] = '\0';
}

/* A map's message is its entry, which has a key and a value. */
static const ProtobufCFieldDescriptor *field_map_value(const struct mu_schema_field *field)
{
    if (!field->map || field->message == NULL)
        return NULL;
    return protobuf_c_message_descriptor_get_field_by_name(field->message, "value");
}

const ProtobufCMessageDescriptor *field_value_message(const struct mu_schema_field *field)
{
    const ProtobufCFieldDescriptor *value = field_map_value(field);

    if (!field->map)
        return field->message;
    return value != NULL && value->type == PROTOBUF_C_TYPE_MESSAGE ? value->descriptor : NULL;
}

const ProtobufCEnumDescriptor *field_value_enum(const struct mu_schema_field *field)
{
    const ProtobufCFieldDescriptor *value = field_map_value(field);

    if (!field->map)
        return field->values;
    return value != NULL && value->type == PROTOBUF_C_TYPE_ENUM ? value->descriptor : NULL;
}

bool field_has_fields(const struct mu_schema_field *field)
{
    char type[FIELD_NAME_MAX];

    field_value_type(field, type);
    return field_value_message(field) != NULL && strncmp(type, "google.protobuf.", 16) != 0;
}

void field_kebab(const char *name, char kebab[FIELD_NAME_MAX])
{
    size_t length = 0;

    for (const char *c = name; *c != '\0' && length + 2 < FIELD_NAME_MAX; c++) {
        bool is_upper = isupper((unsigned char)*c) != 0;

        if (is_upper && c > name && c[-1] != '_' && !isupper((unsigned char)c[-1]))
            kebab[length++] = '-';
        kebab[length++] = (char)(*c == '_' ? '-' : (tolower)((unsigned char)*c));
    }
    kebab[length] = '\0';
}
