// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/dispatch.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "base/cleanup.h"
#include "services/interface/mu/bus.h"
#include "services/interface/mu/catalog.h"
#include "services/interface/mu/complete.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/help.h"
#include "services/interface/mu/method.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/suggestion.h"

/* Finds out which node is meant: --node and --dir go before the environment's. */
static int dispatch_settle(struct cli *cli)
{
    int error;

    if (cli->node != NULL && cli->dir != NULL)
        return (int)failure_say(cli, EXIT_USAGE, "leave one of them out",
                "--node is a node elsewhere, and --dir one here");
    cli->node_given = cli->node != NULL;
    cli_settle_node(cli);
    if (cli->node != NULL)
        return EXIT_OK;
    if (cli->token != NULL)
        return (int)failure_say(cli, EXIT_USAGE, "say of which node: --node HOST:PORT, or MU_NODE",
                "--token is for a node elsewhere");
    error = place_find(&cli->place, cli->dir);
    return error < 0 ? (int)failure_of_open(cli, error) : EXIT_OK;
}

static int dispatch_unknown_child(
        const struct cli *cli, const struct command *noun, const char *name)
{
    const char *meant = command_suggest(noun->children, name);
    char word[FAILURE_WORD_MAX];
    char fix[128];

    snprintf(fix, sizeof(fix), meant != NULL ? "did you mean: mu %s %s" : "see: mu %s --help",
            noun->name, meant);
    return (int)failure_say(cli, EXIT_USAGE, fix, "mu %s has no command \"%s\"", noun->name,
            failure_word(name, word));
}

/* A noun alone: people get its help, programs an error. */
static int dispatch_no_child(const struct cli *cli, const struct command *noun)
{
    char fix[128];

    if (output_is_json(cli)) {
        snprintf(fix, sizeof(fix), "see: mu %s --help", noun->name);
        return (int)failure_say(cli, EXIT_USAGE, fix, "mu %s needs a command", noun->name);
    }
    help_show(cli, noun);
    return EXIT_USAGE;
}

/* A command that works on this machine alone. */
static int dispatch_elsewhere(const struct cli *cli, const struct command *command)
{
    const struct command *noun = command_parent(command);

    return (int)failure_say(cli, EXIT_USAGE,
            cli->node_given
                    ? "leave --node out, or run it on that machine"
                    : "for this machine: env -u MU_NODE mu …, or --dir DIR; or run it there",
            "mu %s%s%s works on the machine that it runs on, and %s is a node elsewhere",
            noun != NULL ? noun->name : "", noun != NULL ? " " : "", command->name, cli->node);
}

static int dispatch_run(struct cli *cli, const struct command *command, int argc, char **argv)
{
    struct arguments arguments;
    int code;

    if (command->children != NULL) {
        const struct command *child;
        bool help = false;
        bool version = false;
        int index = 0;

        code = arguments_lead(cli, argc, argv, &index, &help, &version);
        if (code != EXIT_OK)
            return code;
        if (help)
            return help_show(cli, command);
        if (index == argc)
            return dispatch_no_child(cli, command);
        child = command_find(command->children, argv[index]);
        if (child == NULL) {
            arguments_scan(cli, argc, argv);
            return dispatch_unknown_child(cli, command, argv[index]);
        }
        return dispatch_run(cli, child, argc - index, argv + index);
    }
    code = arguments_parse(&arguments, cli, command, argc, argv);
    if (code != EXIT_OK)
        return code;
    if (arguments.help)
        return help_show(cli, command);
    code = dispatch_settle(cli);
    if (code == EXIT_OK && cli->node != NULL && command->is_local)
        return dispatch_elsewhere(cli, command);
    cli->as_owner = command->as_owner;
    return code == EXIT_OK ? command->run(cli, &arguments) : code;
}

static void dispatch_offer(const char *name, const char *about, void *user)
{
    (void)about;
    suggestion_offer(user, name);
}

/* Without a node nobody knows what is a service; what is nearly a command was meant as one. */
static int dispatch_without_node(struct cli *cli, const char *name, int error)
{
    const char *meant = command_suggest(commands, name);
    char word[FAILURE_WORD_MAX];
    char fix[256];

    if (meant == NULL)
        return (int)failure_of_open(cli, error);
    snprintf(fix, sizeof(fix),
            "did you mean: mu %s\nno node answers, so services are not known: mu up", meant);
    return (int)failure_say(cli, EXIT_USAGE, fix, "\"%s\" is no command", failure_word(name, word));
}

static int dispatch_unknown(struct cli *cli, const char *name)
{
    struct suggestion suggestion;
    const char *meant;
    char word[FAILURE_WORD_MAX];
    char fix[256];

    suggestion_init(&suggestion, name);
    for (const struct command *const *next = commands; *next != NULL; next++)
        suggestion_offer(&suggestion, (*next)->name);
    catalog_services(cli, 0, dispatch_offer, &suggestion);
    catalog_processes(cli, 0, true, dispatch_offer, &suggestion);
    meant = suggestion_best(&suggestion);
    if (meant != NULL && strcmp(meant, name) == 0) /* the node has it, and it was never up */
        return catalog_unknown(cli, name);
    snprintf(fix, sizeof(fix), "%s%s", meant != NULL ? "did you mean: mu " : "see: mu help",
            meant != NULL ? meant : "");
    return (int)failure_say(cli, EXIT_USAGE, fix, "\"%s\" is neither a command nor a service",
            failure_word(name, word));
}

/* What is no command may be a service. Its methods' flags are known only when the node was asked,
 * and --dir says which node that is, -o how to say that there is none. */
static int dispatch_other(struct cli *cli, int argc, char **argv)
{
    CLEANUP(description_deinit) struct description description = { 0 };
    enum output_format format = cli->format;
    struct mu_status status;
    int error;
    int code;

    arguments_scan(cli, argc, argv);
    code = dispatch_settle(cli);
    if (code != EXIT_OK)
        return code;
    error = bus_open(cli);
    if (error < 0)
        return dispatch_without_node(cli, argv[0], error);
    if (description_try(cli, argv[0], 0, &description, &status) == MU_OK) {
        cli->format = format; /* method_run reads the flags again, and better */
        return method_run(cli, &description, argc, argv);
    }
    if (status.code == MU_NOT_FOUND || status.code == MU_INVALID_ARGUMENT)
        return dispatch_unknown(cli, argv[0]);
    return (int)failure_of_call(cli, "registry.Describe", &status, bus_fix(cli, &status));
}

int dispatch(struct cli *cli, int argc, char **argv)
{
    const struct command *command;
    bool help = false;
    bool version = false;
    int index = 0;
    int code = arguments_lead(cli, argc, argv, &index, &help, &version);

    if (code != EXIT_OK)
        return code;
    if (version && output_is_json(cli))
        return output_json(cli, json_pack("{s:s}", "mu", MU_VERSION));
    if (version) {
        puts("mu " MU_VERSION);
        return EXIT_OK;
    }
    if (help || index == argc)
        return help_show(cli, NULL);
    if (strcmp(argv[index], "__complete") == 0) {
        complete_run(cli, argc - index, argv + index);
        return EXIT_OK;
    }
    command = command_find(commands, argv[index]);
    if (command != NULL)
        return dispatch_run(cli, command, argc - index, argv + index);
    return dispatch_other(cli, argc - index, argv + index);
}
