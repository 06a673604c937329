/* tests/unit/schema_small.h - a small set of types, made by hand so that it can be spoilt. */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "google/protobuf/descriptor.pb-c.h"

#define TYPE(name)  GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name
#define LABEL(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_##name

/* package p: enum Mood { LOW = 0 }, message Note { string text = 1; Mood mood = 2; map<string,
 * Note> notes = 3; oneof choice { int32 one = 4; } }, service Desk { rpc Put(Note) returns (Note) }
 */
struct set {
    Google__Protobuf__FileDescriptorSet set;
    Google__Protobuf__FileDescriptorProto file;
    Google__Protobuf__FileDescriptorProto *files[2];
    Google__Protobuf__DescriptorProto note;
    Google__Protobuf__DescriptorProto entry;
    Google__Protobuf__DescriptorProto *messages[2];
    Google__Protobuf__DescriptorProto *nested[1];
    Google__Protobuf__MessageOptions entry_options;
    Google__Protobuf__FieldDescriptorProto fields[4];
    Google__Protobuf__FieldDescriptorProto *field_list[4];
    Google__Protobuf__FieldDescriptorProto entry_fields[2];
    Google__Protobuf__FieldDescriptorProto *entry_field_list[2];
    Google__Protobuf__OneofDescriptorProto oneof;
    Google__Protobuf__OneofDescriptorProto *oneofs[1];
    Google__Protobuf__EnumDescriptorProto mood;
    Google__Protobuf__EnumDescriptorProto *enums[2];
    Google__Protobuf__EnumValueDescriptorProto low;
    Google__Protobuf__EnumValueDescriptorProto *values[2];
    Google__Protobuf__ServiceDescriptorProto desk;
    Google__Protobuf__ServiceDescriptorProto *services[1];
    Google__Protobuf__MethodDescriptorProto put;
    Google__Protobuf__MethodDescriptorProto *methods[1];
};

static inline void field_init(Google__Protobuf__FieldDescriptorProto *field, char *name,
        int32_t number, Google__Protobuf__FieldDescriptorProto__Type type, char *type_name)
{
    google__protobuf__field_descriptor_proto__init(field);
    field->name = name;
    field->has_number = true;
    field->number = number;
    field->has_type = true;
    field->type = type;
    field->type_name = type_name;
    field->has_label = true;
    field->label = LABEL(OPTIONAL);
}

static inline void set_init_messages(struct set *set)
{
    google__protobuf__descriptor_proto__init(&set->note);
    set->note.name = "Note";
    set->note.field = set->field_list;
    set->note.n_field = 4;
    for (size_t i = 0; i < 4; i++)
        set->field_list[i] = &set->fields[i];
    field_init(&set->fields[0], "text", 1, TYPE(STRING), NULL);
    field_init(&set->fields[1], "mood", 2, TYPE(ENUM), ".p.Mood");
    field_init(&set->fields[2], "notes", 3, TYPE(MESSAGE), ".p.Note.NotesEntry");
    set->fields[2].label = LABEL(REPEATED);
    field_init(&set->fields[3], "one", 4, TYPE(INT32), NULL);
    set->fields[3].has_oneof_index = true;
    google__protobuf__oneof_descriptor_proto__init(&set->oneof);
    set->oneof.name = "choice";
    set->oneofs[0] = &set->oneof;
    set->note.oneof_decl = set->oneofs;
    set->note.n_oneof_decl = 1;

    google__protobuf__descriptor_proto__init(&set->entry);
    google__protobuf__message_options__init(&set->entry_options);
    set->entry_options.has_map_entry = true;
    set->entry_options.map_entry = true;
    set->entry.name = "NotesEntry";
    set->entry.options = &set->entry_options;
    set->entry.field = set->entry_field_list;
    set->entry.n_field = 2;
    for (size_t i = 0; i < 2; i++)
        set->entry_field_list[i] = &set->entry_fields[i];
    field_init(&set->entry_fields[0], "key", 1, TYPE(STRING), NULL);
    field_init(&set->entry_fields[1], "value", 2, TYPE(MESSAGE), ".p.Note");
    set->nested[0] = &set->entry;
    set->note.nested_type = set->nested;
    set->note.n_nested_type = 1;
}

static inline void set_init(struct set *set)
{
    memset(set, 0, sizeof(*set));
    google__protobuf__file_descriptor_set__init(&set->set);
    google__protobuf__file_descriptor_proto__init(&set->file);
    set->files[0] = &set->file;
    set->set.file = set->files;
    set->set.n_file = 1;
    set->file.name = "p.proto";
    set->file.package = "p";
    set->file.syntax = "proto3";

    set_init_messages(set);
    set->messages[0] = &set->note;
    set->file.message_type = set->messages;
    set->file.n_message_type = 1;

    google__protobuf__enum_descriptor_proto__init(&set->mood);
    google__protobuf__enum_value_descriptor_proto__init(&set->low);
    set->low.name = "LOW";
    set->low.has_number = true;
    set->values[0] = &set->low;
    set->mood.name = "Mood";
    set->mood.value = set->values;
    set->mood.n_value = 1;
    set->enums[0] = &set->mood;
    set->file.enum_type = set->enums;
    set->file.n_enum_type = 1;

    google__protobuf__service_descriptor_proto__init(&set->desk);
    google__protobuf__method_descriptor_proto__init(&set->put);
    set->put.name = "Put";
    set->put.input_type = ".p.Note";
    set->put.output_type = ".p.Note";
    set->methods[0] = &set->put;
    set->desk.name = "Desk";
    set->desk.method = set->methods;
    set->desk.n_method = 1;
    set->services[0] = &set->desk;
    set->file.service = set->services;
    set->file.n_service = 1;
}
