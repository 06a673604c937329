// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/tally_record.h"

#include <assert.h>
#include <string.h>

#include "kernel/router/cap.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"

/* The span in which a call is made. */
void tally_parent_span(const struct draft *draft, uint8_t span[TRACE_SIZE - 16])
{
    if (draft->envelope->trace.size != 0)
        memcpy(span, draft->envelope->trace.data + 16, TRACE_SIZE - 16);
    else if (draft->parent != NULL)
        memcpy(span, draft->parent->trace + 16, TRACE_SIZE - 16);
    else
        memset(span, 0, TRACE_SIZE - 16);
}

/* Who calls; `service` and `instance` are what another node says of it. */
void tally_caller(struct journal_record *record, const struct router *router,
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

void tally_callee(struct journal_record *record, const struct peer *callee)
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
void tally_cap(struct journal_record *record, const struct cap *cap)
{
    record->cap_source = cap != NULL ? (uint8_t)cap->source + 1 : 0;
    record->cap_handle = cap != NULL ? cap->handle : 0;
}

/* What there is to say of few records. */
struct journal_detail *tally_details(const struct router *router, struct journal_record *record,
        const struct tally_ending *ending)
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

/* How the router ends a call, and why where nobody was blamed. */
struct tally_ending tally_judge(struct router *router, const struct verdict *verdict, bool refused)
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
    return (struct tally_ending){
        .code = verdict->code,
        .executed = verdict->executed,
        .cause = cause != CAUSE_NONE ? cause : CAUSE_OTHER,
        .message = tally_text(verdict->text),
        .origin = tally_text("router"),
    };
}
