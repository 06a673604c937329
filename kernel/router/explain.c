// SPDX-License-Identifier: Apache-2.0
#include "kernel/router/explain.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/router/hedge.h"
#include "kernel/router/mirror.h"
#include "kernel/router/own.h"
#include "kernel/router/policy.h"
#include "kernel/router/route.h"
#include "kernel/router/say.h"

/* As `mu policy set` writes them. */
static const char *const explain_names[SETTINGS] = {
    [SETTING_TIMEOUT] = "timeout",
    [SETTING_TIMEOUT_MAX] = "timeout-max",
    [SETTING_IN_FLIGHT] = "in-flight",
    [SETTING_BYTES] = "bytes-in-flight",
    [SETTING_RATE] = "rate",
    [SETTING_RETRIES] = "retries",
    [SETTING_BREAKER] = "breaker",
    [SETTING_WEIGHTS] = "weight",
    [SETTING_LABELS] = "label",
    [SETTING_FAULT] = "fault",
    [SETTING_HEDGE] = "hedge",
    [SETTING_MIRROR] = "mirror",
};

enum { EXPLAIN_EFFECTS_MAX = SETTINGS + LEVELS * LIMITS };

/* A reply with room for everything that it points at. */
struct explain_draft {
    struct scope_call whose; /* borrowed: from the request */
    Mu__Router__V1__ExplainReply reply;
    Mu__Router__V1__PolicyEffect effects[EXPLAIN_EFFECTS_MAX];
    Mu__Router__V1__PolicyEffect *each_effect[EXPLAIN_EFFECTS_MAX];
    Mu__Router__V1__PolicyUse uses[EXPLAIN_EFFECTS_MAX];
    Mu__Router__V1__PolicyInstance *instances; /* owned */
    Mu__Router__V1__PolicyInstance **each_instance;
};

static void explain_add(const struct quota *quota, Mu__Router__V1__PolicyUse *use)
{
    use->in_flight += quota->in_flight;
    use->bytes_in_flight += quota->bytes;
}

/* What counts for the policy's limits now, of the one caller who was asked about or of all. */
static void explain_quota(
        const struct policy *policy, const struct scope_call *whose, Mu__Router__V1__PolicyUse *use)
{
    struct span name = whose->names[policy->terms.caller.kind];
    bool all = name.size == 1 && name.data[0] == '*';

    if (policy->each == NULL || all)
        explain_add(&policy->quota, use);
    if (policy->each == NULL)
        return;
    use->callers = policy->each->count;
    list_for_each (node, &policy->each->used) {
        const struct quota *quota = list_entry(node, struct quota, used);

        if (all || quota_is_of(quota, name))
            explain_add(quota, use);
    }
}

static void explain_effect(const struct router *router, struct explain_draft *draft,
        enum setting setting, const struct policy *policy)
{
    size_t place = draft->reply.n_effects++;
    Mu__Router__V1__PolicyEffect *effect = &draft->effects[place];
    Mu__Router__V1__PolicyUse *use = &draft->uses[place];

    mu__router__v1__policy_effect__init(effect);
    mu__router__v1__policy_use__init(use);
    explain_quota(policy, &draft->whose, use);
    use->refused = policy->refused;
    use->retries = policy->retries;
    use->retries_spared = policy->retries_spared;
    use->faults = policy->faults;
    use->ejections = policy->ejections;
    use->hedges = policy->hedges;
    use->hedges_won = policy->hedges_won;
    use->mirrored = policy->mirrored;
    use->mirror_failed = policy->mirror_failed;
    use->mirror_skipped = policy->mirror_skipped;
    if (policy->ends_us != 0)
        policy->message->left_ms = (policy->ends_us - router->now_us + 999) / 1000;
    effect->setting = (char *)(uintptr_t)explain_names[setting];
    effect->policy = policy->message;
    effect->use = use;
    draft->each_effect[place] = effect;
}

/* Says why a setting does nothing, where the router can tell. */
static void explain_idle(const struct router *router, struct explain_draft *draft,
        const struct settings *settings, struct span endpoint)
{
    for (size_t i = 0; i < draft->reply.n_effects; i++) {
        Mu__Router__V1__PolicyEffect *effect = &draft->effects[i];
        const char *text = NULL;

        if (effect->setting == explain_names[SETTING_HEDGE])
            text = hedge_idle(router, settings, endpoint);
        else if (effect->setting == explain_names[SETTING_MIRROR])
            text = mirror_idle(router, settings, endpoint);
        if (text != NULL)
            effect->idle = (char *)(uintptr_t)text;
    }
}

static void explain_instance(const struct router *router, const struct peer *peer,
        Mu__Router__V1__PolicyInstance *instance)
{
    const struct breaker *breaker = &peer->breaker;

    mu__router__v1__policy_instance__init(instance);
    instance->instance = peer->instance;
    instance->version = (char *)(uintptr_t)peer->version;
    instance->failures = breaker->in_row;
    if (breaker->state == BREAKER_OPEN && breaker->until_us > router->now_us)
        instance->ejected_ms = (breaker->until_us - router->now_us + 999) / 1000;
}

/* False without memory. */
static bool explain_instances(
        const struct router *router, const struct service *service, struct explain_draft *draft)
{
    if (service == NULL)
        return true;
    draft->instances = calloc(service->ready_count + 1, sizeof(*draft->instances));
    draft->each_instance = calloc(service->ready_count + 1, sizeof(*draft->each_instance));
    if (draft->instances == NULL || draft->each_instance == NULL)
        return false;
    for (uint32_t i = 0; i < service->ready_count; i++) {
        explain_instance(router, service->ready[i], &draft->instances[i]);
        draft->each_instance[i] = &draft->instances[i];
    }
    draft->reply.instances = draft->each_instance;
    draft->reply.n_instances = service->ready_count;
    return true;
}

/* Whose call it is, from `caller` of the request. False where that is none. */
static bool explain_read(const char *caller, struct scope_call *whose)
{
    struct scope scope;

    *whose = (struct scope_call){ .names[SCOPE_ALL] = { NULL, 0 } };
    if (!scope_read(&scope, caller))
        return false;
    if (scope.kind != SCOPE_ALL)
        whose->names[scope.kind] = (struct span){ (const uint8_t *)scope.name, strlen(scope.name) };
    return true;
}

static void explain_fill(struct router *router, struct span endpoint, struct explain_draft *draft)
{
    struct settings settings;

    mu__router__v1__explain_reply__init(&draft->reply);
    draft->reply.effects = draft->each_effect;
    policies_resolve(router, endpoint, &draft->whose, &settings);
    for (int i = 0; i < SETTINGS; i++) {
        enum setting setting = (enum setting)i;

        if (settings.by[i] != NULL)
            explain_effect(router, draft, setting, settings.by[i]);
        for (int level = 0; setting_is_limit(setting) && level < LEVELS; level++) {
            const struct policy *policy = *settings_limit(&settings, (enum level)level, setting);

            if (policy != NULL)
                explain_effect(router, draft, setting, policy);
        }
    }
    explain_idle(router, draft, &settings, endpoint);
}

void explain_answer(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    static const struct verdict none = { CODE_INVALID_ARGUMENT, EXECUTED_NO, 0,
        "endpoint: write `service.Method`" };
    static const struct verdict nobody = { CODE_INVALID_ARGUMENT, EXECUTED_NO, 0,
        "caller: write a service's name, user:alice, node:lamp or client:till" };
    static const struct verdict no_memory = { CODE_RESOURCE_EXHAUSTED, EXECUTED_NO, 0,
        "no memory is left" };
    struct explain_draft draft = { .instances = NULL };
    Mu__Router__V1__ExplainRequest *request =
            own_unpack(router, peer, envelope, &mu__router__v1__explain_request__descriptor);
    struct span endpoint;

    if (request == NULL)
        return;
    endpoint = (struct span){ (const uint8_t *)request->endpoint, strlen(request->endpoint) };
    if (!endpoint_is_valid(endpoint)) {
        say_verdict(router, peer, envelope->id, &none);
    } else if (!explain_read(request->caller, &draft.whose)) {
        say_verdict(router, peer, envelope->id, &nobody);
    } else {
        explain_fill(router, endpoint, &draft);
        if (explain_instances(
                    router, service_find(&router->services, route_service_name(endpoint)), &draft))
            own_reply(router, peer, envelope->id, &draft.reply.base);
        else
            say_verdict(router, peer, envelope->id, &no_memory);
    }
    free(draft.instances);
    free(draft.each_instance);
    mu__router__v1__explain_request__free_unpacked(request, NULL);
}
