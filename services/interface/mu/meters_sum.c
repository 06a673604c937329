// SPDX-License-Identifier: Apache-2.0
/* A row of a sum owns a message of its own: the router's, copied by its bytes, and then added to.
 */
#include "services/interface/mu/meters_sum.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

void meters_sum_free(struct meter *meter)
{
    if (meter->counted != NULL)
        mu__router__v1__method_meter__free_unpacked(
                (Mu__Router__V1__MethodMeter *)(uintptr_t)meter->counted, NULL);
    meter->counted = NULL;
}

/* A copy that is the caller's; NULL without memory. */
static void *meters_sum_copy(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    CLEANUP(cleanup_free) uint8_t *bytes = malloc(size + 1);

    if (bytes == NULL)
        return NULL;
    protobuf_c_message_pack(message, bytes);
    return protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
}

static struct meter *meters_sum_find(const struct meters *sum, const struct meter *like)
{
    for (size_t i = 0; i < sum->count; i++) {
        const Mu__Router__V1__MethodMeter *counted = sum->list[i].counted;

        if (counted->side == like->counted->side &&
                strcmp(counted->service, like->counted->service) == 0 &&
                strcmp(counted->method, like->counted->method) == 0)
            return &sum->list[i];
    }
    return NULL;
}

/* A new row with nothing in it but its names; NULL without memory. */
static struct meter *meters_sum_row(struct meters *sum, const struct meter *like)
{
    struct meter *list = reallocarray(sum->list, sum->count + 1, sizeof(*list));
    Mu__Router__V1__MethodMeter names = MU__ROUTER__V1__METHOD_METER__INIT;
    Mu__Router__V1__MethodMeter *counted;

    if (list == NULL)
        return NULL;
    sum->list = list;
    names.service = like->counted->service;
    names.method = like->counted->method;
    names.side = like->counted->side;
    counted = meters_sum_copy(&names.base);
    if (counted == NULL)
        return NULL;
    list[sum->count] = (struct meter){ .counted = counted };
    sum->count += 1;
    return &list[sum->count - 1];
}

/* Adds one count of a code. Returns 0 or -ENOMEM. */
static int meters_sum_code(
        Mu__Router__V1__MethodMeter *counted, const Mu__Router__V1__CodeCount *add)
{
    Mu__Router__V1__CodeCount **codes;
    Mu__Router__V1__CodeCount *copy;

    for (size_t i = 0; i < counted->n_codes; i++) {
        if (counted->codes[i]->code == add->code) {
            counted->codes[i]->calls += add->calls;
            return 0;
        }
    }
    codes = reallocarray(counted->codes, counted->n_codes + 1, sizeof(*codes));
    if (codes == NULL)
        return err_new(-ENOMEM);
    counted->codes = codes;
    copy = meters_sum_copy(&add->base);
    if (copy == NULL)
        return err_new(-ENOMEM);
    codes[counted->n_codes++] = copy;
    return 0;
}

/* The same of a cause. */
static int meters_sum_cause(
        Mu__Router__V1__MethodMeter *counted, const Mu__Router__V1__CauseCount *add)
{
    Mu__Router__V1__CauseCount **refused;
    Mu__Router__V1__CauseCount *copy;

    for (size_t i = 0; i < counted->n_refused; i++) {
        if (counted->refused[i]->cause == add->cause) {
            counted->refused[i]->calls += add->calls;
            return 0;
        }
    }
    refused = reallocarray(counted->refused, counted->n_refused + 1, sizeof(*refused));
    if (refused == NULL)
        return err_new(-ENOMEM);
    counted->refused = refused;
    copy = meters_sum_copy(&add->base);
    if (copy == NULL)
        return err_new(-ENOMEM);
    refused[counted->n_refused++] = copy;
    return 0;
}

static int meters_sum_counts(struct meter *meter, const Mu__Router__V1__MethodMeter *add)
{
    Mu__Router__V1__MethodMeter *counted = (Mu__Router__V1__MethodMeter *)(uintptr_t)meter->counted;
    int r = 0;

    for (size_t i = 0; r == 0 && i < add->n_codes; i++)
        r = meters_sum_code(counted, add->codes[i]);
    for (size_t i = 0; r == 0 && i < add->n_refused; i++)
        r = meters_sum_cause(counted, add->refused[i]);
    counted->calls += add->calls;
    counted->bytes_up += add->bytes_up;
    counted->bytes_down += add->bytes_down;
    counted->items_up += add->items_up;
    counted->items_down += add->items_down;
    counted->open += add->open;
    return err_trace(r);
}

static int meters_sum_processes(struct meters *sum, const Mu__Node__V1__ListReply *add)
{
    Mu__Node__V1__ListReply *copy = add != NULL ? meters_sum_copy(&add->base) : NULL;
    Mu__Node__V1__Process **processes;

    if (add == NULL || sum->processes == NULL) {
        sum->processes = copy != NULL ? copy : sum->processes;
        return copy != NULL || add == NULL ? 0 : err_new(-ENOMEM);
    }
    if (copy == NULL)
        return err_new(-ENOMEM);
    processes = reallocarray(sum->processes->processes,
            sum->processes->n_processes + copy->n_processes + 1, sizeof(*processes));
    if (processes != NULL) {
        sum->processes->processes = processes;
        for (size_t i = 0; i < copy->n_processes; i++)
            processes[sum->processes->n_processes++] = copy->processes[i];
        copy->n_processes = 0; /* they have moved */
    }
    mu__node__v1__list_reply__free_unpacked(copy, NULL);
    return processes != NULL ? 0 : err_new(-ENOMEM);
}

int meters_sum_add(struct meters *sum, const struct meters *one)
{
    int r = meters_sum_processes(sum, one->processes);

    sum->is_sum = true;
    if (sum->started_us == 0 || one->started_us < sum->started_us)
        sum->started_us = one->started_us;
    if (one->span_us > sum->span_us)
        sum->span_us = one->span_us;
    for (size_t i = 0; r == 0 && i < one->count; i++) {
        const struct meter *add = &one->list[i];
        struct meter *meter = meters_sum_find(sum, add);

        if (meter == NULL)
            meter = meters_sum_row(sum, add);
        if (meter == NULL)
            return err_new(-ENOMEM);
        meter->calls += add->calls;
        meter->failed += add->failed;
        meter->bytes_up += add->bytes_up;
        meter->bytes_down += add->bytes_down;
        meter->per_second += meters_rate(one, add);
        histogram_add(&meter->took, &add->took);
        histogram_add(&meter->queued, &add->queued);
        r = meters_sum_counts(meter, add->counted);
    }
    return err_trace(r);
}
