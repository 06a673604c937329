// SPDX-License-Identifier: Apache-2.0
/* The templates are the C file as it will stand. Adapters stand between the untyped table that
 * libmu calls through and the typed functions of people: a function is called by its own type only,
 * and a typed callback that travels as a mu_any_fn is cast back by the adapter that knows it. */
#include "client/protoc/body.h"

#include <stdlib.h>

#include "client/protoc/embed.h"
#include "client/protoc/template.h"

static const char body_top[] =
        "// Made from $file$ by protoc-gen-mu; what is changed here is lost.\n"
        "#include \"$header$\"\n"
        "\n"
        "#include \"mu/stub.h\"\n"
        "\n"
        "/* A google.protobuf.FileDescriptorSet. */\n";

static const char body_opened_request[] =
        "\n"
        "static void $prefix$_$method$_opened(\n"
        "        const void *handlers, struct mu_call *call, const ProtobufCMessage *request)\n"
        "{\n"
        "    const struct $prefix$_handlers *typed = handlers;\n"
        "\n"
        "    if (typed->$member$ == NULL)\n"
        "        mu_stub_refuse(call);\n"
        "    else\n"
        "        typed->$member$(call, (const $Request$ *)request);\n"
        "}\n";

static const char body_opened_items[] =
        "\n"
        "static void $prefix$_$method$_opened(\n"
        "        const void *handlers, struct mu_call *call, const ProtobufCMessage *request)\n"
        "{\n"
        "    const struct $prefix$_handlers *typed = handlers;\n"
        "\n"
        "    (void)request;\n"
        "    if (typed->$member$ == NULL || typed->$method$_item == NULL || typed->$method$_end == "
        "NULL)\n"
        "        mu_stub_refuse(call);\n"
        "    else\n"
        "        typed->$member$(call);\n"
        "}\n"
        "\n"
        "static void $prefix$_$method$_item(\n"
        "        const void *handlers, struct mu_call *call, const ProtobufCMessage *item)\n"
        "{\n"
        "    const struct $prefix$_handlers *typed = handlers;\n"
        "\n"
        "    typed->$method$_item(call, (const $Request$ *)item);\n"
        "}\n"
        "\n"
        "static void $prefix$_$method$_ended(const void *handlers, struct mu_call *call)\n"
        "{\n"
        "    const struct $prefix$_handlers *typed = handlers;\n"
        "\n"
        "    typed->$method$_end(call);\n"
        "}\n";

static const char body_method[] = "    {\n"
                                  "        .name = \"$Method$\",\n"
                                  "        .shape = $shape$,\n"
                                  "        .idempotency = $idempotency$,\n"
                                  "        .request = &$request$,\n"
                                  "        .reply = &$reply$,\n"
                                  "        .open = $prefix$_$method$_opened,\n";

static const char body_method_items[] = "        .item = $prefix$_$method$_item,\n"
                                        "        .end = $prefix$_$method$_ended,\n";

static const char body_type[] =
        "};\n"
        "\n"
        "const struct mu_service_type $prefix$_type = {\n"
        "    .name = \"$name$\",\n"
        "    .proto_name = \"$service$\",\n"
        "    .methods = $prefix$_methods,\n"
        "    .method_count = sizeof($prefix$_methods) / sizeof($prefix$_methods[0]),\n"
        "    .types = { mu_stub_types, sizeof(mu_stub_types) },\n"
        "};\n";

static const char body_unary[] =
        "\n"
        "enum mu_code $prefix$_$method$(struct mu_client *client,\n"
        "        const $Request$ *request, const struct mu_call_options *options,\n"
        "        $Reply$ **replyp, struct mu_status *status)\n"
        "{\n"
        "    char endpoint[MU_ENDPOINT_MAX];\n"
        "    ProtobufCMessage *reply = NULL;\n"
        "    enum mu_code code;\n"
        "\n"
        "    code = mu_call_message(client, mu_stub_endpoint(endpoint, options, \"$name$\", "
        "\"$Method$\"),\n"
        "            (const ProtobufCMessage *)request, &$reply$, options, &reply, status);\n"
        "    if (code == MU_OK)\n"
        "        *replyp = ($Reply$ *)reply;\n"
        "    return code;\n"
        "}\n"
        "\n"
        "static void $prefix$_$method$_done(const struct mu_status *status,\n"
        "        const ProtobufCMessage *reply, const struct mu_message_hearer *hearer)\n"
        "{\n"
        "    (($prefix$_$method$_fn)hearer->then)(status, (const $Reply$ *)reply, hearer->user);\n"
        "}\n"
        "\n"
        "uint64_t $prefix$_$method$_async(struct mu_client *client,\n"
        "        const $Request$ *request, const struct mu_call_options *options,\n"
        "        $prefix$_$method$_fn fn, void *user)\n"
        "{\n"
        "    char endpoint[MU_ENDPOINT_MAX];\n"
        "    const struct mu_message_hearer hearer = {\n"
        "        .fn = $prefix$_$method$_done, .then = (mu_any_fn)fn, .user = user\n"
        "    };\n"
        "\n"
        "    return mu_call_message_async(client,\n"
        "            mu_stub_endpoint(endpoint, options, \"$name$\", \"$Method$\"),\n"
        "            (const ProtobufCMessage *)request, &$reply$, options, &hearer);\n"
        "}\n";

static const char body_open_request[] =
        "\n"
        "int $prefix$_$method$_open(struct mu_client *client,\n"
        "        const $Request$ *request, const struct mu_call_options *options,\n"
        "        struct mu_stream **streamp)\n"
        "{\n"
        "    char endpoint[MU_ENDPOINT_MAX];\n"
        "\n"
        "    return mu_stream_open_message(client,\n"
        "            mu_stub_endpoint(endpoint, options, \"$name$\", \"$Method$\"), $shape$,\n"
        "            (const ProtobufCMessage *)request, options, streamp);\n"
        "}\n";

static const char body_open_items[] =
        "\n"
        "int $prefix$_$method$_open(struct mu_client *client,\n"
        "        const struct mu_call_options *options, struct mu_stream **streamp)\n"
        "{\n"
        "    char endpoint[MU_ENDPOINT_MAX];\n"
        "\n"
        "    return mu_stream_open(client,\n"
        "            mu_stub_endpoint(endpoint, options, \"$name$\", \"$Method$\"), $shape$,\n"
        "            (struct mu_bytes){ NULL, 0 }, options, streamp);\n"
        "}\n"
        "\n"
        "enum mu_stream_outcome $prefix$_$method$_write(\n"
        "        struct mu_stream *stream, const $Request$ *item)\n"
        "{\n"
        "    return mu_stream_send_message(stream, (const ProtobufCMessage *)item);\n"
        "}\n";

static const char body_read[] =
        "\n"
        "enum mu_stream_outcome $prefix$_$method$_read(struct mu_stream *stream, uint32_t "
        "wait_ms,\n"
        "        $Reply$ **itemp)\n"
        "{\n"
        "    ProtobufCMessage *item = NULL;\n"
        "    enum mu_stream_outcome outcome =\n"
        "            mu_stream_receive_message(stream, wait_ms, &$reply$, &item);\n"
        "\n"
        "    if (outcome == MU_STREAM_OK)\n"
        "        *itemp = ($Reply$ *)item;\n"
        "    return outcome;\n"
        "}\n";

static const char body_finish[] =
        "\n"
        "enum mu_code $prefix$_$method$_finish(struct mu_stream *stream,\n"
        "        $Reply$ **replyp, struct mu_status *status)\n"
        "{\n"
        "    ProtobufCMessage *reply = NULL;\n"
        "    enum mu_code code = mu_stub_finish(stream, &$reply$, &reply, status);\n"
        "\n"
        "    if (code == MU_OK)\n"
        "        *replyp = ($Reply$ *)reply;\n"
        "    return code;\n"
        "}\n";

static const char *const body_shapes[] = { "MU_UNARY", "MU_CLIENT_STREAM", "MU_SERVER_STREAM",
    "MU_TWO_WAY" };
static const char *const body_idempotencies[] = { "MU_IDEMPOTENCY_UNKNOWN", "MU_NO_SIDE_EFFECTS",
    "MU_IDEMPOTENT" };

static void body_print_method(
        FILE *out, const char *template, const struct stub *stub, const struct stub_method *method)
{
    char *member = stub_member(method);
    const struct template_value values[] = {
        { "prefix", stub->prefix },
        { "name", stub->bus_name },
        { "method", method->name },
        { "member", member },
        { "Method", method->proto->name },
        { "shape", body_shapes[method->shape] },
        { "idempotency", body_idempotencies[method->idempotency] },
        { "Request", method->request->struct_name },
        { "Reply", method->reply->struct_name },
        { "request", method->request->descriptor },
        { "reply", method->reply->descriptor },
    };

    template_print(out, template, values, sizeof(values) / sizeof(values[0]));
    free(member);
}

static void body_print_type(FILE *out, const struct stub *stub)
{
    const struct template_value values[] = {
        { "prefix", stub->prefix },
        { "name", stub->bus_name },
        { "service", stub->full_name },
    };

    for (size_t i = 0; i < stub->method_count; i++)
        body_print_method(out,
                stub->methods[i].shape & MU_CLIENT_STREAM ? body_opened_items : body_opened_request,
                stub, &stub->methods[i]);
    fprintf(out, "\nstatic const struct mu_method %s_methods[] = {\n", stub->prefix);
    for (size_t i = 0; i < stub->method_count; i++) {
        body_print_method(out, body_method, stub, &stub->methods[i]);
        if (stub->methods[i].shape & MU_CLIENT_STREAM)
            body_print_method(out, body_method_items, stub, &stub->methods[i]);
        fputs("    },\n", out);
    }
    template_print(out, body_type, values, sizeof(values) / sizeof(values[0]));
}

static void body_print_client(FILE *out, const struct stub *stub, const struct stub_method *method)
{
    if (method->shape == MU_UNARY) {
        body_print_method(out, body_unary, stub, method);
        return;
    }
    body_print_method(out, method->shape & MU_CLIENT_STREAM ? body_open_items : body_open_request,
            stub, method);
    body_print_method(
            out, method->shape & MU_SERVER_STREAM ? body_read : body_finish, stub, method);
}

void body_print(FILE *out, const struct stub *stubs, size_t count, const uint8_t *set, size_t size)
{
    char *header = stub_path(stubs[0].file, ".mu.h");
    const struct template_value values[] = {
        { "file", stubs[0].file->name },
        { "header", header },
    };

    template_print(out, body_top, values, sizeof(values) / sizeof(values[0]));
    embed_print_bytes(out, set, size);
    for (size_t i = 0; i < count; i++) {
        body_print_type(out, &stubs[i]);
        for (size_t j = 0; j < stubs[i].method_count; j++)
            body_print_client(out, &stubs[i], &stubs[i].methods[j]);
    }
    free(header);
}
