/* kernel/router/route.h - CALL, RESULT and CANCEL. */
#pragma once

#include "kernel/router/core.h"
#include "kernel/router/say.h"

struct settings;

/* What a call is made of before it has a slot. */
struct draft {
    struct peer *peer;               /* borrowed: who calls */
    const struct envelope *envelope; /* borrowed */
    uint64_t began_us;
    struct service *service;
    struct call *parent;
    struct peer *callee;
    const struct cap *cap;           /* that lets it through; NULL: its caller needs none */
    struct user *user;               /* on whose behalf; NULL: nobody's */
    struct span caller;              /* a packed mu.bus.v1.Caller */
    uint64_t deadline_us;            /* 0: none */
    uint32_t transit_us;             /* that it was on its way from another node: off its time */
    uint32_t hops;                   /* links that it came over */
    uint64_t origin;                 /* as that of a call */
    const struct settings *settings; /* what policies say of it; NULL: nothing */
    uint64_t avoid;                  /* the instance that it failed at; 0: none */
    uint32_t delay_ms;               /* before it is sent */
    struct span from_service;        /* of its caller on another node, as that node says */
    uint64_t from_instance;
    struct span from_space; /* the same: the namespace of its caller */
    bool hidden;            /* the service is there, and not for its caller to know of */
    struct call *seated; /* in the waiting room, before it is known where it goes; NULL: not yet */
    struct span key;     /* as it goes over a link; empty: it has none, or goes over none */
    const uint8_t *only; /* the one node that it may be sent to, by its id; NULL: any */
    bool again;          /* it may have been carried out on another node: only that is asked for */
    bool own;            /* it is for the router itself */
    size_t replied_size; /* bytes that the router answered it with */
};

/* Why nobody is sent a call. */
struct refusal {
    struct verdict verdict; /* its text is `text`, or static */
    enum cause cause;       /* CAUSE_NONE: what the verdict's code says */
    char text[STATUS_TEXT_MAX];
};

/* Bytes that a call takes, at most. */
static inline size_t route_size(const struct envelope *envelope)
{
    return envelope->body.size + ENVELOPE_HEAD_MAX;
}

int route_call(struct router *router, struct peer *peer, const struct envelope *envelope);
int route_result(struct router *router, struct peer *peer, const struct envelope *envelope);
int route_cancel(struct router *router, struct peer *peer, const struct envelope *envelope);

/* Tells the caller of a call `result`, a RESULT without an id, and ends the call. */
void route_answer(struct router *router, struct call *call, const struct envelope *result);

/* Sends a call that waited to an instance of the draft's service, or ends it and says why.
 * `envelope` is what its caller sent, and the rest of the draft as it was then. */
void route_move(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft);

/* Finds a way to another node for a call that waits, into `draft->callee`. False where there is
 * none. */
bool route_find_back(struct router *router, struct call *call, const struct envelope *envelope,
        struct draft *draft);

/* Sends a call that waited to the draft's callee, or ends it and says why. */
void route_move_to(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft);

/* Opens a call of the router's own to `service` (one that exists), whose result it drops. */
void route_notice(
        struct router *router, const char *service, const char *endpoint, struct span body);

/* The steps of a call, for what sends it again. First who serves it, into `draft->callee`: an
 * instance here, else one on another node. False where nobody does, for the reason in `*refusal`.
 */
bool route_find_callee(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft, struct refusal *refusal);

/* The same for a call that is not to be sent to an instance here. */
bool route_find_node(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft, struct refusal *refusal);

/* Then a slot, as one of its caller's and its callee's, which may be the waiting room. NULL where
 * it finds none, which the caller is told. */
struct call *route_seat(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct draft *draft);

/* Takes the call from its callee, which is done with it, into the waiting room, by another id.
 * False without memory; then it is where it was. */
bool route_take_back(struct router *router, struct call *call);

/* Sends a call that is in the waiting room to the draft's callee. False where that has no room, as
 * `refusal` says; then it is there still. */
bool route_hand_over(struct router *router, struct call *call, const struct envelope *envelope,
        const struct draft *draft, struct refusal *refusal);

/* An instance here for the draft's service, by what policies say; NULL where none has room. */
struct peer *route_pick(struct router *router, const struct peer *peer,
        const struct envelope *envelope, const struct draft *draft);

/* What policies have to do with a call that is on its way. */
void route_sent(struct router *router, struct call *call, const struct settings *settings);

/* A callee's outbox has no room for the call. */
extern const struct verdict route_full;

/* Puts the call into the callee's outbox, at the expense of its claim there. False where that has
 * no room. */
bool route_forward(struct router *router, struct call *call, struct claim *claim,
        const struct envelope *envelope, const struct draft *draft);

/* `greeter` of `greeter.Hello`. */
struct span route_service_name(struct span endpoint);
