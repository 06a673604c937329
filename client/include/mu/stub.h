/* mu/stub.h - what generated stubs share. It is theirs: nobody else needs it. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "mu/client.h"
#include "mu/service.h"

/* Writes `SERVICE.method` to `endpoint` and returns it; SERVICE is the one that `options` names,
 * else `service`. A name too long for any service is cut, and found nowhere. */
static inline const char *mu_stub_endpoint(char endpoint[MU_ENDPOINT_MAX],
        const struct mu_call_options *options, const char *service, const char *method)
{
    size_t service_size;
    size_t method_size = strlen(method);

    if (options != NULL && options->service != NULL)
        service = options->service;
    service_size = strlen(service);
    if (service_size > MU_SERVICE_NAME_MAX)
        service_size = MU_SERVICE_NAME_MAX;
    if (service_size + 1 + method_size >= MU_ENDPOINT_MAX)
        method_size = MU_ENDPOINT_MAX - 2 - service_size;
    memcpy(endpoint, service, service_size);
    endpoint[service_size] = '.';
    memcpy(endpoint + service_size + 1, method, method_size);
    endpoint[service_size + 1 + method_size] = '\0';
    return endpoint;
}

/* Answers a call whose handler is NULL. */
static inline void mu_stub_refuse(struct mu_call *call)
{
    mu_call_refuse(call, MU_UNIMPLEMENTED, "%s is not implemented here", mu_call_method(call));
}

/* Ends the items of a client stream, waits for its answer and finishes it. On MU_OK `*replyp` is
 * the caller's. Returns the status's code; an OK without an answer is INTERNAL. */
static inline enum mu_code mu_stub_finish(struct mu_stream *stream,
        const ProtobufCMessageDescriptor *type, ProtobufCMessage **replyp, struct mu_status *status)
{
    ProtobufCMessage *reply = NULL;
    struct mu_status own;

    if (status == NULL)
        status = &own;
    mu_stream_end(stream);
    mu_stream_receive_message(stream, UINT32_MAX, type, &reply);
    mu_stream_finish(stream, status);
    if (status->code == MU_OK && reply == NULL) {
        status->code = MU_INTERNAL;
        snprintf(status->message, sizeof(status->message), "the stream ended without an answer");
    }
    if (status->code == MU_OK)
        *replyp = reply;
    else
        protobuf_c_message_free_unpacked(reply, NULL);
    return status->code;
}
