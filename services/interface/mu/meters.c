// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/meters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "services/interface/mu/builtin.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/description.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/limits.h"
#include "services/interface/mu/meters_sum.h"
#include "services/interface/mu/namespace.h"

void meters_deinit(struct meters *meters)
{
    for (size_t i = 0; i < meters->reply_count; i++)
        mu__router__v1__meter_reply__free_unpacked(meters->replies[i], NULL);
    for (size_t i = 0; meters->is_sum && i < meters->count; i++)
        meters_sum_free(&meters->list[i]);
    free(meters->replies);
    free(meters->list);
    bus_reply_free(&meters->processes);
    *meters = (struct meters){ 0 };
}

static void meters_unpack(const Mu__Router__V1__Histogram *from, struct histogram *to)
{
    if (from == NULL)
        return;
    for (size_t i = 0; i < from->n_index && i < from->n_count; i++) {
        if (from->index[i] < HISTOGRAM_BUCKETS)
            to->counts[from->index[i]] += from->count[i];
    }
    to->sum += from->sum_us;
}

static void meters_fill(struct meter *meter, const Mu__Router__V1__MethodMeter *counted)
{
    *meter = (struct meter){
        .counted = counted,
        .calls = counted->calls,
        .bytes_up = counted->bytes_up,
        .bytes_down = counted->bytes_down,
    };
    for (size_t i = 0; i < counted->n_codes; i++) {
        if (counted->codes[i]->code != MU_OK)
            meter->failed += counted->codes[i]->calls;
    }
    meters_unpack(counted->took, &meter->took);
    meters_unpack(counted->queued, &meter->queued);
}

static bool meters_is_own(const Mu__Router__V1__MethodMeter *counted)
{
    return builtin_find(counted->service) != NULL ||
           strncmp(counted->method, DESCRIPTION_DEBUG, strlen(DESCRIPTION_DEBUG)) == 0;
}

static bool meters_is_meant(
        const struct meters_filter *filter, const Mu__Router__V1__MethodMeter *counted)
{
    if (counted->calls == 0 && counted->open == 0)
        return false; /* a row that waits for a call */
    return filter->with_own || filter->service != NULL || !meters_is_own(counted);
}

int meters_keep(struct cli *cli, const struct meters_filter *filter, struct meters *meters,
        Mu__Router__V1__MeterReply *reply)
{
    void *replies = realloc(meters->replies, (meters->reply_count + 1) * sizeof(*meters->replies));
    void *list;

    if (replies == NULL) {
        mu__router__v1__meter_reply__free_unpacked(reply, NULL);
        return (int)failure_of_memory(cli);
    }
    meters->replies = replies;
    meters->replies[meters->reply_count++] = reply;
    meters->started_us = reply->started_us;
    meters->span_us = reply->up_us;
    list = realloc(meters->list, (meters->count + reply->n_methods + 1) * sizeof(*meters->list));
    if (list == NULL)
        return (int)failure_of_memory(cli);
    meters->list = list;
    for (size_t i = 0; i < reply->n_methods; i++) {
        if (meters_is_meant(filter, reply->methods[i]))
            meters_fill(&meters->list[meters->count++], reply->methods[i]);
    }
    return EXIT_OK;
}

void meters_request(const struct meters_filter *filter, Mu__Router__V1__MeterRequest *request)
{
    mu__router__v1__meter_request__init(request);
    if (filter->service != NULL)
        request->service = (char *)(uintptr_t)filter->service;
    if (filter->method != NULL)
        request->method = (char *)(uintptr_t)filter->method;
}

void meters_keep_space(struct meters *meters, const char *space)
{
    size_t kept = 0;

    if (meters->processes != NULL)
        namespace_keep_processes(meters->processes, space);
    for (size_t i = 0; i < meters->count; i++) {
        if (meters->processes != NULL &&
                namespace_has_service(meters->processes, meters->list[i].counted->service))
            meters->list[kept++] = meters->list[i];
    }
    meters->count = kept;
}

int meters_take(struct cli *cli, const struct meters_filter *filter, struct meters *meters)
{
    Mu__Router__V1__MeterRequest request;
    Mu__Node__V1__ListRequest list = MU__NODE__V1__LIST_REQUEST__INIT;
    struct mu_status status;
    int code = EXIT_OK;

    *meters = (struct meters){ 0 };
    meters_request(filter, &request);
    for (size_t pages = 0; code == EXIT_OK && pages < METERS_PAGES_MAX; pages++) {
        Mu__Router__V1__MeterReply *reply = NULL;

        code = bus_call(cli, "router.Meter", &request.base,
                &mu__router__v1__meter_reply__descriptor, (ProtobufCMessage **)&reply);
        if (code != EXIT_OK)
            break;
        request.from = reply->next;
        code = meters_keep(cli, filter, meters, reply);
        if (request.from == 0)
            break;
    }
    if (code != EXIT_OK) {
        meters_deinit(meters);
        return code;
    }
    bus_ask(cli, "node.List", &list.base, &mu__node__v1__list_reply__descriptor, 0,
            (ProtobufCMessage **)&meters->processes, &status);
    if (filter->space != NULL)
        meters_keep_space(meters, filter->space);
    return EXIT_OK;
}

static bool meters_is_same(const struct meter *a, const struct meter *b)
{
    return a->counted->side == b->counted->side &&
           strcmp(a->counted->service, b->counted->service) == 0 &&
           strcmp(a->counted->method, b->counted->method) == 0;
}

static const struct meter *meters_find(const struct meters *meters, const struct meter *like)
{
    for (size_t i = 0; i < meters->count; i++) {
        if (meters_is_same(&meters->list[i], like))
            return &meters->list[i];
    }
    return NULL;
}

static void meters_take_off(struct histogram *histogram, const struct histogram *before)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        histogram->counts[i] -= before->counts[i];
    histogram->sum -= before->sum;
}

int meters_since(const struct meters *now, const struct meters *before, struct meters *since)
{
    *since = (struct meters){
        .count = now->count, .started_us = now->started_us, .span_us = now->span_us
    };
    since->list = calloc(now->count + 1, sizeof(*since->list));
    if (since->list == NULL)
        return err_new(-ENOMEM);
    memcpy(since->list, now->list, now->count * sizeof(*since->list));
    if (before->started_us != now->started_us || before->span_us >= now->span_us)
        return 0;
    since->span_us -= before->span_us;
    for (size_t i = 0; i < since->count; i++) {
        struct meter *meter = &since->list[i];
        const struct meter *old = meters_find(before, meter);

        if (old == NULL || old->calls > meter->calls)
            continue;
        meter->calls -= old->calls;
        meter->failed -= old->failed;
        meter->bytes_up -= old->bytes_up;
        meter->bytes_down -= old->bytes_down;
        meters_take_off(&meter->took, &old->took);
        meters_take_off(&meter->queued, &old->queued);
    }
    return 0;
}

void meters_drop_own(struct meters *meters)
{
    size_t kept = 0;

    for (size_t i = 0; i < meters->count; i++) {
        if (!meters_is_own(meters->list[i].counted))
            meters->list[kept++] = meters->list[i];
    }
    meters->count = kept;
}

const char *meters_service(const struct meter *meter)
{
    return meter->counted->service[0] != '\0' ? meter->counted->service : "(unknown)";
}

const char *meters_method(const struct meter *meter)
{
    return meter->counted->method[0] != '\0' ? meter->counted->method : "(other)";
}

const char *meters_side(const struct meter *meter)
{
    if (meter->counted->side == MU__ROUTER__V1__SIDE__SIDE_HERE)
        return "here";
    return meter->counted->side == MU__ROUTER__V1__SIDE__SIDE_THERE ? "there" : "-";
}

double meters_rate(const struct meters *meters, const struct meter *meter)
{
    if (meters->is_sum)
        return meter->per_second;
    return meters->span_us > 0 ? (double)meter->calls * 1e6 / (double)meters->span_us : 0;
}

/* True where a process of the same service stands before that of number `index`. */
static bool meters_is_again(const Mu__Node__V1__ListReply *list, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(list->processes[i]->service, list->processes[index]->service) == 0)
            return true;
    }
    return false;
}

bool meters_service_at(const struct meters *meters, size_t index, struct meters_service *service)
{
    const Mu__Node__V1__ListReply *list = meters->processes;
    size_t first = 0;

    if (list == NULL)
        return false;
    for (size_t seen = 0; first < list->n_processes; first++) {
        if (!meters_is_again(list, first) && seen++ == index)
            break;
    }
    if (first == list->n_processes)
        return false;
    *service = (struct meters_service){ .name = list->processes[first]->service };
    for (size_t i = first; i < list->n_processes; i++) {
        const Mu__Node__V1__Process *process = list->processes[i];

        if (strcmp(process->service, service->name) != 0)
            continue;
        service->processes += process->pid != 0;
        service->restarts += process->restarts;
        service->cpu_ms += process->cpu_ms;
        service->memory_kib += process->memory_kib;
    }
    return true;
}
