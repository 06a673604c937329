/* kernel/router/policy_limits.h - what keeping to policies may cost, by name. docs/limits.md quotes
 * it. */
#pragma once

enum {
    POLICY_ENDPOINTS_KEPT = 512,      /* endpoints whose policies are found already */
    POLICY_CALLERS_MAX = 256,         /* callers that one policy counts by themselves */
    POLICY_KEPT_BYTES_MAX = 16777216, /* of calls that may be sent again; beyond it none is */
    POLICY_RETRY_PERCENT = 10,        /* of a policy's calls that may be tried again */
    POLICY_RETRIES_SAVED = 20,        /* retries at once, whatever its calls: the budget's bucket */
    POLICY_EJECTIONS_MAX = 10,        /* an instance is left out for eject_ms times this at most */
    POLICY_BREAKER_CALLS_MIN = 10 /* in a window, below which its part that failed says little */
};
