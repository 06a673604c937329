// SPDX-License-Identifier: Apache-2.0
/* mu help - of all, of one command, or for programs. */
#include <stdio.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/description.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/help.h"
#include "services/interface/mu/method.h"

enum { HELP_WORDS_MAX = 2 };

/* `mu help greeter hello` is `mu greeter hello --help`. */
static int help_service(
        struct cli *cli, const struct description *description, const struct arguments *arguments)
{
    char flag[] = "--help";
    char *words[HELP_WORDS_MAX + 1];
    int count = 0;

    while (count < arguments->word_count) {
        words[count] = arguments->words[count];
        count += 1;
    }
    words[count++] = flag;
    return method_run(cli, description, count, words);
}

static int help_unknown(struct cli *cli, const struct arguments *arguments, int index,
        const struct command *const *list)
{
    CLEANUP(description_deinit) struct description description = { 0 };
    const char *word = arguments->words[index];
    const char *meant = list != NULL ? command_suggest(list, word) : NULL;
    struct mu_status status;
    char text[FAILURE_WORD_MAX];
    char fix[96];

    if (index == 0 && description_try(cli, word, 0, &description, &status) == MU_OK)
        return help_service(cli, &description, arguments);
    snprintf(fix, sizeof(fix), "%s%s", meant != NULL ? "did you mean: " : "see: mu help",
            meant != NULL ? meant : "");
    return (int)failure_say(cli, EXIT_USAGE, fix, "there is no command and no service \"%s\"",
            failure_word(word, text));
}

static int help_run(struct cli *cli, const struct arguments *arguments)
{
    const struct command *const *list = commands;
    const struct command *found = NULL;

    for (int i = 0; i < arguments->word_count; i++) {
        found = list != NULL ? command_find(list, arguments->words[i]) : NULL;
        if (found != NULL) {
            list = found->children;
            continue;
        }
        return help_unknown(cli, arguments, i, list);
    }
    return help_show(cli, found);
}

const struct command help_self_command = {
    .name = "help",
    .group = "Help",
    .summary = "this list, or more about one command or service",
    .words = "[COMMAND | SERVICE [METHOD]]",
    .words_max = HELP_WORDS_MAX,
    .first = COMPLETE_COMMAND,
    .examples =
            (const struct example[]){
                    { "mu help call", "the same as mu call --help" },
                    { "mu help greeter", "the same as mu greeter --help" },
                    { "mu help --json",
                            "commands, flags, examples and exit statuses, for programs" },
                    { NULL, NULL },
            },
    .run = help_run,
};
