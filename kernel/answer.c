// SPDX-License-Identifier: Apache-2.0
#include "kernel/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/limits.h"

enum { ANSWER_STATUS_MAX = 1024 }; /* bytes of a packed status */

static void answer_status(struct control *control, uint64_t call, enum mu_code code,
        enum mu_executed executed, const char *text)
{
    const struct status status = {
        .code = code,
        .executed = executed,
        .message = { (const uint8_t *)text, strlen(text) },
        .origin = { (const uint8_t *)"node", strlen("node") },
    };
    uint8_t packed[ANSWER_STATUS_MAX];
    const struct envelope envelope = {
        .kind = ENVELOPE_RESULT,
        .id = call,
        .status = { packed, status_write(&status, packed, sizeof(packed)) },
    };

    control_send(control, &envelope);
}

void answer_message(struct control *control, uint64_t call, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    CLEANUP(cleanup_free) uint8_t *body = size <= REPLY_SIZE_MAX ? malloc(size + 1) : NULL;
    struct envelope envelope = { .kind = ENVELOPE_RESULT, .id = call };
    char text[96];

    if (body == NULL) {
        snprintf(text, sizeof(text), "the answer has %zu bytes, %d at most", size, REPLY_SIZE_MAX);
        answer_status(control, call, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_YES, text);
        return;
    }
    protobuf_c_message_pack(message, body);
    envelope.body = (struct span){ body, size };
    control_send(control, &envelope);
}

static void answer_text(struct control *control, uint64_t call, enum mu_code code,
        enum mu_executed executed, const char *format, va_list args)
        __attribute__((format(printf, 5, 0)));

static void answer_text(struct control *control, uint64_t call, enum mu_code code,
        enum mu_executed executed, const char *format, va_list args)
{
    char text[MU_STATUS_MESSAGE_MAX];

    vsnprintf(text, sizeof(text), format, args);
    answer_status(control, call, code, executed, text);
}

void answer_refusal(
        struct control *control, uint64_t call, enum mu_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    answer_text(control, call, code, MU_EXECUTED_NO, format, args);
    va_end(args);
}

void answer_failure(
        struct control *control, uint64_t call, enum mu_code code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    answer_text(control, call, code, MU_EXECUTED_YES, format, args);
    va_end(args);
}
