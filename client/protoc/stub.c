// SPDX-License-Identifier: Apache-2.0
#include "client/protoc/stub.h"

#include <stdlib.h>
#include <string.h>

#include "client/protoc/memory.h"
#include "client/protoc/names.h"

static enum mu_idempotency stub_idempotency(const Google__Protobuf__MethodDescriptorProto *method)
{
    if (method->options == NULL || !method->options->has_idempotency_level)
        return MU_IDEMPOTENCY_UNKNOWN;
    return (enum mu_idempotency)method->options->idempotency_level;
}

static void stub_init_method(struct stub_method *method, const struct stub *stub, size_t index,
        const struct types *types)
{
    const Google__Protobuf__MethodDescriptorProto *proto = stub->proto->method[index];

    *method = (struct stub_method){
        .proto = proto,
        .path = stub->path,
        .name = names_snake(proto->name),
        .shape = (enum mu_shape)((proto->client_streaming ? MU_CLIENT_STREAM : 0) |
                                 (proto->server_streaming ? MU_SERVER_STREAM : 0)),
        .idempotency = stub_idempotency(proto),
        .request = types_find(types, proto->input_type),
        .reply = types_find(types, proto->output_type),
    };
    source_path_push(&method->path, SOURCE_SERVICE_METHOD, index);
    method->comment = source_comment(stub->file, &method->path);
}

/* A name on the bus has no underscores: `key_value_store` is `key-value-store`. */
static char *stub_bus_name(const char *name)
{
    char *bus_name = names_snake(name);

    for (char *at = bus_name; *at != '\0'; at++)
        if (*at == '_')
            *at = '-';
    return bus_name;
}

void stub_init(struct stub *stub, const Google__Protobuf__FileDescriptorProto *file, size_t index,
        const struct types *types, const struct parameter *parameter)
{
    const Google__Protobuf__ServiceDescriptorProto *proto = file->service[index];
    const char *prefix;

    *stub = (struct stub){
        .file = file,
        .proto = proto,
        .full_name = file->package != NULL ? memory_print("%s.%s", file->package, proto->name)
                                           : memory_print("%s", proto->name),
        .bus_name = stub_bus_name(proto->name),
        .methods = memory_get(proto->n_method * sizeof(struct stub_method)),
    };
    prefix = parameter_prefix(parameter, proto->name, stub->full_name);
    stub->prefix = prefix != NULL ? memory_print("%s", prefix) : names_snake(proto->name);
    source_path_push(&stub->path, SOURCE_FILE_SERVICE, index);
    stub->comment = source_comment(file, &stub->path);
    for (size_t i = 0; i < proto->n_method; i++)
        stub_init_method(&stub->methods[stub->method_count++], stub, i, types);
}

void stub_deinit(struct stub *stub)
{
    for (size_t i = 0; i < stub->method_count; i++)
        free(stub->methods[i].name);
    free(stub->methods);
    free(stub->full_name);
    free(stub->prefix);
    free(stub->bus_name);
    *stub = (struct stub){ 0 };
}

char *stub_member(const struct stub_method *method)
{
    return memory_print("%s%s", method->name, names_is_keyword(method->name) ? "_" : "");
}

char *stub_path(const Google__Protobuf__FileDescriptorProto *file, const char *suffix)
{
    const char *dot = strrchr(file->name, '.');
    size_t size = dot != NULL && strcmp(dot, ".proto") == 0 ? (size_t)(dot - file->name)
                                                            : strlen(file->name);

    return memory_print("%.*s%s", (int)size, file->name, suffix);
}
