// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/client/node.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "tests/integration/client/node_process.h"
#include "tests/unit/cmocka.h"

enum { NODE_PATIENCE_MS = 10000 };

void node_start_router(struct node *node)
{
    char bus[NODE_DIR_MAX + 32];
    char *argv[] = { (char *)TEST_ROUTER, (char *)"--bus", bus, (char *)"--node", (char *)"test",
        NULL };

    snprintf(bus, sizeof(bus), "%s/run/bus.sock", node->dir);
    node->router = node_spawn(argv);
}

void node_start(struct node *node)
{
    struct mu_client_options options = { .dir = node->dir };
    uint64_t deadline_ms = clock_ms() + NODE_PATIENCE_MS;
    char run[NODE_DIR_MAX + 8];
    int r;

    memset(node, 0, sizeof(*node));
    strcpy(node->dir, "/tmp/mu-client-test-XXXXXX");
    assert_non_null(mkdtemp(node->dir));
    snprintf(run, sizeof(run), "%s/run", node->dir);
    assert_int_equal(mkdir(run, 0700), 0);
    node_start_router(node);
    do {
        r = mu_client_open(&node->client, &options);
    } while ((r == -ENOENT || r == -ECONNREFUSED) && clock_ms() < deadline_ms);
    assert_int_equal(r, 0);
}

int node_open(const struct node *node, struct mu_client **clientp)
{
    struct mu_client_options options = { .dir = node->dir };

    return mu_client_open(clientp, &options);
}

bool node_is_remote(void)
{
    return false;
}

void node_stop(struct node *node)
{
    node_stop_probes(node);
    node->client = mu_client_close(node->client);
    node_end(&node->router, SIGTERM);
    node_remove(node);
}
