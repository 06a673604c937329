// SPDX-License-Identifier: Apache-2.0
/* A call of nobody's on a node without rules passes here with two tests of a pointer. */
#include "kernel/router/right.h"

#include <stdio.h>
#include <string.h>

#include "kernel/router/cap.h"
#include "kernel/router/export.h"
#include "kernel/router/grant.h"
#include "kernel/router/tenant.h"
#include "transport/names.h"
#include "transport/reserved.h"

bool right_is_for_all(struct span endpoint)
{
    static const struct span names[] = { NAME("router.Present"), NAME("auth.Login"),
        NAME("auth.Refresh"), NAME("auth.Logout"), NAME("auth.Whoami") };

    return names_have(names, sizeof(names) / sizeof(names[0]), endpoint);
}

bool right_is_part(const struct peer *peer)
{
    struct span admitted = { (const uint8_t *)peer->admitted, strlen(peer->admitted) };

    return peer->internal || (peer->supervised && reserved_has(admitted));
}

/* True where no token limits the call. Parts of the node call each other to do what they were
 * called for: who may have a node joined to a network need not be trusted with routes. */
static bool right_is_free(const struct peer *peer, struct span endpoint)
{
    return right_is_for_all(endpoint) ||
           (right_is_part(peer) && reserved_has(route_service_name(endpoint)));
}

void right_note(struct router *router, const struct peer *peer, struct span endpoint,
        const struct right_refusal *refusal)
{
    static const enum cause causes[NOTE_KINDS] = {
        [NOTE_CAPABILITY] = CAUSE_NO_CAPABILITY,
        [NOTE_EXPORT] = CAUSE_NOT_EXPORTED,
        [NOTE_CLIENT] = CAUSE_NOT_FOR_CLIENTS,
        [NOTE_TOKEN] = CAUSE_TOKEN,
        [NOTE_SCOPE] = CAUSE_SCOPE,
        [NOTE_RULE] = CAUSE_RULE,
        [NOTE_NAMESPACE] = CAUSE_NAMESPACE,
    };
    struct note note = { .kind = refusal->kind, .at_s = router->unix_s };

    router->stats.calls_denied += 1;
    note_name(peer, refusal->user, note.by);
    snprintf(note.endpoint, sizeof(note.endpoint), "%.*s", (int)endpoint.size,
            (const char *)endpoint.data);
    snprintf(note.reason, sizeof(note.reason), "%s", refusal->text);
    note_add(router, &note);
    tally_blame(router, causes[refusal->kind]);
}

void right_refuse(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct right_refusal *refusal)
{
    right_note(router, peer, envelope->endpoint, refusal);
    say_verdict(router, peer, envelope->id,
            &(struct verdict){
                    .code = refusal->code, .executed = EXECUTED_NO, .text = refusal->text });
}

void right_refuse_token(struct router *router, struct peer *peer, const struct envelope *envelope,
        const struct user_refusal *why)
{
    if (why->is_full)
        say_verdict(router, peer, envelope->id,
                &(struct verdict){ CODE_RESOURCE_EXHAUSTED, EXECUTED_NO, 1000, why->text });
    else
        right_refuse(router, peer, envelope,
                &(struct right_refusal){ NOTE_TOKEN, CODE_UNAUTHENTICATED, why->text, NULL });
}

/* ---- what the channel may ---- */

bool right_find_cap(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    char text[STATUS_TEXT_MAX];

    if (!peer->bound || grant_is_for_all(envelope->endpoint))
        return true;
    draft->cap = cap_find(peer, envelope->endpoint, router->now_us);
    if (draft->cap != NULL)
        return true;
    snprintf(text, sizeof(text),
            "%s has no capability for %.*s: write it into `calls` of its manifest, or `mu grant %s "
            "%.*s`",
            peer->admitted, (int)envelope->endpoint.size, (const char *)envelope->endpoint.data,
            peer->admitted, (int)envelope->endpoint.size, (const char *)envelope->endpoint.data);
    right_refuse(router, peer, envelope,
            &(struct right_refusal){ NOTE_CAPABILITY, CODE_PERMISSION_DENIED, text, draft->user });
    return false;
}

static const char *right_whose(const struct peer *caller)
{
    if (caller->neighbour != NULL)
        return "other nodes";
    return caller->visitor != NULL ? "clients" : caller->admitted;
}

bool right_exports(struct router *router, const struct peer *peer, struct span endpoint,
        const struct draft *draft, struct refusal *refusal)
{
    if (export_allows(draft->callee, peer, endpoint))
        return true;
    snprintf(refusal->text, sizeof(refusal->text),
            "%s does not export %.*s to %s (`exports` in its manifest)", draft->service->name,
            (int)endpoint.size, (const char *)endpoint.data, right_whose(peer));
    refusal->cause = CAUSE_NOT_EXPORTED;
    refusal->verdict = (struct verdict){ CODE_PERMISSION_DENIED, EXECUTED_NO, 0, refusal->text };
    right_note(router, peer, endpoint,
            &(struct right_refusal){
                    NOTE_EXPORT, CODE_PERMISSION_DENIED, refusal->text, draft->user });
    return false;
}

/* ---- whose call it is ---- */

/* The user of the token that the call itself carries. False where it is refused. */
static bool right_read_token(struct router *router, struct peer *peer,
        const struct envelope *envelope, struct draft *draft)
{
    static const struct verdict two = { CODE_INVALID_ARGUMENT, EXECUTED_NO, 0,
        "the call carries a token, and is on behalf of another user's call" };
    struct user_refusal why;

    if (draft->parent != NULL && draft->parent->on_behalf != NULL) {
        say_verdict(router, peer, envelope->id, &two);
        return false;
    }
    draft->user = user_find(&router->users, envelope->token, router->node, router->unix_s, &why);
    if (draft->user == NULL)
        right_refuse_token(router, peer, envelope, &why);
    return draft->user != NULL;
}

/* Why one of the users by whose right the call is made may do nothing now; NULL where they may. */
static const char *right_void_text(
        const struct router *router, const struct peer *peer, const struct draft *draft)
{
    const char *text = NULL;

    if (peer->on_behalf != NULL)
        text = user_void_text(peer->on_behalf, router->unix_s);
    return text != NULL ? text : user_void_text(draft->user, router->unix_s);
}

static void right_stamp(struct router *router, const struct peer *peer, struct draft *draft)
{
    const struct user *user = draft->user;
    const char *space = peer->space[0] == '\0' ? tenant_space(peer, user) : ""; /* it is there */

    draft->caller = stamp_add_user(draft->caller,
            (struct span){ (const uint8_t *)user->subject, user->subject_size },
            (struct span){ user->id.bytes, sizeof(user->id.bytes) },
            (struct span){ (const uint8_t *)space, strlen(space) }, router->stamp);
}

bool right_find_user(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    const char *text;

    draft->user = peer->on_behalf;
    if (draft->parent != NULL && draft->parent->on_behalf != NULL)
        draft->user = draft->parent->on_behalf;
    if (envelope->token.size != 0 && !right_read_token(router, peer, envelope, draft))
        return false;
    if (draft->user == NULL)
        return true;
    text = right_void_text(router, peer, draft);
    if (text == NULL) {
        right_stamp(router, peer, draft);
        return true;
    }
    if (right_is_free(peer, envelope->endpoint)) {
        draft->user = NULL;
        return true;
    }
    right_refuse(router, peer, envelope,
            &(struct right_refusal){ NOTE_TOKEN, CODE_UNAUTHENTICATED, text, draft->user });
    return false;
}

bool right_still_holds(struct router *router, const struct call *call, struct span endpoint,
        struct refusal *refusal)
{
    const struct user *user = call->on_behalf;
    const char *text = user != NULL ? user_void_text(user, router->unix_s) : NULL;

    if (text == NULL || right_is_free(call->caller, endpoint))
        return true;
    refusal->cause = CAUSE_TOKEN;
    refusal->verdict = (struct verdict){ CODE_UNAUTHENTICATED, EXECUTED_NO, 0, text };
    right_note(router, call->caller, endpoint,
            &(struct right_refusal){ NOTE_TOKEN, CODE_UNAUTHENTICATED, text, user });
    return false;
}

void right_restamp(struct router *router, const struct call *call, struct draft *draft)
{
    draft->user = call->on_behalf;
    if (draft->user != NULL)
        right_stamp(router, call->caller, draft);
}

/* ---- what the user may ---- */

static bool right_refuse_scope(struct router *router, struct peer *peer,
        const struct envelope *envelope, const struct user *user)
{
    char text[STATUS_TEXT_MAX];

    snprintf(text, sizeof(text), "the token of %s does not cover %.*s", user->subject,
            (int)envelope->endpoint.size, (const char *)envelope->endpoint.data);
    right_refuse(router, peer, envelope,
            &(struct right_refusal){ NOTE_SCOPE, CODE_PERMISSION_DENIED, text, user });
    return false;
}

/* Both users: a service that acts for itself is limited by its own token also while it serves
 * somebody. */
static bool right_is_covered(struct router *router, struct peer *peer,
        const struct envelope *envelope, const struct draft *draft)
{
    if (!user_covers(draft->user, envelope->endpoint))
        return right_refuse_scope(router, peer, envelope, draft->user);
    if (peer->on_behalf != NULL && peer->on_behalf != draft->user &&
            !user_covers(peer->on_behalf, envelope->endpoint))
        return right_refuse_scope(router, peer, envelope, peer->on_behalf);
    return true;
}

/* Parts of the node among each other, and its owner at them: no rule locks these out, or it could
 * never be taken back. */
static bool right_is_above_rules(
        const struct peer *peer, struct span endpoint, const struct user *user)
{
    if (right_is_part(peer))
        return true;
    return peer->is_operator && !peer->supervised && user == NULL &&
           reserved_has(route_service_name(endpoint));
}

static const char *right_service(const struct peer *peer)
{
    if (peer->visitor != NULL)
        return "client";
    return peer->service != NULL ? peer->service->name : peer->admitted;
}

static bool right_is_ruled_out(struct router *router, struct peer *peer,
        const struct envelope *envelope, const struct draft *draft)
{
    struct rule_call call = { .subject = draft->user != NULL ? draft->user->subject : "",
        .service = right_service(peer),
        .is_foreign = peer->neighbour != NULL,
        .endpoint = envelope->endpoint };
    const struct rule *rule;
    char text[STATUS_TEXT_MAX];

    if (right_is_above_rules(peer, envelope->endpoint, draft->user))
        return false;
    rule = rules_find(&router->rules, &call);
    if (rule == NULL || !rule->deny)
        return false;
    snprintf(text, sizeof(text), "rule %llu denies %.*s%s%s", (unsigned long long)rule->id,
            (int)envelope->endpoint.size, (const char *)envelope->endpoint.data,
            rule->reason[0] != '\0' ? ": " : "", rule->reason);
    right_refuse(router, peer, envelope,
            &(struct right_refusal){ NOTE_RULE, CODE_PERMISSION_DENIED, text, draft->user });
    return true;
}

/* A budget is of calls that the bearer makes: what services do on his behalf is not counted. */
static bool right_charge(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    struct user *payer =
            draft->parent != NULL && draft->parent->on_behalf != NULL ? NULL : draft->user;

    if (payer == NULL || user_charge(payer))
        return true;
    right_refuse(router, peer, envelope,
            &(struct right_refusal){ NOTE_TOKEN, CODE_PERMISSION_DENIED,
                    "the token was good for so many calls, and they are made", payer });
    return false;
}

/* The call, as far as users and rules look at it. Of an endpoint that has no row yet it is one that
 * is like no other. */
static struct passed right_describe(const struct router *router, const struct peer *peer,
        struct span endpoint, const struct user *user)
{
    return (struct passed){ .method = meter_is(peer->called, endpoint) ? peer->called : NULL,
        .service = peer->service,
        .user = user != NULL ? user->number : 0,
        .presenter = peer->on_behalf != NULL ? peer->on_behalf->number : 0,
        .rules = router->rules.number };
}

static bool right_has_passed(const struct passed *before, const struct passed *call)
{
    return call->method != NULL && before->method == call->method &&
           before->service == call->service && before->user == call->user &&
           before->presenter == call->presenter && before->rules == call->rules;
}

bool right_judge(struct router *router, struct peer *peer, const struct envelope *envelope,
        struct draft *draft)
{
    struct passed call;

    if (draft->user == NULL && router->rules.count == 0)
        return true;
    call = right_describe(router, peer, envelope->endpoint, draft->user);
    if (!right_has_passed(&peer->passed, &call)) {
        if (right_is_free(peer, envelope->endpoint))
            return true;
        if (draft->user != NULL && !right_is_covered(router, peer, envelope, draft))
            return false;
        if (router->rules.count > 0 && right_is_ruled_out(router, peer, envelope, draft))
            return false;
        peer->passed = call;
    }
    return draft->user == NULL || right_charge(router, peer, envelope, draft);
}
