// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/retry.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/router/hedge.h"
#include "kernel/router/keyed.h"
#include "kernel/router/right.h"
#include "kernel/router/say.h"
#include "kernel/router/waiting.h"

/* Memory of small ones is kept for the next: each call takes one, and gives it back. */
enum { KEPT_SMALL = 512, KEPT_SPARES_MAX = 1024 };

/* A call's envelope, for as long as it may be sent again. */
struct kept {
    struct list spare; /* in router->spare_kept while it is nobody's */
    struct call *call;
    struct policy *policy;    /* held: whose retries it has; NULL: it is delayed or hedged alone */
    struct wheel_timer timer; /* in router->pauses, while the call waits, or may be hedged */
    uint64_t failed;          /* the instance that was tried last; 0: none */
    uint32_t retries;         /* made so far */
    bool watched;             /* its time to be hedged has come */
    bool doubted;             /* an earlier try may have been carried out */
    uint32_t endpoint_size;
    size_t body_size;
    uint8_t bytes[]; /* the endpoint, then the body */
};

static size_t kept_size(const struct kept *kept)
{
    return kept->endpoint_size + kept->body_size;
}

static struct span kept_endpoint(const struct kept *kept)
{
    return (struct span){ kept->bytes, kept->endpoint_size };
}

/* Raw memory with room for so many bytes; NULL where there is none. */
static struct kept *kept_allocate(struct router *router, size_t size)
{
    struct list *spare = router->spare_kept.next;

    if (size > KEPT_SMALL)
        return malloc(sizeof(struct kept) + size);
    if (list_is_empty(&router->spare_kept))
        return malloc(sizeof(struct kept) + KEPT_SMALL);
    list_remove(spare);
    router->spare_kept_count -= 1;
    return list_entry(spare, struct kept, spare);
}

/* NULL where there is no room. */
static struct kept *kept_new(struct router *router, const struct envelope *envelope)
{
    size_t size = envelope->endpoint.size + envelope->body.size;
    struct kept *kept;

    if (size > POLICY_KEPT_BYTES_MAX - router->kept_bytes)
        return NULL;
    kept = kept_allocate(router, size);
    if (kept == NULL)
        return NULL;
    *kept = (struct kept){ .endpoint_size = (uint32_t)envelope->endpoint.size,
        .body_size = envelope->body.size };
    list_init(&kept->spare);
    memcpy(kept->bytes, envelope->endpoint.data, envelope->endpoint.size);
    if (envelope->body.size > 0)
        memcpy(kept->bytes + envelope->endpoint.size, envelope->body.data, envelope->body.size);
    router->kept_bytes += size;
    return kept;
}

static void kept_free(struct router *router, struct kept *kept)
{
    wheel_remove(&router->pauses, &kept->timer);
    router->kept_bytes -= kept_size(kept);
    if (kept->policy != NULL)
        policy_release(kept->policy);
    if (kept_size(kept) > KEPT_SMALL || router->spare_kept_count == KEPT_SPARES_MAX) {
        free(kept);
        return;
    }
    list_push(router->spare_kept.next, &kept->spare);
    router->spare_kept_count += 1;
}

void retry_free_spares(struct router *router)
{
    while (!list_is_empty(&router->spare_kept)) {
        struct kept *kept = list_entry(router->spare_kept.next, struct kept, spare);

        list_remove(&kept->spare);
        free(kept);
    }
}

void retry_drop(struct router *router, struct call *call)
{
    if (call->twin != NULL)
        hedge_drop(router, call);
    kept_free(router, call->kept);
    call->kept = NULL;
}

/* ---- whether ---- */

bool retry_is_worthwhile(uint32_t code)
{
    return code == CODE_UNAVAILABLE || code == CODE_RESOURCE_EXHAUSTED;
}

/* What a try ended with. */
struct attempt {
    uint32_t code;
    uint32_t executed;
    uint32_t retry_after_ms;
};

bool retry_is_declared(const struct peer *callee, struct span endpoint)
{
    struct span service = route_service_name(endpoint);
    const uint8_t *method = service.data + service.size + 1;
    size_t size = endpoint.size - service.size - 1;
    const char *at = callee->idempotent;

    while (at != NULL && at < callee->idempotent + callee->idempotent_size) {
        if (strlen(at) == size && memcmp(at, method, size) == 0)
            return true;
        at += strlen(at) + 1;
    }
    return false;
}

static bool retry_is_safe(const struct call *call, const struct attempt *attempt)
{
    if (attempt->executed != EXECUTED_NO && call->keyed != NULL)
        return attempt->executed == EXECUTED_UNKNOWN && keyed_may_ask(call);
    return attempt->executed == EXECUTED_NO || call->kept->policy->terms.idempotent ||
           retry_is_declared(call->callee, kept_endpoint(call->kept));
}

/* Has the call wait until `due_us`. False where it cannot. */
static bool retry_pause(struct router *router, struct call *call, uint64_t due_us)
{
    struct peer *room = &router->waiting_room;

    if (room->calls_taken_count >= room->calls_max + (call->callee == room ? 1u : 0u))
        return false;
    if (call->callee != room && !route_take_back(router, call))
        return false;
    wheel_remove(&router->pauses, &call->kept->timer);
    wheel_add(&router->pauses, &call->kept->timer, (due_us + 999) / 1000);
    return true;
}

/* When: after a pause drawn from 0 to backoff times 2 for each retry before ("full jitter"), and
 * not before the callee wants to be asked. */
static uint64_t retry_due_us(
        struct router *router, const struct kept *kept, const struct attempt *attempt)
{
    uint64_t longest_us = (uint64_t)kept->policy->terms.backoff_ms * 1000 << kept->retries;
    uint64_t pause_us = random_next(&router->random) % (longest_us + 1);
    uint64_t after_us = (uint64_t)attempt->retry_after_ms * 1000;

    return router->now_us + (pause_us > after_us ? pause_us : after_us);
}

/* Has the call wait for its next try. False where there is none. */
static bool retry_again(struct router *router, struct call *call, const struct attempt *attempt)
{
    struct kept *kept = call->kept;
    uint64_t due_us;

    if (kept == NULL || !retry_is_worthwhile(attempt->code))
        return false;
    kept->doubted = kept->doubted || attempt->executed != EXECUTED_NO;
    if (call->twin != NULL) {
        hedge_outlive(router, call); /* the other one goes on */
        return true;
    }
    if (kept->policy == NULL || !kept->policy->stands ||
            kept->retries >= kept->policy->terms.retries_max)
        return false;
    if (!retry_is_safe(call, attempt))
        return false;
    due_us = retry_due_us(router, kept, attempt);
    if ((call->deadline_us != 0 && due_us >= call->deadline_us) || !policy_spend(kept->policy))
        return false;
    if (call->keyed != NULL && attempt->executed == EXECUTED_UNKNOWN)
        keyed_doubt(call);
    kept->policy->retries += 1;
    kept->retries += 1;
    kept->failed = call->callee->instance;
    return retry_pause(router, call, due_us);
}

enum executed retry_executed(const struct call *call, enum executed executed)
{
    return executed == EXECUTED_NO && call->kept != NULL && call->kept->doubted ? EXECUTED_UNKNOWN
                                                                                : executed;
}

bool retry_answered(struct router *router, struct call *call, const struct status *status)
{
    return retry_again(router, call,
            &(struct attempt){ status->code, status->executed, status->retry_after_ms });
}

bool retry_lost(struct router *router, struct call *call)
{
    return retry_again(router, call, &(struct attempt){ CODE_UNAVAILABLE, EXECUTED_UNKNOWN, 0 });
}

bool retry_refused(struct router *router, struct call *call, const struct verdict *verdict)
{
    return retry_again(router, call,
            &(struct attempt){ verdict->code, verdict->executed, verdict->retry_after_ms });
}

/* ---- sending ---- */

struct envelope retry_envelope(const struct call *call)
{
    const struct kept *kept = call->kept;

    return (struct envelope){ .kind = ENVELOPE_CALL,
        .shape = call->shape,
        .endpoint = kept_endpoint(kept),
        .body = { kept->bytes + kept->endpoint_size, kept->body_size } };
}

/* Nobody was sent the call, which is in the waiting room: it waits for an instance or for its next
 * try, or ends. */
static void retry_unsent(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft, const struct refusal *refusal)
{
    if (!draft->again && waiting_join(router, call, envelope, draft))
        return;
    if (!retry_refused(router, call, &refusal->verdict)) {
        tally_blame(router, refusal->cause);
        call_abort(router, call, &refusal->verdict);
    }
}

void retry_sent(struct router *router, struct call *call)
{
    if (call->kept->policy == NULL && call->kept->timer.due_ms == 0)
        retry_drop(router, call);
}

static void retry_send(struct router *router, struct call *call)
{
    struct peer *caller = call->caller;
    struct envelope envelope = retry_envelope(call);
    struct draft draft = { .cap = call->cap,
        .caller = { caller->stamp, caller->stamp_size },
        .deadline_us = call->deadline_us,
        .origin = call->origin,
        .avoid = call->kept->failed };
    struct refusal refusal;
    bool found;

    if (!right_still_holds(router, call, envelope.endpoint, &refusal)) {
        call_abort(router, call, &refusal.verdict);
        return;
    }
    right_restamp(router, call, &draft);
    draft.settings = policy_find(router, caller, call->on_behalf, envelope.endpoint);
    found = call->keyed != NULL ? keyed_find_callee(router, call, &envelope, &draft, &refusal)
                                : route_find_callee(router, caller, &envelope, &draft, &refusal);
    if (!found || !route_hand_over(router, call, &envelope, &draft, &refusal))
        retry_unsent(router, call, &envelope, &draft, &refusal);
}

/* ---- what is kept ---- */

/* A copy of what the caller sent, where the draft's policies want it kept. NULL where they do not,
 * or where there is no room. */
static struct kept *retry_copy(struct router *router, const struct peer *caller,
        const struct envelope *envelope, const struct draft *draft)
{
    struct policy *policy = draft->settings->by[SETTING_RETRIES];
    bool hedged = hedge_may(router, envelope, draft->settings);
    struct kept *kept;

    if (caller->neighbour != NULL || (policy == NULL && !hedged && draft->delay_ms == 0))
        return NULL; /* calls of other nodes are tried again there */
    if (envelope->shape == SHAPE_CLIENT_STREAM || envelope->shape == SHAPE_TWO_WAY)
        return NULL; /* the caller's items are not kept */
    kept = kept_new(router, envelope);
    if (kept == NULL)
        return NULL;
    if (policy != NULL)
        kept->policy = policy_hold(policy);
    if (policy != NULL || hedged)
        policy_earn(hedge_budget(draft->settings));
    return kept;
}

static void retry_attach(struct call *call, struct kept *kept)
{
    kept->call = call;
    call->kept = kept;
}

void retry_keep(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft)
{
    struct kept *kept = retry_copy(router, call->caller, envelope, draft);

    if (kept != NULL)
        retry_attach(call, kept);
}

/* Takes the call in as one that is kept, into the waiting room. False where it is not to be kept;
 * NULL in `*callp` where there is no slot, which its caller is told. */
static bool retry_seat(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft, struct call **callp)
{
    struct kept *kept = retry_copy(router, peer, envelope, draft);
    struct draft waiting = *draft;

    if (kept == NULL)
        return false;
    waiting.callee = &router->waiting_room;
    *callp = draft->seated != NULL ? draft->seated : route_seat(router, peer, envelope, &waiting);
    if (*callp == NULL) {
        kept_free(router, kept);
        return true;
    }
    retry_attach(*callp, kept);
    router->stats.calls += 1;
    return true;
}

bool retry_begin(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft)
{
    struct call *call;

    if (!retry_seat(router, peer, envelope, draft, &call))
        return false;
    if (call != NULL &&
            (draft->delay_ms == 0 ||
                    !retry_pause(router, call, router->now_us + draft->delay_ms * UINT64_C(1000))))
        retry_send(router, call);
    return true;
}

bool retry_later(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft, const struct refusal *refusal)
{
    struct call *call;

    if (!retry_is_worthwhile(refusal->verdict.code) ||
            !retry_seat(router, peer, envelope, draft, &call))
        return false;
    if (call != NULL)
        retry_unsent(router, call, envelope, draft, refusal);
    return true;
}

void retry_watch(struct router *router, struct call *call, uint64_t due_us)
{
    if (!call->kept->watched)
        wheel_add(&router->pauses, &call->kept->timer, (due_us + 999) / 1000);
}

void retry_move(struct call *from, struct call *to)
{
    to->kept = from->kept;
    to->kept->call = to;
    from->kept = NULL;
}

void retry_tick(struct router *router)
{
    struct wheel_timer *timer;

    while ((timer = wheel_pop(&router->pauses, router->now_us / 1000)) != NULL) {
        struct kept *kept = list_entry(timer, struct kept, timer);

        if (kept->call->callee == &router->waiting_room) {
            retry_send(router, kept->call);
            continue;
        }
        kept->watched = true;
        hedge_due(router, kept->call);
    }
}
