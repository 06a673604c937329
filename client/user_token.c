// SPDX-License-Identifier: Apache-2.0
/* A new connection presents the token before it sends any call, and does not wait for the answer:
 * a router that refuses a token refuses what comes behind it on that channel. */
#include "client/user_token.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/log.h"
#include "base/place.h"
#include "client/verdict.h"
#include "transport/field.h"

enum {
    USER_TOKEN_FIELD = 1,                 /* of mu.router.v1.PresentRequest */
    USER_TOKEN_BODY = USER_TOKEN_SIZE + 8 /* bytes of such a request */
};

static const char present_endpoint[] = "router.Present";

/* ---- finding ---- */

static int user_token_take(char text[USER_TOKEN_SIZE], const char *from, char *why)
{
    static const char blanks[] = " \t\r\n";
    size_t size;

    from += strspn(from, blanks);
    size = strlen(from);
    while (size > 0 && strchr(blanks, from[size - 1]) != NULL)
        size -= 1;
    if (size > ACCESS_TEXT_MAX) {
        snprintf(why, CREDENTIALS_WHY_MAX, "the access token is longer than one can be");
        return err_new(-EINVAL);
    }
    memcpy(text, from, size);
    text[size] = '\0';
    return 0;
}

static int user_token_read(char text[USER_TOKEN_SIZE], const char *config, char *why)
{
    char path[PLACE_PATH_MAX + 8];
    char content[USER_TOKEN_SIZE + 16];
    CLEANUP(cleanup_close) int fd = -1;
    struct stat about;
    ssize_t size;
    int r;

    snprintf(path, sizeof(path), "%s/token", config);
    fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return 0; /* there is none, or it is somebody else's */
    if (fd < 0 || fstat(fd, &about) < 0) {
        r = -errno;
        snprintf(why, CREDENTIALS_WHY_MAX, "%.150s cannot be read: %s", path, strerror(-r));
        return err_new(r);
    }
    if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0 || about.st_uid != geteuid()) {
        snprintf(why, CREDENTIALS_WHY_MAX, "%.150s can be read by others", path);
        return err_new(-EACCES);
    }
    size = read(fd, content, sizeof(content) - 1);
    if (size < 0)
        return err_new(-errno);
    content[size] = '\0';
    r = user_token_take(text, content, why);
    sodium_memzero(content, sizeof(content));
    return err_trace(r);
}

int user_token_find(char text[USER_TOKEN_SIZE], const char *given, const char *config, char *why)
{
    text[0] = '\0';
    if (given == NULL)
        given = getenv("MU_TOKEN_USER");
    if (given != NULL)
        return err_trace(user_token_take(text, given, why));
    return config != NULL ? err_trace(user_token_read(text, config, why)) : 0;
}

/* ---- presenting ---- */

static struct span user_token_body(const char *token, uint8_t room[USER_TOKEN_BODY])
{
    uint8_t *end = span_write(
            room, USER_TOKEN_FIELD, (struct span){ (const uint8_t *)token, strlen(token) });

    return (struct span){ room, (size_t)(end - room) };
}

static void user_token_told(struct mu_result *result, void *user)
{
    (void)user;
    if (result->status.code == MU_UNAUTHENTICATED)
        log_warn("the router refused the access token: %s", result->status.message);
}

bool user_token_present_again(struct mu_client *client)
{
    struct envelope envelope = { .kind = ENVELOPE_CALL,
        .endpoint = { (const uint8_t *)present_endpoint, sizeof(present_endpoint) - 1 } };
    uint8_t room[USER_TOKEN_BODY];
    struct pending *pending;

    if (client->user_token == NULL)
        return true;
    pending = call_table_take(&client->calls);
    if (pending == NULL)
        return false;
    envelope.id = pending->id;
    envelope.body = user_token_body(client->user_token, room);
    *pending = (struct pending){ .id = envelope.id,
        .kind = PENDING_BYTES,
        .to.bytes = user_token_told,
        .epoch = client->epoch };
    connection_put(client, &envelope);
    sodium_memzero(room, sizeof(room));
    return true;
}

void user_token_forget(struct mu_client *client)
{
    if (client->user_token != NULL)
        sodium_memzero(client->user_token, strlen(client->user_token));
    free(client->user_token);
    client->user_token = NULL;
}

/* Keeps a copy, for connections to come. False without memory. */
static bool user_token_keep(struct mu_client *client, const char *token)
{
    char *copy = NULL;

    if (token[0] != '\0') {
        copy = strdup(token);
        if (copy == NULL)
            return false;
    }
    pthread_mutex_lock(&client->lock);
    user_token_forget(client);
    client->user_token = copy;
    pthread_mutex_unlock(&client->lock);
    return true;
}

enum mu_code mu_client_present(
        struct mu_client *client, const char *token, struct mu_status *status)
{
    const struct mu_call_options options = { .detached = true };
    struct mu_result result = { .body = NULL };
    uint8_t room[USER_TOKEN_BODY];
    struct span body;

    if (token == NULL)
        token = "";
    if (connection_is_receiving(client)) {
        verdict_set(&result.status, MU_FAILED_PRECONDITION, MU_EXECUTED_NO, "client",
                "a callback cannot wait for the router's answer");
    } else if (strnlen(token, USER_TOKEN_SIZE) > ACCESS_TEXT_MAX) {
        verdict_set(&result.status, MU_INVALID_ARGUMENT, MU_EXECUTED_NO, "client",
                "an access token has at most %d characters", ACCESS_TEXT_MAX);
    } else if (!user_token_keep(client, token)) {
        verdict_set(&result.status, MU_RESOURCE_EXHAUSTED, MU_EXECUTED_NO, "client",
                "no memory to keep the token");
    } else {
        body = user_token_body(token, room);
        mu_call(client, present_endpoint, (struct mu_bytes){ body.data, body.size }, &options,
                &result);
        sodium_memzero(room, sizeof(room));
    }
    mu_result_deinit(&result);
    if (status != NULL)
        *status = result.status;
    return result.status.code;
}
