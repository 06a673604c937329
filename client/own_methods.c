// SPDX-License-Identifier: Apache-2.0
#include "client/own_methods.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "mu/debug/v1/debug.pb-c.h"
#include "mu/schema.h"

enum { OWN_REASON_MAX = 256 }; /* bytes with the final NUL */

static uint64_t own_up_ms(const struct host *host)
{
    return (clock_us() - host->started_us) / 1000u;
}

static void own_health(struct host *host, struct mu_call *call)
{
    Mu__Debug__V1__HealthReply reply = MU__DEBUG__V1__HEALTH_REPLY__INIT;
    char reason[OWN_REASON_MAX] = "";

    reply.ok = true;
    if (host->service->healthy != NULL)
        reply.ok = host->service->healthy(host->service->state, reason, sizeof(reason));
    reply.reason = reason;
    reply.up_ms = own_up_ms(host);
    pthread_mutex_lock(&host->client->lock);
    reply.draining = host->draining;
    pthread_mutex_unlock(&host->client->lock);
    mu_call_reply(call, &reply.base);
}

static void own_stats(struct host *host, struct mu_call *call)
{
    const struct mu_service_type *type = host->service->type;
    CLEANUP(cleanup_free) Mu__Debug__V1__MethodStats *methods =
            calloc(type->method_count + 1, sizeof(*methods));
    CLEANUP(cleanup_free) Mu__Debug__V1__MethodStats **each =
            calloc(type->method_count + 1, sizeof(*each));
    Mu__Debug__V1__StatsReply reply = MU__DEBUG__V1__STATS_REPLY__INIT;

    if (methods == NULL || each == NULL) {
        mu_call_fail(call, MU_RESOURCE_EXHAUSTED, "no memory for the figures");
        return;
    }
    pthread_mutex_lock(&host->client->lock);
    for (size_t i = 0; i < type->method_count; i++) {
        const struct tally *tally = &host->tallies.methods[i];

        mu__debug__v1__method_stats__init(&methods[i]);
        methods[i].method = (char *)(uintptr_t)type->methods[i].name;
        methods[i].calls = tally->calls;
        methods[i].errors = tally->errors;
        methods[i].busy_us = tally->busy_us;
        methods[i].busy_max_us = tally->busy_max_us;
        each[i] = &methods[i];
    }
    reply.calls_open = host->table.count;
    reply.calls_queued = host->turns.count;
    pthread_mutex_unlock(&host->client->lock);
    reply.up_ms = own_up_ms(host);
    reply.n_methods = type->method_count;
    reply.methods = each;
    mu_call_reply(call, &reply.base);
}

static void own_log_level(struct mu_call *call)
{
    Mu__Debug__V1__LogLevelReply reply = MU__DEBUG__V1__LOG_LEVEL_REPLY__INIT;
    Mu__Debug__V1__LogLevelRequest *request;
    enum log_level level = log_get_level();

    if (mu_body_check(&mu__debug__v1__log_level_request__descriptor, call->body, NULL) < 0) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT, "the request is no LogLevelRequest");
        return;
    }
    request = mu__debug__v1__log_level_request__unpack(NULL, call->body.size, call->body.data);
    if (request == NULL) {
        mu_call_refuse(call, MU_RESOURCE_EXHAUSTED, "no memory for the request");
    } else if (request->level[0] != '\0' && log_level_parse(request->level, &level) < 0) {
        mu_call_refuse(call, MU_INVALID_ARGUMENT,
                "no level is called \"%.32s\": debug, info, warn or error", request->level);
    } else {
        log_set_level(level);
        reply.level = (char *)(uintptr_t)log_level_name(level);
        mu_call_reply(call, &reply.base);
    }
    mu__debug__v1__log_level_request__free_unpacked(request, NULL);
}

bool own_method_serve(struct host *host, struct mu_call *call)
{
    bool unary = call->shape == MU_UNARY;

    if (strncmp(call->name, "mu.", 3) != 0)
        return false;
    if (unary && strcmp(call->name, "mu.Health") == 0)
        own_health(host, call);
    else if (unary && strcmp(call->name, "mu.Stats") == 0)
        own_stats(host, call);
    else if (unary && strcmp(call->name, "mu.LogLevel") == 0)
        own_log_level(call);
    else
        mu_call_refuse(call, MU_UNIMPLEMENTED,
                "%s is none of the library's methods: mu.Health, mu.Stats, mu.LogLevel, all unary",
                call->name);
    return true;
}
