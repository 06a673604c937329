// SPDX-License-Identifier: Apache-2.0
/* Names and units as Prometheus' own rules have them: seconds, bytes, _total. A histogram's bounds
 * are every second power of two microseconds from 32 us to 134 s, which are bounds of the router's
 * own buckets, too: so the counts are exact, and one method costs thirteen series of them. */
#include "services/interface/mu/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "mu/status.h"
#include "services/interface/mu/cause.h"

enum {
    METRICS_FIRST_BIT = 5, /* 2^5 us */
    METRICS_LAST_BIT = 27, /* 2^27 us are 134 s */
    METRICS_STEP = 2
};

static void metrics_head(FILE *stream, const char *name, const char *kind, const char *help)
{
    fprintf(stream, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

/* A label's value: what would end it is escaped. */
static void metrics_text(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            fputs("\\n", stream);
        else if (*text == '"' || *text == '\\')
            fprintf(stream, "\\%c", *text);
        else
            fputc(*text, stream);
    }
}

/* `name{service="…",method="…",side="…"`, open for more. */
static void metrics_series(FILE *stream, const char *name, const struct meter *meter)
{
    fprintf(stream, "%s{service=\"", name);
    metrics_text(stream, meters_service(meter));
    fputs("\",method=\"", stream);
    metrics_text(stream, meters_method(meter));
    fprintf(stream, "\",side=\"%s\"", meters_side(meter));
}

static void metrics_histogram(FILE *stream, const char *name, const struct meter *meter,
        const struct histogram *histogram)
{
    char series[64];
    uint64_t seen = 0;
    uint32_t at = 0;

    snprintf(series, sizeof(series), "%s_bucket", name);
    for (unsigned bit = METRICS_FIRST_BIT; bit <= METRICS_LAST_BIT; bit += METRICS_STEP) {
        for (; at < HISTOGRAM_BUCKETS && histogram_highest(at) < UINT64_C(1) << bit; at++)
            seen += histogram->counts[at];
        metrics_series(stream, series, meter);
        fprintf(stream, ",le=\"%.6f\"} %" PRIu64 "\n", (double)(UINT64_C(1) << bit) / 1e6, seen);
    }
    metrics_series(stream, series, meter);
    fprintf(stream, ",le=\"+Inf\"} %" PRIu64 "\n", histogram_count(histogram));
    snprintf(series, sizeof(series), "%s_sum", name);
    metrics_series(stream, series, meter);
    fprintf(stream, "} %.6f\n", (double)histogram->sum / 1e6);
    snprintf(series, sizeof(series), "%s_count", name);
    metrics_series(stream, series, meter);
    fprintf(stream, "} %" PRIu64 "\n", histogram_count(histogram));
}

static void metrics_requests(FILE *stream, const struct meters *meters)
{
    static const char requests[] = "mu_rpc_requests_total";
    static const char refused[] = "mu_rpc_refused_total";

    metrics_head(stream, requests, "counter", "Calls that ended, by the code they ended with.");
    for (size_t i = 0; i < meters->count; i++) {
        const Mu__Router__V1__MethodMeter *counted = meters->list[i].counted;

        for (size_t j = 0; j < counted->n_codes; j++) {
            metrics_series(stream, requests, &meters->list[i]);
            fprintf(stream, ",code=\"%s\"} %" PRIu64 "\n",
                    mu_code_name((enum mu_code)counted->codes[j]->code), counted->codes[j]->calls);
        }
    }
    metrics_head(stream, refused, "counter", "Calls that no callee ever saw, by the reason.");
    for (size_t i = 0; i < meters->count; i++) {
        const Mu__Router__V1__MethodMeter *counted = meters->list[i].counted;

        for (size_t j = 0; j < counted->n_refused; j++) {
            metrics_series(stream, refused, &meters->list[i]);
            fprintf(stream, ",cause=\"%s\"} %" PRIu64 "\n", cause_name(counted->refused[j]->cause),
                    counted->refused[j]->calls);
        }
    }
}

static void metrics_times(FILE *stream, const struct meters *meters)
{
    static const char took[] = "mu_rpc_duration_seconds";
    static const char queued[] = "mu_rpc_queue_seconds";

    metrics_head(stream, took, "histogram", "From a call's arrival at the router to its end.");
    for (size_t i = 0; i < meters->count; i++)
        metrics_histogram(stream, took, &meters->list[i], &meters->list[i].took);
    metrics_head(stream, queued, "histogram", "That a call waited in the router for its callee.");
    for (size_t i = 0; i < meters->count; i++)
        metrics_histogram(stream, queued, &meters->list[i], &meters->list[i].queued);
}

/* What has one number a method. */
static const struct {
    const char *name;
    const char *kind;
    const char *help;
} metrics_numbers[] = {
    { "mu_rpc_request_bytes_total", "counter", "Bytes of bodies towards callees." },
    { "mu_rpc_response_bytes_total", "counter", "Bytes of bodies towards callers." },
    { "mu_rpc_request_items_total", "counter", "Items of streams towards callees." },
    { "mu_rpc_response_items_total", "counter", "Items of streams towards callers." },
    { "mu_rpc_in_flight", "gauge", "Calls under way." },
};

static uint64_t metrics_number(const Mu__Router__V1__MethodMeter *counted, size_t index)
{
    const uint64_t numbers[] = { counted->bytes_up, counted->bytes_down, counted->items_up,
        counted->items_down, counted->open };

    return numbers[index];
}

static void metrics_rest(FILE *stream, const struct meters *meters)
{
    for (size_t k = 0; k < sizeof(metrics_numbers) / sizeof(metrics_numbers[0]); k++) {
        metrics_head(
                stream, metrics_numbers[k].name, metrics_numbers[k].kind, metrics_numbers[k].help);
        for (size_t i = 0; i < meters->count; i++) {
            metrics_series(stream, metrics_numbers[k].name, &meters->list[i]);
            fprintf(stream, "} %" PRIu64 "\n", metrics_number(meters->list[i].counted, k));
        }
    }
}

static const struct {
    const char *name;
    const char *kind;
    const char *help;
} metrics_processes[] = {
    { "mu_process_cpu_seconds_total", "counter", "Processor time since the process started." },
    { "mu_process_memory_bytes", "gauge", "Proportional share of memory." },
    { "mu_process_uptime_seconds", "gauge", "For how long the process runs." },
};

static double metrics_process_number(const Mu__Node__V1__Process *process, size_t index)
{
    const double numbers[] = { (double)process->cpu_ms / 1e3, (double)process->memory_kib * 1024,
        (double)process->up_ms / 1e3 };

    return numbers[index];
}

/* Of each process that runs. */
static void metrics_each_process(FILE *stream, const Mu__Node__V1__ListReply *list)
{
    for (size_t k = 0; k < sizeof(metrics_processes) / sizeof(metrics_processes[0]); k++) {
        metrics_head(stream, metrics_processes[k].name, metrics_processes[k].kind,
                metrics_processes[k].help);
        for (size_t i = 0; i < list->n_processes; i++) {
            const Mu__Node__V1__Process *process = list->processes[i];

            if (process->pid == 0)
                continue;
            fprintf(stream, "%s{service=\"", metrics_processes[k].name);
            metrics_text(stream, process->service);
            fprintf(stream, "\",instance=\"%" PRIu64 "\"} %.3f\n", process->instance,
                    metrics_process_number(process, k));
        }
    }
}

/* Of each service, over the processes that it had. */
static void metrics_each_service(FILE *stream, const struct meters *meters)
{
    static const char restarts[] = "mu_process_restarts_total";
    static const char running[] = "mu_processes";
    struct meters_service service;

    metrics_head(stream, restarts, "counter", "How often processes of the service started anew.");
    for (size_t i = 0; meters_service_at(meters, i, &service); i++) {
        fprintf(stream, "%s{service=\"", restarts);
        metrics_text(stream, service.name);
        fprintf(stream, "\"} %u\n", service.restarts);
    }
    metrics_head(stream, running, "gauge", "Processes of the service that run.");
    for (size_t i = 0; meters_service_at(meters, i, &service); i++) {
        fprintf(stream, "%s{service=\"", running);
        metrics_text(stream, service.name);
        fprintf(stream, "\"} %u\n", service.processes);
    }
}

void metrics_print(FILE *stream, const struct meters *meters, const char *version)
{
    metrics_requests(stream, meters);
    metrics_times(stream, meters);
    metrics_rest(stream, meters);
    if (meters->processes != NULL) {
        metrics_each_process(stream, meters->processes);
        metrics_each_service(stream, meters);
    }
    metrics_head(stream, "mu_router_start_time_seconds", "gauge",
            "Since when the router counts, in seconds since 1970.");
    fprintf(stream, "mu_router_start_time_seconds %.3f\n", (double)meters->started_us / 1e6);
    metrics_head(stream, "mu_build_info", "gauge", "The version that runs; always 1.");
    fputs("mu_build_info{version=\"", stream);
    metrics_text(stream, version);
    fputs("\"} 1\n", stream);
}
