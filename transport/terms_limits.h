/* transport/terms_limits.h - what a policy may say, by name. docs/limits.md quotes it. */
#pragma once

enum {
    POLICY_IN_FLIGHT_MAX = 65536,   /* calls at a time that one may ask for */
    POLICY_BYTES_MAX = 1073741824,  /* of calls under way that one may ask for */
    POLICIES_MAX = 128,             /* that hold at a time on one node */
    POLICY_RETRIES_MAX = 3,         /* tries after the first */
    POLICY_BACKOFF_MAX_MS = 10000,  /* the longest first pause that one may ask for */
    POLICY_BREAKER_MAX = 1000000,   /* failures in a row that one may ask for */
    POLICY_BREAKER_MAX_MS = 600000, /* the longest window and eject_ms */
    POLICY_RATE_MAX = 1000000,      /* calls a second that one may ask for, and at once */
    POLICY_WEIGHTS_MAX = 8,         /* versions with a share of their own */
    POLICY_LABELS_MAX = 4,          /* labels that instances must have */
    POLICY_LABEL_SIZE_MAX = 63,     /* bytes of a label's key, and of its value */
    POLICY_FAULT_MAX_MS = 3600000,  /* for which a fault may be put into calls */
    POLICY_HEDGE_MAX_MS = 60000     /* the longest wait before a second instance is asked */
};
