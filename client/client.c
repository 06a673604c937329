// SPDX-License-Identifier: Apache-2.0
#include "mu/client.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/life.h"
#include "base/place.h"
#include "client/connection.h"
#include "client/user_token.h"
#include "transport/link/session_limits.h"

enum { CLIENT_PAUSE_MS = 10 }; /* from one attempt to connect to the next */

/* The value of a variable; NULL where it is not set, or empty. */
static const char *client_variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The node elsewhere that is meant; NULL: one here. */
static const char *client_node(const struct mu_client_options *options)
{
    if (options->address != NULL)
        return NULL;
    if (options->node != NULL)
        return options->node;
    return options->dir == NULL ? client_variable("MU_NODE") : NULL;
}

static int client_new_remote(struct mu_client **clientp, const char *node, const char *token,
        char why[CREDENTIALS_WHY_MAX])
{
    struct credentials credentials = { .fresh = false };
    int r = credentials_find(
            &credentials, node, token != NULL ? token : client_variable("MU_TOKEN"), why);

    if (r == 0)
        r = connection_new_remote(clientp, &credentials);
    if (r == -ENOMEM)
        credentials_deinit(&credentials);
    return err_trace(r);
}

static int client_new_local(struct mu_client **clientp, const struct mu_client_options *options)
{
    char address[ADDRESS_MAX];
    struct place place;
    int r;

    if (options->address != NULL)
        return err_trace(connection_new(clientp, options->address, NULL, NULL));
    r = place_find(&place, options->dir);
    if (r < 0)
        return err_trace(r);
    snprintf(address, sizeof(address), "ipc://%s", place.bus);
    return err_trace(connection_new(clientp, address, NULL, NULL));
}

/* True where the node lives and its router does not take anybody just now, as while it is
 * restarted.
 */
static bool client_is_coming(const struct mu_client *client, int error)
{
    static const char scheme[] = "ipc://";
    char run[ADDRESS_MAX];
    char *slash;

    if (error == -EACCES || error == -EPERM || error == -ENOMEM || error == -ETIMEDOUT ||
            strncmp(client->address, scheme, sizeof(scheme) - 1) != 0)
        return false;
    snprintf(run, sizeof(run), "%s", client->address + sizeof(scheme) - 1);
    slash = strrchr(run, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return life_of(run);
}

static int client_connect_here(struct mu_client *client)
{
    const struct timespec pause = { .tv_nsec = CLIENT_PAUSE_MS * 1000000L };
    uint64_t deadline_ms = clock_ms() + DIAL_TIMEOUT_MS;
    int r = connection_dial(client, DIAL_TIMEOUT_MS, NULL);

    while (r < 0 && clock_ms() < deadline_ms && client_is_coming(client, r)) {
        nanosleep(&pause, NULL);
        r = connection_dial(client, DIAL_TIMEOUT_MS, NULL);
    }
    return err_trace(r);
}

static int client_connect(struct mu_client *client, uint32_t open_ms)
{
    int r;

    if (client->credentials == NULL)
        return err_trace(client_connect_here(client));
    r = connection_dial(client, open_ms != 0 ? open_ms : LINK_CLIENT_DIAL_MS, NULL);
    return err_trace(r == -EAGAIN ? -ETIMEDOUT : r);
}

/* Finds the access token by which the client's calls are a user's; `*text` is empty where there is
 * none. */
static int client_find_user(const struct mu_client *client, const struct mu_client_options *options,
        char text[USER_TOKEN_SIZE], char why[CREDENTIALS_WHY_MAX])
{
    struct place place;
    bool here = client->credentials == NULL && options->address == NULL &&
                place_find(&place, options->dir) == 0;

    return err_trace(user_token_find(text, options->user_token, here ? place.config : NULL, why));
}

/* Presents it, and waits for the router's word. One that cannot be reached now hears of it when the
 * client connects anew. */
static int client_present(
        struct mu_client *client, const char *token, char why[CREDENTIALS_WHY_MAX])
{
    struct mu_status status;

    if (token[0] == '\0' || mu_client_present(client, token, &status) != MU_UNAUTHENTICATED)
        return 0;
    snprintf(why, CREDENTIALS_WHY_MAX, "the access token: %.160s", status.message);
    return err_new(-EKEYREJECTED);
}

/* Connects the client, or gives it up. */
static int client_start(struct mu_client *client, const struct mu_client_options *options,
        char why[CREDENTIALS_WHY_MAX])
{
    char token[USER_TOKEN_SIZE];
    int r = client_find_user(client, options, token, why);

    if (r == 0) {
        r = client_connect(client, options->open_ms);
        if (r < 0)
            snprintf(why, CREDENTIALS_WHY_MAX, "%s", client->why);
    }
    if (r == 0)
        r = client_present(client, token, why);
    sodium_memzero(token, sizeof(token));
    if (r < 0)
        connection_close(client);
    return err_trace(r);
}

int mu_client_open(struct mu_client **clientp, const struct mu_client_options *options)
{
    static const struct mu_client_options none = { .dir = NULL };
    const char *node = client_node(options != NULL ? options : &none);
    char why[CREDENTIALS_WHY_MAX] = "";
    struct mu_client *client = NULL;
    int r;

    if (options == NULL)
        options = &none;
    if (node != NULL)
        r = client_new_remote(&client, node, options->token, why);
    else
        r = client_new_local(&client, options);
    if (r == 0)
        r = client_start(client, options, why);
    if (r == 0)
        *clientp = client;
    else if (options->why != NULL)
        snprintf(options->why, MU_WHY_MAX, "%s", why[0] != '\0' ? why : strerror(-r));
    return err_trace(r);
}

struct mu_client *mu_client_close(struct mu_client *client)
{
    if (client != NULL)
        connection_close(client);
    return NULL;
}
