// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/mesh/mesh.h"

#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "probe/v1/probe.mu.h"
#include "tests/unit/cmocka.h"

enum { MESH_LOOK_MS = 2, MESH_ASK_MS = 500, MESH_YAML_MAX = 8192 };

/* What is killed on purpose is to be back soon, however often. */
#define MESH_RESTART                                                                               \
    "    restart: { policy: RESTART_ALWAYS, failures_max: 32, window_ms: 1000,\n"                  \
    "      backoff_max_ms: 100 }\n"

/* For those that use files and sockets in other nodes' folders. */
#define MESH_OPEN "    sandbox: { off: true }\n"

/* Node number `i` listens for the one before it and dials the one behind it. */
static void mesh_write_file(struct mesh *mesh, int i)
{
    const char *dir = mesh->nodes[i].dir;
    char yaml[MESH_YAML_MAX];
    int hops = mesh->count - 1 - i;
    int used = snprintf(yaml, sizeof(yaml),
            "sandbox_min: D\nservices:\n  - name: link\n    program: %s\n%s" MESH_OPEN
            "    calls: [\"router.*\"]\n    env:\n",
            TEST_LINK, MESH_RESTART);

    if (i > 0)
        used += snprintf(yaml + used, sizeof(yaml) - (size_t)used,
                "      CLEAR_LINK_0: \"listen %s/link.sock n%d.alice %d\"\n", dir, i - 1, i - 1);
    if (hops > 0)
        used += snprintf(yaml + used, sizeof(yaml) - (size_t)used,
                "      CLEAR_LINK_1: \"dial %s/link.sock n%d.alice %d probe/%d,tally/%d\"\n",
                mesh->nodes[i + 1].dir, i + 1, i + 1, hops, hops);
    else
        used += snprintf(yaml + used, sizeof(yaml) - (size_t)used,
                "  - name: probe\n    program: %s\n%s    calls: [\"probe.*\"]\n"
                "  - name: tally\n    program: %s\n%s" MESH_OPEN
                "    env: { TALLY_FILE: %s/tally }\n",
                TEST_PROBE, MESH_RESTART, TEST_TALLY, MESH_RESTART, dir);
    assert_in_range(used, 1, sizeof(yaml) - 1);
    node_write_file(&mesh->nodes[i], yaml);
}

void mesh_start(struct mesh *mesh, int count)
{
    *mesh = (struct mesh){ .count = count };
    for (int i = 0; i < count; i++)
        node_init(&mesh->nodes[i]);
    for (int i = 0; i < count; i++) {
        mesh_write_file(mesh, i);
        node_launch(&mesh->nodes[i]);
    }
    for (int i = 0; i < count; i++)
        node_await_ready(&mesh->nodes[i]);
    mesh_await(mesh);
}

void mesh_stop(struct mesh *mesh)
{
    for (int i = 0; i < mesh->count; i++)
        node_deinit(&mesh->nodes[i]);
}

struct node *mesh_last(struct mesh *mesh)
{
    return &mesh->nodes[mesh->count - 1];
}

void mesh_await(struct mesh *mesh)
{
    const struct mu_call_options options = { .timeout_ms = MESH_ASK_MS };
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;
    struct mu_result result;
    enum mu_code code;

    do {
        code = mu_call(
                mesh->nodes[0].client, "probe.Echo", (struct mu_bytes){ 0 }, &options, &result);
        if (code != MU_OK && clock_ms() > deadline_ms)
            fail_msg("the last node is not reached: %s", result.status.message);
        mu_result_deinit(&result);
        if (code != MU_OK)
            poll(NULL, 0, MESH_LOOK_MS);
    } while (code != MU_OK);
}

/* The pid of the service's process where it is up; 0 where it is not. */
static pid_t mesh_find(struct node *node, const char *service)
{
    Mu__Node__V1__ListReply *list = node_list_within(node, MESH_ASK_MS);
    pid_t pid = 0;

    for (size_t i = 0; list != NULL && i < list->n_processes; i++) {
        if (strcmp(list->processes[i]->service, service) == 0 &&
                list->processes[i]->state == MU__NODE__V1__PROCESS_STATE__PROCESS_UP)
            pid = (pid_t)list->processes[i]->pid;
    }
    if (list != NULL)
        mu__node__v1__list_reply__free_unpacked(list, NULL);
    return pid;
}

pid_t mesh_kill(struct node *node, const char *service, pid_t last)
{
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;
    pid_t pid;

    while ((pid = mesh_find(node, service)) == 0 || pid == last) {
        assert_true(clock_ms() < deadline_ms);
        poll(NULL, 0, MESH_LOOK_MS);
    }
    assert_int_equal(kill(pid, SIGKILL), 0);
    return pid;
}

/* A call that is under way when something dies. */
struct outcome {
    struct mu_status status;
    sem_t ended;
};

static void note_outcome(
        const struct mu_status *status, const Probe__V1__WaitReply *reply, void *user)
{
    struct outcome *outcome = user;

    (void)reply;
    outcome->status = *status;
    sem_post(&outcome->ended);
}

uint32_t mesh_count_waits(struct mesh *mesh)
{
    Probe__V1__SeenRequest request = PROBE__V1__SEEN_REQUEST__INIT;
    Probe__V1__SeenReply *reply;
    uint32_t waits;

    mesh_await(mesh);
    assert_int_equal(probe_seen(mesh->nodes[0].client, &request, NULL, &reply, NULL), MU_OK);
    waits = reply->waits;
    probe__v1__seen_reply__free_unpacked(reply, NULL);
    return waits;
}

void mesh_lose(struct mesh *mesh, struct mesh_loss *loss, struct node *node, const char *service)
{
    Probe__V1__WaitRequest request = PROBE__V1__WAIT_REQUEST__INIT;
    uint32_t before = mesh_count_waits(mesh);
    struct outcome outcome;
    uint64_t killed_ms;

    request.ms = loss->wait_ms;
    sem_init(&outcome.ended, 0, 0);
    probe_wait_async(mesh->nodes[0].client, &request, &loss->options, note_outcome, &outcome);
    while (mesh_count_waits(mesh) == before)
        continue;
    mesh_kill(node, service, 0);
    killed_ms = clock_ms();
    while (sem_wait(&outcome.ended) != 0)
        continue;
    loss->took_ms = clock_ms() - killed_ms;
    loss->status = outcome.status;
    sem_destroy(&outcome.ended);
}

uint8_t *mesh_read_tally(struct mesh *mesh, uint32_t count)
{
    uint8_t *times = calloc(count + 1, 1);
    char path[NODE_DIR_MAX + 16];
    uint32_t number;
    FILE *file;

    snprintf(path, sizeof(path), "%s/tally", mesh_last(mesh)->dir);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fread(&number, sizeof(number), 1, file) == 1) {
        assert_in_range(number, 0, count - 1);
        times[number] += 1;
    }
    fclose(file);
    return times;
}
