// SPDX-License-Identifier: Apache-2.0
/* The same as node.c, but that the client is on a machine without a node, as far as it knows: a
 * whole node in a network of its own, which is spoken to over an encrypted link. */
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "mu/link/v1/link.mu.h"
#include "tests/integration/client/node.h"
#include "tests/integration/client/node_process.h"
#include "tests/unit/cmocka.h"

enum { REMOTE_COMMAND_MAX = 1024, REMOTE_WAIT_MS = 60000, REMOTE_ADDRESS_MAX = 64 };

static char address[REMOTE_ADDRESS_MAX];

/* `mu` on the node in `dir`, as a user types it. */
static void run(const char *dir, const char *words, const char *file)
{
    char command[REMOTE_COMMAND_MAX];

    snprintf(command, sizeof(command), "%s --quiet --timeout 60s --dir %s %s %s >/dev/null",
            TEST_MU, dir, words, file);
    assert_int_equal(system(command), 0); // NOLINT(cert-env33-c): as a user types it
}

/* Founds a network, which takes as long as argon2id does; and asks for a client token. */
static char *found(const char *dir)
{
    struct mu_client_options options = { .dir = dir };
    struct mu_call_options patient = { .timeout_ms = REMOTE_WAIT_MS };
    Mu__Link__V1__InitRequest init = MU__LINK__V1__INIT_REQUEST__INIT;
    Mu__Link__V1__InviteClientRequest invite = MU__LINK__V1__INVITE_CLIENT_REQUEST__INIT;
    Mu__Link__V1__InitReply *founded;
    Mu__Link__V1__InviteClientReply *invited;
    struct mu_client *client;
    char *token;

    assert_int_equal(mu_client_open(&client, &options), 0);
    init.owner = (char *)"alice";
    init.node = (char *)"test";
    init.listen = (char *)"127.0.0.1:0";
    init.passphrase = (ProtobufCBinaryData){ 4, (uint8_t *)"mumu" };
    assert_int_equal(link_init(client, &init, &patient, &founded, NULL), MU_OK);
    mu__link__v1__init_reply__free_unpacked(founded, NULL);
    invite.name = (char *)"tester";
    assert_int_equal(link_invite_client(client, &invite, &patient, &invited, NULL), MU_OK);
    assert_int_equal(invited->n_addresses, 1);
    snprintf(address, sizeof(address), "%s", invited->addresses[0]);
    token = strdup(invited->token);
    mu__link__v1__invite_client_reply__free_unpacked(invited, NULL);
    mu_client_close(client);
    return token;
}

void node_start(struct node *node)
{
    char home[NODE_DIR_MAX + 8];
    char *token;

    memset(node, 0, sizeof(*node));
    strcpy(node->dir, "/tmp/mu-remote-test-XXXXXX");
    assert_non_null(mkdtemp(node->dir));
    run(node->dir, "up --bare --name test", "");
    run(node->dir, "registry register", TEST_LINK_MANIFEST);
    token = found(node->dir);
    snprintf(home, sizeof(home), "%s/home", node->dir);
    setenv("MU_CONFIG_HOME", home, 1);
    setenv("MU_NODE", address, 1); /* as a program has it that was written for a node here */
    setenv("MU_TOKEN", token, 1);
    free(token);
    assert_int_equal(mu_client_open(&node->client, NULL), 0);
    unsetenv("MU_TOKEN"); /* once is enough */
}

int node_open(const struct node *node, struct mu_client **clientp)
{
    (void)node;
    return mu_client_open(clientp, NULL);
}

bool node_is_remote(void)
{
    return true;
}

void node_stop(struct node *node)
{
    node_stop_probes(node);
    node->client = mu_client_close(node->client);
    unsetenv("MU_NODE");
    run(node->dir, "down", "");
    node_remove(node);
}
