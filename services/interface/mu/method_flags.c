// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "services/interface/mu/command.h"
#include "services/interface/mu/field.h"
#include "services/interface/mu/method.h"

void method_brief(const char *comment, char *text, size_t size)
{
    size_t length = 0;

    while (isspace((unsigned char)*comment))
        comment += 1;
    for (; *comment != '\0' && length + 1 < size; comment++) {
        if (*comment == '\n' && comment[1] == '\n')
            break;
        text[length++] = *comment == '\n' ? ' ' : *comment;
        if (*comment == '.' && (comment[1] == '\0' || isspace((unsigned char)comment[1])))
            break;
    }
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length -= 1;
    text[length] = '\0';
}

static void method_choices(const ProtobufCEnumDescriptor *values, char *text, size_t size)
{
    size_t length = 0;

    text[0] = '\0';
    for (unsigned i = 0; i < values->n_values; i++) {
        const char *name = values->values[i].name;

        if (length + strlen(name) + 2 > size)
            return;
        length +=
                (size_t)snprintf(text + length, size - length, "%s%s", length > 0 ? "|" : "", name);
    }
}

/* What help shows as the value of a field's flag. */
static void method_value(const struct mu_schema_field *field, struct method_flag *flag)
{
    char type[FIELD_NAME_MAX];
    char upper[32];
    size_t length = 0;

    field_value_type(field, type);
    if (flag->is_bool) {
        snprintf(flag->value, sizeof(flag->value), "[=false]");
        return;
    }
    for (const char *c = strrchr(type, '.') != NULL ? strrchr(type, '.') + 1 : type;
            *c != '\0' && length + 1 < sizeof(upper); c++)
        upper[length++] = (char)toupper((unsigned char)*c);
    upper[length] = '\0';
    snprintf(flag->value, sizeof(flag->value), "%s%s", flag->is_map ? "KEY=" : "",
            flag->is_message ? "JSON" : upper);
}

static void method_flags_add(struct method_flags *flags, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type, const char *outer, int depth)
{
    CLEANUP(field_list_deinit) struct field_list list = { 0 };

    if (depth == METHOD_DEPTH_MAX || field_list_init(&list, schema, type) < 0)
        return;
    for (size_t i = 0; i < list.count && flags->count < METHOD_FLAGS_MAX; i++) {
        const struct mu_schema_field *field = &list.fields[i];
        struct method_flag *flag = &flags->list[flags->count];
        char kebab[FIELD_NAME_MAX];
        char brief[96];
        char path[sizeof(flag->path)];

        *flag = (struct method_flag){ .is_map = field->map };
        flag->is_message = field_has_fields(field);
        flag->is_bool = !field->repeated && !field->map && strcmp(field->type, "bool") == 0;
        if ((size_t)snprintf(path, sizeof(path), "%s%s", outer, field->name) >= sizeof(path))
            continue;
        memcpy(flag->path, path, sizeof(path));
        field_kebab(path, kebab);
        snprintf(flag->name, sizeof(flag->name), "%.95s", kebab);
        method_brief(field->comment, brief, sizeof(brief));
        snprintf(flag->help, sizeof(flag->help), "%s%s", brief,
                field->repeated ? " (may be given again)" : "");
        method_value(field, flag);
        if (field->values != NULL)
            method_choices(field->values, flag->choices, sizeof(flag->choices));
        flags->flags[flags->count++] = (struct flag){
            .name = flag->name,
            .value = flag->value,
            .help = flag->help,
            .complete = field->values != NULL ? COMPLETE_CHOICE : COMPLETE_NOTHING,
            .choices = flag->choices,
        };
        if (flag->is_message && !field->map && !field->repeated) {
            char inner[sizeof(path) + 1];

            snprintf(inner, sizeof(inner), "%s.", path);
            method_flags_add(flags, schema, field->message, inner, depth + 1);
        }
    }
}

int method_flags_init(struct method_flags *flags, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type)
{
    *flags = (struct method_flags){
        .list = calloc(METHOD_FLAGS_MAX, sizeof(*flags->list)),
        .flags = calloc(METHOD_FLAGS_MAX + 1, sizeof(*flags->flags)),
    };
    if (flags->list == NULL || flags->flags == NULL) {
        method_flags_deinit(flags);
        return err_new(-ENOMEM);
    }
    method_flags_add(flags, schema, type, "", 0);
    return 0;
}

void method_flags_deinit(struct method_flags *flags)
{
    free(flags->list);
    free(flags->flags);
    *flags = (struct method_flags){ 0 };
}
