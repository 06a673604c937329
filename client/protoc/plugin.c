// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "client/protoc/body.h"
#include "client/protoc/embed.h"
#include "client/protoc/header.h"
#include "client/protoc/memory.h"
#include "client/protoc/messages.h"
#include "client/protoc/rules.h"
#include "client/protoc/set.h"

typedef Google__Protobuf__Compiler__CodeGeneratorResponse__File plugin_file;

/* The text of a file that is being written. */
struct plugin_text {
    FILE *out;
    char *text;
    size_t size;
};

static void plugin_text_begin(struct plugin_text *text)
{
    *text = (struct plugin_text){ 0 };
    text->out = open_memstream(&text->text, &text->size);
    CHECK(text->out != NULL);
}

static void plugin_add(struct plugin *plugin, plugin_file *file)
{
    Google__Protobuf__Compiler__CodeGeneratorResponse *response = &plugin->response;
    plugin_file **files = reallocarray(response->file, response->n_file + 1, sizeof(plugin_file *));

    CHECK(files != NULL);
    files[response->n_file] = file;
    response->file = files;
    response->n_file += 1;
}

/* Ends `text` and makes it the file beside `proto` with another suffix. */
static void plugin_text_end(struct plugin *plugin, struct plugin_text *text,
        const Google__Protobuf__FileDescriptorProto *proto, const char *suffix)
{
    static const plugin_file nothing =
            GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FILE__INIT;
    plugin_file *file = memory_get(sizeof(*file));

    CHECK(fclose(text->out) == 0);
    *file = nothing;
    file->name = stub_path(proto, suffix);
    file->content = text->text;
    plugin_add(plugin, file);
}

static void plugin_make_stubs(struct plugin *plugin, const struct stub *stubs, size_t count,
        const uint8_t *set, size_t size)
{
    struct plugin_text text;

    plugin_text_begin(&text);
    header_print(text.out, stubs, count);
    plugin_text_end(plugin, &text, stubs[0].file, ".mu.h");
    plugin_text_begin(&text);
    body_print(text.out, stubs, count, set, size);
    plugin_text_end(plugin, &text, stubs[0].file, ".mu.c");
}

static void plugin_make_types(struct plugin *plugin, const struct stub *stubs, size_t count,
        const uint8_t *set, size_t size)
{
    struct plugin_text text;

    plugin_text_begin(&text);
    embed_print_header(text.out, stubs, count);
    plugin_text_end(plugin, &text, stubs[0].file, ".types.h");
    plugin_text_begin(&text);
    embed_print_body(text.out, stubs, count, set, size);
    plugin_text_end(plugin, &text, stubs[0].file, ".types.c");
}

/* Makes the outputs of each file that has services. */
static void plugin_make(struct plugin *plugin)
{
    size_t count;

    for (size_t i = 0; i < plugin->stub_count; i += count) {
        const struct stub *stubs = &plugin->stubs[i];
        uint8_t *set;
        size_t size;

        for (count = 1; i + count < plugin->stub_count && stubs[count].file == stubs[0].file;)
            count++;
        set_pack(plugin->request, stubs[0].file, &set, &size);
        if (plugin->parameter.outputs & PARAMETER_STUBS)
            plugin_make_stubs(plugin, stubs, count, set, size);
        if (plugin->parameter.outputs & PARAMETER_TYPES)
            plugin_make_types(plugin, stubs, count, set, size);
        free(set);
    }
}

/* Takes the files that protoc-gen-c made. Returns 0 or -EPROTO. */
static int plugin_make_messages(struct plugin *plugin)
{
    Google__Protobuf__Compiler__CodeGeneratorResponse *response =
            messages_generate(plugin->parameter.protoc_gen_c, plugin->request);

    if (response == NULL)
        return -EPROTO;
    if (response->error != NULL)
        refusals_add(&plugin->refusals, NULL, NULL, "%s", response->error);
    for (size_t i = 0; i < response->n_file; i++)
        plugin_add(plugin, response->file[i]);
    response->n_file = 0;
    google__protobuf__compiler__code_generator_response__free_unpacked(response, NULL);
    return 0;
}

static const Google__Protobuf__FileDescriptorProto *plugin_find_file(
        const struct plugin *plugin, const char *name)
{
    for (size_t i = 0; i < plugin->request->n_proto_file; i++)
        if (strcmp(plugin->request->proto_file[i]->name, name) == 0)
            return plugin->request->proto_file[i];
    return NULL;
}

static void plugin_read_file(struct plugin *plugin, const char *name)
{
    const Google__Protobuf__FileDescriptorProto *file = plugin_find_file(plugin, name);

    if (file == NULL) {
        refusals_add(&plugin->refusals, NULL, NULL, "%s: protoc did not send this file", name);
        return;
    }
    rules_check_file(&plugin->types, file, &plugin->refusals);
    for (size_t i = 0; i < file->n_service; i++)
        stub_init(
                &plugin->stubs[plugin->stub_count++], file, i, &plugin->types, &plugin->parameter);
}

static void plugin_check(struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->request->n_file_to_generate; i++)
        plugin_read_file(plugin, plugin->request->file_to_generate[i]);
    if (plugin->parameter.outputs == PARAMETER_MESSAGES)
        return;
    for (size_t i = 0; i < plugin->stub_count; i++)
        rules_check_stub(&plugin->types, &plugin->stubs[i], &plugin->refusals);
    rules_check_names(plugin->stubs, plugin->stub_count, &plugin->refusals);
}

void plugin_init(struct plugin *plugin, Google__Protobuf__Compiler__CodeGeneratorRequest *request)
{
    size_t service_count = 0;

    *plugin = (struct plugin){
        .request = request,
        .response = GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__INIT,
    };
    plugin->response.has_supported_features = true;
    plugin->response.supported_features =
            GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL;
    refusals_init(&plugin->refusals);
    parameter_init(&plugin->parameter, request->parameter, &plugin->refusals);
    types_init(&plugin->types, request);
    for (size_t i = 0; i < request->n_proto_file; i++)
        service_count += request->proto_file[i]->n_service;
    plugin->stubs = memory_get(service_count * sizeof(struct stub));
}

int plugin_run(struct plugin *plugin)
{
    plugin_check(plugin);
    if (plugin->refusals.count == 0 && (plugin->parameter.outputs & PARAMETER_MESSAGES)) {
        int error = plugin_make_messages(plugin);

        if (error < 0)
            return error;
    }
    if (plugin->refusals.count == 0) {
        set_trim(plugin->request);
        plugin_make(plugin);
    }
    plugin->response.error = (char *)(uintptr_t)refusals_text(&plugin->refusals);
    return 0;
}

void plugin_deinit(struct plugin *plugin)
{
    for (size_t i = 0; i < plugin->stub_count; i++)
        stub_deinit(&plugin->stubs[i]);
    free(plugin->stubs);
    for (size_t i = 0; i < plugin->response.n_file; i++)
        protobuf_c_message_free_unpacked(&plugin->response.file[i]->base, NULL);
    free(plugin->response.file);
    types_deinit(&plugin->types);
    parameter_deinit(&plugin->parameter);
    refusals_deinit(&plugin->refusals);
    google__protobuf__compiler__code_generator_request__free_unpacked(plugin->request, NULL);
    *plugin = (struct plugin){ 0 };
}
