// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/parameter.h"

#include <stdlib.h>
#include <string.h>

#include "client/protoc/memory.h"

static void parameter_read_prefix(struct parameter *parameter, char *value)
{
    struct parameter_prefix *entry = &parameter->prefixes[parameter->prefix_count++];
    char *colon = strchr(value, ':');

    *entry = (struct parameter_prefix){ .prefix = value };
    if (colon == NULL)
        return;
    *colon = '\0';
    *entry = (struct parameter_prefix){ .service = value, .prefix = colon + 1 };
}

static void parameter_read_only(
        struct parameter *parameter, const char *value, struct refusals *refusals)
{
    if (strcmp(value, "messages") == 0)
        parameter->outputs = PARAMETER_MESSAGES;
    else if (strcmp(value, "stubs") == 0)
        parameter->outputs = PARAMETER_STUBS;
    else if (strcmp(value, "types") == 0)
        parameter->outputs = PARAMETER_TYPES;
    else
        refusals_add(refusals, NULL, NULL,
                "--mu_opt=only=%s: there is only=messages, only=stubs and only=types", value);
}

static void parameter_read_option(
        struct parameter *parameter, char *option, struct refusals *refusals)
{
    char *equals = strchr(option, '=');

    if (equals != NULL)
        *equals = '\0';
    if (equals != NULL && strcmp(option, "prefix") == 0) {
        parameter_read_prefix(parameter, equals + 1);
    } else if (equals != NULL && strcmp(option, "only") == 0) {
        parameter_read_only(parameter, equals + 1, refusals);
    } else if (equals != NULL && strcmp(option, "protoc_gen_c") == 0) {
        free(parameter->protoc_gen_c);
        parameter->protoc_gen_c = memory_print("%s", equals + 1);
    } else {
        refusals_add(refusals, NULL, NULL,
                "--mu_opt=%s: unknown; there is prefix=NAME, prefix=SERVICE:NAME, only=messages, "
                "only=stubs, only=types and protoc_gen_c=PROGRAM",
                option);
    }
}

void parameter_init(struct parameter *parameter, const char *text, struct refusals *refusals)
{
    char *rest;
    char *option;
    size_t option_count = 1;

    if (text == NULL)
        text = "";
    for (const char *comma = text; (comma = strchr(comma, ',')) != NULL; comma++)
        option_count++;
    *parameter = (struct parameter){
        .outputs = PARAMETER_MESSAGES | PARAMETER_STUBS,
        .protoc_gen_c = memory_print("protoc-gen-c"),
        .text = memory_print("%s", text),
        .prefixes = memory_get(option_count * sizeof(struct parameter_prefix)),
    };
    rest = parameter->text;
    while ((option = strsep(&rest, ",")) != NULL)
        if (option[0] != '\0')
            parameter_read_option(parameter, option, refusals);
}

void parameter_deinit(struct parameter *parameter)
{
    free(parameter->protoc_gen_c);
    free(parameter->text);
    free(parameter->prefixes);
    *parameter = (struct parameter){ 0 };
}

const char *parameter_prefix(
        const struct parameter *parameter, const char *name, const char *full_name)
{
    const char *prefix = NULL;

    for (size_t i = 0; i < parameter->prefix_count; i++) {
        const struct parameter_prefix *entry = &parameter->prefixes[i];

        if (entry->service == NULL || strcmp(entry->service, name) == 0 ||
                strcmp(entry->service, full_name) == 0)
            prefix = entry->prefix;
    }
    return prefix;
}
