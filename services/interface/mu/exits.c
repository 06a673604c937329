// SPDX-License-Identifier: Apache-2.0
/* The one table that turns gRPC's codes into exit statuses. */
#include "services/interface/mu/exits.h"

#include <stddef.h>

static const enum exit_code exits_by_code[] = {
    [MU_OK] = EXIT_OK,
    [MU_CANCELLED] = EXIT_INTERRUPTED,
    [MU_UNKNOWN] = EXIT_ANSWERED_ERROR,
    [MU_INVALID_ARGUMENT] = EXIT_ANSWERED_ERROR,
    [MU_DEADLINE_EXCEEDED] = EXIT_DEADLINE,
    [MU_NOT_FOUND] = EXIT_NOT_FOUND,
    [MU_ALREADY_EXISTS] = EXIT_CONFLICT,
    [MU_PERMISSION_DENIED] = EXIT_DENIED,
    [MU_RESOURCE_EXHAUSTED] = EXIT_NO_CREDITS,
    [MU_FAILED_PRECONDITION] = EXIT_CONFLICT,
    [MU_ABORTED] = EXIT_CONFLICT,
    [MU_OUT_OF_RANGE] = EXIT_ANSWERED_ERROR,
    [MU_UNIMPLEMENTED] = EXIT_NOT_FOUND,
    [MU_INTERNAL] = EXIT_INTERNAL,
    [MU_UNAVAILABLE] = EXIT_UNAVAILABLE,
    [MU_DATA_LOSS] = EXIT_INTERNAL,
    [MU_UNAUTHENTICATED] = EXIT_DENIED,
};

enum exit_code exits_of(enum mu_code code)
{
    size_t index = (size_t)code;

    if (index >= sizeof(exits_by_code) / sizeof(exits_by_code[0]))
        return EXIT_ANSWERED_ERROR;
    return exits_by_code[index];
}

const char *exits_name(int code)
{
    switch (code) {
    case EXIT_OK:
        return "ok";
    case EXIT_ANSWERED_ERROR:
        return "the service answered an error";
    case EXIT_USAGE:
        return "usage";
    case EXIT_NOT_FOUND:
        return "not found";
    case EXIT_UNAVAILABLE:
        return "unavailable";
    case EXIT_DEADLINE:
        return "deadline exceeded";
    case EXIT_DENIED:
        return "denied";
    case EXIT_NO_CREDITS:
        return "no credits, or no room: in a queue, on a disk";
    case EXIT_CONFLICT:
        return "conflict";
    case EXIT_INTERNAL:
        return "internal";
    case EXIT_INTERRUPTED:
        return "interrupted";
    default:
        return NULL;
    }
}
