// SPDX-License-Identifier: Apache-2.0
/* The templates are the header as it will stand, so that they can be read as C. */
#include "client/protoc/header.h"

#include <stdlib.h>

#include "client/protoc/template.h"

static const char header_top[] =
        "/* Made from $file$ by protoc-gen-mu; what is changed here is lost. */\n"
        "#pragma once\n"
        "\n"
        "#include \"mu/service.h\"\n"
        "\n"
        "#include \"$messages$\"\n";

static const char header_service[] = "\n"
                                     "/* ---- $service$ ---- */\n"
                                     "\n"
                                     "$comment$extern const struct mu_service_type $prefix$_type;\n"
                                     "\n"
                                     "/* What a program does that is such a service. A member that "
                                     "is NULL answers UNIMPLEMENTED. */\n"
                                     "struct $prefix$_handlers {\n";

static const char header_member_request[] =
        "$comment4$"
        "    void (*$member$)(struct mu_call *call, const $Request$ *request);\n";

static const char header_member_items[] =
        "$comment4$"
        "    void (*$member$)(struct mu_call *call);\n"
        "    void (*$method$_item)(struct mu_call *call, const $Request$ *item);\n"
        "    void (*$method$_end)(struct mu_call *call);\n";

static const char header_reply[] =
        "\n"
        "/* Answers a call of $Method$, and frees it: mu_call_reply. */\n"
        "static inline void $prefix$_$method$_reply(\n"
        "        struct mu_call *call, const $Reply$ *reply)\n"
        "{\n"
        "    mu_call_reply(call, (const ProtobufCMessage *)reply);\n"
        "}\n";

static const char header_send[] = "\n"
                                  "/* Sends one item to the caller of $Method$: mu_call_send. */\n"
                                  "static inline enum mu_send_outcome $prefix$_$method$_send(\n"
                                  "        struct mu_call *call, const $Reply$ *item)\n"
                                  "{\n"
                                  "    return mu_call_send(call, (const ProtobufCMessage *)item);\n"
                                  "}\n";

static const char header_unary[] =
        "\n"
        "$comment$enum mu_code $prefix$_$method$(struct mu_client *client,\n"
        "        const $Request$ *request, const struct mu_call_options *options,\n"
        "        $Reply$ **replyp, struct mu_status *status);\n"
        "\n"
        "typedef void (*$prefix$_$method$_fn)(const struct mu_status *status,\n"
        "        const $Reply$ *reply, void *user);\n"
        "uint64_t $prefix$_$method$_async(struct mu_client *client,\n"
        "        const $Request$ *request, const struct mu_call_options *options,\n"
        "        $prefix$_$method$_fn fn, void *user);\n";

static const char header_client_stream[] =
        "\n"
        "$comment$int $prefix$_$method$_open(struct mu_client *client,\n"
        "        const struct mu_call_options *options, struct mu_stream **streamp);\n"
        "enum mu_stream_outcome $prefix$_$method$_write(\n"
        "        struct mu_stream *stream, const $Request$ *item);\n"
        "enum mu_code $prefix$_$method$_finish(struct mu_stream *stream,\n"
        "        $Reply$ **replyp, struct mu_status *status);\n";

static const char header_server_stream[] =
        "\n"
        "$comment$int $prefix$_$method$_open(struct mu_client *client,\n"
        "        const $Request$ *request, const struct mu_call_options *options,\n"
        "        struct mu_stream **streamp);\n"
        "enum mu_stream_outcome $prefix$_$method$_read(struct mu_stream *stream, uint32_t "
        "wait_ms,\n"
        "        $Reply$ **itemp);\n";

static const char header_two_way[] =
        "\n"
        "$comment$int $prefix$_$method$_open(struct mu_client *client,\n"
        "        const struct mu_call_options *options, struct mu_stream **streamp);\n"
        "enum mu_stream_outcome $prefix$_$method$_write(\n"
        "        struct mu_stream *stream, const $Request$ *item);\n"
        "enum mu_stream_outcome $prefix$_$method$_read(struct mu_stream *stream, uint32_t "
        "wait_ms,\n"
        "        $Reply$ **itemp);\n";

static const char *const header_clients[] = {
    [MU_UNARY] = header_unary,
    [MU_CLIENT_STREAM] = header_client_stream,
    [MU_SERVER_STREAM] = header_server_stream,
    [MU_TWO_WAY] = header_two_way,
};

static void header_print_member(FILE *out, const struct stub_method *method)
{
    char *comment = template_comment(method->comment, 4);
    char *member = stub_member(method);
    const struct template_value values[] = {
        { "comment4", comment },
        { "member", member },
        { "method", method->name },
        { "Request", method->request->struct_name },
    };

    template_print(out,
            method->shape & MU_CLIENT_STREAM ? header_member_items : header_member_request, values,
            sizeof(values) / sizeof(values[0]));
    free(member);
    free(comment);
}

static void header_print_method(
        FILE *out, const char *template, const struct stub *stub, const struct stub_method *method)
{
    char *comment = template_comment(method->comment, 0);
    const struct template_value values[] = {
        { "comment", comment },
        { "prefix", stub->prefix },
        { "method", method->name },
        { "Method", method->proto->name },
        { "Request", method->request->struct_name },
        { "Reply", method->reply->struct_name },
    };

    template_print(out, template, values, sizeof(values) / sizeof(values[0]));
    free(comment);
}

static void header_print_service(FILE *out, const struct stub *stub)
{
    char *comment = template_comment(stub->comment, 0);
    const struct template_value values[] = {
        { "comment", comment },
        { "prefix", stub->prefix },
        { "service", stub->full_name },
    };

    template_print(out, header_service, values, sizeof(values) / sizeof(values[0]));
    for (size_t i = 0; i < stub->method_count; i++)
        header_print_member(out, &stub->methods[i]);
    fputs("};\n", out);
    for (size_t i = 0; i < stub->method_count; i++)
        header_print_method(out,
                stub->methods[i].shape & MU_SERVER_STREAM ? header_send : header_reply, stub,
                &stub->methods[i]);
    for (size_t i = 0; i < stub->method_count; i++)
        header_print_method(out, header_clients[stub->methods[i].shape], stub, &stub->methods[i]);
    free(comment);
}

void header_print(FILE *out, const struct stub *stubs, size_t count)
{
    char *messages = stub_path(stubs[0].file, ".pb-c.h");
    const struct template_value values[] = {
        { "file", stubs[0].file->name },
        { "messages", messages },
    };

    template_print(out, header_top, values, sizeof(values) / sizeof(values[0]));
    for (size_t i = 0; i < count; i++)
        header_print_service(out, &stubs[i]);
    free(messages);
}
