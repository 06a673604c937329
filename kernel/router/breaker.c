// SPDX-License-Identifier: Apache-2.0
/* A window is begun anew, not slid: it costs two numbers an instance instead of a ring, and errs by
 * at most one window. */
#include "kernel/router/breaker.h"

#include "kernel/router/policy_limits.h"
#include "transport/terms.h"

bool breaker_admits(const struct breaker *breaker, uint64_t now_us)
{
    return breaker->state == BREAKER_CLOSED ||
           (breaker->state == BREAKER_OPEN && now_us >= breaker->until_us);
}

bool breaker_sent(struct breaker *breaker, uint64_t now_us)
{
    if (breaker->state != BREAKER_OPEN || now_us < breaker->until_us)
        return false;
    breaker->state = BREAKER_PROBING;
    return true;
}

void breaker_probe_lost(struct breaker *breaker)
{
    if (breaker->state == BREAKER_PROBING)
        breaker->state = BREAKER_OPEN; /* its time is over already: the next call is the probe */
}

static void breaker_close(struct breaker *breaker, uint64_t now_us)
{
    breaker->state = BREAKER_CLOSED;
    breaker->in_row = 0;
    breaker->calls = 0;
    breaker->failed = 0;
    breaker->window_us = now_us;
}

/* True where the failures are too many now. */
static bool breaker_count(
        struct breaker *breaker, const struct breaker_terms *terms, bool failed, uint64_t now_us)
{
    if (now_us - breaker->window_us >= terms->window_ms * UINT64_C(1000)) {
        breaker->window_us = now_us;
        breaker->calls = 0;
        breaker->failed = 0;
    }
    breaker->calls += 1;
    breaker->failed += failed ? 1 : 0;
    breaker->in_row = failed ? breaker->in_row + 1 : 0;
    if (!failed)
        return false;
    if (terms->failures != 0 && breaker->in_row >= terms->failures)
        return true;
    return terms->percent != 0 && breaker->calls >= POLICY_BREAKER_CALLS_MIN &&
           breaker->failed * UINT64_C(100) >= breaker->calls * (uint64_t)terms->percent;
}

bool breaker_answered(struct breaker *breaker, const struct breaker_terms *terms,
        struct breaker_answer answer, uint64_t now_us)
{
    if (breaker->state == BREAKER_CLOSED)
        return breaker_count(breaker, terms, answer.failed, now_us);
    if (!answer.probe || breaker->state != BREAKER_PROBING)
        return false; /* of a call that was sent before it was left out */
    if (!answer.failed)
        breaker_close(breaker, now_us);
    else
        breaker_probe_lost(breaker);
    return answer.failed;
}

void breaker_eject(struct breaker *breaker, const struct breaker_terms *terms, uint64_t now_us)
{
    uint64_t for_us;

    if (now_us >= breaker->forgiven_us)
        breaker->times = 0;
    if (breaker->times < POLICY_EJECTIONS_MAX)
        breaker->times += 1;
    for_us = (uint64_t)breaker->times * terms->eject_ms * 1000;
    breaker->state = BREAKER_OPEN;
    breaker->until_us = now_us + for_us;
    breaker->forgiven_us = breaker->until_us + for_us;
}
