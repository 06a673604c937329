// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/password.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/terminal.h"

void password_wipe(void *password)
{
    explicit_bzero(password, PASSWORD_TEXT_MAX);
}

static int password_read(const struct cli *cli, char password[PASSWORD_TEXT_MAX])
{
    size_t size;

    if (fgets(password, PASSWORD_TEXT_MAX, stdin) == NULL)
        password[0] = '\0';
    size = strcspn(password, "\r\n");
    if (password[size] == '\0' && size == PASSWORD_TEXT_MAX - 1)
        return (int)failure_say(
                cli, EXIT_USAGE, NULL, "a password has %d bytes at most", PASSWORD_TEXT_MAX - 2);
    password[size] = '\0';
    if (size == 0)
        return (int)failure_say(cli, EXIT_USAGE, "one line: printf '%s\\n' PASSWORD | mu …",
                "there is no password on standard input");
    return EXIT_OK;
}

static int password_ask(const struct cli *cli, const char *question, char *answer)
{
    int count = terminal_ask_secret(question, answer, PASSWORD_TEXT_MAX);

    if (count == -ECANCELED)
        return EXIT_INTERRUPTED;
    if (count == -E2BIG)
        return (int)failure_say(
                cli, EXIT_USAGE, NULL, "a password has %d bytes at most", PASSWORD_TEXT_MAX - 1);
    if (count < 0)
        return (int)failure_say(cli, EXIT_USAGE, "without a terminal: --password-stdin",
                "there is nobody to ask for the password: %s", strerror(-count));
    return EXIT_OK;
}

int password_get(const struct cli *cli, const struct arguments *arguments, const char *question,
        bool is_new, char password[PASSWORD_TEXT_MAX])
{
    char again[PASSWORD_TEXT_MAX];
    int code;

    password[0] = '\0';
    if (arguments_flag(arguments, "password-stdin") != NULL)
        return password_read(cli, password);
    code = password_ask(cli, question, password);
    if (code != EXIT_OK || !is_new)
        return code;
    code = password_ask(cli, "The same again: ", again);
    if (code == EXIT_OK && strcmp(again, password) != 0)
        code = (int)failure_say(cli, EXIT_USAGE, "try again", "the two are not the same");
    password_wipe(again);
    return code;
}
