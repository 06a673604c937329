// SPDX-License-Identifier: Apache-2.0
/* What mu_service_main does beside calling handlers: arguments, health, threads, draining, exit
 * codes. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "mu/debug/v1/debug.pb-c.h"
#include "mu/node/v1/node.pb-c.h"
#include "probe/v1/probe.mu.h"
#include "tests/integration/client/node.h"
#include "tests/unit/cmocka.h"

enum { BLOCKERS = 4 };

static struct node node;

static int start(void **state)
{
    (void)state;
    node_start(&node);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    node_stop(&node);
    return 0;
}

/* Runs the probe with these arguments, its output in `text`. Returns its exit status. */
static int run_probe(char *const *argv, int boot_fd, char *text, size_t size)
{
    int ends[2];
    int status;
    size_t have = 0;
    ssize_t got;
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        if (boot_fd >= 0)
            dup2(boot_fd, 3);
        execv(TEST_PROBE, argv);
        _exit(127);
    }
    close(ends[1]);
    while ((got = read(ends[0], text + have, size - 1 - have)) > 0)
        have += (size_t)got;
    text[have] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_help_and_version_say_what_it_is_and_end_with_0(void **state)
{
    char *help[] = { (char *)"mu-probe", (char *)"--help", NULL };
    char *version[] = { (char *)"mu-probe", (char *)"--version", NULL };
    char text[4096];

    (void)state;
    assert_int_equal(run_probe(help, -1, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "probe.Echo\n"));
    assert_non_null(strstr(text, "probe.Talk  (streams both ways)"));
    assert_int_equal(run_probe(version, -1, text, sizeof(text)), 0);
    assert_non_null(strstr(text, "probe 0.0.0"));
}

static void test_wrong_arguments_end_with_100(void **state)
{
    char *unknown[] = { (char *)"mu-probe", (char *)"--nonsense", NULL };
    char *extra[] = { (char *)"mu-probe", (char *)"nonsense", NULL };
    char *name[] = { (char *)"mu-probe", (char *)"--dir", node.dir, (char *)"--name", (char *)"No",
        NULL };
    char text[4096];

    (void)state;
    assert_int_equal(run_probe(unknown, -1, text, sizeof(text)), 100);
    assert_int_equal(run_probe(extra, -1, text, sizeof(text)), 100);
    assert_non_null(strstr(text, "unexpected argument"));
    assert_int_equal(run_probe(name, -1, text, sizeof(text)), 100);
}

static void test_no_node_ends_with_111_and_says_so(void **state)
{
    char *argv[] = { (char *)"mu-probe", (char *)"--dir", (char *)"/tmp/mu-there-is-none", NULL };
    char text[4096];

    (void)state;
    assert_int_equal(run_probe(argv, -1, text, sizeof(text)), 111);
    assert_non_null(strstr(text, "no node answers"));
}

static void test_a_name_that_is_reserved_is_refused_for_good(void **state)
{
    char *argv[] = { (char *)"mu-probe", (char *)"--dir", node.dir, (char *)"--name",
        (char *)"router", NULL };
    char text[4096];

    (void)state;
    assert_int_equal(run_probe(argv, -1, text, sizeof(text)), 100);
    assert_non_null(strstr(text, "PERMISSION_DENIED"));
}

static void test_a_start_that_fails_ends_with_111(void **state)
{
    char *argv[] = { (char *)"mu-probe", (char *)"--dir", node.dir, NULL };
    char text[4096];

    (void)state;
    setenv("PROBE_BROKEN", "1", 1);
    assert_int_equal(run_probe(argv, -1, text, sizeof(text)), 111);
    unsetenv("PROBE_BROKEN");
    assert_non_null(strstr(text, "/state/by-hand/probe for what must last, connected"));
    assert_null(strstr(text, "nobody reads this"));
    assert_non_null(strstr(text, "cannot start"));
}

/* A sealed memfd, as a supervisor leaves it. */
static int boot_with(const void *bytes, size_t size)
{
    int fd = memfd_create("bootstrap", MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    return fd;
}

static void test_a_bootstrap_that_cannot_be_read_ends_with_100(void **state)
{
    char *argv[] = { (char *)"mu-probe", NULL };
    int fd = boot_with("\xff\xff", 2);
    char text[4096];

    (void)state;
    assert_int_equal(run_probe(argv, fd, text, sizeof(text)), 100);
    close(fd);
}

static void test_a_supervised_service_without_its_registry_ends_with_111(void **state)
{
    Mu__Node__V1__Bootstrap boot = MU__NODE__V1__BOOTSTRAP__INIT;
    char *argv[] = { (char *)"mu-probe", NULL };
    uint8_t bytes[512];
    char path[128];
    char state_dir[128];
    char text[4096];
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/run/bus.sock", node.dir);
    snprintf(state_dir, sizeof(state_dir), "%s/state/probe", node.dir);
    boot.path = path;
    boot.service = (char *)"probe";
    boot.version = (char *)"1.2.3";
    boot.state_dir = state_dir;
    fd = boot_with(bytes, mu__node__v1__bootstrap__pack(&boot, bytes));
    assert_int_equal(run_probe(argv, fd, text, sizeof(text)), 111);
    assert_non_null(strstr(text, "the registry does not answer"));
    close(fd);
}

static void test_every_service_answers_health(void **state)
{
    Mu__Debug__V1__HealthReply *reply;
    struct mu_result result;

    (void)state;
    node_start_probe(&node, 0, NULL);
    assert_int_equal(
            mu_call(node.client, "probe.mu.Health", (struct mu_bytes){ 0 }, NULL, &result), MU_OK);
    reply = mu__debug__v1__health_reply__unpack(NULL, result.size, result.body);
    assert_true(reply->ok);
    assert_false(reply->draining);
    mu__debug__v1__health_reply__free_unpacked(reply, NULL);
    mu_result_deinit(&result);
    assert_int_equal(
            mu_call(node.client, "probe.mu.Nothing", (struct mu_bytes){ 0 }, NULL, &result),
            MU_UNIMPLEMENTED);
    mu_result_deinit(&result);
}

static void test_every_service_counts_its_calls(void **state)
{
    Mu__Debug__V1__StatsReply *reply;
    struct mu_result result;

    (void)state;
    mu_call(node.client, "probe.Missing", (struct mu_bytes){ 0 }, NULL, &result);
    mu_result_deinit(&result);
    assert_int_equal(
            mu_call(node.client, "probe.mu.Stats", (struct mu_bytes){ 0 }, NULL, &result), MU_OK);
    reply = mu__debug__v1__stats_reply__unpack(NULL, result.size, result.body);
    assert_int_equal(reply->n_methods, probe_type.method_count);
    assert_int_equal(reply->calls_open, 1);
    for (size_t i = 0; i < reply->n_methods; i++) {
        if (strcmp(reply->methods[i]->method, "Missing") == 0) {
            assert_int_equal(reply->methods[i]->calls, 1);
            assert_int_equal(reply->methods[i]->errors, 1);
        }
    }
    mu__debug__v1__stats_reply__free_unpacked(reply, NULL);
    mu_result_deinit(&result);
}

static void test_the_log_level_is_asked_and_set(void **state)
{
    Mu__Debug__V1__LogLevelRequest request = MU__DEBUG__V1__LOG_LEVEL_REQUEST__INIT;
    static const char *const levels[] = { "debug", "", "error", "info" };
    static const char *const expected[] = { "debug", "debug", "error", "info" };
    ProtobufCMessage *reply;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        request.level = (char *)(uintptr_t)levels[i];
        assert_int_equal(mu_call_message(node.client, "probe.mu.LogLevel", &request.base,
                                 &mu__debug__v1__log_level_reply__descriptor, NULL, &reply, NULL),
                MU_OK);
        assert_string_equal(((Mu__Debug__V1__LogLevelReply *)reply)->level, expected[i]);
        protobuf_c_message_free_unpacked(reply, NULL);
    }
    request.level = (char *)"loud";
    assert_int_equal(mu_call_message(node.client, "probe.mu.LogLevel", &request.base,
                             &mu__debug__v1__log_level_reply__descriptor, NULL, &reply, NULL),
            MU_INVALID_ARGUMENT);
}

static void test_settle_runs_when_what_had_come_was_handled(void **state)
{
    Probe__V1__SeenRequest request = PROBE__V1__SEEN_REQUEST__INIT;
    Probe__V1__SeenReply *reply;
    uint32_t settles;

    (void)state;
    assert_int_equal(probe_seen(node.client, &request, NULL, &reply, NULL), MU_OK);
    settles = reply->settles;
    probe__v1__seen_reply__free_unpacked(reply, NULL);
    assert_int_equal(probe_seen(node.client, &request, NULL, &reply, NULL), MU_OK);
    assert_true(reply->settles > settles);
    probe__v1__seen_reply__free_unpacked(reply, NULL);
}

struct blocker {
    pthread_t thread;
    char fifo[NODE_DIR_MAX + 16];
    enum mu_code code;
};

static void *call_block(void *user)
{
    struct mu_call_options options = { .timeout_ms = 60000 };
    Probe__V1__BlockRequest request = PROBE__V1__BLOCK_REQUEST__INIT;
    struct blocker *blocker = user;
    Probe__V1__BlockReply *reply;

    request.fifo = blocker->fifo;
    blocker->code = probe_block(node.client, &request, &options, &reply, NULL);
    if (blocker->code == MU_OK)
        probe__v1__block_reply__free_unpacked(reply, NULL);
    return NULL;
}

static void block(struct blocker *blocker, int index)
{
    snprintf(blocker->fifo, sizeof(blocker->fifo), "%s/fifo%d", node.dir, index);
    unlink(blocker->fifo);
    assert_int_equal(mkfifo(blocker->fifo, 0600), 0);
    assert_int_equal(pthread_create(&blocker->thread, NULL, call_block, blocker), 0);
}

/* Opens the FIFO for writing, which works only while its handler runs; -1 where none does. */
static int meet(const struct blocker *blocker)
{
    return open(blocker->fifo, O_WRONLY | O_NONBLOCK);
}

static void expect_ok(struct blocker *blocker)
{
    pthread_join(blocker->thread, NULL);
    assert_int_equal(blocker->code, MU_OK);
}

static uint32_t open_calls(void)
{
    Mu__Debug__V1__StatsReply *stats;
    struct mu_result result;
    uint32_t open = 0;

    if (mu_call(node.client, "probe.mu.Stats", (struct mu_bytes){ 0 }, NULL, &result) == MU_OK) {
        stats = mu__debug__v1__stats_reply__unpack(NULL, result.size, result.body);
        open = stats->calls_open;
        mu__debug__v1__stats_reply__free_unpacked(stats, NULL);
    }
    mu_result_deinit(&result);
    return open;
}

static void test_one_thread_runs_one_handler_and_the_others_wait_their_turn(void **state)
{
    struct blocker blockers[BLOCKERS];
    bool met[BLOCKERS] = { false };
    int left = BLOCKERS;

    (void)state;
    for (int i = 0; i < BLOCKERS; i++)
        block(&blockers[i], i);
    while (left > 0) {
        for (int i = 0; i < BLOCKERS; i++) {
            int fd = met[i] ? -1 : meet(&blockers[i]);

            if (fd < 0)
                continue;
            met[i] = true;
            left -= 1;
            close(fd);
            expect_ok(&blockers[i]); /* its turn is over before the next one is looked for */
            break;
        }
        sched_yield();
    }
}

static void test_more_threads_run_handlers_at_the_same_time(void **state)
{
    struct blocker blockers[BLOCKERS];

    (void)state;
    assert_int_equal(node_end(&node.probes[0], SIGTERM), 0);
    node_start_probe(&node, 0, "5"); /* one more than block, for Stats */
    for (int i = 0; i < BLOCKERS; i++)
        block(&blockers[i], i);
    while (open_calls() < BLOCKERS + 1) /* all of them are there, and Stats still is answered */
        sched_yield();
    for (int i = BLOCKERS - 1; i >= 0; i--) { /* any order: none waits for another */
        int fd;

        while ((fd = meet(&blockers[i])) < 0)
            sched_yield();
        close(fd);
        expect_ok(&blockers[i]);
    }
}

static void test_a_service_that_is_stopped_finishes_its_calls_first(void **state)
{
    struct blocker blocker;
    struct mu_result result;
    int status;
    int fd;

    (void)state;
    block(&blocker, 0);
    while (open_calls() < 2) /* Block, and this one */
        sched_yield();
    kill(node.probes[0], SIGTERM);
    node_wait_for_probe_gone(&node); /* it drains: no new calls, and Block is still open */
    while ((fd = meet(&blocker)) < 0)
        sched_yield();
    close(fd);
    expect_ok(&blocker);
    assert_int_equal(waitpid(node.probes[0], &status, 0), node.probes[0]);
    node.probes[0] = 0;
    assert_int_equal(status, 0);
    assert_int_equal(mu_call(node.client, "probe.Echo", (struct mu_bytes){ 0 }, NULL, &result),
            MU_UNAVAILABLE);
    assert_int_equal(result.status.executed, MU_EXECUTED_NO);
    mu_result_deinit(&result);
}

static void note_code(struct mu_result *result, void *user)
{
    atomic_store((atomic_int *)user, (int)result->status.code + 100);
}

static void test_a_second_signal_ends_a_service_that_still_has_calls(void **state)
{
    atomic_int code = 0;
    uint64_t start_ms = clock_ms();

    (void)state;
    node_start_probe(&node, 0, NULL);
    mu_call_async(node.client, "probe.Wait", (struct mu_bytes){ 0 }, NULL, note_code, &code);
    node_wait_for_probe(&node);
    kill(node.probes[0], SIGTERM);
    node_wait_for_probe_gone(&node);
    assert_int_equal(node_end(&node.probes[0], SIGTERM), 0);
    assert_true(clock_ms() - start_ms < 4000);
    while (atomic_load(&code) == 0 && clock_ms() - start_ms < 6000)
        continue;
    assert_int_equal(atomic_load(&code), 100 + MU_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_and_version_say_what_it_is_and_end_with_0),
        cmocka_unit_test(test_wrong_arguments_end_with_100),
        cmocka_unit_test(test_no_node_ends_with_111_and_says_so),
        cmocka_unit_test(test_a_name_that_is_reserved_is_refused_for_good),
        cmocka_unit_test(test_a_start_that_fails_ends_with_111),
        cmocka_unit_test(test_a_bootstrap_that_cannot_be_read_ends_with_100),
        cmocka_unit_test(test_a_supervised_service_without_its_registry_ends_with_111),
        cmocka_unit_test(test_every_service_answers_health),
        cmocka_unit_test(test_every_service_counts_its_calls),
        cmocka_unit_test(test_the_log_level_is_asked_and_set),
        cmocka_unit_test(test_settle_runs_when_what_had_come_was_handled),
        cmocka_unit_test(test_one_thread_runs_one_handler_and_the_others_wait_their_turn),
        cmocka_unit_test(test_more_threads_run_handlers_at_the_same_time),
        cmocka_unit_test(test_a_service_that_is_stopped_finishes_its_calls_first),
        cmocka_unit_test(test_a_second_signal_ends_a_service_that_still_has_calls),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
