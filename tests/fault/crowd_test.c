// SPDX-License-Identifier: Apache-2.0
/* Nine callers that are polite, each a process of its own that makes one call after the other, and
 * one that makes as many at a time as it can get away with: small ones, or large ones. What it
 * costs the polite that the machine is busy is told apart from what it costs them that the callee
 * is: by a flooder at another service. */
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "probe/v1/probe.mu.h"
#include "tests/integration/supervisor/node.h"
#include "tests/unit/cmocka.h"

enum { CALLS_MAX = 256, POLITE = 9, CALLS = 2000, POLITE_SIZE = 1024, TIMEOUT_MS = 20000 };

/* A way to flood. */
static const struct flood {
    const char *name;
    const char *endpoint;
    size_t size;        /* bytes of a body */
    unsigned at_a_time; /* large ones: less than the flooder's own library has room for */
} floods[] = {
    { "with small bodies at another service", "other.Echo", 0, 8192 },
    { "with small bodies", "probe.Echo", 0, 8192 },
    { "with bodies of 64 KiB at another service", "other.Echo", 65536, 120 },
    { "with bodies of 64 KiB", "probe.Echo", 65536, 120 },
};

enum { FLOODS = sizeof(floods) / sizeof(floods[0]) };

/* What the processes write and the test reads. */
struct board {
    atomic_uint errors;  /* of the polite */
    atomic_ulong served; /* of the flooder */
    atomic_ulong refused;
    atomic_ulong vague; /* refused otherwise than by a limit of its own that it is told */
    char refusal[MU_STATUS_MESSAGE_MAX]; /* the first one's text */
    char odd[MU_STATUS_MESSAGE_MAX];     /* the first vague one's */
    atomic_bool said;
    uint32_t taken_us[POLITE * CALLS];
    uint32_t passed[POLITE * CALLS]; /* calls of the flooder that were answered meanwhile */
};

static struct node node;
static struct board *board;
static int board_fd;

static void map_board(void)
{
    void *place = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED, board_fd, 0);

    if (place == MAP_FAILED)
        _exit(1);
    board = place;
}

/* ---- in processes of their own ---- */

static struct mu_client *connect_to(const char *dir)
{
    const struct mu_client_options options = { .dir = dir };
    struct mu_client *client = NULL;

    if (mu_client_open(&client, &options) < 0)
        _exit(1);
    return client;
}

static void be_polite(const char *dir, int number)
{
    const struct mu_call_options options = { .timeout_ms = TIMEOUT_MS };
    struct mu_client *client = connect_to(dir);
    static uint8_t body[POLITE_SIZE];

    for (int i = 0; i < CALLS; i++) {
        Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
        Probe__V1__EchoReply *reply = NULL;
        unsigned long served = atomic_load(&board->served);
        uint64_t start_us = clock_us();

        request.data = (ProtobufCBinaryData){ POLITE_SIZE, body };
        if (probe_echo(client, &request, &options, &reply, NULL) == MU_OK)
            probe__v1__echo_reply__free_unpacked(reply, NULL);
        else
            atomic_fetch_add(&board->errors, 1);
        board->taken_us[number * CALLS + i] = (uint32_t)(clock_us() - start_us);
        board->passed[number * CALLS + i] = (uint32_t)(atomic_load(&board->served) - served);
    }
    mu_client_close(client);
    _exit(0);
}

/* True where a refusal names the limit of the flooder's own that it hit. */
static bool flood_is_told(const struct mu_status *status)
{
    return status->code == MU_RESOURCE_EXHAUSTED && status->executed == MU_EXECUTED_NO &&
           (strstr(status->message, "full for this caller") != NULL ||
                   strstr(status->message, "this channel has as many calls") != NULL);
}

static void flood_answered(struct mu_result *result, void *user)
{
    sem_t *room = user;

    if (result->status.code == MU_OK) {
        atomic_fetch_add(&board->served, 1);
    } else {
        if (!atomic_exchange(&board->said, true))
            snprintf(board->refusal, sizeof(board->refusal), "%s", result->status.message);
        if (!flood_is_told(&result->status) && atomic_fetch_add(&board->vague, 1) == 0)
            snprintf(board->odd, sizeof(board->odd), "%s", result->status.message);
        atomic_fetch_add(&board->refused, 1);
    }
    sem_post(room);
}

static void flood(const char *dir, const struct flood *how)
{
    const struct mu_call_options options = { .timeout_ms = TIMEOUT_MS };
    struct mu_client *client = connect_to(dir);
    Probe__V1__EchoRequest request = PROBE__V1__ECHO_REQUEST__INIT;
    struct mu_bytes body = { calloc(1, how->size + 64), 0 };
    sem_t room;

    if (how->size > 0) {
        request.size = 1;
        request.data = (ProtobufCBinaryData){ how->size, calloc(1, how->size) };
        body.size = probe__v1__echo_request__pack(&request, (uint8_t *)(uintptr_t)body.data);
    }
    sem_init(&room, 0, how->at_a_time);
    for (;;) {
        sem_wait(&room);
        mu_call_async(client, how->endpoint, body, &options, flood_answered, &room);
    }
}

/* ---- the test ---- */

static int compare(const void *one, const void *two)
{
    uint32_t a = *(const uint32_t *)one;
    uint32_t b = *(const uint32_t *)two;

    return a < b ? -1 : a > b;
}

/* Starts this program once more, as caller `number`; from POLITE on they flood. */
static pid_t start_caller(int number)
{
    char role[16];
    char fd[16];
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    snprintf(role, sizeof(role), "%d", number);
    snprintf(fd, sizeof(fd), "%d", board_fd);
    execl("/proc/self/exe", "crowd_test", role, fd, node.dir, (char *)NULL);
    _exit(127);
}

/* The nine do their calls, side by side. Prints how long they took, and returns the p99 in us. */
static uint32_t run_polite(const char *beside)
{
    pid_t pids[POLITE];
    int status;

    for (int i = 0; i < POLITE; i++)
        pids[i] = start_caller(i);
    for (int i = 0; i < POLITE; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    qsort(board->taken_us, (size_t)POLITE * CALLS, sizeof(board->taken_us[0]), compare);
    qsort(board->passed, (size_t)POLITE * CALLS, sizeof(board->passed[0]), compare);
    print_message("polite callers %s: p50 %u us, p99 %u us; passed by p50 %u, p99 %u calls\n",
            beside, board->taken_us[POLITE * CALLS / 2], board->taken_us[POLITE * CALLS * 99 / 100],
            board->passed[POLITE * CALLS / 2], board->passed[POLITE * CALLS * 99 / 100]);
    return board->taken_us[POLITE * CALLS * 99 / 100];
}

static void run_flooder(int number, uint32_t alone_us)
{
    const struct flood *how = &floods[number];
    char beside[96];
    uint32_t beside_us;
    pid_t flooder;

    board->served = 0;
    board->refused = 0;
    board->said = false;
    board->refusal[0] = '\0';
    flooder = start_caller(POLITE + number);
    while (atomic_load(&board->served) + atomic_load(&board->refused) < how->at_a_time)
        assert_int_equal(waitpid(flooder, NULL, WNOHANG), 0);
    snprintf(beside, sizeof(beside), "beside a flooder %s", how->name);
    beside_us = run_polite(beside);
    kill(flooder, SIGKILL);
    waitpid(flooder, NULL, 0);
    print_message("  p99 %.1f times as long; the flooder: %lu served, %lu refused: %s\n",
            (double)beside_us / alone_us, atomic_load(&board->served), atomic_load(&board->refused),
            board->refusal);
    assert_int_equal(atomic_load(&board->errors), 0);
    assert_int_equal(how->at_a_time > CALLS_MAX, atomic_load(&board->said));
    if (atomic_load(&board->vague) != 0)
        fail_msg("%lu refusals of the flooder do not say why, such as: %s",
                atomic_load(&board->vague), board->odd);
}

static void test_a_flooder_costs_the_polite_no_error_and_hears_which_limit_it_hit(void **state)
{
    uint32_t alone_us;

    (void)state;
    alone_us = run_polite("alone");
    assert_int_equal(atomic_load(&board->errors), 0);
    for (int i = 0; i < FLOODS; i++)
        run_flooder(i, alone_us);
}

static int set_up(void **state)
{
    char yaml[1024];

    (void)state;
    board_fd = memfd_create("board", 0);
    if (board_fd < 0 || ftruncate(board_fd, sizeof(*board)) < 0)
        return -1;
    map_board();
    snprintf(yaml, sizeof(yaml),
            "services:\n"
            "  - { name: probe, program: %s, limits: { calls_max: %d } }\n"
            "  - { name: other, program: %s, limits: { calls_max: %d } }\n",
            TEST_PROBE, CALLS_MAX, TEST_PROBE, CALLS_MAX);
    node_start(&node, yaml);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    node_deinit(&node);
    return munmap(board, sizeof(*board));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_flooder_costs_the_polite_no_error_and_hears_which_limit_it_hit),
    };

    int number;

    if (argc == 4) {
        board_fd = (int)strtol(argv[2], NULL, 10);
        map_board();
        number = (int)strtol(argv[1], NULL, 10);
        if (number >= POLITE)
            flood(argv[3], &floods[number - POLITE]);
        be_polite(argv[3], number);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
