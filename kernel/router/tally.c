// SPDX-License-Identifier: Apache-2.0
/* Everything is written down at a call's end, when all of it is known: a record is then a few
 * copies of numbers, and a call that is under way costs no place in the journal. What would be gone
 * by then (who called from another node, who was passed over) is kept beside the call's slot, and
 * only for calls that have it. */
#include "kernel/router/tally_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/candidates.h"
#include "kernel/router/route.h"

int notebook_init(struct notebook *notebook, uint64_t seed)
{
    int r;

    *notebook = (struct notebook){ 0 };
    notebook->notes = calloc(ROUTER_CALLS_MAX, sizeof(*notebook->notes));
    notebook->details = calloc(ROUTER_CALLS_MAX, sizeof(*notebook->details));
    r = notebook->notes != NULL && notebook->details != NULL ? 0 : err_new(-ENOMEM);
    if (r == 0)
        r = meter_init(&notebook->meter, seed);
    if (r == 0)
        r = journal_init(&notebook->journal);
    if (r < 0)
        notebook_deinit(notebook);
    return err_trace(r);
}

void notebook_deinit(struct notebook *notebook)
{
    journal_deinit(&notebook->journal);
    meter_deinit(&notebook->meter);
    free(notebook->notes);
    free(notebook->details);
    *notebook = (struct notebook){ 0 };
}

void tally_begin(struct router *router, struct draft *draft)
{
    router->notebook.draft = draft;
    router->notebook.blame = CAUSE_NONE;
}

void tally_end(struct router *router)
{
    router->notebook.draft = NULL;
    router->notebook.blame = CAUSE_NONE;
}

void tally_blame(struct router *router, enum cause cause)
{
    router->notebook.blame = cause;
}

/* Of a call that has just come; of one in the waiting room it is where it is most likely sent. */
static enum side tally_first_side(
        const struct router *router, const struct call *call, const struct draft *draft)
{
    const struct service *service;

    if (call->callee != &router->waiting_room)
        return tally_side(call->callee);
    service = service_find(&router->services, meter_service_of(draft->envelope->endpoint));
    return service != NULL && service->ready_count == 0 && service->route_count > 0 ? SIDE_THERE
                                                                                    : SIDE_HERE;
}

/* ---- while a call is under way ---- */

/* The row that the call is counted in; its own, if it has one. */
static struct method *tally_find_method(
        struct router *router, struct call *call, struct span endpoint, enum side side)
{
    struct method *method = call->caller->called;

    if (!meter_is(method, endpoint) || method->side != side) {
        method = meter_find(&router->notebook.meter, endpoint, side);
        if (method == NULL)
            return NULL;
        call->caller->called = method;
    }
    return method;
}

/* For how long the router has the call. */
static uint32_t tally_since(const struct tally *note, uint64_t now_us)
{
    uint64_t since_us = now_us > note->began_us ? now_us - note->began_us : 0;

    return since_us < UINT32_MAX ? (uint32_t)since_us : UINT32_MAX;
}

/* Keeps what most calls do not need to have kept. */
static void tally_keep(
        const struct router *router, const struct call *call, const struct draft *draft)
{
    struct tally_detail *detail = tally_detail(router, call);
    struct tally *note = tally_of(router, call);
    struct span endpoint = draft->envelope->endpoint;
    struct span caller = draft->from_service;

    note->detailed = true;
    detail->decisions.considered = 0;
    detail->decisions.count = 0;
    detail->caller_instance = draft->from_instance;
    detail->endpoint_size = note->named ? 0 : (uint8_t)endpoint.size;
    memcpy(detail->endpoint, endpoint.data, detail->endpoint_size);
    detail->caller_size =
            (uint8_t)(caller.size < sizeof(detail->caller) ? caller.size : sizeof(detail->caller));
    if (detail->caller_size > 0)
        memcpy(detail->caller, caller.data, detail->caller_size);
    if (note->instances > 0 && call->callee->neighbour != NULL)
        candidates_list(router, draft, call->callee, &detail->decisions);
}

void tally_opened(struct router *router, struct call *call)
{
    struct draft *draft = router->notebook.draft;
    struct tally *note = tally_of(router, call);
    struct span endpoint = draft->envelope->endpoint;
    enum side side = tally_first_side(router, call, draft);

    *note = (struct tally){ .method = tally_find_method(router, call, endpoint, side) };
    list_init(&note->waiting);
    note->named = note->method != NULL;
    note->began_us = draft->began_us;
    if (!note->named)
        note->method =
                meter_find_service(&router->notebook.meter, meter_service_of(endpoint), side);
    note->method->open += 1;
    note->bytes_up = draft->envelope->body.size;
    note->hops = (uint8_t)draft->hops;
    note->instances = draft->service != NULL ? (uint16_t)draft->service->ready_count : 0;
    tally_parent_span(draft, note->parent_span);
    if (!note->named || call->caller->neighbour != NULL || call->callee->neighbour != NULL)
        tally_keep(router, call, draft);
    tally_end(router);
}

void tally_sent(struct router *router, const struct call *call, const struct claim *claim)
{
    struct tally *note = tally_of(router, call);
    struct peer *callee = claim->callee;

    note->sent = true;
    note->queued_us = tally_since(note, router->now_us);
    note->round = claim->turn.round;
    if (callee->out.leaving != 0 || note->round > callee->out.round)
        list_push(&callee->waiting, &note->waiting);
}

void tally_taken_back(struct router *router, const struct call *call)
{
    list_remove(&tally_of(router, call)->waiting);
}

/* Its service has the method: from now on it is counted by its own name. */
static void tally_name(struct router *router, const struct call *call)
{
    struct tally *note = tally_of(router, call);
    const struct tally_detail *detail = tally_detail(router, call);
    struct span endpoint = { (const uint8_t *)detail->endpoint, detail->endpoint_size };
    struct method *method =
            meter_name(&router->notebook.meter, endpoint, (enum side)note->method->side);

    if (method == NULL)
        return;
    note->method->open -= 1;
    note->method = method;
    note->named = true;
    method->open += 1;
}

void tally_item(struct router *router, struct call *call, size_t size, bool up)
{
    struct tally *note = tally_of(router, call);

    if (up) {
        note->bytes_up += size;
        note->items_up += 1;
        return;
    }
    note->bytes_down += size;
    note->items_down += 1;
    if (!note->named && note->items_down == 1 && note->method != NULL)
        tally_name(router, call);
}

/* The call waits no more for the system to take it. */
static void tally_leave(struct tally *note, uint64_t now_us)
{
    note->queued_us = tally_since(note, now_us);
    list_remove(&note->waiting);
}

void tally_left(struct peer *peer, uint64_t now_us)
{
    list_for_each_safe (node, &peer->waiting) {
        struct tally *note = list_entry(node, struct tally, waiting);

        if (note->round < peer->out.round)
            tally_leave(note, now_us);
    }
}

/* ---- calls that were sent to a callee ---- */

static void tally_write(
        struct router *router, const struct call *call, const struct tally_ending *ending)
{
    const struct tally *note = tally_of(router, call);
    const struct tally_detail *kept = tally_detail(router, call);
    struct journal_record *record = journal_add(&router->notebook.journal, ending->code);
    struct journal_detail *detail;

    record->method = note->method;
    record->began_us = note->began_us;
    record->took_us = router->now_us - note->began_us;
    record->queued_us = note->queued_us;
    record->timeout_us =
            call->deadline_us > note->began_us ? call->deadline_us - note->began_us : 0;
    record->id = call->caller_id;
    record->call = call_id(&router->calls, call);
    record->bytes_up = note->bytes_up;
    record->bytes_down = note->bytes_down;
    record->items_up = note->items_up;
    record->items_down = note->items_down;
    memcpy(record->trace, call->trace, TRACE_SIZE);
    memcpy(record->parent_span, note->parent_span, sizeof(record->parent_span));
    record->instances = note->instances;
    record->hops = note->hops;
    record->shape = (uint8_t)call->shape;
    record->executed = (uint8_t)ending->executed;
    record->cause = (uint8_t)ending->cause;
    record->refused = !note->sent;
    record->detailed = false;
    tally_cap(record, call->cap);
    tally_caller(record, router, call->caller,
            (struct span){ (const uint8_t *)kept->caller, note->detailed ? kept->caller_size : 0 },
            note->detailed ? kept->caller_instance : 0);
    tally_callee(record, call->callee);
    if (ending->code == 0 && note->named && (!note->detailed || kept->decisions.considered == 0))
        return;
    detail = tally_details(router, record, ending);
    if (!note->named) {
        detail->endpoint_size = kept->endpoint_size;
        memcpy(detail->endpoint, kept->endpoint, kept->endpoint_size);
    }
    if (note->detailed)
        detail->decisions = kept->decisions;
}

/* Counts the call and writes its record; from now on it is noted. */
static void tally_finish(
        struct router *router, struct call *call, const struct tally_ending *ending)
{
    struct tally *note = tally_of(router, call);
    struct method *method = note->method;

    if (method == NULL)
        return; /* an answer of the router's by the same id was taken for its */
    if (!note->named && ending->cause == CAUSE_ANSWERED && ending->code != CODE_UNIMPLEMENTED)
        tally_name(router, call);
    method = note->method;
    if (!list_is_empty(&note->waiting))
        tally_leave(note, router->now_us);
    method->open -= 1;
    method->codes[ending->code] += 1;
    method->bytes_up += note->bytes_up;
    method->bytes_down += note->bytes_down;
    method->items_up += note->items_up;
    method->items_down += note->items_down;
    if (note->sent) {
        histogram_record(&method->took, router->now_us - note->began_us);
        histogram_record(&method->queued, note->queued_us);
    } else {
        method->refused[ending->cause] += 1;
    }
    tally_write(router, call, ending);
    note->method = NULL;
}

static void tally_end_by(
        struct router *router, struct call *call, const struct envelope *result, enum cause cause)
{
    struct tally_ending ending = { .executed = EXECUTED_YES, .cause = cause };
    struct status status;

    tally_of(router, call)->bytes_down += result->body.size;
    if (result->status.size != 0 && status_read(&status, result->status) == ENVELOPE_OK) {
        ending.code = status.code;
        ending.executed = status.executed;
        ending.message = status.message;
        ending.origin = status.origin;
    }
    tally_finish(router, call, &ending);
}

void tally_answered(struct router *router, struct call *call, const struct envelope *result)
{
    tally_end_by(router, call, result, CAUSE_ANSWERED);
}

void tally_repeated(struct router *router, struct call *call, const struct envelope *result)
{
    struct tally *note = tally_of(router, call);

    note->sent = true; /* not refused, though no callee has heard of it */
    note->queued_us = tally_since(note, router->now_us);
    tally_end_by(router, call, result, CAUSE_KEY_ANSWERED);
}

void tally_aborted(struct router *router, struct call *call, const struct verdict *verdict)
{
    bool given_up = verdict->code == CODE_CANCELLED || verdict->code == CODE_DEADLINE_EXCEEDED;
    struct tally_ending ending =
            tally_judge(router, verdict, !tally_of(router, call)->sent && !given_up);

    tally_finish(router, call, &ending);
}
