// SPDX-License-Identifier: Apache-2.0
/* The type decides what a value is, so that `name=123` is the text it should be and `age=123` a
 * number. Numbers travel as JSON strings: the proto3 mapping takes them, 64 bits survive, and the
 * reader that knows the type also says what is wrong with them. */
#include "services/interface/mu/assignment.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/base64.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/field.h"
#include "services/interface/mu/file.h"
#include "services/interface/mu/suggestion.h"

/* One word on its way to its place. */
struct assignment {
    const struct mu_schema *schema; /* borrowed, as all here */
    struct assignment_error *error;
    const char *path; /* what is left of the name */
    size_t path_size;
    const char *key; /* the whole name, for what is said */
    size_t key_size;
    const char *value;
    bool is_json; /* `:=` */
};

__attribute__((format(printf, 3, 4))) static int assignment_refuse(
        struct assignment_error *error, const char *fix, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    snprintf(error->fix, sizeof(error->fix), "%s", fix);
    return -EINVAL;
}

bool assignment_is(const char *word)
{
    size_t length = strcspn(word, "=");

    if (length == 0 || word[length] == '\0')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)word[i]) && strchr("_-./", word[i]) == NULL &&
                !(word[i] == ':' && i + 1 == length))
            return false;
    }
    return true;
}

/* Takes the next part of the path into `part`. */
static void assignment_step(struct assignment *a, char part[FIELD_NAME_MAX])
{
    size_t length = 0;

    while (length < a->path_size && a->path[length] != '.')
        length += 1;
    snprintf(part, FIELD_NAME_MAX, "%.*s", (int)length, a->path);
    length += length < a->path_size;
    a->path += length;
    a->path_size -= length;
}

static int assignment_json(struct assignment *a, json_t **valuep)
{
    json_error_t json_error;
    json_t *value = json_loads(a->value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &json_error);

    if (value == NULL)
        return assignment_refuse(a->error, "for a text write key=value, without the colon",
                "%.*s: after := must be JSON: %s", (int)a->key_size, a->key, json_error.text);
    *valuep = value;
    return 0;
}

static json_t *assignment_string(const char *text, size_t size, bool is_bytes)
{
    CLEANUP(cleanup_free) char *encoded = NULL;

    if (!is_bytes)
        return json_stringn(text, size);
    encoded = base64_encode((const uint8_t *)text, size);
    return encoded != NULL ? json_string(encoded) : NULL;
}

/* `@file`, for texts and bytes. */
static int assignment_file(struct assignment *a, bool is_bytes, json_t **valuep)
{
    CLEANUP(cleanup_free) char *text = NULL;
    size_t size = 0;
    int error = file_read(a->value + 1, ASSIGNMENT_FILE_MAX, &text, &size);

    if (error < 0)
        assignment_refuse(a->error, "a value that starts with @ itself: key:='\"@…\"'",
                "%.*s: cannot read %s: %s", (int)a->key_size, a->key, a->value + 1,
                strerror(-error));
    if (error < 0)
        return error == -ENOENT ? error : -EINVAL;
    *valuep = assignment_string(text, size, is_bytes);
    if (*valuep == NULL)
        return assignment_refuse(
                a->error, "only bytes fields hold anything", "%s is no UTF-8 text", a->value + 1);
    return 0;
}

static bool assignment_is_integer(const char *text)
{
    text += *text == '-';
    return text[0] != '\0' && strspn(text, "0123456789") == strlen(text) && strlen(text) < 12;
}

/* The value as JSON of the field's type. */
static int assignment_leaf(
        struct assignment *a, const struct mu_schema_field *field, json_t **valuep)
{
    char type[FIELD_NAME_MAX];

    field_value_type(field, type);
    if (a->is_json || (field_has_fields(field) && a->value[0] == '{'))
        return assignment_json(a, valuep);
    if (field_has_fields(field))
        return assignment_refuse(a->error, "set its fields: key.field=value, or all: key:='{…}'",
                "%.*s is a %s", (int)a->key_size, a->key, type);
    if (strcmp(type, "bool") == 0 || strcmp(type, "google.protobuf.BoolValue") == 0) {
        if (strcmp(a->value, "true") != 0 && strcmp(a->value, "false") != 0)
            return assignment_refuse(a->error, "write true or false", "%.*s is a bool, not \"%s\"",
                    (int)a->key_size, a->key, a->value);
        *valuep = json_boolean(a->value[0] == 't');
        return 0;
    }
    if (a->value[0] == '@' && (strcmp(type, "bytes") == 0 || strcmp(type, "string") == 0))
        return assignment_file(a, strcmp(type, "bytes") == 0, valuep);
    if (field_value_enum(field) != NULL && assignment_is_integer(a->value))
        *valuep = json_integer(strtoll(a->value, NULL, 10));
    else
        *valuep = json_string(a->value);
    if (*valuep == NULL)
        return assignment_refuse(a->error, "write it in UTF-8", "%.*s: the value is no UTF-8 text",
                (int)a->key_size, a->key);
    return 0;
}

/* The member of `object`, made as `fresh` where it is not there; takes `fresh`. */
static json_t *assignment_member(json_t *object, const char *name, json_t *fresh)
{
    json_t *member = json_object_get(object, name);

    if (member != NULL && json_typeof(member) == json_typeof(fresh)) {
        json_decref(fresh);
        return member;
    }
    json_object_set_new(object, name, fresh);
    return fresh;
}

static int assignment_into(
        struct assignment *a, json_t *object, const ProtobufCMessageDescriptor *type);

static int assignment_map(struct assignment *a, json_t *object, const struct mu_schema_field *field)
{
    char key[FIELD_NAME_MAX];
    json_t *map;
    json_t *value = NULL;
    int error;

    if (a->path_size == 0 && !a->is_json)
        return assignment_refuse(a->error, "set one key: name.KEY=value, or all: name:='{…}'",
                "%.*s is a %s", (int)a->key_size, a->key, field->type);
    if (a->path_size == 0) {
        error = assignment_json(a, &value);
        return error < 0 ? error : json_object_set_new(object, field->json_name, value);
    }
    map = assignment_member(object, field->json_name, json_object());
    if (!field_has_fields(field)) { /* the rest is the key, dots and all */
        snprintf(key, sizeof(key), "%.*s", (int)a->path_size, a->path);
        a->path_size = 0;
    } else {
        assignment_step(a, key);
    }
    if (a->path_size > 0)
        return assignment_into(
                a, assignment_member(map, key, json_object()), field_value_message(field));
    error = assignment_leaf(a, field, &value);
    return error < 0 ? error : json_object_set_new(map, key, value);
}

static int assignment_list(
        struct assignment *a, json_t *object, const struct mu_schema_field *field)
{
    json_t *list = assignment_member(object, field->json_name, json_array());
    json_t *value = NULL;
    char part[FIELD_NAME_MAX];
    size_t index;
    int error;

    if (a->path_size > 0) {
        assignment_step(a, part);
        index = (size_t)strtoul(part, NULL, 10);
        if (part[0] == '\0' || strspn(part, "0123456789") != strlen(part) ||
                index > json_array_size(list))
            return assignment_refuse(a->error, "count from 0, without gaps: name.0.field=value",
                    "%.*s: \"%s\" is no place in the list", (int)a->key_size, a->key, part);
        if (a->path_size > 0 && field_has_fields(field)) {
            if (index == json_array_size(list))
                json_array_append_new(list, json_object());
            return assignment_into(a, json_array_get(list, index), field_value_message(field));
        }
        error = assignment_leaf(a, field, &value);
        if (error == 0 && index == json_array_size(list))
            return json_array_append_new(list, value);
        return error < 0 ? error : json_array_set_new(list, index, value);
    }
    error = assignment_leaf(a, field, &value);
    if (error < 0)
        return error;
    if (json_is_array(value))
        return json_object_set_new(object, field->json_name, value);
    return json_array_append_new(list, value);
}

static int assignment_no_field(struct assignment *a, const struct field_list *list,
        const ProtobufCMessageDescriptor *type, const char *name)
{
    struct suggestion suggestion;
    char fix[ASSIGNMENT_TEXT_MAX] = "it has no fields";
    size_t length = 0;

    suggestion_init(&suggestion, name);
    for (size_t i = 0; i < list->count; i++)
        suggestion_offer(&suggestion, list->fields[i].name);
    if (suggestion_best(&suggestion) != NULL)
        snprintf(fix, sizeof(fix), "did you mean: %s", suggestion_best(&suggestion));
    for (size_t i = 0; suggestion_best(&suggestion) == NULL && i < list->count; i++) {
        length += (size_t)snprintf(fix + length, sizeof(fix) - length, "%s%s",
                i == 0 ? "it has: " : ", ", list->fields[i].name);
        if (length >= sizeof(fix) - FIELD_NAME_MAX)
            break;
    }
    return assignment_refuse(a->error, fix, "%s has no field \"%s\"", type->name, name);
}

static int assignment_into(
        struct assignment *a, json_t *object, const ProtobufCMessageDescriptor *type)
{
    CLEANUP(field_list_deinit) struct field_list list = { 0 };
    const struct mu_schema_field *field;
    char name[FIELD_NAME_MAX];
    json_t *value = NULL;
    int error = field_list_init(&list, a->schema, type);

    if (error < 0)
        return error;
    assignment_step(a, name);
    field = field_find(&list, name);
    if (field == NULL)
        return assignment_no_field(a, &list, type, name);
    if (field->map)
        return assignment_map(a, object, field);
    if (field->repeated)
        return assignment_list(a, object, field);
    if (a->path_size > 0 && field_has_fields(field))
        return assignment_into(a, assignment_member(object, field->json_name, json_object()),
                field_value_message(field));
    if (a->path_size > 0)
        return assignment_refuse(a->error, "write it without the rest",
                "%s is a %s, it has no "
                "field \"%.*s\"",
                name, field->type, (int)a->path_size, a->path);
    error = assignment_leaf(a, field, &value);
    return error < 0 ? error : json_object_set_new(object, field->json_name, value);
}

int assignment_apply(json_t *root, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type, const char *word, struct assignment_error *error)
{
    size_t length = strcspn(word, "=");
    struct assignment a = { .schema = schema, .error = error, .key = word, .path = word };
    char cut[FAILURE_WORD_MAX];
    int code;

    if (!assignment_is(word))
        return assignment_refuse(error,
                "write a field as key=value, or the whole as '{\"key\": …}'",
                "\"%s\" is neither key=value nor JSON", failure_word(word, cut));
    a.value = word + length + 1;
    a.is_json = length > 0 && word[length - 1] == ':';
    a.key_size = length - a.is_json;
    a.path_size = a.key_size;
    code = assignment_into(&a, root, type);
    return code > 0 || code == -1 ? -ENOMEM : code;
}
