// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/meters_json.h"

#include <string.h>

#include "services/interface/mu/cause.h"

static const struct {
    const char *name;
    double quantile;
} meters_json_quantiles[] = {
    { "p50Us", 0.5 },
    { "p90Us", 0.9 },
    { "p99Us", 0.99 },
    { "p999Us", 0.999 },
};

static json_t *meters_json_histogram(const struct histogram *histogram)
{
    json_t *root = json_object();

    json_object_set_new(root, "count", json_integer((json_int_t)histogram_count(histogram)));
    json_object_set_new(root, "sumUs", json_integer((json_int_t)histogram->sum));
    for (size_t i = 0; i < sizeof(meters_json_quantiles) / sizeof(meters_json_quantiles[0]); i++) {
        uint64_t us = histogram_quantile(histogram, meters_json_quantiles[i].quantile);

        json_object_set_new(root, meters_json_quantiles[i].name, json_integer((json_int_t)us));
    }
    return root;
}

static json_t *meters_json_method(const struct meters *meters, const struct meter *meter)
{
    const Mu__Router__V1__MethodMeter *counted = meter->counted;
    json_t *codes = json_object();
    json_t *refused = json_object();

    for (size_t i = 0; i < counted->n_codes; i++)
        json_object_set_new(codes, mu_code_name((enum mu_code)counted->codes[i]->code),
                json_integer((json_int_t)counted->codes[i]->calls));
    for (size_t i = 0; i < counted->n_refused; i++)
        json_object_set_new(refused, cause_name(counted->refused[i]->cause),
                json_integer((json_int_t)counted->refused[i]->calls));
    return json_pack("{s:s, s:s, s:s, s:I, s:f, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:i}",
            "service", counted->service, "method", counted->method, "side", meters_side(meter),
            "calls", (json_int_t)meter->calls, "perSecond", meters_rate(meters, meter), "failed",
            (json_int_t)meter->failed, "codes", codes, "refused", refused, "took",
            meters_json_histogram(&meter->took), "queued", meters_json_histogram(&meter->queued),
            "bytesUp", (json_int_t)meter->bytes_up, "bytesDown", (json_int_t)meter->bytes_down,
            "itemsUp", (json_int_t)counted->items_up, "itemsDown", (json_int_t)counted->items_down,
            "open", (int)counted->open);
}

json_t *meters_json_make(const struct meters *meters, const char *only)
{
    json_t *methods = json_array();
    json_t *services = json_array();
    struct meters_service service;

    for (size_t i = 0; i < meters->count; i++)
        json_array_append_new(methods, meters_json_method(meters, &meters->list[i]));
    for (size_t i = 0; meters_service_at(meters, i, &service); i++) {
        if (only != NULL && strcmp(service.name, only) != 0)
            continue;
        json_array_append_new(services,
                json_pack("{s:s, s:i, s:i, s:I, s:I}", "service", service.name, "processes",
                        (int)service.processes, "restarts", (int)service.restarts, "cpuMs",
                        (json_int_t)service.cpu_ms, "memoryKib", (json_int_t)service.memory_kib));
    }
    return json_pack("{s:I, s:I, s:o, s:o}", "startedUs", (json_int_t)meters->started_us, "spanUs",
            (json_int_t)meters->span_us, "methods", methods, "services", services);
}
