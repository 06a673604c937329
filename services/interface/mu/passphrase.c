// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/passphrase.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/file.h"
#include "services/interface/mu/terminal.h"

static const char passphrase_other_ways[] =
        "without a terminal: --passphrase-file FILE, or $MU_PASSPHRASE";

void passphrase_wipe(struct passphrase *passphrase)
{
    explicit_bzero(passphrase, sizeof(*passphrase));
}

/* Takes the first line of `text`. */
static int passphrase_set(
        const struct cli *cli, struct passphrase *passphrase, const char *text, const char *where)
{
    size_t size = strcspn(text, "\r\n");

    if (size == 0)
        return (int)failure_say(cli, EXIT_USAGE, NULL, "the passphrase in %s is empty", where);
    if (size >= PASSPHRASE_TEXT_MAX)
        return (int)failure_say(cli, EXIT_USAGE, NULL, "the passphrase in %s has over %d bytes",
                where, PASSPHRASE_TEXT_MAX - 1);
    memcpy(passphrase->text, text, size);
    passphrase->text[size] = '\0';
    passphrase->size = size;
    return EXIT_OK;
}

static int passphrase_read(const struct cli *cli, struct passphrase *passphrase, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    int code = file_read(path, 2 * (size_t)PASSPHRASE_TEXT_MAX, &text, &size);

    if (code < 0)
        return (int)failure_say(cli, code == -ENOENT ? EXIT_NOT_FOUND : EXIT_USAGE, NULL,
                "cannot read the passphrase in %s: %s", path, strerror(-code));
    code = passphrase_set(cli, passphrase, text, path);
    explicit_bzero(text, size);
    free(text);
    return code;
}

static int passphrase_ask_once(const struct cli *cli, const char *question, char *answer)
{
    int count = terminal_ask_secret(question, answer, PASSPHRASE_TEXT_MAX);

    if (count == -ECANCELED)
        return EXIT_INTERRUPTED;
    if (count == -E2BIG)
        return (int)failure_say(cli, EXIT_USAGE, NULL, "a passphrase has %d bytes at most",
                PASSPHRASE_TEXT_MAX - 1);
    if (count < 0)
        return (int)failure_say(cli, EXIT_USAGE, passphrase_other_ways,
                "there is nobody to ask for the passphrase: %s", strerror(-count));
    if (count == 0)
        return (int)failure_say(cli, EXIT_USAGE, NULL, "an empty passphrase protects nothing");
    return EXIT_OK;
}

static int passphrase_ask(const struct cli *cli, struct passphrase *passphrase, bool is_new)
{
    char again[PASSPHRASE_TEXT_MAX];
    int code = passphrase_ask_once(cli,
            is_new ? "Passphrase for the root key: " : "Passphrase of the root key: ",
            passphrase->text);

    if (code == EXIT_OK && is_new) {
        code = passphrase_ask_once(cli, "The same again: ", again);
        if (code == EXIT_OK && strcmp(again, passphrase->text) != 0)
            code = (int)failure_say(cli, EXIT_USAGE, "try again", "the two are not the same");
        explicit_bzero(again, sizeof(again));
    }
    passphrase->size = strlen(passphrase->text);
    return code;
}

int passphrase_get(const struct cli *cli, const struct arguments *arguments, bool is_new,
        struct passphrase *passphrase)
{
    const char *path = arguments_flag(arguments, "passphrase-file");
    const char *given = getenv("MU_PASSPHRASE");

    *passphrase = (struct passphrase){ .size = 0 };
    if (path != NULL)
        return passphrase_read(cli, passphrase, path);
    if (given != NULL)
        return passphrase_set(cli, passphrase, given, "$MU_PASSPHRASE");
    return passphrase_ask(cli, passphrase, is_new);
}
