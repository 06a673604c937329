/* kernel/router/say.h - what the parts of the core share: putting envelopes into outboxes, and
 * ending calls. */
#pragma once

#include "kernel/router/core.h"

enum code {
    CODE_CANCELLED = 1,
    CODE_INVALID_ARGUMENT = 3,
    CODE_DEADLINE_EXCEEDED = 4,
    CODE_NOT_FOUND = 5,
    CODE_ALREADY_EXISTS = 6,
    CODE_PERMISSION_DENIED = 7,
    CODE_RESOURCE_EXHAUSTED = 8,
    CODE_FAILED_PRECONDITION = 9,
    CODE_UNIMPLEMENTED = 12,
    CODE_UNAVAILABLE = 14,
    CODE_UNAUTHENTICATED = 16
};

enum executed { EXECUTED_UNKNOWN = 0, EXECUTED_NO = 1, EXECUTED_YES = 2 };

/* An error of the router's own. `text` is borrowed during the call. */
struct verdict {
    enum code code;
    enum executed executed;
    uint32_t retry_after_ms;
    const char *text;
};

/* Puts an envelope into the peer's outbox. False where it found no room. */
bool say(struct router *router, struct peer *peer, const struct envelope *envelope,
        enum outbox_lane lane);

/* The same for what belongs to a call of the claim's caller: in its turn at its callee. */
bool say_for(struct router *router, struct claim *claim, const struct envelope *envelope,
        enum outbox_lane lane);

/* The same as `say` for what must arrive (results, cancels): a peer without room even for that is
 * doomed. */
void say_surely(struct router *router, struct peer *peer, const struct envelope *envelope);

/* The shell is to look at the peer. */
void say_wake(struct router *router, struct peer *peer);

/* The shell is to close the peer's channel; nothing more is said to it. */
void say_doom(struct router *router, struct peer *peer);

/* A RESULT of the router's own to `caller`. */
void say_verdict(struct router *router, struct peer *caller, uint64_t caller_id,
        const struct verdict *verdict);

/* WELCOME with an error. */
void say_unwelcome(struct router *router, struct peer *peer, const struct verdict *verdict);

/* Ends a call before its callee answered: tells the caller (unless it is gone) and the callee
 * (unless it is), and does the same to the calls made on its behalf. */
void call_abort(struct router *router, struct call *call, const struct verdict *verdict);

/* Ends a call that has no caller (any more): tells the callee, and ends what was made on its
 * behalf. The slot stays until the callee is done with it. */
void call_abandon(struct router *router, struct call *call);

/* The callee is done with the call: takes it out of everything and frees the slot. */
void call_finish(struct router *router, struct call *call);

/* ITEM, END and CREDIT: stream.c. */
int stream_step(struct router *router, struct peer *peer, const struct envelope *envelope);

/* HELLO, READY and DRAIN: session.c. */
int session_step(struct router *router, struct peer *peer, const struct envelope *envelope);

/* Packs the peer's stamp anew. Returns 0 or -ENOMEM. */
int session_stamp(struct router *router, struct peer *peer);

/* Tells registry and supervisor that the peer takes no more calls. */
void session_leave(struct router *router, struct peer *peer);

/* Answers DRAIN where nothing is left to wait for. */
void session_drained(struct router *router, struct peer *peer);
