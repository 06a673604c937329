/* mu/status.h - how a call ended. */
#pragma once

#include "mu/api.h"

/* gRPC's codes, by gRPC's numbers. */
enum mu_code {
    MU_OK = 0,
    MU_CANCELLED = 1,
    MU_UNKNOWN = 2,
    MU_INVALID_ARGUMENT = 3,
    MU_DEADLINE_EXCEEDED = 4,
    MU_NOT_FOUND = 5,
    MU_ALREADY_EXISTS = 6,
    MU_PERMISSION_DENIED = 7,
    MU_RESOURCE_EXHAUSTED = 8,
    MU_FAILED_PRECONDITION = 9,
    MU_ABORTED = 10,
    MU_OUT_OF_RANGE = 11,
    MU_UNIMPLEMENTED = 12,
    MU_INTERNAL = 13,
    MU_UNAVAILABLE = 14,
    MU_DATA_LOSS = 15,
    MU_UNAUTHENTICATED = 16
};

/* Was the call executed? NO and YES are exact. */
enum mu_executed { MU_EXECUTED_UNKNOWN = 0, MU_EXECUTED_NO = 1, MU_EXECUTED_YES = 2 };

enum {
    MU_STATUS_MESSAGE_MAX = 512, /* bytes with the final NUL; longer texts are cut */
    MU_STATUS_ORIGIN_MAX = 64    /* bytes with the final NUL */
};

struct mu_status {
    enum mu_code code;
    enum mu_executed executed;
    uint32_t retry_after_ms; /* when a new try makes sense; 0: not known */
    char message[MU_STATUS_MESSAGE_MAX];
    char origin[MU_STATUS_ORIGIN_MAX]; /* who says so: "client", "router" or a service; "": OK */
};

/* "OK", "CANCELLED", …; "CODE_99" never: an unknown number is "UNKNOWN". Static text. */
MU_PUBLIC const char *mu_code_name(enum mu_code code);

/* "UNKNOWN", "NO" or "YES". Static text. */
MU_PUBLIC const char *mu_executed_name(enum mu_executed executed);
