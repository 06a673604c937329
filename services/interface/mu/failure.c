// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/failure.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/color.h"
#include "services/interface/mu/nodes.h"
#include "services/interface/mu/plain.h"

#define FAILURE_CUT "…"

static bool failure_is_json(const struct cli *cli)
{
    return cli->format == OUTPUT_JSON || cli->format == OUTPUT_JSONL;
}

static void failure_print_json(
        enum exit_code code, const char *text, const char *fix, const struct mu_status *status)
{
    json_t *error = json_pack("{s:i, s:s, s:s*}", "exit", (int)code, "message", text, "fix", fix);
    json_t *root = json_pack("{s:o*}", "error", error);

    if (status != NULL) {
        json_object_set_new(error, "code", json_string(mu_code_name(status->code)));
        json_object_set_new(error, "executed", json_string(mu_executed_name(status->executed)));
        json_object_set_new(error, "origin", json_string(status->origin));
        json_object_set_new(error, "retryAfterMs", json_integer(status->retry_after_ms));
    }
    json_dumpf(root, stderr, JSON_COMPACT);
    fputc('\n', stderr);
    json_decref(root);
}

static void failure_print_fix(const char *fix)
{
    while (fix != NULL && fix[0] != '\0') {
        size_t length = strcspn(fix, "\n");

        fputs("  ", stderr);
        plain_print(stderr, fix, length);
        fputc('\n', stderr);
        fix += length;
        fix += fix[0] == '\n';
    }
}

const char *failure_word(const char *word, char text[FAILURE_WORD_MAX])
{
    size_t size = strlen(word);

    if (size < FAILURE_WORD_MAX)
        return memcpy(text, word, size + 1);
    size = FAILURE_WORD_MAX - sizeof(FAILURE_CUT);
    while (size > 0 && ((unsigned char)word[size] & 0xc0) == 0x80) /* not within a letter */
        size -= 1;
    memcpy(text, word, size);
    memcpy(text + size, FAILURE_CUT, sizeof(FAILURE_CUT));
    return text;
}

static void failure_print(
        const struct cli *cli, enum exit_code code, const char *text, const char *fix)
{
    fprintf(stderr, "%serror:%s ", color_on(cli, stderr, COLOR_BAD), color_off(cli, stderr));
    plain_print(stderr, text, strlen(text));
    fprintf(stderr, " (exit %d)\n", (int)code);
    failure_print_fix(fix);
}

enum exit_code failure_say(
        const struct cli *cli, enum exit_code code, const char *fix, const char *format, ...)
{
    char text[FAILURE_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fflush(stdout);
    if (failure_is_json(cli))
        failure_print_json(code, text, fix, NULL);
    else
        failure_print(cli, code, text, fix);
    return code;
}

void failure_warn(const struct cli *cli, const char *fix, const char *format, ...)
{
    char text[FAILURE_TEXT_MAX];
    va_list args;

    if (cli->quiet)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fflush(stdout);
    if (failure_is_json(cli)) {
        json_t *root = json_pack("{s:{s:s, s:s*}}", "warning", "message", text, "fix", fix);

        json_dumpf(root, stderr, JSON_COMPACT);
        fputc('\n', stderr);
        json_decref(root);
        return;
    }
    fprintf(stderr, "%swarning:%s %s\n", color_on(cli, stderr, COLOR_WARN), color_off(cli, stderr),
            text);
    failure_print_fix(fix);
}

enum exit_code failure_of_call(const struct cli *cli, const char *endpoint,
        const struct mu_status *status, const char *fix)
{
    enum exit_code code = exits_of(status->code);
    char text[FAILURE_TEXT_MAX];
    char why[FAILURE_TEXT_MAX];
    int length;

    fflush(stdout);
    snprintf(text, sizeof(text), "%s: %s%s%s", endpoint, mu_code_name(status->code),
            status->message[0] != '\0' ? ": " : "", status->message);
    if (failure_is_json(cli)) {
        failure_print_json(code, text, fix, status);
        return code;
    }
    length = snprintf(why, sizeof(why), "from %s, executed: %s",
            status->origin[0] != '\0' ? status->origin : "client",
            mu_executed_name(status->executed));
    if (status->retry_after_ms > 0)
        length += snprintf(why + length, sizeof(why) - (size_t)length, ", try again after %u ms",
                status->retry_after_ms);
    if (fix != NULL)
        snprintf(why + length, sizeof(why) - (size_t)length, "\n%s", fix);
    failure_print(cli, code, text, why);
    return code;
}

/* The place was not found, so only what was asked for can be named. */
static enum exit_code failure_of_place(const struct cli *cli)
{
    char word[FAILURE_WORD_MAX];
    const char *dir = cli->dir;

    if (dir == NULL)
        dir = getenv("MU_DIR");
    if (dir == NULL || dir[0] == '\0')
        return failure_say(cli, EXIT_USAGE, "take a shorter folder: --dir /tmp/mu",
                "the path of a socket in the default place would be too long");
    return failure_say(cli, EXIT_USAGE, "take a shorter folder: --dir /tmp/mu",
            "the path of a socket in %s would be too long", failure_word(dir, word));
}

static enum exit_code failure_of_no_node(const struct cli *cli)
{
    char path[PATH_MAX];
    char fix[PATH_MAX + 64] = "start one: mu up";

    if (nodes_hint(cli, path))
        snprintf(fix, sizeof(fix), "start one: mu up\nor speak to one of several: export MU_DIR=%s",
                path);
    return failure_say(cli, EXIT_UNAVAILABLE, fix, "no node is running at %s", cli->place.run);
}

/* Of a node elsewhere; libmu said why. */
static enum exit_code failure_of_remote(const struct cli *cli, int error)
{
    const char *node = cli->node;

    switch (error) {
    case -EINVAL:
        return failure_say(cli, EXIT_USAGE, "write it as --node HOST:PORT, and --token as it came",
                "%s", cli->why);
    case -ENOKEY:
    case -EKEYEXPIRED:
        return failure_say(cli, EXIT_DENIED,
                "there: mu client invite      here: mu --node HOST:PORT --token TOKEN …", "%s",
                cli->why);
    case -EACCES:
        return failure_say(cli, EXIT_DENIED, "ask for a new token: mu client invite, there",
                "the node at %s does not let this client in: %s", node, cli->why);
    case -EPROTO:
        return failure_say(cli, EXIT_DENIED, "is it the node that the token is of?",
                "what answers at %s is not believed: %s", node, cli->why);
    case -EBUSY:
        return failure_say(
                cli, EXIT_NO_CREDITS, "try again later", "the node at %s: %s", node, cli->why);
    case -ENOMEM:
        return failure_of_memory(cli);
    default:
        return failure_say(cli, EXIT_UNAVAILABLE,
                "is it up, and does a firewall let its port through? there: mu network show",
                "cannot reach the node at %s: %s", node, cli->why);
    }
}

enum exit_code failure_of_open(const struct cli *cli, int error)
{
    const char *run = cli->place.run;

    if (error == -EKEYREJECTED)
        return failure_say(cli, EXIT_DENIED,
                "log in again: mu login      or go on as the node's owner: mu logout", "%s",
                cli->why);
    if (cli->node != NULL)
        return failure_of_remote(cli, error);

    switch (error) {
    case -ENOENT:
        return failure_of_no_node(cli);
    case -ECONNREFUSED:
        return failure_say(cli, EXIT_UNAVAILABLE, "start it: mu up\nsee what is wrong: mu doctor",
                "the node at %s does not answer: its socket is left over, or it is starting", run);
    case -ETIMEDOUT:
        return failure_say(cli, EXIT_UNAVAILABLE,
                "wait longer: --timeout 30s      see what is wrong: mu doctor, mu logs",
                "the node at %s lives, but does not take calls yet", run);
    case -EINVAL:
        return failure_say(cli, EXIT_USAGE, "name a folder, or leave it out for the default place",
                cli->dir != NULL ? "--dir names no folder" : "MU_DIR is set, but names no folder");
    case -EACCES:
        return failure_say(cli, EXIT_DENIED,
                "run mu as the user who started the node, or start your own: mu up --dir DIR",
                "the node at %s does not want this user", run);
    case -ENAMETOOLONG:
        return failure_of_place(cli);
    case -ENOMEM:
        return failure_of_memory(cli);
    default:
        return failure_say(cli, EXIT_UNAVAILABLE, "see what is wrong: mu doctor",
                "cannot reach the node at %s: %s", run, strerror(-error));
    }
}

enum exit_code failure_of_memory(const struct cli *cli)
{
    return failure_say(cli, EXIT_INTERNAL, NULL, "out of memory");
}

enum exit_code failure_of_file(const struct cli *cli, const char *path, int error)
{
    char word[FAILURE_WORD_MAX];
    const char *name = strcmp(path, "-") == 0 ? "standard input" : failure_word(path, word);

    if (error == -ENOENT)
        return failure_say(cli, EXIT_NOT_FOUND, NULL, "there is no file %s", name);
    if (error == -ENOMEM)
        return failure_of_memory(cli);
    return failure_say(cli, EXIT_USAGE,
            error == -EFBIG    ? "a message has no room for it; where the method takes a stream: "
                                 "--stream"
            : error == -EISDIR ? "name a file in it"
                               : NULL,
            "cannot read %s: %s", name, strerror(-error));
}
