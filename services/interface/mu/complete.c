// SPDX-License-Identifier: Apache-2.0
/* The words are walked the way main.c walks them, by the same tables. */
#include "services/interface/mu/complete.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "services/interface/mu/catalog.h"
#include "services/interface/mu/command.h"
#include "services/interface/mu/description.h"
#include "services/interface/mu/field.h"
#include "services/interface/mu/method.h"

enum { COMPLETE_WAIT_MS = 400 }; /* a person waits for it */

struct complete {
    struct cli *cli;
    const char *prefix;            /* of the word that is typed */
    const struct command *command; /* NULL: none yet */
    const char *service;           /* in place of a command; NULL: none */
    const char *first;             /* the first word after the command; NULL: none yet */
    const char *flag_word;         /* the last flag, as it was typed */
    int word_count;                /* words that are complete, after the command */
    bool is_value;                 /* the word that is typed is the value of `flag` */
    bool is_words;                 /* after `--` */
    const struct flag *flag;
};

static void complete_say(const char *candidate, const char *about, void *user)
{
    const struct complete *complete = user;

    if (strncmp(candidate, complete->prefix, strlen(complete->prefix)) == 0)
        printf("%s\t%s\n", candidate, about);
}

/* A name that is a command's is that command. */
static void complete_say_service(const char *name, const char *about, void *user)
{
    if (command_find(commands, name) == NULL)
        complete_say(name, about, user);
}

static void complete_choices(struct complete *complete, const char *choices)
{
    while (choices != NULL && choices[0] != '\0') {
        char choice[128];
        size_t length = strcspn(choices, "|");

        snprintf(choice, sizeof(choice), "%.*s", (int)length, choices);
        complete_say(choice, "", complete);
        choices += length;
        choices += choices[0] == '|';
    }
}

static void complete_commands(struct complete *complete, const struct command *const *list)
{
    for (; *list != NULL; list++)
        complete_say((*list)->name, (*list)->summary, complete);
}

static void complete_flags(struct complete *complete, const struct flag *flags)
{
    for (; flags != NULL && flags->name != NULL; flags++) {
        char text[128];

        snprintf(text, sizeof(text), "--%s", flags->name);
        complete_say(text, flags->help, complete);
    }
}

static const struct flag *complete_find_flag(const struct flag *flags, const char *word)
{
    size_t length = strcspn(word, "=");

    for (; flags != NULL && flags->name != NULL; flags++) {
        if (strncmp(word, "--", 2) == 0 && strlen(flags->name) == length - 2 &&
                strncmp(flags->name, word + 2, length - 2) == 0)
            return flags;
        if (word[0] == '-' && flags->letter != 0 && word[1] == flags->letter && word[2] == '\0')
            return flags;
    }
    return NULL;
}

/* Candidates `outer` + name + `=`, or `.` where a message or a map goes on. */
static void complete_field_names(struct complete *complete, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type, const char *outer)
{
    CLEANUP(field_list_deinit) struct field_list list = { 0 };

    if (field_list_init(&list, schema, type) < 0)
        return;
    for (size_t i = 0; i < list.count; i++) {
        const struct mu_schema_field *field = &list.fields[i];
        bool goes_on = field->map || (field_has_fields(field) && !field->repeated);
        char candidate[256];
        char about[160];
        char brief[96];

        snprintf(candidate, sizeof(candidate), "%s%s%s%s", outer, field->name,
                field_has_fields(field) && field->repeated ? ":" : "", goes_on ? "." : "=");
        method_brief(field->comment, brief, sizeof(brief));
        snprintf(about, sizeof(about), "%.60s%s%s", field->type, brief[0] != '\0' ? ": " : "",
                brief);
        complete_say(candidate, about, complete);
    }
}

static void complete_field_values(struct complete *complete, const struct mu_schema_field *field,
        const char *word, size_t key_size)
{
    char candidate[384];

    if (field->values == NULL && strcmp(field->type, "bool") == 0) {
        for (int i = 0; i < 2; i++) {
            snprintf(candidate, sizeof(candidate), "%.*s%s", (int)key_size, word,
                    i == 0 ? "true" : "false");
            complete_say(candidate, "", complete);
        }
    }
    for (unsigned i = 0; field->values != NULL && i < field->values->n_values; i++) {
        snprintf(candidate, sizeof(candidate), "%.*s%s", (int)key_size, word,
                field->values->values[i].name);
        complete_say(candidate, "", complete);
    }
}

/* The word that is typed is a field: follows its dots into the messages. */
static void complete_field(struct complete *complete, const struct mu_schema *schema,
        const ProtobufCMessageDescriptor *type)
{
    const char *word = complete->prefix;
    const char *from = word;
    size_t key_size = strcspn(word, "=");

    while (type != NULL) {
        CLEANUP(field_list_deinit) struct field_list list = { 0 };
        size_t length = strcspn(from, ".=:");
        const struct mu_schema_field *field;
        char name[FIELD_NAME_MAX];
        char outer[FIELD_NAME_MAX];

        if (from[length] == '\0') {
            snprintf(outer, sizeof(outer), "%.*s", (int)(from - word), word);
            complete_field_names(complete, schema, type, outer);
            return;
        }
        snprintf(name, sizeof(name), "%.*s", (int)length, from);
        if (field_list_init(&list, schema, type) < 0)
            return;
        field = field_find(&list, name);
        if (field == NULL)
            return;
        if (from[length] != '.') {
            complete_field_values(complete, field, word, key_size + 1);
            return;
        }
        type = field->map || field->repeated ? NULL : field->message;
        from += length + 1;
    }
}

/* What is typed is `@path` or `field=@path`. */
static bool complete_is_path(const char *word)
{
    const char *value = strchr(word, '=');

    return word[0] == '@' || (value != NULL && value[1] == '@');
}

/* Files, since a shell does not look behind the `@`. */
static void complete_paths(const struct complete *complete)
{
    const char *path = strchr(complete->prefix, '@') + 1;
    const char *name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
    const struct dirent *entry;
    char folder[PATH_MAX];
    DIR *dir;

    snprintf(folder, sizeof(folder), "%.*s", (int)(name - path), path);
    dir = opendir(folder[0] != '\0' ? folder : ".");
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        struct stat found;
        bool is_folder =
                fstatat(dirfd(dir), entry->d_name, &found, 0) == 0 && S_ISDIR(found.st_mode);

        if (entry->d_name[0] == '.' && name[0] != '.')
            continue;
        if (strncmp(entry->d_name, name, strlen(name)) == 0)
            printf("%.*s%s%s\t\n", (int)(name - complete->prefix), complete->prefix, entry->d_name,
                    is_folder ? "/" : "");
    }
    if (dir != NULL)
        closedir(dir);
}

static void complete_request(struct complete *complete, const char *text)
{
    CLEANUP(description_deinit) struct description description = { 0 };
    const struct mu_schema_method *method;
    struct mu_status status;
    struct endpoint endpoint;
    const char *name;

    if (!endpoint_split(&endpoint, text))
        return;
    name = endpoint.method;
    if (strncmp(name, DESCRIPTION_DEBUG, strlen(DESCRIPTION_DEBUG)) == 0) {
        name += strlen(DESCRIPTION_DEBUG);
        if (description_get_debug(complete->cli, endpoint.service, &description) != 0)
            return;
    } else if (description_try(complete->cli, endpoint.service, COMPLETE_WAIT_MS, &description,
                       &status) != MU_OK) {
        return;
    }
    method = mu_schema_find_method(description.service, name);
    if (method != NULL)
        complete_field(complete, description.schema, method->request);
}

static void complete_kind(struct complete *complete, enum completer kind, const char *choices)
{
    struct cli *cli = complete->cli;
    struct endpoint endpoint;

    switch (kind) {
    case COMPLETE_SERVICE:
        catalog_services(cli, COMPLETE_WAIT_MS, complete_say, complete);
        break;
    case COMPLETE_PROCESS:
        catalog_processes(cli, COMPLETE_WAIT_MS, true, complete_say, complete);
        break;
    case COMPLETE_MANAGED:
        catalog_processes(cli, COMPLETE_WAIT_MS, false, complete_say, complete);
        break;
    case COMPLETE_NODE:
        catalog_nodes(cli, COMPLETE_WAIT_MS, complete_say, complete);
        break;
    case COMPLETE_CLIENT:
        catalog_clients(cli, COMPLETE_WAIT_MS, complete_say, complete);
        break;
    case COMPLETE_ACCOUNT:
        catalog_accounts(cli, COMPLETE_WAIT_MS, complete_say, complete);
        break;
    case COMPLETE_RULE:
        catalog_rules(cli, COMPLETE_WAIT_MS, complete_say, complete);
        break;
    case COMPLETE_ENDPOINT:
        catalog_endpoints(cli, COMPLETE_WAIT_MS, complete_say, complete);
        if (endpoint_split(&endpoint, complete->prefix) &&
                strncmp(endpoint.method, DESCRIPTION_DEBUG, 2) == 0)
            catalog_debug(endpoint.service, complete_say, complete);
        break;
    case COMPLETE_TRACE:
        catalog_traces(cli, COMPLETE_WAIT_MS, complete_say, complete);
        break;
    case COMPLETE_POLICY:
        catalog_policies(cli, COMPLETE_WAIT_MS, complete_say, complete);
        break;
    case COMPLETE_FIELD:
        if (complete_is_path(complete->prefix))
            complete_paths(complete);
        else if (complete->first != NULL)
            complete_request(complete, complete->first);
        break;
    case COMPLETE_COMMAND:
        complete_commands(complete, commands);
        break;
    case COMPLETE_CHOICE:
        complete_choices(complete, choices);
        break;
    case COMPLETE_FILE:
    case COMPLETE_NOTHING:
        break;
    }
}

static void complete_method_names(struct complete *complete, const struct description *description)
{
    for (size_t i = 0; i < description->service->method_count; i++) {
        const struct mu_schema_method *method = &description->service->methods[i];
        char kebab[FIELD_NAME_MAX];
        char name[2 * FIELD_NAME_MAX];
        char brief[96];

        field_kebab(method->name, kebab);
        snprintf(name, sizeof(name), "%s%s", description->prefix, kebab);
        method_brief(method->comment, brief, sizeof(brief));
        complete_say(name, brief, complete);
    }
}

/* mu SERVICE METHOD --field … */
static void complete_method(struct complete *complete)
{
    CLEANUP(description_deinit) struct description description = { 0 };
    CLEANUP(method_flags_deinit) struct method_flags flags = { 0 };
    const char *name = complete->first != NULL ? complete->first : complete->prefix;
    size_t prefix_size = strlen(DESCRIPTION_DEBUG);
    bool is_debug = strncmp(name, DESCRIPTION_DEBUG, prefix_size) == 0;
    const struct mu_schema_method *method;
    struct mu_status status;

    if (is_debug ? description_get_debug(complete->cli, complete->service, &description) != 0
                 : description_try(complete->cli, complete->service, COMPLETE_WAIT_MS, &description,
                           &status) != MU_OK)
        return;
    if (complete->first == NULL) {
        complete_method_names(complete, &description);
        return;
    }
    method = method_find(description.service, name + (is_debug ? prefix_size : 0));
    if (method == NULL || method_flags_init(&flags, description.schema, method->request) < 0)
        return;
    if (complete->is_value) {
        const struct flag *flag = complete_find_flag(flags.flags, complete->flag_word);

        complete_choices(complete, flag != NULL ? flag->choices : NULL);
    } else {
        complete_flags(complete, flags.flags);
        complete_flags(complete, global_flags);
    }
}

/* True for a flag of every command's. */
static bool complete_is_global(const struct flag *flag)
{
    for (const struct flag *global = global_flags; global->name != NULL; global++)
        if (global == flag)
            return true;
    return false;
}

/* Takes the value of a flag that says which node is meant. */
static void complete_place(struct complete *complete, const char *flag, const char *value)
{
    if (strcmp(flag, "dir") == 0)
        complete->cli->dir = value;
    else if (strcmp(flag, "node") == 0)
        complete->cli->node = value;
    else if (strcmp(flag, "token") == 0)
        complete->cli->token = value;
}

/* Takes one word that is complete. */
static void complete_step(struct complete *complete, const char *word)
{
    const struct flag *flag = NULL;

    if (complete->is_value) {
        complete->is_value = false;
        if (complete->flag != NULL && complete_is_global(complete->flag))
            complete_place(complete, complete->flag->name, word);
        return;
    }
    if (!complete->is_words && strcmp(word, "--") == 0) {
        complete->is_words = true;
        return;
    }
    if (!complete->is_words && word[0] == '-' && word[1] != '\0') {
        if (complete->command != NULL)
            flag = complete_find_flag(complete->command->flags, word);
        if (flag == NULL)
            flag = complete_find_flag(global_flags, word);
        complete->flag = flag;
        complete->flag_word = word;
        complete->is_value = strchr(word, '=') == NULL &&
                             (flag != NULL ? flag->value != NULL : complete->service != NULL);
        if (flag != NULL && complete_is_global(flag) && strchr(word, '=') != NULL)
            complete_place(complete, flag->name, strchr(word, '=') + 1);
        return;
    }
    if (complete->command == NULL && complete->service == NULL) {
        complete->command = command_find(commands, word);
        complete->service = complete->command == NULL ? word : NULL;
    } else if (complete->command != NULL && complete->command->children != NULL) {
        complete->command = command_find(complete->command->children, word);
        complete->service = complete->command == NULL ? "" : NULL;
    } else {
        if (complete->word_count == 0)
            complete->first = word;
        complete->word_count += 1;
    }
}

static void complete_last(struct complete *complete)
{
    const struct command *command = complete->command;
    bool is_flag = complete->prefix[0] == '-' && !complete->is_words;

    if (complete->service != NULL) {
        complete_method(complete);
    } else if (complete->is_value) {
        complete_kind(complete, complete->flag->complete, complete->flag->choices);
    } else if (is_flag) {
        complete_flags(complete, command != NULL ? command->flags : NULL);
        complete_flags(complete, global_flags);
    } else if (command == NULL) {
        complete_commands(complete, commands);
        catalog_services(complete->cli, COMPLETE_WAIT_MS, complete_say_service, complete);
    } else if (command->children != NULL) {
        complete_commands(complete, command->children);
    } else if (command->words_max == COMMAND_WORDS_ANY ||
               complete->word_count < command->words_max) {
        complete_kind(complete, complete->word_count == 0 ? command->first : command->rest,
                command->choices);
    }
}

void complete_run(struct cli *cli, int argc, char **argv)
{
    struct complete complete = { .cli = cli, .prefix = "" };
    int index = 1;

    if (index < argc && strcmp(argv[index], "--") == 0)
        index += 1;
    index += 1; /* the program's own name */
    for (; index + 1 < argc; index++)
        complete_step(&complete, argv[index]);
    if (index < argc)
        complete.prefix = argv[index];
    cli_settle_node(cli);
    if (cli->node != NULL || place_find(&cli->place, cli->dir) == 0)
        complete_last(&complete);
}
