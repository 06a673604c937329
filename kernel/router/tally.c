// SPDX-License-Identifier: Apache-2.0
/* Everything is written down at a call's end, when all of it is known: a record is then a few
 * copies of numbers, and a call that is under way costs no place in the journal. What would be gone
 * by then (who called from another node, who was passed over) is kept beside the call's slot, and
 * only for calls that have it. */
#include "kernel/router/tally.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/candidates.h"
#include "kernel/router/cap.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"

/* How a call ended. */
struct ending {
    uint32_t code;
    uint32_t executed;
    enum cause cause;
    struct span message;
    struct span origin;
};

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

static struct span tally_text(const char *text)
{
    return (struct span){ (const uint8_t *)text, strlen(text) };
}

static enum side tally_side(const struct peer *callee)
{
    return callee->neighbour != NULL ? SIDE_THERE : SIDE_HERE;
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

static struct tally *tally_of(const struct router *router, const struct call *call)
{
    return &router->notebook.notes[call - router->calls.slots];
}

static struct tally_detail *tally_detail(const struct router *router, const struct call *call)
{
    return &router->notebook.details[call - router->calls.slots];
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

/* The span in which a call is made. */
static void tally_parent_span(const struct draft *draft, uint8_t span[TRACE_SIZE - 16])
{
    if (draft->envelope->trace.size != 0)
        memcpy(span, draft->envelope->trace.data + 16, TRACE_SIZE - 16);
    else if (draft->parent != NULL)
        memcpy(span, draft->parent->trace + 16, TRACE_SIZE - 16);
    else
        memset(span, 0, TRACE_SIZE - 16);
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

/* ---- records ---- */

/* Who calls; `service` and `instance` are what another node says of it. */
static void tally_caller(struct journal_record *record, const struct router *router,
        const struct peer *caller, struct span service, uint64_t instance)
{
    struct span node = { 0 };

    record->caller_instance = caller->instance;
    record->caller_pid = caller->pid;
    record->caller_party = PARTY_PROCESS;
    if (caller == &router->self) {
        record->caller_party = PARTY_ROUTER;
        service = tally_text(caller->admitted);
    } else if (caller->neighbour != NULL) {
        record->caller_party = PARTY_NODE;
        record->caller_instance = instance;
        record->caller_pid = 0;
        node = tally_text(caller->neighbour->node);
    } else if (caller->visitor != NULL) {
        record->caller_party = PARTY_CLIENT;
        record->caller_pid = 0;
        service = tally_text(caller->visitor->client);
    } else {
        service = tally_text(caller->service != NULL ? caller->service->name : caller->admitted);
    }
    record->caller_size = journal_put_text(record, 0, service);
    record->caller_node_size = journal_put_text(record, record->caller_size, node);
}

static void tally_callee(struct journal_record *record, const struct peer *callee)
{
    struct span node = { 0 };

    record->side = (uint8_t)tally_side(callee);
    record->callee_instance = callee->neighbour == NULL ? callee->instance : 0;
    record->callee_pid = callee->neighbour == NULL ? callee->pid : 0;
    if (callee->neighbour != NULL)
        node = tally_text(callee->neighbour->node);
    record->callee_node_size =
            journal_put_text(record, record->caller_size + record->caller_node_size, node);
}

/* mu.router.v1.CapSource, whose 0 is none. */
static void tally_cap(struct journal_record *record, const struct cap *cap)
{
    record->cap_source = cap != NULL ? (uint8_t)cap->source + 1 : 0;
    record->cap_handle = cap != NULL ? cap->handle : 0;
}

/* What there is to say of few records. */
static struct journal_detail *tally_details(
        const struct router *router, struct journal_record *record, const struct ending *ending)
{
    struct journal_detail *detail = journal_detail(&router->notebook.journal, record);
    struct span message = journal_cut(ending->message, JOURNAL_MESSAGE_MAX);
    struct span origin = journal_cut(ending->origin, sizeof(detail->origin));

    record->detailed = true;
    detail->endpoint_size = 0;
    detail->decisions.considered = 0;
    detail->decisions.count = 0;
    detail->message_size = (uint16_t)message.size;
    detail->origin_size = (uint8_t)origin.size;
    if (message.size > 0)
        memcpy(detail->message, message.data, message.size);
    if (origin.size > 0)
        memcpy(detail->origin, origin.data, origin.size);
    return detail;
}

/* ---- calls that were sent to a callee ---- */

static void tally_write(struct router *router, const struct call *call, const struct ending *ending)
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
static void tally_finish(struct router *router, struct call *call, const struct ending *ending)
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
    struct ending ending = { .executed = EXECUTED_YES, .cause = cause };
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

/* How the router ends a call, and why where nobody was blamed. */
static struct ending tally_judge(struct router *router, const struct verdict *verdict, bool refused)
{
    static const uint8_t ended[METER_CODES] = {
        [CODE_CANCELLED] = CAUSE_CANCELLED,
        [CODE_INVALID_ARGUMENT] = CAUSE_STREAM_BROKEN,
        [CODE_DEADLINE_EXCEEDED] = CAUSE_DEADLINE,
        [CODE_PERMISSION_DENIED] = CAUSE_CAPABILITY_ENDED,
        [CODE_RESOURCE_EXHAUSTED] = CAUSE_ITEM_NO_ROOM,
        [CODE_UNAVAILABLE] = CAUSE_CALLEE_GONE,
    };
    static const uint8_t begun[METER_CODES] = {
        [CODE_CANCELLED] = CAUSE_PARENT_OVER,
        [CODE_INVALID_ARGUMENT] = CAUSE_MALFORMED,
        [CODE_DEADLINE_EXCEEDED] = CAUSE_TIME_OVER,
        [CODE_NOT_FOUND] = CAUSE_NO_SERVICE,
        [CODE_PERMISSION_DENIED] = CAUSE_NO_CAPABILITY,
        [CODE_UNAVAILABLE] = CAUSE_NO_INSTANCE,
    };
    enum cause cause = router->notebook.blame;

    if (cause == CAUSE_NONE)
        cause = (enum cause)(refused ? begun : ended)[verdict->code];
    router->notebook.blame = CAUSE_NONE;
    assert(cause != CAUSE_NONE); /* whatever is refused in a test can be explained */
    return (struct ending){
        .code = verdict->code,
        .executed = verdict->executed,
        .cause = cause != CAUSE_NONE ? cause : CAUSE_OTHER,
        .message = tally_text(verdict->text),
        .origin = tally_text("router"),
    };
}

void tally_aborted(struct router *router, struct call *call, const struct verdict *verdict)
{
    bool given_up = verdict->code == CODE_CANCELLED || verdict->code == CODE_DEADLINE_EXCEEDED;
    struct ending ending = tally_judge(router, verdict, !tally_of(router, call)->sent && !given_up);

    tally_finish(router, call, &ending);
}

/* ---- calls that were not ---- */

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
        const struct ending *ending, const struct method *method)
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
    static const char *const looks[] = { "router.Meter", "router.Calls", "router.Stats" };

    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        if (endpoint.size == strlen(looks[i]) &&
                memcmp(endpoint.data, looks[i], endpoint.size) == 0)
            return true;
    }
    return false;
}

static void tally_finish_draft(struct router *router, const struct ending *ending)
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
    struct ending ending;

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
    tally_finish_draft(router, &(struct ending){ .executed = EXECUTED_YES,
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
