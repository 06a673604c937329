// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/stats_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/color.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/size.h"

enum method_column {
    METHOD_NAME,
    METHOD_SIDE,
    METHOD_CALLS,
    METHOD_RATE,
    METHOD_FAILED,
    METHOD_P50,
    METHOD_P90,
    METHOD_P99,
    METHOD_P999,
    METHOD_QUEUE,
    METHOD_UP,
    METHOD_DOWN,
    METHOD_OPEN,
    METHOD_COLUMNS
};

static const struct table_column method_columns[METHOD_COLUMNS] = {
    [METHOD_NAME] = { .name = "METHOD", .cut = true },
    [METHOD_SIDE] = { .name = "WHERE", .spare = 3 },
    [METHOD_CALLS] = { .name = "CALLS", .right = true },
    [METHOD_RATE] = { .name = "PER S", .right = true },
    [METHOD_FAILED] = { .name = "FAILED", .right = true },
    [METHOD_P50] = { .name = "P50", .right = true, .spare = 1 },
    [METHOD_P90] = { .name = "P90", .right = true, .spare = 7 },
    [METHOD_P99] = { .name = "P99", .right = true },
    [METHOD_P999] = { .name = "P99.9", .right = true, .spare = 8 },
    [METHOD_QUEUE] = { .name = "QUEUE P99", .right = true, .spare = 4 },
    [METHOD_UP] = { .name = "SENT", .right = true, .spare = 6 },
    [METHOD_DOWN] = { .name = "GOT", .right = true, .spare = 5 },
    [METHOD_OPEN] = { .name = "OPEN", .right = true, .spare = 2 },
};

enum service_column {
    SERVICE_NAME,
    SERVICE_PROCESSES,
    SERVICE_RESTARTS,
    SERVICE_CPU,
    SERVICE_MEMORY,
    SERVICE_COLUMNS
};

static const struct table_column service_columns[SERVICE_COLUMNS] = {
    [SERVICE_NAME] = { .name = "SERVICE", .cut = true },
    [SERVICE_PROCESSES] = { .name = "PROCESSES", .right = true, .spare = 1 },
    [SERVICE_RESTARTS] = { .name = "RESTARTS", .right = true, .spare = 2 },
    [SERVICE_CPU] = { .name = "CPU", .right = true },
    [SERVICE_MEMORY] = { .name = "MEMORY", .right = true },
};

/* ---- the order ---- */

static const char *const stats_orders[STATS_ORDERS] = {
    [STATS_BY_NAME] = "name",
    [STATS_BY_CALLS] = "calls",
    [STATS_BY_FAILED] = "failed",
    [STATS_BY_P50] = "p50",
    [STATS_BY_P99] = "p99",
    [STATS_BY_QUEUE] = "queue",
    [STATS_BY_BYTES] = "bytes",
    [STATS_BY_OPEN] = "open",
};

const char *stats_order_name(enum stats_order order)
{
    return stats_orders[order];
}

static uint64_t stats_key(const struct meter *meter, enum stats_order order)
{
    switch (order) {
    case STATS_BY_CALLS:
        return meter->calls;
    case STATS_BY_FAILED:
        return meter->failed;
    case STATS_BY_P50:
        return histogram_quantile(&meter->took, 0.5);
    case STATS_BY_P99:
        return histogram_quantile(&meter->took, 0.99);
    case STATS_BY_QUEUE:
        return histogram_quantile(&meter->queued, 0.99);
    case STATS_BY_BYTES:
        return meter->bytes_up + meter->bytes_down;
    case STATS_BY_OPEN:
        return meter->counted->open;
    case STATS_BY_NAME:
    case STATS_ORDERS:
        break;
    }
    return 0;
}

static int stats_compare(const void *a, const void *b, void *user)
{
    const struct meter *left = a;
    const struct meter *right = b;
    const enum stats_order *order = user;
    uint64_t left_key = stats_key(left, *order);
    uint64_t right_key = stats_key(right, *order);
    int names;

    if (left_key != right_key)
        return left_key < right_key ? 1 : -1;
    names = strcmp(left->counted->service, right->counted->service);
    if (names == 0)
        names = strcmp(left->counted->method, right->counted->method);
    return names != 0 ? names : (int)left->counted->side - (int)right->counted->side;
}

void stats_table_sort(struct meters *meters, enum stats_order order)
{
    if (meters->count > 1)
        qsort_r(meters->list, meters->count, sizeof(*meters->list), stats_compare, &order);
}

/* ---- the rows ---- */

static void stats_quantile(
        struct table *table, size_t column, const struct histogram *histogram, double quantile)
{
    char text[DURATION_TEXT_MAX];

    if (histogram_count(histogram) == 0)
        table_cell(table, column, "-");
    else
        table_cell(table, column, "%s",
                duration_print_us(histogram_quantile(histogram, quantile), text));
}

static void stats_row(struct table *table, const struct meters *meters, const struct meter *meter)
{
    char size[SIZE_TEXT_MAX];
    double rate = meters_rate(meters, meter);

    table_row(table);
    table_cell(table, METHOD_NAME, "%s.%s", meters_service(meter), meters_method(meter));
    table_cell(table, METHOD_SIDE, "%s", meters_side(meter));
    table_cell(table, METHOD_CALLS, "%" PRIu64, meter->calls);
    table_cell(table, METHOD_RATE, rate < 10 ? "%.2f" : "%.0f", rate);
    if (meter->failed > 0) {
        table_cell(table, METHOD_FAILED, "%.1f %%",
                100.0 * (double)meter->failed / (double)meter->calls);
        table_color(table, METHOD_FAILED, COLOR_BAD);
    } else {
        table_cell(table, METHOD_FAILED, "-");
    }
    stats_quantile(table, METHOD_P50, &meter->took, 0.5);
    stats_quantile(table, METHOD_P90, &meter->took, 0.9);
    stats_quantile(table, METHOD_P99, &meter->took, 0.99);
    stats_quantile(table, METHOD_P999, &meter->took, 0.999);
    stats_quantile(table, METHOD_QUEUE, &meter->queued, 0.99);
    table_cell(table, METHOD_UP, "%s", size_print(meter->bytes_up, size));
    table_cell(table, METHOD_DOWN, "%s", size_print(meter->bytes_down, size));
    table_cell(table, METHOD_OPEN, "%u", meter->counted->open);
}

struct table *stats_table_methods(const struct cli *cli, const struct meters *meters)
{
    struct table *table = table_new(cli, method_columns, METHOD_COLUMNS);

    for (size_t i = 0; table != NULL && i < meters->count; i++)
        stats_row(table, meters, &meters->list[i]);
    return table;
}

/* Processor time since `before`, of as many processors as there are: 150 % are one and a half. */
static void stats_cpu_share(struct table *table, const struct meters_service *service,
        const struct meters *meters, const struct meters *before)
{
    struct meters_service old;
    double span_ms = (double)(meters->span_us - before->span_us) / 1000;

    table_cell(table, SERVICE_CPU, "-");
    for (size_t i = 0; meters_service_at(before, i, &old); i++) {
        if (strcmp(old.name, service->name) == 0 && old.cpu_ms <= service->cpu_ms && span_ms > 0)
            table_cell(table, SERVICE_CPU, "%.0f %%",
                    100.0 * (double)(service->cpu_ms - old.cpu_ms) / span_ms);
    }
}

struct table *stats_table_services(const struct cli *cli, const struct meters *meters,
        const struct meters *before, const char *only)
{
    struct table *table = table_new(cli, service_columns, SERVICE_COLUMNS);
    struct meters_service service;
    char text[DURATION_TEXT_MAX];

    for (size_t i = 0; table != NULL && meters_service_at(meters, i, &service); i++) {
        if (only != NULL && strcmp(service.name, only) != 0)
            continue;
        table_row(table);
        table_cell(table, SERVICE_NAME, "%s", service.name);
        table_cell(table, SERVICE_PROCESSES, "%u", service.processes);
        table_cell(table, SERVICE_RESTARTS, "%u", service.restarts);
        if (service.restarts > 0)
            table_color(table, SERVICE_RESTARTS, COLOR_WARN);
        if (before != NULL && before->span_us < meters->span_us)
            stats_cpu_share(table, &service, meters, before);
        else
            table_cell(table, SERVICE_CPU, "%s", duration_print(service.cpu_ms, text));
        table_cell(table, SERVICE_MEMORY, "%.1f MiB", (double)service.memory_kib / 1024);
    }
    return table;
}
