// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/client/node_process.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/cmocka.h"

enum { NODE_PATIENCE_MS = 10000 };

pid_t node_spawn(char *const *argv)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static void node_wait_for(struct node *node, enum mu_code wanted)
{
    struct mu_call_options options = { .timeout_ms = 1000 };
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;
    struct mu_result result;
    enum mu_code code;

    do {
        code = mu_call(node->client, "probe.Echo", (struct mu_bytes){ 0 }, &options, &result);
        mu_result_deinit(&result);
    } while (code != wanted && clock_ms() < deadline_ms);
    assert_int_equal(code, wanted);
}

void node_wait_for_probe(struct node *node)
{
    node_wait_for(node, MU_OK);
}

void node_wait_for_probe_gone(struct node *node)
{
    node_wait_for(node, MU_UNAVAILABLE);
}

void node_start_probe(struct node *node, int index, const char *threads)
{
    char *argv[] = { (char *)TEST_PROBE, (char *)"--dir", node->dir, NULL };

    if (threads != NULL)
        setenv("PROBE_THREADS", threads, 1);
    else
        unsetenv("PROBE_THREADS");
    node->probes[index] = node_spawn(argv);
    node_wait_for_probe(node);
}

int node_end(pid_t *pid, int signal)
{
    int status = 0;

    if (*pid <= 0)
        return 0;
    kill(*pid, signal);
    while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
        continue;
    *pid = 0;
    return status;
}

static int node_remove_one(const char *path, const struct stat *stat, int kind, struct FTW *walk)
{
    (void)stat;
    (void)kind;
    (void)walk;
    return remove(path);
}

void node_remove(const struct node *node)
{
    assert_int_equal(nftw(node->dir, node_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void node_stop_probes(struct node *node)
{
    for (int i = 0; i < NODE_PROBES_MAX; i++) {
        int status = node_end(&node->probes[i], SIGTERM);

        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}
