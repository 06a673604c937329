// SPDX-License-Identifier: Apache-2.0
/* Calls with a key to another node, while what is on their way dies: an answer that was lost is
 * found, and nothing is carried out twice however often it is asked for. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/v1/probe.mu.h"
#include "tally/v1/tally.mu.h"
#include "tests/integration/mesh/mesh.h"
#include "tests/unit/cmocka.h"

enum {
    WAIT_MS = 1500, /* that the probe takes for a call: a link is killed meanwhile */
    TIMEOUT_MS = 20000,
    CALLERS = 8,
    NUMBERS_MAX = 1000000,
    NUMBERS_BETWEEN = 100, /* dealt with between two kills */
    TRIES_MAX = 100,
    TRY_TIMEOUT_MS = 2000,
    KILLS = 12
};

static struct mesh mesh;

static int start(void **state)
{
    (void)state;
    mesh_start(&mesh, 2);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mesh_stop(&mesh);
    return 0;
}

/* ---- one call ---- */

static struct mu_call_options options_of(const char *key)
{
    return (struct mu_call_options){ .timeout_ms = TIMEOUT_MS,
        .key = { (const uint8_t *)key, strlen(key) } };
}

/* Has the probe wait, and kills a process of `node` meanwhile. */
static struct mu_status lose(const char *key, struct node *node, const char *service)
{
    struct mesh_loss loss = { .wait_ms = WAIT_MS, .options = options_of(key) };

    mesh_lose(&mesh, &loss, node, service);
    return loss.status;
}

/* The same call once more. */
static struct mu_status again(const char *key)
{
    Probe__V1__WaitRequest request = PROBE__V1__WAIT_REQUEST__INIT;
    const struct mu_call_options options = options_of(key);
    Probe__V1__WaitReply *reply = NULL;
    struct mu_status status;

    mesh_await(&mesh);
    request.ms = WAIT_MS;
    if (probe_wait(mesh.nodes[0].client, &request, &options, &reply, &status) == MU_OK)
        probe__v1__wait_reply__free_unpacked(reply, NULL);
    return status;
}

static void expect(struct mu_status status, enum mu_code code, enum mu_executed executed)
{
    if (status.code != code || status.executed != executed)
        fail_msg(
                "code %d, executed %d: %s", (int)status.code, (int)status.executed, status.message);
}

static void check_that_a_lost_answer_is_found(const char *key, int node)
{
    uint32_t before = mesh_count_waits(&mesh);

    expect(lose(key, &mesh.nodes[node], "link"), MU_UNAVAILABLE, MU_EXECUTED_UNKNOWN);
    assert_int_equal(again(key).code, MU_OK);
    assert_int_equal(mesh_count_waits(&mesh), before + 1);
}

static void test_an_answer_that_the_near_link_lost_is_found(void **state)
{
    (void)state;
    check_that_a_lost_answer_is_found("near", 0);
}

static void test_an_answer_that_the_far_link_lost_is_found(void **state)
{
    (void)state;
    check_that_a_lost_answer_is_found("far", 1);
}

static void test_what_died_with_the_service_is_not_carried_out_again(void **state)
{
    (void)state;
    expect(lose("service", &mesh.nodes[1], "probe"), MU_UNAVAILABLE, MU_EXECUTED_UNKNOWN);
    expect(again("service"), MU_FAILED_PRECONDITION, MU_EXECUTED_UNKNOWN);
    assert_int_equal(mesh_count_waits(&mesh), 0); /* it is another process */
}

static void test_nor_what_the_far_router_forgot(void **state)
{
    (void)state;
    expect(lose("router", &mesh.nodes[1], "router"), MU_UNAVAILABLE, MU_EXECUTED_UNKNOWN);
    expect(again("router"), MU_FAILED_PRECONDITION, MU_EXECUTED_UNKNOWN);
    assert_int_equal(mesh_count_waits(&mesh), 0);
}

static void set_retries(void)
{
    Mu__Node__V1__SetPolicyRequest request = MU__NODE__V1__SET_POLICY_REQUEST__INIT;
    Mu__Router__V1__Policy policy = MU__ROUTER__V1__POLICY__INIT;
    Mu__Router__V1__Retries retries = MU__ROUTER__V1__RETRIES__INIT;
    struct mu_result result;
    uint8_t body[128];

    retries.max = 3;
    retries.backoff_ms = 1000;
    policy.endpoints = (char *)"probe.Wait";
    policy.retries = &retries;
    request.policy = &policy;
    mu_call(mesh.nodes[0].client, "node.SetPolicy",
            (struct mu_bytes){ body, mu__node__v1__set_policy_request__pack(&request, body) }, NULL,
            &result);
    assert_int_equal(result.status.code, MU_OK);
    mu_result_deinit(&result);
}

static void test_with_retries_the_caller_does_not_hear_of_the_loss(void **state)
{
    uint32_t before = mesh_count_waits(&mesh);

    (void)state;
    set_retries();
    assert_int_equal(lose("retried", &mesh.nodes[0], "link").code, MU_OK);
    assert_int_equal(mesh_count_waits(&mesh), before + 1);
}

/* ---- many calls, many deaths ---- */

enum word { NOTHING, DONE, UNKNOWN };

static struct campaign {
    struct mu_client *client; /* owned */
    atomic_bool stopping;
    atomic_uint made;
    atomic_uint dealt_with;
    _Atomic uint8_t *words; /* owned: what became of each number */
} campaign;

/* Asks until there is an answer, or certainly none. */
static uint8_t add(uint32_t number)
{
    Tally__V1__AddRequest request = TALLY__V1__ADD_REQUEST__INIT;
    struct mu_call_options options = { .timeout_ms = TRY_TIMEOUT_MS };
    char key[16];

    request.number = number;
    snprintf(key, sizeof(key), "%u", number);
    options.key = (struct mu_bytes){ (const uint8_t *)key, strlen(key) };
    for (int i = 0; i < TRIES_MAX; i++) {
        Tally__V1__AddReply *reply = NULL;
        struct mu_status status;

        if (tally_add(campaign.client, &request, &options, &reply, &status) == MU_OK) {
            tally__v1__add_reply__free_unpacked(reply, NULL);
            return DONE;
        }
        if (status.code == MU_FAILED_PRECONDITION)
            return UNKNOWN;
        poll(NULL, 0, 10); /* where nobody serves, callers need not hurry */
    }
    return UNKNOWN;
}

static void *add_up(void *user)
{
    (void)user;
    while (!atomic_load(&campaign.stopping)) {
        uint32_t number = atomic_fetch_add(&campaign.made, 1);

        if (number >= NUMBERS_MAX)
            abort(); /* the campaign's pace is wrong */
        atomic_store(&campaign.words[number], add(number));
        atomic_fetch_add(&campaign.dealt_with, 1);
    }
    return NULL;
}

static void await_progress(void)
{
    unsigned before = atomic_load(&campaign.dealt_with);
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;

    while (atomic_load(&campaign.dealt_with) < before + NUMBERS_BETWEEN) {
        assert_true(clock_ms() < deadline_ms);
        poll(NULL, 0, 1);
    }
}

static void check_books(void)
{
    uint32_t made = atomic_load(&campaign.made);
    uint8_t *times = mesh_read_tally(&mesh, made);
    unsigned unknown = 0;

    for (uint32_t i = 0; i < made; i++) {
        assert_in_range(times[i], 0, 1);
        if (campaign.words[i] == DONE)
            assert_int_equal(times[i], 1);
        unknown += campaign.words[i] == UNKNOWN ? 1 : 0;
    }
    printf("keys: kills=%d numbers=%u unknown=%u\n", KILLS, made, unknown);
    free(times);
}

static void test_nothing_is_carried_out_twice_however_often_it_is_asked_for(void **state)
{
    static const struct {
        int node;
        const char *service;
    } victims[] = { { 1, "link" }, { 0, "link" }, { 1, "tally" }, { 1, "router" } };
    struct mu_client_options options = { .dir = mesh.nodes[0].dir };
    pthread_t threads[CALLERS];

    (void)state;
    mesh_await(&mesh);
    campaign.words = calloc(NUMBERS_MAX, sizeof(*campaign.words));
    assert_int_equal(mu_client_open(&campaign.client, &options), 0);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_up, NULL), 0);
    for (int i = 0; i < KILLS; i++) {
        await_progress();
        mesh_kill(&mesh.nodes[victims[i % 4].node], victims[i % 4].service, 0);
    }
    await_progress();
    atomic_store(&campaign.stopping, true);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    check_books();
    mu_client_close(campaign.client);
    free((void *)campaign.words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_that_the_near_link_lost_is_found),
        cmocka_unit_test(test_an_answer_that_the_far_link_lost_is_found),
        cmocka_unit_test(test_what_died_with_the_service_is_not_carried_out_again),
        cmocka_unit_test(test_nor_what_the_far_router_forgot),
        cmocka_unit_test(test_with_retries_the_caller_does_not_hear_of_the_loss),
        cmocka_unit_test(test_nothing_is_carried_out_twice_however_often_it_is_asked_for),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
