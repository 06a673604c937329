// SPDX-License-Identifier: Apache-2.0
/* Items of streams. The router keeps count of both windows, so that a sender that ignores its
 * window is found out here and nothing waits without a bound. */
#include <errno.h>

#include "base/err.h"
#include "kernel/router/claim.h"
#include "kernel/router/retry.h"
#include "kernel/router/say.h"
#include "kernel/router/silence.h"

static bool stream_goes_up(const struct call *call)
{
    return call->shape == SHAPE_CLIENT_STREAM || call->shape == SHAPE_TWO_WAY;
}

static bool stream_goes_down(const struct call *call)
{
    return call->shape == SHAPE_SERVER_STREAM || call->shape == SHAPE_TWO_WAY;
}

static void stream_fail(struct router *router, struct call *call, enum code code, const char *text)
{
    call_abort(router, call,
            &(struct verdict){ .code = code, .executed = EXECUTED_UNKNOWN, .text = text });
}

/* Passes an envelope of the stream on to its other end, `up` from caller to callee. */
static void stream_forward(
        struct router *router, struct call *call, struct envelope *envelope, bool up)
{
    enum outbox_lane lane = envelope->kind == ENVELOPE_ITEM ? OUTBOX_CALLS : OUTBOX_RESULTS;
    bool said;

    envelope->id = up ? call_id(&router->calls, call) : call->caller_id;
    said = up ? say_for(router, call->claim, envelope, lane)
              : say(router, call->caller, envelope, lane);
    if (!said)
        stream_fail(router, call, CODE_RESOURCE_EXHAUSTED, "too many bytes wait for the receiver");
}

static void stream_item(
        struct router *router, struct call *call, struct envelope *envelope, bool up)
{
    int64_t *window = up ? &call->window_up : &call->window_down;

    if (up ? !stream_goes_up(call) || call->ended_up : !stream_goes_down(call)) {
        stream_fail(router, call, CODE_INVALID_ARGUMENT,
                "an item came where the call's shape has none");
        return;
    }
    if (*window <= 0) {
        tally_blame(router, CAUSE_STREAM_BROKEN);
        stream_fail(router, call, CODE_RESOURCE_EXHAUSTED,
                "the stream's sender sent more than it has credit for");
        return;
    }
    if (!up)
        retry_forget(router, call); /* a second try would say it again */
    *window -= (int64_t)envelope->body.size + STREAM_ITEM_COST;
    router->stats.items += 1;
    tally_item(router, call, envelope->body.size, up);
    stream_forward(router, call, envelope, up);
}

/* Credit from the receiver; never above the window. */
static void stream_credit(
        struct router *router, struct call *call, struct envelope *envelope, bool up)
{
    int64_t *window = up ? &call->window_down : &call->window_up;
    int64_t room = STREAM_WINDOW - *window;

    if (envelope->credit > room)
        envelope->credit = (uint32_t)room;
    if (envelope->credit == 0)
        return;
    *window += envelope->credit;
    stream_forward(router, call, envelope, up);
}

int stream_step(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    bool up = (envelope->id & CALL_ID_ROUTER) == 0; /* the sender's own id: it is the caller */
    struct call *call = up ? call_find_by_caller(&router->calls, &peer->index, envelope->id)
                           : call_find(&router->calls, envelope->id);
    struct envelope forward = { .kind = envelope->kind,
        .id = envelope->id,
        .credit = envelope->credit,
        .body = envelope->body };

    if (call == NULL || call->caller == NULL)
        return 0; /* it ended meanwhile */
    if (!up && call->callee != peer)
        return err_new(-EPROTO);
    if (!up)
        silence_heard(peer, call->started_us);
    if (envelope->kind == ENVELOPE_ITEM) {
        stream_item(router, call, &forward, up);
    } else if (envelope->kind == ENVELOPE_CREDIT) {
        stream_credit(router, call, &forward, up);
    } else if (up && stream_goes_up(call) && !call->ended_up) {
        call->ended_up = true;
        stream_forward(router, call, &forward, up);
    }
    return 0;
}
