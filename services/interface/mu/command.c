// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/command.h"

#include <string.h>

#include "services/interface/mu/suggestion.h"

const struct flag global_flags[] = {
    { .name = "dir",
            .value = "DIR",
            .help = "the node's folder, instead of $MU_DIR or the default place",
            .complete = COMPLETE_FILE },
    { .name = "node",
            .value = "HOST:PORT",
            .help = "a node elsewhere, instead of $MU_NODE or one here" },
    { .name = "token", .value = "TOKEN", .help = "by which it lets this client in the first time" },
    { .name = "output",
            .letter = 'o',
            .value = "FORMAT",
            .help = "for people: table, pretty; for programs: json, jsonl, name; as it came: raw",
            .complete = COMPLETE_CHOICE,
            .choices = "table|json|jsonl|name|pretty|raw|dot|prometheus|otlp|wide" },
    { .name = "json", .help = "the same as -o json" },
    { .name = "timeout", .value = "TIME", .help = "wait this long: 500ms, 2s, 1m" },
    { .name = "quiet", .letter = 'q', .help = "say nothing but data and errors" },
    { .name = "verbose", .letter = 'v', .help = "say more on standard error" },
    { .name = "no-color", .help = "no colours, as NO_COLOR=1" },
    { .name = "help", .letter = 'h', .help = "this text" },
    { .name = NULL },
};

const struct command *command_find(const struct command *const *list, const char *name)
{
    for (; *list != NULL; list++) {
        if (strcmp((*list)->name, name) == 0)
            return *list;
        if ((*list)->alias != NULL && strcmp((*list)->alias, name) == 0)
            return *list;
    }
    return NULL;
}

const char *command_suggest(const struct command *const *list, const char *name)
{
    struct suggestion suggestion;
    const struct command *found;

    suggestion_init(&suggestion, name);
    for (const struct command *const *next = list; *next != NULL; next++)
        suggestion_offer(&suggestion, (*next)->name);
    if (suggestion_best(&suggestion) == NULL)
        return NULL;
    found = command_find(list, suggestion_best(&suggestion));
    return found->name;
}

const struct command *command_parent(const struct command *command)
{
    for (const struct command *const *noun = commands; *noun != NULL; noun++) {
        if ((*noun)->children == NULL)
            continue;
        for (const struct command *const *child = (*noun)->children; *child != NULL; child++) {
            if (*child == command)
                return *noun;
        }
    }
    return NULL;
}
