/* transport/terms.h - what one policy says, checked: each setting within its bounds, and with
 * its default where the policy leaves it open. The supervisor checks before it writes a policy
 * down, the router before it keeps to it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/router/v1/policy.pb-c.h"
#include "transport/pattern.h"
#include "transport/scope.h"
#include "transport/terms_limits.h"

enum {
    TERMS_TEXT_MAX = 256, /* bytes of why a policy is none, with the final NUL */
    TERMS_VERSION_MAX = 31
};

struct breaker_terms {
    uint32_t failures; /* in a row; 0: they do not count */
    uint32_t percent;  /* of a window's calls; 0: they do not count */
    uint32_t window_ms;
    uint32_t eject_ms; /* the first time */
};

struct terms_weight {
    char version[TERMS_VERSION_MAX + 1];
    uint32_t percent;
};

struct terms_label {
    char key[POLICY_LABEL_SIZE_MAX + 1];
    char value[POLICY_LABEL_SIZE_MAX + 1];
};

/* Settings that are not made are 0. */
struct terms {
    struct scope caller; /* borrowed: from the policy that was read */
    uint32_t timeout_ms;
    uint32_t timeout_max_ms;
    uint32_t in_flight_max;
    uint64_t bytes_max;
    uint32_t rate_per_s;
    uint32_t rate_burst; /* at least 1 with a rate */
    uint32_t retries_max;
    uint32_t backoff_ms; /* at least 1 with retries */
    bool idempotent;
    bool has_breaker;
    struct breaker_terms breaker;
    struct terms_weight weights[POLICY_WEIGHTS_MAX];
    uint32_t weight_count;
    struct terms_label labels[POLICY_LABELS_MAX];
    uint32_t label_count;
    uint32_t fault_percent;
    uint32_t fault_delay_ms;
    uint32_t fault_code;
    uint32_t hedge_ms;
    char mirror_version[TERMS_VERSION_MAX + 1];
    uint32_t mirror_percent;
};

/* Reads a policy's settings. Returns true and sets `*terms`; or false, with what is wrong and how
 * to write it in `why`. */
bool terms_read(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX]);
