// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/protoc_libmu_double.h"

#include <stdio.h>
#include <string.h>

struct libmu_double libmu;

static void note_call(const char *endpoint, const struct mu_call_options *options)
{
    snprintf(libmu.endpoint, sizeof(libmu.endpoint), "%s", endpoint);
    libmu.options = options;
}

void mu_call_refuse(struct mu_call *call, enum mu_code code, const char *format, ...)
{
    (void)call;
    (void)format;
    libmu.refused = code;
}

const char *mu_call_method(const struct mu_call *call)
{
    (void)call;
    return "Method";
}

void mu_call_reply(struct mu_call *call, const ProtobufCMessage *reply)
{
    (void)call;
    libmu.message = reply;
}

enum mu_send_outcome mu_call_send(struct mu_call *call, const ProtobufCMessage *item)
{
    (void)call;
    libmu.message = item;
    return MU_SEND_FULL;
}

// NOLINTNEXTLINE(readability-function-size): as mu/client.h has it
enum mu_code mu_call_message(struct mu_client *client, const char *endpoint,
        const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
        const struct mu_call_options *options, ProtobufCMessage **replyp, struct mu_status *status)
{
    (void)client;
    note_call(endpoint, options);
    libmu.message = request;
    libmu.wanted = reply_type;
    if (status != NULL)
        *status = (struct mu_status){ .code = libmu.result };
    if (libmu.result == MU_OK)
        *replyp = libmu.reply;
    return libmu.result;
}

// NOLINTNEXTLINE(readability-function-size): as mu/client.h has it
uint64_t mu_call_message_async(struct mu_client *client, const char *endpoint,
        const ProtobufCMessage *request, const ProtobufCMessageDescriptor *reply_type,
        const struct mu_call_options *options, const struct mu_message_hearer *hearer)
{
    const struct mu_status status = { .code = libmu.result };

    (void)client;
    note_call(endpoint, options);
    libmu.message = request;
    libmu.wanted = reply_type;
    hearer->fn(&status, libmu.reply, hearer);
    return 7;
}

int mu_stream_open(struct mu_client *client, const char *endpoint, enum mu_shape shape,
        struct mu_bytes request, const struct mu_call_options *options, struct mu_stream **streamp)
{
    (void)client;
    (void)request;
    (void)streamp;
    note_call(endpoint, options);
    libmu.shape = shape;
    return 0;
}

int mu_stream_open_message(struct mu_client *client, const char *endpoint, enum mu_shape shape,
        const ProtobufCMessage *request, const struct mu_call_options *options,
        struct mu_stream **streamp)
{
    (void)client;
    (void)streamp;
    note_call(endpoint, options);
    libmu.message = request;
    libmu.shape = shape;
    return 0;
}

enum mu_stream_outcome mu_stream_send_message(
        struct mu_stream *stream, const ProtobufCMessage *item)
{
    (void)stream;
    libmu.message = item;
    return MU_STREAM_ENDED;
}

enum mu_stream_outcome mu_stream_receive_message(struct mu_stream *stream, uint32_t wait_ms,
        const ProtobufCMessageDescriptor *type, ProtobufCMessage **itemp)
{
    (void)stream;
    (void)wait_ms;
    libmu.wanted = type;
    if (libmu.reply == NULL)
        return MU_STREAM_ENDED;
    *itemp = libmu.reply;
    libmu.reply = NULL;
    return MU_STREAM_OK;
}

void mu_stream_end(struct mu_stream *stream)
{
    (void)stream;
    libmu.ended += 1;
}

enum mu_code mu_stream_finish(struct mu_stream *stream, struct mu_status *status)
{
    (void)stream;
    libmu.finished += 1;
    *status = (struct mu_status){ .code = libmu.result };
    return libmu.result;
}
