// SPDX-License-Identifier: Apache-2.0
/* One check a setting, each with its own words: who made a slip reads what to write instead. */
#include "transport/terms.h"

#include <stdio.h>
#include <string.h>

#include "transport/reserved.h"

enum {
    TERMS_BACKOFF_MS = 10,
    TERMS_WINDOW_MS = 10000,
    TERMS_EJECT_MS = 30000,
    TERMS_CODE_MAX = 16 /* of mu.bus.v1.Code */
};

typedef bool (*terms_fn)(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX]);

static struct span terms_span(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

static bool terms_scope(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    struct span endpoints = terms_span(policy->endpoints);
    const char *dot = strchr(policy->endpoints, '.');
    size_t size = dot != NULL ? (size_t)(dot - policy->endpoints) : endpoints.size;

    if (!pattern_is_valid(endpoints))
        snprintf(why, TERMS_TEXT_MAX,
                "endpoints: `%.80s` is none; write `service.Method`, with `*` for one part and `>` "
                "for the rest",
                policy->endpoints);
    else if (reserved_has((struct span){ endpoints.data, size }))
        snprintf(why, TERMS_TEXT_MAX,
                "endpoints: %.*s is a part of the node itself, and under no policy", (int)size,
                policy->endpoints);
    else if (!scope_read(&terms->caller, policy->caller))
        snprintf(why, TERMS_TEXT_MAX,
                "caller: `%.64s` is none; write a service's name, user:alice, node:lamp or "
                "client:till, with `*` for each one by itself",
                policy->caller);
    return why[0] == '\0';
}

static bool terms_timeout(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    terms->timeout_ms = policy->timeout_ms;
    terms->timeout_max_ms = policy->timeout_max_ms;
    if (policy->timeout_ms > TIMEOUT_MAX_MS || policy->timeout_max_ms > TIMEOUT_MAX_MS)
        snprintf(why, TERMS_TEXT_MAX, "timeout: a call has %d minutes at most",
                TIMEOUT_MAX_MS / 60000);
    else if (policy->timeout_max_ms != 0 && policy->timeout_ms > policy->timeout_max_ms)
        snprintf(why, TERMS_TEXT_MAX,
                "timeout: %u ms are more than timeout-max, %u ms; write a smaller one or raise "
                "timeout-max",
                policy->timeout_ms, policy->timeout_max_ms);
    return why[0] == '\0';
}

static bool terms_limits(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    const Mu__Router__V1__Rate *rate = policy->rate;

    terms->in_flight_max = policy->in_flight_max;
    if (policy->in_flight_max > POLICY_IN_FLIGHT_MAX)
        snprintf(why, TERMS_TEXT_MAX, "in-flight: 1 to %d calls", POLICY_IN_FLIGHT_MAX);
    terms->bytes_max = policy->bytes_in_flight_max;
    if (policy->bytes_in_flight_max > POLICY_BYTES_MAX)
        snprintf(
                why, TERMS_TEXT_MAX, "bytes-in-flight: %d MiB at most", POLICY_BYTES_MAX / 1048576);
    if (rate == NULL)
        return why[0] == '\0';
    terms->rate_per_s = rate->per_s;
    terms->rate_burst = rate->burst != 0 ? rate->burst : rate->per_s;
    if (rate->per_s == 0 || rate->per_s > POLICY_RATE_MAX || rate->burst > POLICY_RATE_MAX)
        snprintf(why, TERMS_TEXT_MAX, "rate: 1 to %d calls a second, and as many at once (burst)",
                POLICY_RATE_MAX);
    return why[0] == '\0';
}

static bool terms_retries(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    const Mu__Router__V1__Retries *retries = policy->retries;

    if (retries == NULL)
        return true;
    terms->retries_max = retries->max;
    terms->backoff_ms = retries->backoff_ms != 0 ? retries->backoff_ms : TERMS_BACKOFF_MS;
    terms->idempotent = retries->idempotent;
    if (retries->max == 0 && retries->backoff_ms == 0 && policy->hedge != NULL)
        return true; /* `idempotent` stands there for the hedge */
    if (retries->max == 0 || retries->max > POLICY_RETRIES_MAX)
        snprintf(why, TERMS_TEXT_MAX,
                "retries: 1 to %d, which backoff and idempotent go with (that also with hedge)",
                POLICY_RETRIES_MAX);
    else if (retries->backoff_ms > POLICY_BACKOFF_MAX_MS)
        snprintf(why, TERMS_TEXT_MAX, "backoff: 1 ms to %d s", POLICY_BACKOFF_MAX_MS / 1000);
    return why[0] == '\0';
}

static bool terms_breaker(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    const Mu__Router__V1__Breaker *breaker = policy->breaker;

    if (breaker == NULL)
        return true;
    terms->has_breaker = true;
    terms->breaker = (struct breaker_terms){
        .failures = breaker->failures,
        .percent = breaker->percent,
        .window_ms = breaker->window_ms != 0 ? breaker->window_ms : TERMS_WINDOW_MS,
        .eject_ms = breaker->eject_ms != 0 ? breaker->eject_ms : TERMS_EJECT_MS,
    };
    if ((breaker->failures == 0 && breaker->percent == 0) ||
            breaker->failures > POLICY_BREAKER_MAX || breaker->percent > 100)
        snprintf(why, TERMS_TEXT_MAX,
                "breaker: after how many failures in a row (breaker=5), or at which percentage of "
                "a window's calls (breaker-percent=50), which breaker-window and eject go with");
    else if (breaker->window_ms > POLICY_BREAKER_MAX_MS ||
             breaker->eject_ms > POLICY_BREAKER_MAX_MS)
        snprintf(why, TERMS_TEXT_MAX, "breaker-window, eject: %d minutes at most",
                POLICY_BREAKER_MAX_MS / 60000);
    return why[0] == '\0';
}

static bool terms_weights(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    uint32_t sum = 0;

    if (policy->n_weights > POLICY_WEIGHTS_MAX)
        snprintf(why, TERMS_TEXT_MAX, "weight: %d versions at most", POLICY_WEIGHTS_MAX);
    for (size_t i = 0; why[0] == '\0' && i < policy->n_weights; i++) {
        const Mu__Router__V1__Weight *weight = policy->weights[i];
        size_t size = strlen(weight->version);

        if (size == 0 || size > TERMS_VERSION_MAX || weight->percent > 100) {
            snprintf(why, TERMS_TEXT_MAX,
                    "weight: `%.40s:%u` is none; write a version and 0 to 100: weight=1.1.0:10",
                    weight->version, weight->percent);
            continue;
        }
        for (size_t k = 0; k < i; k++)
            if (strcmp(terms->weights[k].version, weight->version) == 0)
                snprintf(why, TERMS_TEXT_MAX, "weight: %s is there twice", weight->version);
        memcpy(terms->weights[i].version, weight->version, size + 1);
        terms->weights[i].percent = weight->percent;
        sum += weight->percent;
        terms->weight_count += 1;
    }
    if (why[0] == '\0' && sum > 100)
        snprintf(why, TERMS_TEXT_MAX,
                "weight: the versions' shares make %u of 100; what is left of 100 goes to those "
                "that are not listed",
                sum);
    return why[0] == '\0';
}

static bool terms_labels(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    if (policy->n_labels > POLICY_LABELS_MAX)
        snprintf(why, TERMS_TEXT_MAX, "label: %d at most", POLICY_LABELS_MAX);
    for (size_t i = 0; why[0] == '\0' && i < policy->n_labels; i++) {
        const char *key = policy->labels[i]->key;
        const char *value = policy->labels[i]->value;

        if (key[0] == '\0' || strlen(key) > POLICY_LABEL_SIZE_MAX ||
                strlen(value) > POLICY_LABEL_SIZE_MAX) {
            snprintf(why, TERMS_TEXT_MAX,
                    "label: a key and a value of up to %d bytes: label=zone:north",
                    POLICY_LABEL_SIZE_MAX);
            continue;
        }
        snprintf(terms->labels[i].key, sizeof(terms->labels[i].key), "%s", key);
        snprintf(terms->labels[i].value, sizeof(terms->labels[i].value), "%s", value);
        terms->label_count += 1;
    }
    return why[0] == '\0';
}

static bool terms_fault(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    const Mu__Router__V1__Fault *fault = policy->fault;

    if (fault == NULL)
        return true;
    terms->fault_percent = fault->percent;
    terms->fault_delay_ms = fault->delay_ms;
    terms->fault_code = fault->abort_code;
    if (fault->delay_ms == 0 && fault->abort_code == 0)
        snprintf(why, TERMS_TEXT_MAX, "fault: what it is: delay=200ms, abort=UNAVAILABLE or both");
    else if (fault->percent == 0 || fault->percent > 100)
        snprintf(why, TERMS_TEXT_MAX, "fault: for which part of the calls: percent=1 to 100");
    else if (fault->delay_ms > TIMEOUT_MAX_MS || fault->abort_code > TERMS_CODE_MAX)
        snprintf(why, TERMS_TEXT_MAX,
                "fault: a delay is %d minutes at most, a code one of gRPC's, such as UNAVAILABLE",
                TIMEOUT_MAX_MS / 60000);
    else if (policy->left_ms == 0 || policy->left_ms > POLICY_FAULT_MAX_MS)
        snprintf(why, TERMS_TEXT_MAX,
                "fault: a fault never stays for good: say for how long, an hour at most: --for 5m");
    return why[0] == '\0';
}

static bool terms_hedge(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    if (policy->hedge == NULL)
        return true;
    terms->hedge_ms = policy->hedge->delay_ms;
    if (terms->hedge_ms == 0 || terms->hedge_ms > POLICY_HEDGE_MAX_MS)
        snprintf(why, TERMS_TEXT_MAX,
                "hedge: after how long a second instance is asked, 1 ms to %d s: hedge=20ms",
                POLICY_HEDGE_MAX_MS / 1000);
    return why[0] == '\0';
}

static bool terms_mirror(
        struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    const Mu__Router__V1__Mirror *mirror = policy->mirror;
    size_t size = mirror != NULL ? strlen(mirror->version) : 0;

    if (mirror == NULL)
        return true;
    if (size == 0 || size > TERMS_VERSION_MAX || mirror->percent == 0 || mirror->percent > 100) {
        snprintf(why, TERMS_TEXT_MAX,
                "mirror: `%.40s:%u` is none; write a version and 1 to 100: mirror=2.0.0:10",
                mirror->version, mirror->percent);
        return false;
    }
    memcpy(terms->mirror_version, mirror->version, size + 1);
    terms->mirror_percent = mirror->percent;
    return true;
}

static bool terms_says_nothing(const Mu__Router__V1__Policy *policy)
{
    return policy->timeout_ms == 0 && policy->timeout_max_ms == 0 && policy->in_flight_max == 0 &&
           policy->bytes_in_flight_max == 0 && policy->rate == NULL && policy->retries == NULL &&
           policy->breaker == NULL && policy->n_weights == 0 && policy->n_labels == 0 &&
           policy->fault == NULL && policy->hedge == NULL && policy->mirror == NULL;
}

bool terms_read(struct terms *terms, const Mu__Router__V1__Policy *policy, char why[TERMS_TEXT_MAX])
{
    static const terms_fn parts[] = { terms_scope, terms_timeout, terms_limits, terms_retries,
        terms_breaker, terms_weights, terms_labels, terms_fault, terms_hedge, terms_mirror };
    struct terms read = { 0 };

    why[0] = '\0';
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (!parts[i](&read, policy, why))
            return false;
    if (terms_says_nothing(policy)) {
        snprintf(why, TERMS_TEXT_MAX,
                "a policy sets at least one thing, e.g. timeout=2s or retries=2");
        return false;
    }
    *terms = read;
    return true;
}
