// SPDX-License-Identifier: Apache-2.0
/* What several nodes counted, added up, is what one node would have counted that all calls went to.
 */
#include "services/interface/mu/meters_sum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "mu/status.h"
#include "tests/unit/cmocka.h"

enum { NODES = 4, METHODS = 5, CODES = 3, CALLS = 3000, RUNS = 25, SECONDS = 10 };

/* One router's meters, counted call by call. */
struct router {
    Mu__Router__V1__MethodMeter counted[METHODS];
    Mu__Router__V1__CodeCount codes[METHODS][CODES];
    Mu__Router__V1__CodeCount *each_code[METHODS][CODES];
    Mu__Router__V1__CauseCount causes[METHODS];
    Mu__Router__V1__CauseCount *each_cause[METHODS][1];
    struct meter list[METHODS];
    struct meters meters;
};

static const uint32_t codes[CODES] = { MU_OK, MU_UNAVAILABLE, MU_NOT_FOUND };

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void router_init(struct router *router)
{
    static const char *const methods[METHODS] = { "Buy", "Look", "Pay", "", "Buy" };

    memset(router, 0, sizeof(*router));
    for (size_t i = 0; i < METHODS; i++) {
        Mu__Router__V1__MethodMeter *counted = &router->counted[i];

        mu__router__v1__method_meter__init(counted);
        counted->service = text_of("shop");
        counted->method = text_of(methods[i]);
        counted->side = i == 4 ? MU__ROUTER__V1__SIDE__SIDE_THERE : MU__ROUTER__V1__SIDE__SIDE_HERE;
        counted->codes = router->each_code[i];
        counted->refused = router->each_cause[i];
        router->list[i].counted = counted;
    }
    router->meters = (struct meters){ .list = router->list,
        .count = METHODS,
        .started_us = 1000000,
        .span_us = SECONDS * UINT64_C(1000000) };
}

/* One more call of a method. */
static void router_count(struct router *router, size_t method, uint32_t code, uint64_t took_us)
{
    Mu__Router__V1__MethodMeter *counted = &router->counted[method];
    struct meter *meter = &router->list[method];
    size_t i = 0;

    while (i < counted->n_codes && counted->codes[i]->code != code)
        i += 1;
    if (i == counted->n_codes) {
        mu__router__v1__code_count__init(&router->codes[method][i]);
        router->codes[method][i].code = code;
        counted->codes[counted->n_codes++] = &router->codes[method][i];
    }
    counted->codes[i]->calls += 1;
    counted->calls += 1;
    counted->items_down += took_us % 3;
    meter->calls += 1;
    meter->bytes_up += took_us % 100;
    meter->failed += code != MU_OK;
    if (code == MU_UNAVAILABLE) {
        mu__router__v1__cause_count__init(&router->causes[method]);
        router->causes[method].cause = MU__ROUTER__V1__CAUSE__CAUSE_NO_INSTANCE;
        router->causes[method].calls = meter->failed;
        counted->refused[0] = &router->causes[method];
        counted->n_refused = 1;
        router->causes[method].calls = 0;
        for (size_t j = 0; j < counted->n_codes; j++)
            router->causes[method].calls +=
                    counted->codes[j]->code == MU_UNAVAILABLE ? counted->codes[j]->calls : 0;
        return;
    }
    histogram_record(&meter->took, took_us);
    histogram_record(&meter->queued, took_us / 7);
}

static uint64_t calls_with(const Mu__Router__V1__MethodMeter *counted, uint32_t code)
{
    for (size_t i = 0; i < counted->n_codes; i++) {
        if (counted->codes[i]->code == code)
            return counted->codes[i]->calls;
    }
    return 0;
}

static void assert_same_row(const struct meter *one, const struct meter *other)
{
    assert_int_equal(one->calls, other->calls);
    assert_int_equal(one->failed, other->failed);
    assert_int_equal(one->bytes_up, other->bytes_up);
    assert_int_equal(one->counted->items_down, other->counted->items_down);
    assert_memory_equal(&one->took, &other->took, sizeof(one->took));
    assert_memory_equal(&one->queued, &other->queued, sizeof(one->queued));
    for (size_t i = 0; i < CODES; i++)
        assert_int_equal(calls_with(one->counted, codes[i]), calls_with(other->counted, codes[i]));
    assert_int_equal(one->counted->n_refused, other->counted->n_refused);
    if (one->counted->n_refused > 0)
        assert_int_equal(one->counted->refused[0]->calls, other->counted->refused[0]->calls);
}

static const struct meter *row_of(const struct meters *meters, const struct meter *like)
{
    for (size_t i = 0; i < meters->count; i++) {
        const Mu__Router__V1__MethodMeter *counted = meters->list[i].counted;

        if (counted->side == like->counted->side &&
                strcmp(counted->method, like->counted->method) == 0)
            return &meters->list[i];
    }
    return NULL;
}

static void test_adding_up_is_the_same_as_counting_together(void **state)
{
    static struct router routers[NODES];
    static struct router whole;
    struct random random;

    (void)state;
    random_init(&random, 11);
    for (int run = 0; run < RUNS; run++) {
        struct meters sum = { 0 };
        int first = (int)random_below(&random, NODES);

        router_init(&whole);
        for (int i = 0; i < NODES; i++)
            router_init(&routers[i]);
        for (int i = 0; i < CALLS; i++) {
            size_t method = random_below(&random, METHODS);
            uint32_t code = codes[random_below(&random, CODES)];
            uint64_t took_us = random_next(&random) >> (34 + random_below(&random, 30));

            router_count(&routers[random_below(&random, NODES)], method, code, took_us);
            router_count(&whole, method, code, took_us);
        }
        for (int i = 0; i < NODES; i++) /* in any order */
            assert_int_equal(meters_sum_add(&sum, &routers[(first + i) % NODES].meters), 0);
        assert_int_equal(sum.count, METHODS);
        for (size_t i = 0; i < METHODS; i++) {
            const struct meter *row = row_of(&sum, &whole.list[i]);
            double rate = meters_rate(&whole.meters, &whole.list[i]);

            assert_non_null(row);
            assert_same_row(row, &whole.list[i]);
            assert_true(
                    meters_rate(&sum, row) > rate - 1e-6 && meters_rate(&sum, row) < rate + 1e-6);
        }
        meters_deinit(&sum);
        meters_deinit(&sum);
    }
}

/* A rate is of the time for which that node counted, and not of the longest. */
static void test_rates_are_added_each_by_its_own_time(void **state)
{
    static struct router young;
    static struct router old;
    struct meters sum = { 0 };

    (void)state;
    router_init(&young);
    router_init(&old);
    router_count(&young, 0, MU_OK, 1);
    router_count(&old, 0, MU_OK, 1);
    young.meters.span_us = 500000;
    old.meters.span_us = 10000000;
    assert_int_equal(meters_sum_add(&sum, &young.meters), 0);
    assert_int_equal(meters_sum_add(&sum, &old.meters), 0);
    assert_true(meters_rate(&sum, &sum.list[0]) == 2.0 + 0.1);
    assert_int_equal(sum.span_us, 10000000);
    meters_deinit(&sum);
}

static void test_processes_of_all_nodes_are_in_one_list(void **state)
{
    static struct router router;
    Mu__Node__V1__ListReply list = MU__NODE__V1__LIST_REPLY__INIT;
    Mu__Node__V1__Process process = MU__NODE__V1__PROCESS__INIT;
    Mu__Node__V1__Process *each = &process;
    struct meters_service service;
    struct meters sum = { 0 };

    (void)state;
    router_init(&router);
    process.service = text_of("shop");
    process.pid = 7;
    process.memory_kib = 1024;
    list.processes = &each;
    list.n_processes = 1;
    router.meters.processes = &list;
    for (int i = 0; i < NODES; i++)
        assert_int_equal(meters_sum_add(&sum, &router.meters), 0);
    assert_true(meters_service_at(&sum, 0, &service));
    assert_int_equal(service.processes, NODES);
    assert_int_equal(service.memory_kib, NODES * 1024);
    assert_false(meters_service_at(&sum, 1, &service));
    meters_deinit(&sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adding_up_is_the_same_as_counting_together),
        cmocka_unit_test(test_rates_are_added_each_by_its_own_time),
        cmocka_unit_test(test_processes_of_all_nodes_are_in_one_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
