/* field.h - the fields of a message type, found by the names that people give them. */
#pragma once

#include "mu/schema.h"

enum {
    FIELD_NAME_MAX = 128, /* bytes with the final NUL */
    FIELD_COUNT_MAX = 256 /* fields of one message that are looked at */
};

struct field_list {
    struct mu_schema_field *fields; /* owned: freed by field_list_deinit */
    size_t count;
};

/* Fills `list` with the fields of `message`, FIELD_COUNT_MAX at most. Returns 0 or -ENOMEM. */
int field_list_init(struct field_list *list, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *message);

/* Safe on zeroes, and safe twice. */
void field_list_deinit(struct field_list *list);

/* The field called `name` (user_id, userId or user-id); NULL where there is none. */
const struct mu_schema_field *field_find(const struct field_list *list, const char *name);

/* Its type without "repeated ", and of a map the value's: what one value of it is. */
void field_value_type(const struct mu_schema_field *field, char type[FIELD_NAME_MAX]);

/* The type of one value of it, and of a map the value's: a message, or NULL; an enum, or NULL. */
const ProtobufCMessageDescriptor *field_value_message(const struct mu_schema_field *field);
const ProtobufCEnumDescriptor *field_value_enum(const struct mu_schema_field *field);

/* The message of field_value_message has fields that can be set one by one: it is none of
 * google.protobuf's, which are written as a single value. */
bool field_has_fields(const struct mu_schema_field *field);

/* "user_id" and "userId" to "user-id", "HelloWorld" to "hello-world". */
void field_kebab(const char *name, char kebab[FIELD_NAME_MAX]);
