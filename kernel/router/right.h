/* kernel/router/right.h - on whose behalf a call is, and what lets it through: a capability of the
 * channel, an export of the callee, the user's token and the node's rules, all of them. */
#pragma once

#include "kernel/router/note.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"

/* Finds the capability that lets the call through; it ends when that does. False where there is
 * none, which the caller is told. */
bool right_find_cap(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft);

/* False where the callee does not export the endpoint to the caller: why stands in `*refusal`. */
bool right_exports(struct router *router, const struct peer *peer, struct span endpoint,
        const struct draft *draft, struct refusal *refusal);

/* Finds the user: of the call on whose behalf this one is made, else of the token that it carries,
 * else of the one that the channel presented; and stamps him on it. False where the call is
 * refused, which the caller is told. */
bool right_find_user(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft);

/* False where a token or a rule does not let the call through, which the caller is told. Takes one
 * call off the budget of a token by which it is made. */
bool right_judge(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft);

/* False where the token of a call that waited is void meanwhile: why stands in `*refusal`. */
bool right_still_holds(struct router *router, const struct call *call, struct span endpoint,
        struct refusal *refusal);

/* Stamps the user of a call on what is sent for it once more. */
void right_restamp(struct router *router, const struct call *call, struct draft *draft);

/* True for what needs no right: to log in, to renew a token, to present one. */
bool right_is_for_all(struct span endpoint);

/* True for the node's own parts. */
bool right_is_part(const struct peer *peer);

/* Why a call is refused for want of a right, and on whose behalf it was. */
struct right_refusal {
    enum note_kind kind;
    enum code code;
    const char *text; /* borrowed during the call */
    const struct user *user;
};

/* Keeps a note of a call that is refused, and of why. */
void right_note(struct router *router, const struct peer *peer, struct span endpoint,
        const struct right_refusal *refusal);

/* Refuses a call, and keeps a note of it. */
void right_refuse(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct right_refusal *refusal);

/* The same for a token that is not believed. */
void right_refuse_token(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct user_refusal *why);
