// SPDX-License-Identifier: Apache-2.0
/* An answer is made with one block of memory, a page at a time, so that none is too large for a
 * body, and none keeps the core for long. */
#include "kernel/router/report.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/router/own.h"
#include "kernel/router/say.h"
#include "mu/router/v1/router.pb-c.h"

/* Both sides count the same things by the same numbers. */
_Static_assert((int)CAUSE_NOT_CONNECTED == MU__ROUTER__V1__CAUSE__CAUSE_NOT_CONNECTED, "cause");
_Static_assert((int)CAUSE_OTHER == MU__ROUTER__V1__CAUSE__CAUSE_OTHER, "cause");
_Static_assert((int)CAUSE_RULE == MU__ROUTER__V1__CAUSE__CAUSE_RULE, "cause");
_Static_assert((int)CAUSE_NAMESPACE == MU__ROUTER__V1__CAUSE__CAUSE_NAMESPACE, "cause");
_Static_assert((int)CAUSE_LINK_LEAVING == MU__ROUTER__V1__CAUSE__CAUSE_LINK_LEAVING, "cause");
_Static_assert((int)CAUSE_AWAY == MU__ROUTER__V1__CAUSE__CAUSE_AWAY, "cause");
_Static_assert((int)CAUSE_ROUTER_DRAINING == MU__ROUTER__V1__CAUSE__CAUSE_ROUTER_DRAINING, "cause");
_Static_assert((int)CAUSE_ANSWER_NO_ROOM == MU__ROUTER__V1__CAUSE__CAUSE_ANSWER_NO_ROOM, "cause");
_Static_assert((int)CAUSE_KEY_USED == MU__ROUTER__V1__CAUSE__CAUSE_KEY_USED, "cause");
_Static_assert((int)CAUSE_KEY_ANSWERED == MU__ROUTER__V1__CAUSE__CAUSE_KEY_ANSWERED, "cause");
_Static_assert((int)SIDE_THERE == MU__ROUTER__V1__SIDE__SIDE_THERE, "side");

const struct verdict report_no_memory = { CODE_RESOURCE_EXHAUSTED, EXECUTED_NO, 1000,
    "no memory is left" };

uint64_t report_wall(const struct router *router, uint64_t time_us)
{
    return time_us + (uint64_t)router->notebook.wall_us;
}

bool report_is(const char *name, size_t size, const char *wanted)
{
    return strlen(wanted) == size && memcmp(name, wanted, size) == 0;
}

/* One row as a message, with room for all that it may hold. */
struct meter_row {
    Mu__Router__V1__MethodMeter meter;
    Mu__Router__V1__Histogram took;
    Mu__Router__V1__Histogram queued;
    Mu__Router__V1__CodeCount codes[METER_CODES];
    Mu__Router__V1__CodeCount *each_code[METER_CODES];
    Mu__Router__V1__CauseCount refused[CAUSES];
    Mu__Router__V1__CauseCount *each_refused[CAUSES];
    uint32_t index[2][HISTOGRAM_BUCKETS];
    uint64_t count[2][HISTOGRAM_BUCKETS];
    char service[SERVICE_NAME_MAX + 1];
};

static void report_histogram(const struct histogram *histogram, Mu__Router__V1__Histogram *message,
        uint32_t *index, uint64_t *count)
{
    mu__router__v1__histogram__init(message);
    message->index = index;
    message->count = count;
    message->sum_us = histogram->sum;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (histogram->counts[i] == 0)
            continue;
        index[message->n_index++] = i;
        count[message->n_count++] = histogram->counts[i];
    }
}

static void report_codes(const struct method *method, struct meter_row *row)
{
    row->meter.codes = row->each_code;
    for (uint32_t i = 0; i < METER_CODES; i++) {
        Mu__Router__V1__CodeCount *code = &row->codes[row->meter.n_codes];

        if (method->codes[i] == 0)
            continue;
        mu__router__v1__code_count__init(code);
        code->code = i;
        code->calls = method->codes[i];
        row->meter.calls += method->codes[i];
        row->each_code[row->meter.n_codes++] = code;
    }
    row->meter.refused = row->each_refused;
    for (uint32_t i = 0; i < CAUSES; i++) {
        Mu__Router__V1__CauseCount *cause = &row->refused[row->meter.n_refused];

        if (method->refused[i] == 0)
            continue;
        mu__router__v1__cause_count__init(cause);
        cause->cause = (Mu__Router__V1__Cause)i;
        cause->calls = method->refused[i];
        row->each_refused[row->meter.n_refused++] = cause;
    }
}

static void report_row(const struct method *method, struct meter_row *row)
{
    struct span endpoint = { (const uint8_t *)method->endpoint, method->size };
    size_t service_size = method->size != 0 ? meter_service_of(endpoint).size : 0;

    mu__router__v1__method_meter__init(&row->meter);
    memcpy(row->service, method->endpoint, service_size);
    row->service[service_size] = '\0';
    row->meter.service = row->service;
    if (service_size < method->size)
        row->meter.method = (char *)(uintptr_t)method->endpoint + service_size + 1;
    row->meter.side = (Mu__Router__V1__Side)method->side;
    report_codes(method, row);
    report_histogram(&method->took, &row->took, row->index[0], row->count[0]);
    report_histogram(&method->queued, &row->queued, row->index[1], row->count[1]);
    row->meter.took = &row->took;
    row->meter.queued = &row->queued;
    row->meter.bytes_up = method->bytes_up;
    row->meter.bytes_down = method->bytes_down;
    row->meter.items_up = method->items_up;
    row->meter.items_down = method->items_down;
    row->meter.open = method->open;
}

static bool report_wants(const struct method *method, const Mu__Router__V1__MeterRequest *request)
{
    struct span endpoint = { (const uint8_t *)method->endpoint, method->size };
    size_t service_size = method->size != 0 ? meter_service_of(endpoint).size : 0;

    if (request->service[0] != '\0' && !report_is(method->endpoint, service_size, request->service))
        return false;
    return request->method[0] == '\0' ||
           (service_size < method->size &&
                   strcmp(method->endpoint + service_size + 1, request->method) == 0);
}

/* Room for METER_PAGE_MAX rows, and for the list of them. */
struct meter_page {
    Mu__Router__V1__MethodMeter *each[METER_PAGE_MAX];
    struct meter_row rows[METER_PAGE_MAX];
};

void report_meter(struct router *router, struct peer *peer, const struct envelope *envelope)
{
    const struct meter *meter = &router->notebook.meter;
    Mu__Router__V1__MeterReply reply = MU__ROUTER__V1__METER_REPLY__INIT;
    Mu__Router__V1__MeterRequest *request =
            own_unpack(router, peer, envelope, &mu__router__v1__meter_request__descriptor);
    struct meter_page *page;
    uint32_t at;

    if (request == NULL)
        return;
    page = malloc(sizeof(*page));
    if (page == NULL) {
        say_verdict(router, peer, envelope->id, &report_no_memory);
        mu__router__v1__meter_request__free_unpacked(request, NULL);
        return;
    }
    reply.methods = page->each;
    reply.started_us = router->notebook.started_us;
    reply.up_us = router->now_us - router->started_us;
    for (at = request->from; at < meter->count && reply.n_methods < METER_PAGE_MAX; at++) {
        if (!report_wants(&meter->methods[at], request))
            continue;
        report_row(&meter->methods[at], &page->rows[reply.n_methods]);
        page->each[reply.n_methods] = &page->rows[reply.n_methods].meter;
        reply.n_methods += 1;
    }
    reply.next = at < meter->count ? at : 0;
    own_reply(router, peer, envelope->id, &reply.base);
    mu__router__v1__meter_request__free_unpacked(request, NULL);
    free(page);
}
