// SPDX-License-Identifier: Apache-2.0
/* A status is large and a call ends every microsecond: nothing here clears what nobody reads. */
#include "client/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const code_names[] = {
    [MU_OK] = "OK",
    [MU_CANCELLED] = "CANCELLED",
    [MU_UNKNOWN] = "UNKNOWN",
    [MU_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [MU_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [MU_NOT_FOUND] = "NOT_FOUND",
    [MU_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [MU_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [MU_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [MU_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [MU_ABORTED] = "ABORTED",
    [MU_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [MU_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [MU_INTERNAL] = "INTERNAL",
    [MU_UNAVAILABLE] = "UNAVAILABLE",
    [MU_DATA_LOSS] = "DATA_LOSS",
    [MU_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

enum { CODE_COUNT = sizeof(code_names) / sizeof(code_names[0]) };

const char *mu_code_name(enum mu_code code)
{
    return (unsigned)code < CODE_COUNT ? code_names[code] : code_names[MU_UNKNOWN];
}

const char *mu_executed_name(enum mu_executed executed)
{
    if (executed == MU_EXECUTED_NO)
        return "NO";
    return executed == MU_EXECUTED_YES ? "YES" : "UNKNOWN";
}

void verdict_set_ok(struct mu_status *status)
{
    status->code = MU_OK;
    status->executed = MU_EXECUTED_YES;
    status->retry_after_ms = 0;
    status->message[0] = '\0';
    status->origin[0] = '\0';
}

void verdict_set(struct mu_status *status, enum mu_code code, enum mu_executed executed,
        const char *origin, const char *format, ...)
{
    va_list args;

    status->code = code;
    status->executed = executed;
    status->retry_after_ms = 0;
    snprintf(status->origin, sizeof(status->origin), "%s", origin);
    va_start(args, format);
    vsnprintf(status->message, sizeof(status->message), format, args);
    va_end(args);
}

static void verdict_copy(char *out, size_t room, struct span text)
{
    size_t size = text.size < room ? text.size : room - 1;

    if (size > 0)
        memcpy(out, text.data, size);
    out[size] = '\0';
}

void verdict_read(struct mu_status *status, struct span bytes)
{
    struct status read;

    if (bytes.size == 0) {
        verdict_set_ok(status);
        return;
    }
    if (status_read(&read, bytes) != ENVELOPE_OK) {
        verdict_set(status, MU_INTERNAL, MU_EXECUTED_UNKNOWN, "client",
                "the answer's status cannot be read");
        return;
    }
    status->code = (enum mu_code)read.code;
    status->executed = (enum mu_executed)read.executed;
    if (status->code == MU_OK)
        status->executed = MU_EXECUTED_YES;
    status->retry_after_ms = read.retry_after_ms;
    verdict_copy(status->message, sizeof(status->message), read.message);
    verdict_copy(status->origin, sizeof(status->origin), read.origin);
}

struct span verdict_write(const struct mu_status *status, uint8_t *out)
{
    struct status wire = {
        .code = (uint32_t)status->code,
        .executed = (uint32_t)status->executed,
        .retry_after_ms = status->retry_after_ms,
        .message = { (const uint8_t *)status->message, strlen(status->message) },
        .origin = { (const uint8_t *)status->origin, strlen(status->origin) },
    };

    return (struct span){ out, status_write(&wire, out, VERDICT_SIZE_MAX) };
}
