// SPDX-License-Identifier: Apache-2.0
/* The way back: RESULT, which goes by the call's slot and not by an address, and CANCEL, which ends
 * a call from its caller's side. */
#include <errno.h>

#include "base/err.h"
#include "kernel/router/added.h"
#include "kernel/router/keyed.h"
#include "kernel/router/outlier.h"
#include "kernel/router/retry.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"
#include "kernel/router/silence.h"

static void result_measure(struct router *router, struct peer *callee, const struct call *call)
{
    service_peer_measure(
            callee, router->now_us > call->started_us ? router->now_us - call->started_us : 0);
}

/* One came that no caller waits for. True where it is a hedge's, and the first: from now on that is
 * the call that its caller waits for. */
static bool result_is_first(struct router *router, struct call *call, const struct status *status)
{
    if (call->added != NULL)
        return added_answered(router, call, status);
    router->stats.results_late += 1;
    return false;
}

void route_answer(struct router *router, struct call *call, const struct envelope *result)
{
    static const struct verdict full = { CODE_RESOURCE_EXHAUSTED, EXECUTED_YES, 0,
        "the answer found no room: too many bytes wait for this caller already" };
    const struct envelope told = { .kind = ENVELOPE_RESULT,
        .id = call->caller_id,
        .trace = call->trace_made ? (struct span){ call->trace, TRACE_SIZE } : (struct span){ 0 },
        .status = result->status,
        .body = result->body };

    if (result->status.size != 0)
        router->stats.calls_failed += 1;
    if (!say(router, call->caller, &told, OUTBOX_RESULTS)) {
        tally_blame(router, CAUSE_ANSWER_NO_ROOM);
        tally_aborted(router, call, &full);
        say_verdict(router, call->caller, call->caller_id, &full);
    } else if (call->callee == &router->waiting_room) {
        tally_repeated(router, call, result); /* nobody was sent it */
    } else {
        tally_answered(router, call, result);
    }
    call_finish(router, call);
}

int route_result(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    struct call *call = call_find(&router->calls, envelope->id);
    struct envelope result = { .status = envelope->status, .body = envelope->body };
    uint8_t room[ENVELOPE_HEAD_MAX];
    struct status status = { 0 };

    if (envelope->status.size != 0 && status_read(&status, envelope->status) != ENVELOPE_OK)
        return err_new(-EPROTO); /* the caller's reader might stumble over it */
    if (call == NULL) {
        router->stats.results_late += 1;
        return 0;
    }
    if (call->callee != peer)
        return err_new(-EPROTO); /* an answer to a call that somebody else was sent */
    silence_heard(peer, call->started_us);
    if (call->caller == NULL && !result_is_first(router, call, &status)) {
        if (call->keyed != NULL)
            keyed_answered(router, call, &result, &status, room);
        call_finish(router, call);
        return 0;
    }
    if (call->shape == SHAPE_UNARY)
        result_measure(router, peer, call);
    outlier_answered(router, call, status.code);
    if (envelope->status.size != 0 && retry_answered(router, call, &status))
        return 0; /* the caller has not heard the last of it */
    if (envelope->status.size != 0 &&
            retry_executed(call, (enum executed)status.executed) != status.executed) {
        status.executed = EXECUTED_UNKNOWN;
        result.status = (struct span){ room, status_write(&status, room, sizeof(room)) };
    }
    if (call->keyed != NULL)
        keyed_answered(router, call, &result, &status, room);
    route_answer(router, call, &result);
    return 0;
}

int route_cancel(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct verdict cancelled = { CODE_CANCELLED, EXECUTED_UNKNOWN, 0,
        "the caller gave up" };
    struct call *call = call_find_by_caller(&router->calls, &peer->index, envelope->id);

    if (call != NULL)
        call_abort(router, call, &cancelled);
    return 0;
}
