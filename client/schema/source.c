// SPDX-License-Identifier: Apache-2.0
/* Prints types as the .proto source that they came from, near enough to be read and to be compiled
 * again: with comments, without options that only matter to other languages. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "client/schema/buffer.h"
#include "client/schema/types.h"

/* The numbers of members in their descriptors, to find comments by. */
enum { ENUM_VALUE = 2, MESSAGE_ONEOF = 8 };

enum { SOURCE_NAME_MAX = 1024 }; /* bytes of a full name; types with longer ones are left out */

struct source {
    const struct mu_schema *schema;
    const char *package; /* whose names need no package in front */
    struct buffer out;
    unsigned indent; /* levels */
};

static void source_begin(struct source *source)
{
    for (unsigned i = 0; i < source->indent; i++)
        buffer_put_text(&source->out, "  ");
}

static void source_comment(struct source *source, const char *comment)
{
    while (*comment != '\0') {
        size_t size = strcspn(comment, "\n");

        source_begin(source);
        buffer_format(&source->out, size != 0 ? "// %.*s\n" : "//\n", (int)size, comment);
        comment += size + (comment[size] == '\n');
    }
}

/* `repeated greeter.v1.Mood` without the package, where that is the one that is printed. */
static void source_type(struct source *source, const char *text)
{
    size_t size = strlen(source->package);

    while (*text != '\0') {
        size_t word;

        if (size != 0 && strncmp(text, source->package, size) == 0 && text[size] == '.')
            text += size + 1;
        word = strcspn(text, " ");
        word += text[word] == ' ';
        buffer_put(&source->out, text, word);
        text += word;
    }
}

static void source_default(struct source *source, const field_proto *proto)
{
    if (proto->type != GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING) {
        bool is_bytes = proto->type == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES;

        buffer_format(&source->out, is_bytes ? "\"%s\"" : "%s", proto->default_value);
        return;
    }
    buffer_put_byte(&source->out, '"');
    for (const char *at = proto->default_value; *at != '\0'; at++) {
        bool is_plain = (unsigned char)*at >= 0x20 && *at != 0x7f && *at != '"' && *at != '\\';

        buffer_format(&source->out, is_plain ? "%c" : "\\%03o", (unsigned char)*at);
    }
    buffer_put_byte(&source->out, '"');
}

static void source_field_options(struct source *source, const field_proto *proto)
{
    bool is_deprecated = proto->options != NULL && proto->options->deprecated;

    if (proto->default_value != NULL) {
        buffer_put_text(&source->out, " [default = ");
        source_default(source, proto);
        buffer_put_text(&source->out, is_deprecated ? ", deprecated = true]" : "]");
    } else if (is_deprecated) {
        buffer_put_text(&source->out, " [deprecated = true]");
    }
}

static void source_field(struct source *source, const struct message_type *type, unsigned place)
{
    const struct field_type *field = &type->fields[place];
    ProtobufCLabel label = type->base.fields[place].label;

    source_comment(source, field->comment);
    source_begin(source);
    if (label == PROTOBUF_C_LABEL_REQUIRED)
        buffer_put_text(&source->out, "required ");
    else if (label == PROTOBUF_C_LABEL_OPTIONAL)
        buffer_put_text(&source->out, "optional ");
    source_type(source, field->type_text);
    buffer_format(&source->out, " %s = %u", field->proto->name, type->base.fields[place].id);
    source_field_options(source, field->proto);
    buffer_put_text(&source->out, ";\n");
}

/* A oneof with its fields, which follow each other from the `first`th of the .proto on. Returns the
 * first field after them. */
static unsigned source_oneof(struct source *source, const struct message_type *type, unsigned first)
{
    int32_t oneof = type->fields[type->order[first]].oneof;
    const char *name = type->proto->oneof_decl[oneof]->name;
    unsigned i = first;

    source_comment(source, comment_find(&type->place, MESSAGE_ONEOF, oneof));
    source_begin(source);
    buffer_format(&source->out, "oneof %s {\n", name);
    source->indent += 1;
    for (; i < type->base.n_fields && type->fields[type->order[i]].oneof == oneof; i++)
        source_field(source, type, type->order[i]);
    source->indent -= 1;
    source_begin(source);
    buffer_put_text(&source->out, "}\n");
    return i;
}

static void source_enum(struct source *source, const struct enum_type *enumeration)
{
    const enum_proto *proto = enumeration->proto;

    source_comment(source, comment_find(&enumeration->place, 0, 0));
    source_begin(source);
    buffer_format(&source->out, "enum %s {\n", proto->name);
    source->indent += 1;
    if (proto->options != NULL && proto->options->allow_alias) {
        source_begin(source);
        buffer_put_text(&source->out, "option allow_alias = true;\n");
    }
    for (size_t i = 0; i < proto->n_value; i++) {
        bool is_deprecated =
                proto->value[i]->options != NULL && proto->value[i]->options->deprecated;

        source_comment(source, comment_find(&enumeration->place, ENUM_VALUE, (int32_t)i));
        source_begin(source);
        buffer_format(&source->out, "%s = %d%s;\n", proto->value[i]->name, proto->value[i]->number,
                is_deprecated ? " [deprecated = true]" : "");
    }
    source->indent -= 1;
    source_begin(source);
    buffer_put_text(&source->out, "}\n");
}

static const struct type *source_find_nested(
        const struct source *source, const char *outer, const char *name)
{
    char full[SOURCE_NAME_MAX];
    int size = snprintf(full, sizeof(full), "%s.%s", outer, name);

    if (size >= (int)sizeof(full))
        return NULL;
    return type_find(source->schema, full);
}

static void source_message(struct source *source, const struct message_type *type)
{
    const message_proto *proto = type->proto;

    source_comment(source, comment_find(&type->place, 0, 0));
    source_begin(source);
    buffer_format(&source->out, "message %s {\n", proto->name);
    source->indent += 1;
    for (size_t i = 0; i < proto->n_enum_type; i++) {
        const struct type *nested =
                source_find_nested(source, type->base.name, proto->enum_type[i]->name);

        if (nested != NULL)
            source_enum(source, nested->enumeration);
    }
    for (size_t i = 0; i < proto->n_nested_type; i++) {
        const struct type *nested =
                source_find_nested(source, type->base.name, proto->nested_type[i]->name);
        const Google__Protobuf__MessageOptions *options = proto->nested_type[i]->options;

        if (nested != NULL && (options == NULL || !options->map_entry))
            source_message(source, nested->message);
    }
    for (unsigned i = 0; i < type->base.n_fields;)
        if (type->fields[type->order[i]].oneof < 0)
            source_field(source, type, type->order[i++]);
        else
            i = source_oneof(source, type, i);
    source->indent -= 1;
    source_begin(source);
    buffer_put_text(&source->out, "}\n");
}

static void source_method(struct source *source, const struct mu_schema_method *method)
{
    static const char *const levels[] = { NULL, "NO_SIDE_EFFECTS", "IDEMPOTENT" };
    const char *level = levels[method->idempotency];

    source_comment(source, method->comment);
    buffer_format(&source->out, "  rpc %s(%s", method->name,
            method->shape == MU_CLIENT_STREAM || method->shape == MU_TWO_WAY ? "stream " : "");
    source_type(source, method->request->name);
    buffer_format(&source->out, ") returns (%s",
            method->shape == MU_SERVER_STREAM || method->shape == MU_TWO_WAY ? "stream " : "");
    source_type(source, method->reply->name);
    if (level == NULL && !method->deprecated) {
        buffer_put_text(&source->out, ");\n");
        return;
    }
    buffer_put_text(&source->out, ") {\n");
    if (level != NULL)
        buffer_format(&source->out, "    option idempotency_level = %s;\n", level);
    if (method->deprecated)
        buffer_put_text(&source->out, "    option deprecated = true;\n");
    buffer_put_text(&source->out, "  }\n");
}

static void source_service(struct source *source, const struct service *service)
{
    source_comment(source, service->base.comment);
    buffer_format(&source->out, "service %s {\n", service->proto->name);
    source->indent += 1;
    for (size_t i = 0; i < service->base.method_count; i++)
        source_method(source, &service->base.methods[i]);
    source->indent -= 1;
    buffer_put_text(&source->out, "}\n");
}

static const char *source_package(const struct file *file)
{
    return file->proto->package != NULL ? file->proto->package : "";
}

int mu_schema_print(const struct mu_schema *schema, const char *name, char **textp)
{
    const struct type *type = type_find(schema, name);
    const struct mu_schema_service *service =
            type == NULL ? mu_schema_find_service(schema, name) : NULL;
    struct source source = { .schema = schema };
    uint8_t *text;
    size_t size;
    int result;

    buffer_init(&source.out, MU_SCHEMA_TEXT_MAX);
    if (type != NULL && type->message != NULL) {
        source.package = source_package(type->message->place.file);
        source_message(&source, type->message);
    } else if (type != NULL) {
        source.package = source_package(type->enumeration->place.file);
        source_enum(&source, type->enumeration);
    } else if (service != NULL) {
        const struct service *whole = (const struct service *)(const void *)service;

        source.package = source_package(whole->place.file);
        source_service(&source, whole);
    } else {
        return -ENOENT;
    }
    result = buffer_take(&source.out, &text, &size);
    if (result == 0)
        *textp = (char *)text;
    return err_trace(result == -E2BIG ? -ENOMEM : result);
}
