// SPDX-License-Identifier: Apache-2.0
/* The promises of a call, held while everything that can die does. MU_CHAOS_CALLS and
 * MU_CHAOS_KILLS make it longer. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "tests/fault/chaos.h"
#include "tests/unit/cmocka.h"

enum { CALLS = 100000, KILLS = 50, ROUTER_KILLS = 10, BACK_MS = 3000, GONE_MS = 1000 };

/* One thread for each service that is killed. */
struct killer {
    struct chaos *chaos;
    const char *service;
    unsigned kills;
    pthread_t thread;
};

static void *kill_again_and_again(void *user)
{
    struct killer *killer = user;
    struct random random;
    pid_t last = 0;

    random_init(&random, (uint64_t)time(NULL) ^ (uintptr_t)killer);
    for (unsigned i = 0; i < killer->kills; i++) {
        poll(NULL, 0, (int)random_below(&random, 200)); /* at random */
        last = chaos_kill(killer->chaos, killer->service, last);
    }
    return NULL;
}

static void await_calls(struct chaos *chaos, unsigned calls)
{
    while (atomic_load(&chaos->ledger.made) + atomic_load(&chaos->greetings) < calls)
        poll(NULL, 0, 10);
}

static void test_each_call_ends_once_and_truly_while_services_die(void **state)
{
    unsigned kills = chaos_number("MU_CHAOS_KILLS", KILLS);
    struct killer killers[] = { { .service = "counter" }, { .service = "greeter" },
        { .service = "registry" } };
    struct chaos chaos;

    (void)state;
    chaos_start(&chaos);
    for (size_t i = 0; i < 3; i++) {
        killers[i].chaos = &chaos;
        killers[i].kills = kills;
        assert_int_equal(
                pthread_create(&killers[i].thread, NULL, kill_again_and_again, &killers[i]), 0);
    }
    for (size_t i = 0; i < 3; i++)
        pthread_join(killers[i].thread, NULL);
    await_calls(&chaos, chaos_number("MU_CHAOS_CALLS", CALLS));
    chaos_finish(&chaos, "services", 3 * kills);
}

static void test_all_are_back_within_three_seconds_when_the_router_dies(void **state)
{
    struct chaos chaos;
    unsigned back_ms_max = 0;
    pid_t last = 0;

    (void)state;
    chaos_start(&chaos);
    for (int i = 0; i < ROUTER_KILLS; i++) {
        unsigned back_ms;

        last = chaos_kill(&chaos, "router", last);
        back_ms = chaos_await_up(&chaos);
        back_ms_max = back_ms > back_ms_max ? back_ms : back_ms_max;
    }
    printf("router: back_max_ms=%u\n", back_ms_max);
    assert_true(back_ms_max < BACK_MS);
    chaos_finish(&chaos, "router", ROUTER_KILLS);
}

static void test_nothing_outlives_the_supervisor_and_what_was_acknowledged_does(void **state)
{
    enum { PROCESSES = 16 };
    pid_t pids[PROCESSES];
    Mu__Node__V1__ListReply *list;
    struct chaos chaos;
    size_t count;
    uint64_t start_ms;

    (void)state;
    chaos_start(&chaos);
    await_calls(&chaos, CALLS / 10);
    list = node_list(&chaos.node);
    assert_non_null(list);
    count = list->n_processes;
    assert_true(count <= PROCESSES);
    for (size_t i = 0; i < count; i++)
        pids[i] = (pid_t)list->processes[i]->pid;
    mu__node__v1__list_reply__free_unpacked(list, NULL);
    node_end(&chaos.node, SIGKILL);
    start_ms = clock_ms();
    for (size_t i = 0; i < count; i++)
        assert_true(node_is_gone(pids[i], GONE_MS));
    printf("supervisor: all_gone_ms=%llu\n", (unsigned long long)(clock_ms() - start_ms));
    node_launch(&chaos.node);
    node_await_ready(&chaos.node);
    chaos_finish(&chaos, "supervisor", 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call_ends_once_and_truly_while_services_die),
        cmocka_unit_test(test_all_are_back_within_three_seconds_when_the_router_dies),
        cmocka_unit_test(test_nothing_outlives_the_supervisor_and_what_was_acknowledged_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
