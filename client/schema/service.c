// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "client/schema/text.h"
#include "client/schema/types.h"

enum { SERVICE_METHOD = 2 }; /* the number of `method` in ServiceDescriptorProto */

static int service_resolve(const struct mu_schema *schema, const struct service *service,
        const Google__Protobuf__MethodDescriptorProto *proto, const char *name,
        const ProtobufCMessageDescriptor **typep, struct mu_schema_error *error)
{
    const struct type *type = name != NULL ? type_find(schema, name) : NULL;

    if (type == NULL || type->message == NULL)
        return text_fail(error, "%s.%s: message %s is not in the set", service->base.name,
                proto->name, name != NULL ? name : "without a name");
    *typep = &type->message->base;
    return 0;
}

static int service_build_method(const struct mu_schema *schema, const struct service *service,
        size_t index, struct mu_schema_method *method, struct mu_schema_error *error)
{
    const Google__Protobuf__MethodDescriptorProto *proto = service->proto->method[index];
    int result;

    if (proto->name == NULL || !name_is_valid(proto->name, false))
        return text_fail(error, "%s: a method without a proper name", service->base.name);
    method->name = proto->name;
    method->comment = comment_find(&service->place, SERVICE_METHOD, (int32_t)index);
    if (proto->client_streaming)
        method->shape = proto->server_streaming ? MU_TWO_WAY : MU_CLIENT_STREAM;
    else
        method->shape = proto->server_streaming ? MU_SERVER_STREAM : MU_UNARY;
    if (proto->options != NULL) {
        method->idempotency = (enum mu_idempotency)proto->options->idempotency_level;
        method->deprecated = proto->options->deprecated;
    }
    if (method->idempotency > MU_IDEMPOTENT)
        method->idempotency = MU_IDEMPOTENCY_UNKNOWN;
    result = service_resolve(schema, service, proto, proto->input_type, &method->request, error);
    if (result < 0)
        return result;
    return service_resolve(schema, service, proto, proto->output_type, &method->reply, error);
}

int service_build(struct mu_schema *schema, struct service *service, struct mu_schema_error *error)
{
    size_t count = service->proto->n_method;
    struct mu_schema_method *methods = schema_alloc(schema, count, sizeof(*methods));

    if (methods == NULL)
        return -ENOMEM;
    service->base.comment = comment_find(&service->place, 0, 0);
    service->base.methods = methods;
    service->base.method_count = count;
    for (size_t i = 0; i < count; i++) {
        int result = service_build_method(schema, service, i, &methods[i], error);

        if (result < 0)
            return result;
    }
    return 0;
}

const struct mu_schema_service *mu_schema_find_service(
        const struct mu_schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->service_count; i++)
        if (name == NULL || strcmp(schema->services[i].base.name, name) == 0)
            return &schema->services[i].base;
    return NULL;
}

const struct mu_schema_method *mu_schema_find_method(
        const struct mu_schema_service *service, const char *name)
{
    for (size_t i = 0; i < service->method_count; i++)
        if (strcmp(service->methods[i].name, name) == 0)
            return &service->methods[i];
    return NULL;
}
