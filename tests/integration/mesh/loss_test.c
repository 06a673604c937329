// SPDX-License-Identifier: Apache-2.0
/* What is on the way between two nodes dies: calls end at once and truly, nothing is carried out
 * twice, and all goes on by itself. */
#include <dirent.h>
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
    CALLERS = 8,
    CALLS_MAX = 4000000,
    CALLS_BETWEEN = 200, /* acknowledged between two kills */
    KILLS = 16,
    CALL_TIMEOUT_MS = 2000,
    AT_ONCE_MS = 1000
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

/* ---- one call that is under way when something dies ---- */

/* Kills a process while the other node serves a call. */
static struct mu_status lose(struct node *node, const char *service)
{
    struct mesh_loss loss = { .options = { .timeout_ms = 20000 } };

    mesh_lose(&mesh, &loss, node, service);
    assert_in_range(loss.took_ms, 0, NODE_SLOWER * AT_ONCE_MS);
    mesh_await(&mesh); /* it heals by itself */
    return loss.status;
}

static void expect_unknown(struct mu_status status, const char *text)
{
    assert_int_equal(status.code, MU_UNAVAILABLE);
    assert_int_equal(status.executed, MU_EXECUTED_UNKNOWN);
    if (strstr(status.message, text) == NULL)
        fail_msg("`%s` does not say `%s`", status.message, text);
}

static void test_the_service_dies(void **state)
{
    (void)state;
    expect_unknown(lose(&mesh.nodes[1], "probe"), "ended before it answered");
}

static void test_the_far_router_dies(void **state)
{
    (void)state;
    expect_unknown(lose(&mesh.nodes[1], "router"), "the link to n1.alice ended");
}

static void test_the_far_link_dies(void **state)
{
    (void)state;
    expect_unknown(lose(&mesh.nodes[1], "link"), "the link to n1.alice ended");
}

static void test_the_near_link_dies(void **state)
{
    (void)state;
    expect_unknown(lose(&mesh.nodes[0], "link"), "the link to n1.alice ended");
}

static void test_a_stream_ends_with_the_link(void **state)
{
    Probe__V1__CountRequest request = PROBE__V1__COUNT_REQUEST__INIT;
    Probe__V1__CountReply *item;
    struct mu_stream *stream;
    struct mu_status status;
    enum mu_stream_outcome outcome = MU_STREAM_OK;

    (void)state;
    mesh_await(&mesh);
    request.items = UINT32_MAX;
    assert_int_equal(probe_count_open(mesh.nodes[0].client, &request, NULL, &stream), 0);
    for (int i = 0; outcome == MU_STREAM_OK; i++) {
        outcome = probe_count_read(stream, UINT32_MAX, &item);
        if (outcome == MU_STREAM_OK)
            probe__v1__count_reply__free_unpacked(item, NULL);
        if (i == 1000)
            mesh_kill(&mesh.nodes[1], "link", 0);
    }
    assert_int_equal(mu_stream_finish(stream, &status), MU_UNAVAILABLE);
    assert_int_equal(status.executed, MU_EXECUTED_UNKNOWN);
    mesh_await(&mesh);
}

static size_t count_files(pid_t pid)
{
    char path[64];
    size_t count = 0;
    DIR *folder;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    folder = opendir(path);
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count += 1;
    closedir(folder);
    return count;
}

static void test_nothing_is_left_of_links_that_are_gone(void **state)
{
    pid_t router = (pid_t)node_process(&mesh.nodes[0], "router").pid;
    uint64_t deadline_ms;
    pid_t last[2] = { 0, 0 };
    size_t before;

    (void)state;
    mesh_await(&mesh);
    before = count_files(router);
    for (int i = 0; i < 6; i++) {
        last[i % 2] = mesh_kill(&mesh.nodes[i % 2], "link", last[i % 2]);
        mesh_await(&mesh);
    }
    deadline_ms = clock_ms() + NODE_PATIENCE_MS;
    while (count_files(router) > before) { /* nng closes them when it comes to it */
        assert_true(clock_ms() < deadline_ms);
        poll(NULL, 0, 1);
    }
}

static void test_what_is_here_is_called_while_the_link_is_down(void **state)
{
    struct mu_result result;

    (void)state;
    mesh_kill(&mesh.nodes[0], "link", 0);
    assert_int_equal(mu_call(mesh.nodes[0].client, "router.mu.Health", (struct mu_bytes){ 0 }, NULL,
                             &result),
            MU_OK);
    mu_result_deinit(&result);
    mesh_await(&mesh);
}

/* ---- many calls, many deaths ---- */

enum word { NOTHING, DONE, NOT_EXECUTED, UNKNOWN, WORDS };

static struct campaign {
    struct mu_client *client; /* owned */
    atomic_bool stopping;
    atomic_uint made;
    atomic_uint acknowledged;
    _Atomic uint8_t *words; /* owned: what became of each call */
} campaign;

static void *add_up(void *user)
{
    const struct mu_call_options options = { .timeout_ms = CALL_TIMEOUT_MS };

    (void)user;
    while (!atomic_load(&campaign.stopping)) {
        Tally__V1__AddRequest request = TALLY__V1__ADD_REQUEST__INIT;
        Tally__V1__AddReply *reply = NULL;
        struct mu_status status;
        uint8_t word = UNKNOWN;

        request.number = atomic_fetch_add(&campaign.made, 1);
        if (request.number >= CALLS_MAX)
            abort(); /* the campaign's pace is wrong */
        tally_add(campaign.client, &request, &options, &reply, &status);
        if (status.code == MU_OK)
            word = DONE;
        else if (status.executed == MU_EXECUTED_NO)
            word = NOT_EXECUTED;
        if (atomic_exchange(&campaign.words[request.number], word) != NOTHING)
            abort();
        if (word == DONE)
            atomic_fetch_add(&campaign.acknowledged, 1);
        else
            poll(NULL, 0, 1); /* where nobody serves, callers need not hurry */
        if (reply != NULL)
            tally__v1__add_reply__free_unpacked(reply, NULL);
    }
    return NULL;
}

/* Waits until calls go through again. */
static void await_progress(void)
{
    unsigned before = atomic_load(&campaign.acknowledged);
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;

    while (atomic_load(&campaign.acknowledged) < before + CALLS_BETWEEN) {
        assert_true(clock_ms() < deadline_ms);
        poll(NULL, 0, 1);
    }
}

static void check_books(void)
{
    uint32_t made = atomic_load(&campaign.made);
    uint8_t *times = mesh_read_tally(&mesh, made);
    unsigned sums[WORDS] = { 0 };
    unsigned unknown_executed = 0;

    for (uint32_t i = 0; i < made; i++) {
        uint8_t word = campaign.words[i];

        assert_int_not_equal(word, NOTHING);
        assert_in_range(times[i], 0, 1); /* nothing is carried out twice */
        if (word == DONE)
            assert_int_equal(times[i], 1);
        if (word == NOT_EXECUTED)
            assert_int_equal(times[i], 0);
        sums[word] += 1;
        unknown_executed += word == UNKNOWN ? times[i] : 0;
    }
    printf("mesh: kills=%d calls=%u acknowledged=%u not_executed=%u unknown=%u (%u executed)\n",
            KILLS, made, sums[DONE], sums[NOT_EXECUTED], sums[UNKNOWN], unknown_executed);
    free(times);
}

static void test_each_call_ends_once_and_truly_while_all_on_the_way_die(void **state)
{
    static const struct {
        int node;
        const char *service;
    } victims[] = { { 1, "tally" }, { 1, "link" }, { 0, "link" }, { 1, "router" } };
    struct mu_client_options options = { .dir = mesh.nodes[0].dir };
    pthread_t threads[CALLERS];

    (void)state;
    mesh_await(&mesh);
    campaign.words = calloc(CALLS_MAX, sizeof(*campaign.words));
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
        cmocka_unit_test(test_the_service_dies),
        cmocka_unit_test(test_the_far_link_dies),
        cmocka_unit_test(test_the_near_link_dies),
        cmocka_unit_test(test_the_far_router_dies),
        cmocka_unit_test(test_a_stream_ends_with_the_link),
        cmocka_unit_test(test_nothing_is_left_of_links_that_are_gone),
        cmocka_unit_test(test_what_is_here_is_called_while_the_link_is_down),
        cmocka_unit_test(test_each_call_ends_once_and_truly_while_all_on_the_way_die),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
