// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/authority.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "kernel/router/own.h"
#include "kernel/router/say.h"
#include "mu/router/v1/access.pb-c.h"

static void authority_refuse(struct router *router, struct peer *peer,
        const struct envelope *envelope, enum code code, const char *text)
{
    say_verdict(router, peer, envelope->id,
            &(struct verdict){ .code = code, .executed = EXECUTED_NO, .text = text });
}

/* Who it is stands in what the supervisor admitted, and not in what it says itself. */
static bool authority_is(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    if (peer->supervised && strcmp(peer->admitted, "auth") == 0)
        return true;
    authority_refuse(router, peer, envelope, CODE_PERMISSION_DENIED,
            "Keys and Rules are for the service that the node runs as `auth`");
    return false;
}

/* ---- keys ---- */

static bool authority_read_keys(
        struct access_authority *authority, const Mu__Router__V1__KeysRequest *request)
{
    if ((request->network.len != NETWORK_ID_SIZE && request->network.len != 0) ||
            request->n_keys > ACCESS_KEYS_MAX)
        return false;
    if (request->network.len != 0)
        memcpy(authority->network.bytes, request->network.data, NETWORK_ID_SIZE);
    for (size_t i = 0; i < request->n_keys; i++) {
        if (request->keys[i].len != PUBLIC_KEY_SIZE)
            return false;
        memcpy(authority->keys[i].bytes, request->keys[i].data, PUBLIC_KEY_SIZE);
        authority->key_count += 1;
    }
    return true;
}

static void authority_try_keys(struct router *router, struct peer *peer,
        const struct envelope *envelope, const Mu__Router__V1__KeysRequest *request)
{
    Mu__Router__V1__KeysReply reply = MU__ROUTER__V1__KEYS_REPLY__INIT;
    struct access_authority authority = { .key_count = 0 };
    struct revoked revoked;
    int r;

    if (!authority_read_keys(&authority, request)) {
        authority_refuse(router, peer, envelope, CODE_INVALID_ARGUMENT,
                "keys: at most 8, of 32 bytes; network: 16 bytes, or none");
        return;
    }
    r = revoked_init(&revoked, request);
    if (r < 0) {
        authority_refuse(router, peer, envelope,
                r == -EINVAL ? CODE_INVALID_ARGUMENT : CODE_RESOURCE_EXHAUSTED,
                r == -EINVAL ? "revoked: at most 4096, each a token's 16 bytes or a subject"
                             : "no memory is left");
        return;
    }
    user_set_authority(&router->users, &authority, &revoked);
    own_reply(router, peer, envelope->id, &reply.base);
}

void authority_set_keys(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Router__V1__KeysRequest *request;

    if (!authority_is(router, peer, envelope))
        return;
    request = own_unpack(router, peer, envelope, &mu__router__v1__keys_request__descriptor);
    if (request == NULL)
        return;
    authority_try_keys(router, peer, envelope, request);
    mu__router__v1__keys_request__free_unpacked(request, NULL);
}

/* ---- rules ---- */

static bool authority_copy(char *text, size_t size, const char *from)
{
    return (size_t)snprintf(text, size, "%s", from) < size;
}

static bool authority_read_rule(struct rule *rule, const Mu__Router__V1__Rule *said)
{
    rule->id = said->id;
    rule->priority = said->priority;
    rule->deny = said->effect == MU__ROUTER__V1__EFFECT__EFFECT_DENY;
    return (rule->deny || said->effect == MU__ROUTER__V1__EFFECT__EFFECT_ALLOW) &&
           authority_copy(rule->who, sizeof(rule->who), said->who) &&
           authority_copy(rule->endpoints, sizeof(rule->endpoints), said->endpoints) &&
           authority_copy(rule->reason, sizeof(rule->reason), said->reason) && rule_is_valid(rule);
}

static bool authority_read_rules(struct rule *rules, const Mu__Router__V1__RulesRequest *request)
{
    for (size_t i = 0; i < request->n_rules; i++) {
        if (!authority_read_rule(&rules[i], request->rules[i]))
            return false;
        for (size_t j = 0; j < i; j++)
            if (rules[j].id == rules[i].id)
                return false;
    }
    return true;
}

/* Returns 0, -EINVAL or -ENOMEM. */
static int authority_try_rules(struct router *router, const Mu__Router__V1__RulesRequest *request)
{
    struct rule *rules = NULL;
    int r;

    if (request->n_rules > RULES_MAX)
        return err_new(-EINVAL);
    if (request->n_rules > 0) {
        rules = calloc(request->n_rules, sizeof(*rules));
        if (rules == NULL)
            return err_new(-ENOMEM);
    }
    r = authority_read_rules(rules, request) ? rules_set(&router->rules, rules, request->n_rules)
                                             : err_new(-EINVAL);
    if (r < 0)
        free(rules);
    return err_trace(r);
}

void authority_set_rules(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    Mu__Router__V1__RulesReply reply = MU__ROUTER__V1__RULES_REPLY__INIT;
    Mu__Router__V1__RulesRequest *request;
    int r;

    if (!authority_is(router, peer, envelope))
        return;
    request = own_unpack(router, peer, envelope, &mu__router__v1__rules_request__descriptor);
    if (request == NULL)
        return;
    r = authority_try_rules(router, request);
    if (r == 0)
        own_reply(router, peer, envelope->id, &reply.base);
    else
        authority_refuse(router, peer, envelope,
                r == -EINVAL ? CODE_INVALID_ARGUMENT : CODE_RESOURCE_EXHAUSTED,
                r == -EINVAL ? "at most 256 rules, each with an id of its own, `who`, `endpoints`, "
                               "an effect and a reason of at most 160 bytes"
                             : "no memory is left");
    mu__router__v1__rules_request__free_unpacked(request, NULL);
}
