// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "services/platform/auth/handlers.h"

static void fill(Mu__Auth__V1__Rule *message, const struct rule *rule)
{
    mu__auth__v1__rule__init(message);
    message->id = rule->id;
    message->priority = rule->priority;
    message->who = (char *)(uintptr_t)rule->who;
    message->endpoints = (char *)(uintptr_t)rule->endpoints;
    message->effect =
            rule->deny ? MU__AUTH__V1__EFFECT__EFFECT_DENY : MU__AUTH__V1__EFFECT__EFFECT_ALLOW;
    message->reason = (char *)(uintptr_t)rule->reason;
}

static void answer(struct mu_call *call, const struct rule *rule)
{
    Mu__Auth__V1__RuleReply reply = MU__AUTH__V1__RULE_REPLY__INIT;
    Mu__Auth__V1__Rule message;

    fill(&message, rule);
    reply.rule = &message;
    mu_call_reply(call, &reply.base);
}

/* For the log: "deny user:alice shop.*, priority 5". */
static const char *print(const struct rule *rule, char text[AUDIT_TEXT_MAX + 1])
{
    snprintf(text, AUDIT_TEXT_MAX + 1, "%s %.80s %.127s, priority %" PRIu32,
            rule->deny ? "deny" : "allow", rule->who, rule->endpoints, rule->priority);
    return text;
}

/* Reads the rules anew behind a commit, and tells the router. With the lock. False where the call
 * is answered. */
static bool spread(struct auth *auth, struct mu_call *call)
{
    int r = auth_reload_rules(auth);

    if (r < 0)
        auth_fail(call, r);
    else
        auth_push_rules(auth);
    return r == 0;
}

static bool read_rule(
        struct mu_call *call, const Mu__Auth__V1__AddRuleRequest *request, struct rule *rule)
{
    switch (rulebook_make(rule, request->who, request->endpoints, request->reason)) {
    case RULEBOOK_OK:
        rule->priority = request->priority;
        rule->deny = request->effect != MU__AUTH__V1__EFFECT__EFFECT_ALLOW;
        if (request->effect == MU__AUTH__V1__EFFECT__EFFECT_ALLOW ||
                request->effect == MU__AUTH__V1__EFFECT__EFFECT_DENY)
            return true;
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "effect: there is no number %d", request->effect);
        break;
    case RULEBOOK_WHO:
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "who: expected user:NAME, service:NAME, either with `*` at the end, or `*`, got "
                "\"%.80s\"",
                request->who);
        break;
    case RULEBOOK_ENDPOINTS:
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "endpoints: \"%.80s\" names none: write service.Method, store.*, or >",
                request->endpoints);
        break;
    case RULEBOOK_REASON:
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "reason: expected one line of %d bytes at most",
                RULE_REASON_MAX);
        break;
    }
    return false;
}

void rules_add(struct mu_call *call, const Mu__Auth__V1__AddRuleRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    char text[AUDIT_TEXT_MAX + 1];
    char id[24];
    struct rule rule;
    int r;

    if (auth == NULL)
        return;
    if (read_rule(call, request, &rule)) {
        r = rulebook_add(&auth->book, &auth->rules, &rule);
        snprintf(id, sizeof(id), "%" PRIu64, rule.id);
        if (r == BOOK_OK)
            r = auth_log(auth, call, "rule-added", id, print(&rule, text));
        if (auth_keep(auth, call, r) && spread(auth, call))
            answer(call, &rule);
    }
    auth_unlock(auth);
}

void rules_remove(struct mu_call *call, const Mu__Auth__V1__RemoveRuleRequest *request)
{
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    char text[AUDIT_TEXT_MAX + 1];
    const struct rule *found;
    struct rule rule;
    char id[24];
    int r;

    if (auth == NULL)
        return;
    found = rulebook_find(&auth->rules, request->id);
    snprintf(id, sizeof(id), "%" PRIu64, request->id);
    if (found == NULL) {
        mu_call_refuse(call, MU_NOT_FOUND, "there is no rule %s", id);
    } else {
        rule = *found;
        r = rulebook_remove(&auth->book, rule.id);
        if (r == BOOK_OK)
            r = auth_log(auth, call, "rule-removed", id, print(&rule, text));
        if (auth_keep(auth, call, r) && spread(auth, call))
            answer(call, &rule);
    }
    auth_unlock(auth);
}

void rules_list(struct mu_call *call, const Mu__Auth__V1__ListRulesRequest *request)
{
    Mu__Auth__V1__ListRulesReply reply = MU__AUTH__V1__LIST_RULES_REPLY__INIT;
    Mu__Auth__V1__Rule *list[RULES_MAX];
    Mu__Auth__V1__Rule messages[RULES_MAX];
    struct auth *auth = auth_enter(call, AUTH_ADMIN);

    (void)request;
    if (auth == NULL)
        return;
    for (uint32_t i = 0; i < auth->rules.count; i++) {
        fill(&messages[i], &auth->rules.each[i]);
        list[i] = &messages[i];
    }
    reply.rules = list;
    reply.n_rules = auth->rules.count;
    auth_list_rules_reply(call, &reply);
    auth_unlock(auth);
}

/* ---- TestRules ---- */

/* The name in `user:NAME` or `service:NAME`; NULL where it is of the other kind. */
static const char *name_of(const char *who, const char *kind)
{
    size_t size = strlen(kind);

    return strncmp(who, kind, size) == 0 ? who + size : NULL;
}

/* False where the call is answered. */
static bool read_call(struct mu_call *call, const Mu__Auth__V1__TestRulesRequest *request,
        struct rule_call *tested)
{
    const char *user = name_of(request->who, "user:");
    const char *service =
            name_of(request->through[0] != '\0' ? request->through : request->who, "service:");
    struct span endpoint = { (const uint8_t *)request->endpoint, strlen(request->endpoint) };

    if ((user == NULL && service == NULL) || strchr(request->who, '*') != NULL ||
            !rule_who_is_valid(request->who)) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "who: expected user:NAME or service:NAME, got \"%.80s\"", request->who);
        return false;
    }
    if (request->through[0] != '\0' && service == NULL) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "through: expected service:NAME, got \"%.80s\"",
                request->through);
        return false;
    }
    if (!pattern_is_valid(endpoint) || strpbrk(request->endpoint, "*>") != NULL) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "endpoint: expected service.Method, got \"%.80s\"", request->endpoint);
        return false;
    }
    *tested = (struct rule_call){
        .subject = user != NULL ? user : "",
        .service = service != NULL ? service : "",
        .endpoint = endpoint,
    };
    return true;
}

void rules_test(struct mu_call *call, const Mu__Auth__V1__TestRulesRequest *request)
{
    Mu__Auth__V1__TestRulesReply reply = MU__AUTH__V1__TEST_RULES_REPLY__INIT;
    struct auth *auth = auth_enter(call, AUTH_ADMIN);
    const struct rule *rule;
    struct rule_call tested;
    Mu__Auth__V1__Rule message;

    if (auth == NULL)
        return;
    if (read_call(call, request, &tested)) {
        rule = rules_decide(auth->rules.each, auth->rules.count, &tested);
        reply.unruled = rule == NULL;
        reply.allowed = rule == NULL || !rule->deny;
        if (rule != NULL) {
            fill(&message, rule);
            reply.rule = &message;
        }
        auth_test_rules_reply(call, &reply);
    }
    auth_unlock(auth);
}
