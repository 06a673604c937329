// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/passkey_sign.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "services/interface/mu/base64.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/hex.h"
#include "services/interface/mu/prefix.h"
#include "services/interface/mu/users.h"

enum {
    PASSKEY_TALK_MAX = 32768, /* bytes to mu-passkey, and from it */
    PASSKEY_DIGITS_MAX = 2 * PASSKEY_SIGN_ID_MAX + 1
};

extern char **environ;

/* ---- mu-passkey ---- */

struct passkey_helper {
    pid_t pid;
    int input;  /* owned: what it reads */
    int output; /* owned: what it writes */
};

/* Starts it; what it says to people goes where ours goes. Returns 0 or -errno. */
static int passkey_start(struct passkey_helper *helper, const char *verb, const char *device)
{
    char path[PATH_MAX];
    char *words[] = { path, (char *)(uintptr_t)verb, (char *)(uintptr_t)device, NULL };
    posix_spawn_file_actions_t actions;
    int to[2];
    int from[2];
    int error = prefix_join(path, "libexec/mu/mu-passkey");

    if (error < 0)
        return err_trace(error);
    if (pipe2(to, O_CLOEXEC) < 0)
        return err_new(-errno);
    if (pipe2(from, O_CLOEXEC) < 0) {
        error = errno;
        close(to[0]);
        close(to[1]);
        return err_new(-error);
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    error = posix_spawn(&helper->pid, path, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(to[0]);
    close(from[1]);
    if (error != 0) {
        close(to[1]);
        close(from[0]);
        return err_new(-error);
    }
    helper->input = to[1];
    helper->output = from[0];
    return 0;
}

static void passkey_write(int fd, const char *text, size_t size)
{
    struct sigaction before;
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    sigaction(SIGPIPE, &ignore, &before); /* it may end before it has read all */
    while (size > 0) {
        ssize_t count = write(fd, text, size);

        if (count < 0 && errno != EINTR)
            break; /* it ended; its exit status says why */
        text += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
    sigaction(SIGPIPE, &before, NULL);
}

/* All that it says, up to the room that there is. */
static void passkey_read(int fd, char text[PASSKEY_TALK_MAX])
{
    size_t size = 0;

    while (size < PASSKEY_TALK_MAX - 1) {
        ssize_t count = read(fd, text + size, PASSKEY_TALK_MAX - 1 - size);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            break;
        size += (size_t)count;
    }
    text[size] = '\0';
}

/* Hands it `text`, which becomes what it said. Returns its exit status, or -errno. */
static int passkey_run(const char *verb, const char *device, char text[PASSKEY_TALK_MAX])
{
    struct passkey_helper helper;
    int status = 0;
    int r = passkey_start(&helper, verb, device);

    if (r < 0)
        return r;
    passkey_write(helper.input, text, strlen(text));
    close(helper.input);
    passkey_read(helper.output, text);
    close(helper.output);
    while (waitpid(helper.pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_INTERRUPTED;
}

/* The rest of the line of `text` that begins with `name`; false where there is none. */
static bool passkey_line(const char *text, const char *name, char *word, size_t size)
{
    size_t length = strlen(name);

    while (text != NULL && (strncmp(text, name, length) != 0 || text[length] != ' ')) {
        text = strchr(text, '\n');
        text = text != NULL ? text + 1 : NULL;
    }
    if (text == NULL)
        return false;
    snprintf(word, size, "%.*s", (int)strcspn(text + length + 1, "\n"), text + length + 1);
    return true;
}

static bool passkey_bytes(
        const char *text, const char *name, ProtobufCBinaryData *bytes, uint8_t *room, size_t max)
{
    char word[PASSKEY_DIGITS_MAX];

    bytes->data = room;
    return passkey_line(text, name, word, sizeof(word)) && hex_read(word, room, max, &bytes->len);
}

static int passkey_failed(const struct cli *cli, int code, const char *text)
{
    char what[256];
    char fix[1024];
    bool has_fix;

    if (code < 0)
        return (int)failure_say(cli, EXIT_INTERNAL,
                "is Mu installed whole? libexec/mu/mu-passkey belongs to it",
                "cannot run mu-passkey: %s", strerror(-code));
    if (!passkey_line(text, "error", what, sizeof(what)))
        return code == EXIT_INTERRUPTED
                       ? code
                       : (int)failure_say(cli, EXIT_INTERNAL, NULL, "mu-passkey failed");
    has_fix = passkey_line(text, "fix", fix, sizeof(fix));
    for (char *at = fix; has_fix && *at != '\0'; at++)
        *at = *at == '\t' ? '\n' : *at;
    return (int)failure_say(cli, (enum exit_code)code, has_fix ? fix : NULL, "%s", what);
}

/* ---- what is signed ---- */

/* It is shown to people, and stands in the text below as it is. */
static bool passkey_is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f || *text == '"' || *text == '\\')
            return false;
    }
    return true;
}

/* The challenge in base64url, in the one text that the node expects. */
static bool passkey_client_data(
        const struct passkey_sign_order *order, char text[PASSKEY_SIGN_DATA_MAX])
{
    const Mu__Auth__V1__PasskeyChallenge *challenge = order->challenge;
    CLEANUP(cleanup_free)
    char *word = base64_encode(challenge->challenge.data, challenge->challenge.len);
    int size;

    if (word == NULL || !passkey_is_plain(challenge->origin) || !passkey_is_plain(challenge->rp_id))
        return false;
    for (char *at = word; *at != '\0'; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    word[strcspn(word, "=")] = '\0';
    size = snprintf(text, PASSKEY_SIGN_DATA_MAX,
            "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":"
            "false,\"purpose\":\"%s\"}",
            word, challenge->origin, order->purpose);
    return size > 0 && size < PASSKEY_SIGN_DATA_MAX;
}

/* What mu-passkey reads: a word a line, bytes as digits. */
static bool passkey_write_order(
        const struct passkey_sign_order *order, const char *client_data, char *text)
{
    const Mu__Auth__V1__PasskeyChallenge *challenge = order->challenge;
    char word[PASSKEY_DIGITS_MAX];
    size_t used;

    hex_write(word, (const uint8_t *)client_data, strlen(client_data));
    used = (size_t)snprintf(text, PASSKEY_TALK_MAX,
            "rp %s\nuser %s\norigin %s\npurpose %s\nclient-data %s\n", challenge->rp_id,
            order->account, challenge->origin, order->purpose, word);
    for (size_t i = 0; i < challenge->n_ids && used < PASSKEY_TALK_MAX; i++) {
        if (challenge->ids[i].len > PASSKEY_SIGN_ID_MAX)
            return false;
        hex_write(word, challenge->ids[i].data, challenge->ids[i].len);
        used += (size_t)snprintf(text + used, PASSKEY_TALK_MAX - used, "id %s\n", word);
    }
    return used < PASSKEY_TALK_MAX;
}

int passkey_sign(const struct cli *cli, const char *device, const struct passkey_sign_order *order,
        struct passkey_signed *out)
{
    CLEANUP(cleanup_free) char *text = malloc(PASSKEY_TALK_MAX);
    Mu__Auth__V1__PasskeyAnswer *answer = &out->answer;
    int code;

    if (text == NULL)
        return (int)failure_of_memory(cli);
    mu__auth__v1__passkey_answer__init(answer);
    if (!passkey_client_data(order, out->client_data) ||
            !passkey_write_order(order, out->client_data, text))
        return (int)failure_say(
                cli, EXIT_INTERNAL, NULL, "the node asks for more than a key can sign");
    code = passkey_run(order->fresh ? "add" : "get", device, text);
    if (code != EXIT_OK)
        return passkey_failed(cli, code, text);
    answer->client_data.data = (uint8_t *)out->client_data;
    answer->client_data.len = strlen(out->client_data);
    if (!passkey_bytes(text, "id", &answer->id, out->id, sizeof(out->id)) ||
            !passkey_bytes(text, "authenticator-data", &answer->authenticator_data, out->data,
                    sizeof(out->data)) ||
            !passkey_bytes(text, "signature", &answer->signature, out->signature,
                    sizeof(out->signature)) ||
            (order->fresh && !passkey_bytes(text, "public-key", &out->public_key, out->key,
                                     sizeof(out->key))))
        return (int)failure_say(cli, EXIT_INTERNAL, NULL, "mu-passkey did not say all of it");
    return EXIT_OK;
}

int passkey_sign_again(struct cli *cli, const char *device, const char *account,
        const char *purpose, struct passkey_signed *out)
{
    CLEANUP(bus_reply_free) Mu__Auth__V1__PasskeyChallenge *challenge = NULL;
    Mu__Auth__V1__PasskeyLoginBeginRequest request =
            MU__AUTH__V1__PASSKEY_LOGIN_BEGIN_REQUEST__INIT;
    int code;

    request.account = (char *)(uintptr_t)account;
    if (strcmp(purpose, "prove") == 0)
        request.purpose = MU__AUTH__V1__PASSKEY_PURPOSE__PASSKEY_PURPOSE_PROVE;
    code = users_call(cli, "auth.PasskeyLoginBegin", &request.base,
            &mu__auth__v1__passkey_challenge__descriptor, (ProtobufCMessage **)&challenge);
    if (code != EXIT_OK)
        return code;
    return passkey_sign(cli, device,
            &(struct passkey_sign_order){
                    .challenge = challenge, .purpose = purpose, .account = account },
            out);
}
