// SPDX-License-Identifier: Apache-2.0
/* mu completion - what a shell must load: the files in completion/, which are part of this program.
 * They only ask `mu __complete`, so they never age. */
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/failure.h"

extern const unsigned char completion_bash[], completion_zsh[], completion_fish[];
extern const unsigned long completion_bash_size, completion_zsh_size, completion_fish_size;

static int completion_run(struct cli *cli, const struct arguments *arguments)
{
    const char *shell = arguments->words[0];

    if (strcmp(shell, "bash") == 0)
        fwrite(completion_bash, 1, completion_bash_size, stdout);
    else if (strcmp(shell, "zsh") == 0)
        fwrite(completion_zsh, 1, completion_zsh_size, stdout);
    else if (strcmp(shell, "fish") == 0)
        fwrite(completion_fish, 1, completion_fish_size, stdout);
    else
        return (int)failure_say(cli, EXIT_USAGE, "one of: bash zsh fish",
                "mu knows no completion for \"%s\"", shell);
    return EXIT_OK;
}

const struct command completion_command = {
    .name = "completion",
    .group = "Help",
    .summary = "completion of commands, services, methods and fields",
    .words = "bash|zsh|fish",
    .words_min = 1,
    .words_max = 1,
    .first = COMPLETE_CHOICE,
    .choices = "bash|zsh|fish",
    .examples =
            (const struct example[]){
                    { "source <(mu completion bash)", "for this shell" },
                    { "mu completion fish > ~/.config/fish/completions/mu.fish", "for good" },
                    { NULL, NULL },
            },
    .run = completion_run,
};
