// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/meters.h"
#include "services/interface/mu/meters_json.h"
#include "services/interface/mu/metrics.h"
#include "services/interface/mu/size.h"
#include "services/interface/mu/stats_table.h"
#include "tests/unit/cmocka.h"

enum { ROWS = 3 };

/* Meters as a router might have given them; `counted` and `processes` are borrowed by them. */
struct counting {
    Mu__Router__V1__MethodMeter counted[ROWS];
    Mu__Router__V1__CodeCount codes[ROWS][2];
    Mu__Router__V1__CodeCount *each_code[ROWS][2];
    Mu__Router__V1__CauseCount refused;
    Mu__Router__V1__CauseCount *each_refused[1];
    struct meter list[ROWS];
    struct meters meters;
};

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* shop.Buy: 10 calls of 1 ms and 2 failures; shop.Look: 5 of 100 us; shop.(other): 1, refused. */
static void counting_init(struct counting *counting)
{
    static const char *const methods[ROWS] = { "Buy", "Look", "" };
    static const uint64_t oks[ROWS] = { 8, 5, 0 };
    static const uint64_t failures[ROWS] = { 2, 0, 1 };
    static const uint64_t took_us[ROWS] = { 1000, 100, 0 };

    memset(counting, 0, sizeof(*counting));
    for (size_t i = 0; i < ROWS; i++) {
        Mu__Router__V1__MethodMeter *counted = &counting->counted[i];
        struct meter *meter = &counting->list[i];

        mu__router__v1__method_meter__init(counted);
        counted->service = text_of("shop");
        counted->method = text_of(methods[i]);
        counted->side = MU__ROUTER__V1__SIDE__SIDE_HERE;
        counted->calls = oks[i] + failures[i];
        for (size_t j = 0; j < 2; j++) {
            mu__router__v1__code_count__init(&counting->codes[i][j]);
            counting->each_code[i][j] = &counting->codes[i][j];
        }
        counting->codes[i][0].calls = oks[i];
        counting->codes[i][1].code = MU_UNAVAILABLE;
        counting->codes[i][1].calls = failures[i];
        counted->codes = counting->each_code[i];
        counted->n_codes = 2;
        *meter = (struct meter){
            .counted = counted, .calls = counted->calls, .failed = failures[i], .bytes_up = 7
        };
        for (uint64_t call = 0; took_us[i] > 0 && call < meter->calls; call++)
            histogram_record(&meter->took, took_us[i]);
    }
    mu__router__v1__cause_count__init(&counting->refused);
    counting->refused.cause = MU__ROUTER__V1__CAUSE__CAUSE_NO_INSTANCE;
    counting->refused.calls = 1;
    counting->each_refused[0] = &counting->refused;
    counting->counted[2].refused = counting->each_refused;
    counting->counted[2].n_refused = 1;
    counting->meters = (struct meters){
        .list = counting->list, .count = ROWS, .started_us = 1000000, .span_us = 2000000
    };
}

static void test_an_interval_has_what_came_in_it(void **state)
{
    struct counting before;
    struct counting now;
    struct meters since;

    (void)state;
    counting_init(&before);
    counting_init(&now);
    now.meters.span_us = 6000000;
    now.list[0].calls += 8;
    now.list[0].failed += 1;
    now.list[0].bytes_up += 100;
    for (int i = 0; i < 8; i++)
        histogram_record(&now.list[0].took, 50);
    assert_int_equal(meters_since(&now.meters, &before.meters, &since), 0);
    assert_int_equal(since.span_us, 4000000);
    assert_int_equal(since.list[0].calls, 8);
    assert_int_equal(since.list[0].failed, 1);
    assert_int_equal(since.list[0].bytes_up, 100);
    assert_int_equal(histogram_count(&since.list[0].took), 8);
    assert_int_equal(since.list[0].took.sum, 8 * 50);
    assert_true(histogram_quantile(&since.list[0].took, 0.99) < 60);
    assert_int_equal(since.list[1].calls, 0);
    assert_true(meters_rate(&since, &since.list[0]) == 2.0);
    meters_deinit(&since);
}

static void test_after_the_router_started_anew_all_of_it_is_new(void **state)
{
    struct counting before;
    struct counting now;
    struct meters since;

    (void)state;
    counting_init(&before);
    counting_init(&now);
    now.meters.started_us += 1;
    now.meters.span_us = 3000000;
    assert_int_equal(meters_since(&now.meters, &before.meters, &since), 0);
    assert_int_equal(since.list[0].calls, 10);
    assert_int_equal(since.span_us, 3000000);
    meters_deinit(&since);
}

static void test_a_row_that_was_not_there_before_is_new(void **state)
{
    struct counting before;
    struct counting now;
    struct meters since;

    (void)state;
    counting_init(&before);
    counting_init(&now);
    before.meters.count = 1;
    before.counted[0].side = MU__ROUTER__V1__SIDE__SIDE_THERE; /* another row of the same name */
    now.meters.span_us += 1;
    assert_int_equal(meters_since(&now.meters, &before.meters, &since), 0);
    assert_int_equal(since.list[0].calls, 10);
    assert_int_equal(since.list[1].calls, 5);
    meters_deinit(&since);
}

static void test_rows_are_sorted_by_what_is_asked_for(void **state)
{
    static const struct {
        enum stats_order order;
        const char *first;
    } cases[] = {
        { STATS_BY_NAME, "" },
        { STATS_BY_CALLS, "Buy" },
        { STATS_BY_FAILED, "Buy" },
        { STATS_BY_P99, "Buy" },
        { STATS_BY_P50, "Buy" },
        { STATS_BY_OPEN, "Look" },
        { STATS_BY_QUEUE, "" },
        { STATS_BY_BYTES, "Look" },
    };
    struct counting counting;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        counting_init(&counting);
        counting.counted[1].open = 3;
        counting.list[1].bytes_down = 3;
        stats_table_sort(&counting.meters, cases[i].order);
        assert_string_equal(counting.list[0].counted->method, cases[i].first);
    }
}

/* What metrics_print writes; the caller frees it. */
static char *metrics_text(const struct meters *meters)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    metrics_print(stream, meters, "1.2\"\\\n");
    fclose(stream);
    return text;
}

static void test_metrics_count_by_code_and_by_reason(void **state)
{
    struct counting counting;
    char *text;

    (void)state;
    counting_init(&counting);
    text = metrics_text(&counting.meters);
    assert_non_null(strstr(text, "\nmu_rpc_requests_total{service=\"shop\",method=\"Buy\",side="
                                 "\"here\",code=\"UNAVAILABLE\"} 2\n"));
    assert_non_null(strstr(text, "\nmu_rpc_refused_total{service=\"shop\",method=\"(other)\",side="
                                 "\"here\",cause=\"NO_INSTANCE\"} 1\n"));
    assert_non_null(strstr(text, "\nmu_build_info{version=\"1.2\\\"\\\\\\n\"} 1\n"));
    free(text);
}

static void test_metrics_buckets_are_cumulative_and_end_with_all(void **state)
{
    static const char head[] =
            "mu_rpc_duration_seconds_bucket{service=\"shop\",method=\"Buy\",side="
            "\"here\",le=\"";
    static const struct {
        const char *bound;
        int count;
    } cases[] = { { "0.000032", 1 }, { "0.000512", 1 }, { "0.002048", 11 }, { "134.217728", 11 },
        { "+Inf", 12 } };
    struct counting counting;
    char wanted[200];
    char *text;

    (void)state;
    counting_init(&counting);
    histogram_record(&counting.list[0].took, 31);
    histogram_record(&counting.list[0].took, UINT64_C(1) << 40);
    text = metrics_text(&counting.meters);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(wanted, sizeof(wanted), "%s%s\"} %d\n", head, cases[i].bound, cases[i].count);
        assert_non_null(strstr(text, wanted));
    }
    free(text);
}

static void test_processes_of_one_service_are_added_up(void **state)
{
    struct counting counting;
    Mu__Node__V1__ListReply list = MU__NODE__V1__LIST_REPLY__INIT;
    Mu__Node__V1__Process processes[3];
    Mu__Node__V1__Process *each[3];
    static const char *const names[] = { "shop", "till", "shop" };
    struct meters_service service;
    char *text;

    (void)state;
    counting_init(&counting);
    for (size_t i = 0; i < 3; i++) {
        mu__node__v1__process__init(&processes[i]);
        processes[i].service = text_of(names[i]);
        processes[i].pid = i == 2 ? 0 : (uint32_t)i + 1;
        processes[i].restarts = (uint32_t)i + 1;
        processes[i].memory_kib = 1024;
        each[i] = &processes[i];
    }
    list.n_processes = 3;
    list.processes = each;
    counting.meters.processes = &list;
    assert_true(meters_service_at(&counting.meters, 0, &service));
    assert_string_equal(service.name, "shop");
    assert_int_equal(service.processes, 1);
    assert_int_equal(service.restarts, 4);
    assert_int_equal(service.memory_kib, 2048);
    assert_true(meters_service_at(&counting.meters, 1, &service));
    assert_string_equal(service.name, "till");
    assert_false(meters_service_at(&counting.meters, 2, &service));
    text = metrics_text(&counting.meters);
    assert_non_null(strstr(text, "\nmu_process_restarts_total{service=\"shop\"} 4\n"));
    assert_non_null(strstr(text, "\nmu_process_memory_bytes{service=\"till\",instance=\"0\"} "));
    free(text);
}

static void test_json_has_quantiles_and_names(void **state)
{
    struct counting counting;
    json_t *root;
    json_t *method;
    json_int_t p99;

    (void)state;
    counting_init(&counting);
    root = meters_json_make(&counting.meters, NULL);
    method = json_array_get(json_object_get(root, "methods"), 0);
    assert_string_equal(json_string_value(json_object_get(method, "method")), "Buy");
    p99 = json_integer_value(json_object_get(json_object_get(method, "took"), "p99Us"));
    assert_in_range(p99, 970, 1030);
    assert_int_equal(
            json_integer_value(json_object_get(json_object_get(method, "codes"), "UNAVAILABLE")),
            2);
    assert_true(json_real_value(json_object_get(method, "perSecond")) == 5.0);
    json_decref(root);
}

static void test_sizes_are_short(void **state)
{
    char text[SIZE_TEXT_MAX];

    (void)state;
    assert_string_equal(size_print(0, text), "0 B");
    assert_string_equal(size_print(1023, text), "1023 B");
    assert_string_equal(size_print(1024, text), "1.0 KiB");
    assert_string_equal(size_print(UINT64_C(31) << 20, text), "31 MiB");
    assert_string_equal(size_print(UINT64_MAX, text), "16384 PiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_interval_has_what_came_in_it),
        cmocka_unit_test(test_after_the_router_started_anew_all_of_it_is_new),
        cmocka_unit_test(test_a_row_that_was_not_there_before_is_new),
        cmocka_unit_test(test_rows_are_sorted_by_what_is_asked_for),
        cmocka_unit_test(test_metrics_count_by_code_and_by_reason),
        cmocka_unit_test(test_metrics_buckets_are_cumulative_and_end_with_all),
        cmocka_unit_test(test_processes_of_one_service_are_added_up),
        cmocka_unit_test(test_json_has_quantiles_and_names),
        cmocka_unit_test(test_sizes_are_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
