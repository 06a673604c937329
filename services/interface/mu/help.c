// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/help.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "services/interface/mu/color.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/output.h"

enum { HELP_LEFT = 26 /* columns */ };

/* How many columns `text` takes: its bytes without those that go on a letter of UTF-8. */
static int help_width(const char *text)
{
    int width = 0;

    for (; *text != '\0'; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

void help_row(const char *left, const char *right)
{
    int width = help_width(left);

    if (width > HELP_LEFT)
        printf("  %s\n  %*s  %s\n", left, HELP_LEFT, "", right);
    else
        printf("  %s%*s  %s\n", left, HELP_LEFT - width, "", right);
}

void help_flag(const struct flag *flag, char *text, size_t size)
{
    char letter[5] = "";

    if (flag->letter != 0)
        snprintf(letter, sizeof(letter), "-%c, ", flag->letter);
    snprintf(text, size, "%s--%s%s%s", letter, flag->name,
            flag->value == NULL     ? ""
            : flag->value[0] == '[' ? ""
                                    : " ",
            flag->value != NULL ? flag->value : "");
}

static void help_heading(const struct cli *cli, const char *text)
{
    printf("\n%s%s%s\n", color_on(cli, stdout, COLOR_BOLD), text, color_off(cli, stdout));
}

static void help_flags(const struct flag *flags)
{
    char left[96];

    for (; flags != NULL && flags->name != NULL; flags++) {
        help_flag(flags, left, sizeof(left));
        help_row(left, flags->help);
    }
}

static void help_exits(const struct cli *cli)
{
    char number[8];

    help_heading(cli, "Exit status");
    for (int code = 0; code <= EXIT_INTERRUPTED; code++) {
        if (exits_name(code) == NULL)
            continue;
        snprintf(number, sizeof(number), "%d", code);
        help_row(number, exits_name(code));
    }
}

static void help_all(const struct cli *cli)
{
    const char *group = NULL;

    puts("mu - services on one bus: start them, find them, call them\n\n"
         "usage: mu [FLAG …] COMMAND …\n"
         "       mu SERVICE METHOD [--FIELD VALUE …]");
    for (const struct command *const *next = commands; *next != NULL; next++) {
        const struct command *command = *next;
        char left[64];

        if (group == NULL || strcmp(group, command->group) != 0)
            help_heading(cli, command->group);
        group = command->group;
        snprintf(left, sizeof(left), "%s%s%s", command->name, command->words != NULL ? " " : "",
                command->words != NULL ? command->words : "");
        help_row(left, command->summary);
    }
    help_heading(cli, "Flags of every command");
    help_flags(global_flags);
    help_exits(cli);
    puts("\nA registered service's methods are commands, too: mu greeter hello --name World\n"
         "More about one: mu COMMAND --help      For programs: mu help --json");
}

static void help_children(const struct cli *cli, const struct command *noun)
{
    char left[96];

    help_heading(cli, "Commands");
    for (const struct command *const *child = noun->children; *child != NULL; child++) {
        snprintf(left, sizeof(left), "%s%s%s", (*child)->name, (*child)->words != NULL ? " " : "",
                (*child)->words != NULL ? (*child)->words : "");
        help_row(left, (*child)->summary);
    }
}

static void help_command(const struct cli *cli, const struct command *command)
{
    const struct command *parent = command_parent(command);

    printf("mu %s%s%s - %s\n\n", parent != NULL ? parent->name : "", parent != NULL ? " " : "",
            command->name, command->summary);
    printf("usage: mu %s%s%s [FLAG …]%s%s\n", parent != NULL ? parent->name : "",
            parent != NULL ? " " : "", command->name,
            command->children != NULL ? " COMMAND …"
            : command->words != NULL  ? " "
                                      : "",
            command->words != NULL && command->children == NULL ? command->words : "");
    if (command->details != NULL)
        printf("\n%s\n", command->details);
    if (command->children != NULL)
        help_children(cli, command);
    if (command->flags != NULL) {
        help_heading(cli, "Flags");
        help_flags(command->flags);
    }
    if (command->examples != NULL) {
        help_heading(cli, "Examples");
        for (const struct example *example = command->examples; example->line != NULL; example++)
            printf("  %s\n      %s\n", example->line, example->why);
    }
    puts("\nFlags of every command (--dir, -o, --timeout, -q, …): mu help");
}

static json_t *help_json_flags(const struct flag *flags)
{
    json_t *list = json_array();

    for (; flags != NULL && flags->name != NULL; flags++) {
        char letter[2] = { flags->letter, '\0' };

        json_array_append_new(
                list, json_pack("{s:s, s:s*, s:s*, s:s, s:s*}", "name", flags->name, "letter",
                              flags->letter != 0 ? letter : NULL, "value", flags->value, "help",
                              flags->help, "choices", flags->choices));
    }
    return list;
}

static json_t *help_json_command(const struct command *command)
{
    json_t *examples = json_array();
    json_t *root;

    for (const struct example *next = command->examples; next != NULL && next->line != NULL; next++)
        json_array_append_new(
                examples, json_pack("{s:s, s:s}", "line", next->line, "why", next->why));
    root = json_pack("{s:s, s:s*, s:s*, s:s, s:s*, s:s*, s:o, s:o}", "name", command->name, "alias",
            command->alias, "group", command->group, "summary", command->summary, "words",
            command->words, "details", command->details, "flags", help_json_flags(command->flags),
            "examples", examples);
    if (command->children != NULL) {
        json_t *children = json_array();

        for (const struct command *const *child = command->children; *child != NULL; child++)
            json_array_append_new(children, help_json_command(*child));
        json_object_set_new(root, "commands", children);
    }
    return root;
}

static int help_json(const struct cli *cli, const struct command *command)
{
    json_t *list = json_array();
    json_t *exits = json_object();
    char number[8];

    if (command != NULL)
        return output_json(cli, help_json_command(command));
    for (const struct command *const *next = commands; *next != NULL; next++)
        json_array_append_new(list, help_json_command(*next));
    for (int code = 0; code <= EXIT_INTERRUPTED; code++) {
        snprintf(number, sizeof(number), "%d", code);
        if (exits_name(code) != NULL)
            json_object_set_new(exits, number, json_string(exits_name(code)));
    }
    return output_json(
            cli, json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", "mu", "version", MU_VERSION,
                         "commands", list, "flags", help_json_flags(global_flags), "exits", exits));
}

int help_show(const struct cli *cli, const struct command *command)
{
    if (output_is_json(cli))
        return help_json(cli, command);
    if (command != NULL)
        help_command(cli, command);
    else
        help_all(cli);
    return EXIT_OK;
}
