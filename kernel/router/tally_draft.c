// SPDX-License-Identifier: Apache-2.0
/* What is noted of calls that no callee was sent: those that were refused, and those that the
 * router answered itself. */
#include <string.h>

#include "kernel/router/candidates.h"
#include "kernel/router/route.h"
#include "kernel/router/tally_record.h"
#include "transport/names.h"

/* The row in which a call is counted that no callee was sent. */
static struct method *tally_find_row(struct router *router, struct draft *draft, uint32_t code)
{
    struct meter *meter = &router->notebook.meter;
    struct span endpoint = draft->envelope->endpoint;
    struct method *method;
    enum side side = SIDE_HERE;

    if (!endpoint_is_valid(endpoint))
        return &meter->methods[0];
    if (draft->own && code != CODE_UNIMPLEMENTED) {
        method = meter_name(meter, endpoint, side);
    } else {
        if (draft->service == NULL)
            draft->service = service_find(&router->services, meter_service_of(endpoint));
        if (draft->service == NULL && !draft->own)
            return &meter->methods[0];
        if (draft->service != NULL && !draft->service->local)
            side = SIDE_THERE;
        method = meter_find(meter, endpoint, side);
    }
    return method != NULL ? method : meter_find_service(meter, meter_service_of(endpoint), side);
}

/* The trace of a call that was not sent: its caller's, else its parent's, else a new one, by which
 * it is found. */
static void tally_trace(struct router *router, struct draft *draft, uint8_t trace[TRACE_SIZE])
{
    uint64_t words[2];

    memset(trace, 0, TRACE_SIZE);
    if (draft->parent == NULL && draft->envelope->parent != 0)
        draft->parent = call_find(&router->calls, draft->envelope->parent);
    if (draft->parent != NULL && draft->parent->callee != draft->peer)
        draft->parent = NULL; /* it serves no such call */
    if (draft->envelope->trace.size != 0) {
        memcpy(trace, draft->envelope->trace.data, 16);
    } else if (draft->parent != NULL) {
        memcpy(trace, draft->parent->trace, 16);
    } else {
        words[0] = random_next(&router->random);
        words[1] = random_next(&router->random);
        memcpy(trace, words, 16);
    }
}

static void tally_write_draft(struct router *router, struct draft *draft,
        const struct tally_ending *ending, const struct method *method)
{
    const struct envelope *envelope = draft->envelope;
    struct journal_record *record = journal_add(&router->notebook.journal, ending->code);
    struct journal_detail *detail = tally_details(router, record, ending);

    record->method = method;
    record->began_us = draft->began_us;
    record->took_us = router->now_us - draft->began_us;
    record->queued_us = 0;
    record->timeout_us = envelope->timeout_ms * UINT64_C(1000);
    record->id = envelope->id;
    record->call = 0;
    record->bytes_up = envelope->body.size;
    record->bytes_down = draft->replied_size;
    record->items_up = 0;
    record->items_down = 0;
    tally_trace(router, draft, record->trace);
    tally_parent_span(draft, record->parent_span);
    record->instances = draft->service != NULL ? (uint16_t)draft->service->ready_count : 0;
    record->hops = (uint8_t)draft->hops;
    record->shape = (uint8_t)envelope->shape;
    record->executed = (uint8_t)ending->executed;
    record->cause = (uint8_t)ending->cause;
    record->refused = ending->code != 0;
    record->side = method->side;
    record->callee_instance = 0;
    record->callee_pid = 0;
    record->callee_node_size = 0;
    tally_cap(record, draft->cap);
    tally_caller(record, router, draft->peer, draft->from_service, draft->from_instance);
    if (method->size != envelope->endpoint.size && endpoint_is_valid(envelope->endpoint)) {
        detail->endpoint_size = (uint8_t)envelope->endpoint.size;
        memcpy(detail->endpoint, envelope->endpoint.data, envelope->endpoint.size);
    }
    if (ending->code != 0 && !draft->own)
        candidates_list(router, draft, NULL, &detail->decisions);
}

/* True for who looks at the router's figures: that alone is counted, but not written down, or the
 * journal of a quiet node would be full of those who read it. */
static bool tally_is_look(struct span endpoint)
{
    static const struct span looks[] = { NAME("router.Meter"), NAME("router.Calls"),
        NAME("router.Stats") };

    return names_have(looks, sizeof(looks) / sizeof(looks[0]), endpoint);
}

static void tally_finish_draft(struct router *router, const struct tally_ending *ending)
{
    struct draft *draft = router->notebook.draft;
    struct method *method = tally_find_row(router, draft, ending->code);

    method->codes[ending->code] += 1;
    method->bytes_up += draft->envelope->body.size;
    method->bytes_down += draft->replied_size;
    if (ending->code != 0) {
        method->refused[ending->cause] += 1;
    } else {
        histogram_record(&method->took, router->now_us - draft->began_us);
        histogram_record(&method->queued, 0);
    }
    if (ending->code != 0 || !tally_is_look(draft->envelope->endpoint))
        tally_write_draft(router, draft, ending, method);
    tally_end(router);
}

static bool tally_is_draft(const struct router *router, const struct peer *peer, uint64_t id)
{
    const struct draft *draft = router->notebook.draft;

    return draft != NULL && draft->peer == peer && draft->envelope->id == id;
}

/* Notes a call that waited for an instance, in vain. */
static void tally_expired(
        struct router *router, struct peer *peer, uint64_t id, const struct verdict *verdict)
{
    struct call *call = call_find_by_caller(&router->calls, &peer->index, id);

    if (call == NULL || tally_of(router, call)->method == NULL || tally_of(router, call)->sent)
        return;
    tally_aborted(router, call, verdict);
}

void tally_refused(
        struct router *router, struct peer *peer, uint64_t id, const struct verdict *verdict)
{
    struct tally_ending ending;

    if (!tally_is_draft(router, peer, id)) {
        tally_expired(router, peer, id, verdict);
        return;
    }
    if (router->notebook.draft->own)
        tally_blame(
                router, verdict->code == CODE_CANCELLED ? CAUSE_CALLER_GONE : CAUSE_ROUTER_REFUSED);
    ending = tally_judge(router, verdict, true);
    tally_finish_draft(router, &ending);
}

void tally_replied(struct router *router, struct peer *peer, uint64_t id, size_t size)
{
    if (!tally_is_draft(router, peer, id))
        return;
    router->notebook.draft->replied_size = size;
    tally_finish_draft(router, &(struct tally_ending){ .executed = EXECUTED_YES,
                                       .cause = CAUSE_ANSWERED,
                                       .origin = tally_text("router") });
}

void tally_answered_late(struct router *router, struct peer *peer, const struct envelope *call,
        uint64_t began_us, const struct verdict *verdict)
{
    struct draft draft = { .peer = peer, .envelope = call, .began_us = began_us, .own = true };

    tally_begin(router, &draft);
    if (verdict != NULL)
        tally_refused(router, peer, call->id, verdict);
    else
        tally_replied(router, peer, call->id, 0);
    tally_end(router);
}
