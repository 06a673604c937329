// SPDX-License-Identifier: Apache-2.0
/* getopt_long does the reading, so that `-fn5`, `--name=x` and `--` mean what they always do; the
 * tables give it its options, and did-you-mean its candidates. */
#include "services/interface/mu/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "services/interface/mu/duration.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/suggestion.h"

enum { ARGUMENTS_LONG = 256 }; /* getopt's value for the flag of index 0; letters are below */

struct arguments_list {
    const struct flag *flags[ARGUMENTS_LIST_MAX];
    struct option options[ARGUMENTS_LIST_MAX + 1];
    char letters[2 * ARGUMENTS_LIST_MAX + 3];
    int count;
};

static void arguments_add(struct arguments_list *list, const struct flag *flags)
{
    for (; flags != NULL && flags->name != NULL; flags++) {
        bool is_optional = flags->value != NULL && flags->value[0] == '[';
        bool is_known = false;
        size_t length = strlen(list->letters);

        for (int i = 0; i < list->count; i++)
            is_known = is_known || strcmp(list->flags[i]->name, flags->name) == 0;
        if (is_known) /* a command's own flag hides the global one */
            continue;
        CHECK(list->count < ARGUMENTS_LIST_MAX);
        list->flags[list->count] = flags;
        list->options[list->count] = (struct option){
            .name = flags->name,
            .has_arg = flags->value == NULL ? no_argument
                       : is_optional        ? optional_argument
                                            : required_argument,
            .val = ARGUMENTS_LONG + list->count,
        };
        list->count += 1;
        if (flags->letter != 0 && strchr(list->letters, flags->letter) == NULL) {
            list->letters[length++] = flags->letter;
            if (flags->value != NULL)
                list->letters[length++] = ':';
            list->letters[length] = '\0';
        }
    }
}

static const struct flag *arguments_match(const struct arguments_list *list, int value)
{
    if (value >= ARGUMENTS_LONG && value < ARGUMENTS_LONG + list->count)
        return list->flags[value - ARGUMENTS_LONG];
    for (int i = 0; i < list->count; i++) {
        if (value != 0 && list->flags[i]->letter == value)
            return list->flags[i];
    }
    return NULL;
}

static int arguments_unknown(const struct cli *cli, const char *what,
        const struct arguments_list *list, const char *word)
{
    struct suggestion suggestion;
    char typed[SUGGESTION_WORD_MAX];
    char cut[FAILURE_WORD_MAX];
    char fix[2 * SUGGESTION_WORD_MAX + 64];

    snprintf(typed, sizeof(typed), "%.*s", (int)strcspn(word, "="), word);
    suggestion_init(&suggestion, typed[0] == '-' && typed[1] == '-' ? typed + 2 : typed);
    for (int i = 0; i < list->count; i++)
        suggestion_offer(&suggestion, list->flags[i]->name);
    if (suggestion_best(&suggestion) != NULL)
        snprintf(fix, sizeof(fix), "did you mean: --%s      see: %s --help",
                suggestion_best(&suggestion), what);
    else
        snprintf(fix, sizeof(fix), "see: %s --help", what);
    return failure_say(
            cli, EXIT_USAGE, fix, "%s has no flag \"%s\"", what, failure_word(typed, cut));
}

static int arguments_refuse(const struct cli *cli, const char *what,
        const struct arguments_list *list, int found, const char *word)
{
    const struct flag *flag = arguments_match(list, optopt);
    char fix[128];
    char letter[3] = { '-', (char)optopt, '\0' };

    snprintf(fix, sizeof(fix), "see: %s --help", what);
    if (found == ':' && flag != NULL)
        return failure_say(cli, EXIT_USAGE, fix, "--%s takes a value: %s", flag->name, flag->value);
    if (flag != NULL)
        return failure_say(cli, EXIT_USAGE, fix, "--%s takes no value", flag->name);
    if (optopt != 0)
        return arguments_unknown(cli, what, list, letter);
    return arguments_unknown(cli, what, list, word);
}

int arguments_read(const struct arguments_reader *reader, int argc, char **argv, int *indexp)
{
    CLEANUP(cleanup_free) struct arguments_list *list = calloc(1, sizeof(*list));
    int found;

    if (list == NULL)
        return (int)failure_of_memory(reader->cli);
    snprintf(list->letters, sizeof(list->letters), "%s", reader->lead ? "+:" : ":");
    arguments_add(list, reader->flags);
    arguments_add(list, global_flags);
    optind = 0; /* glibc: start anew, also after another mode */
    opterr = 0;
    optopt = 0;
    while ((found = getopt_long(argc, argv, list->letters, list->options, NULL)) != -1) {
        const struct flag *flag = arguments_match(list, found);
        int code;

        if (flag == NULL) {
            arguments_scan(reader->cli, argc, argv); /* -o behind it says how to say so */
            return arguments_refuse(reader->cli, reader->what, list, found, argv[optind - 1]);
        }
        code = reader->fn(flag, optarg != NULL ? optarg : "", reader->user);
        if (code != EXIT_OK)
            return code;
        optopt = 0;
    }
    *indexp = optind;
    return EXIT_OK;
}

static const struct {
    const char *name;
    enum output_format format;
} arguments_formats[] = {
    { "table", OUTPUT_DEFAULT },
    { "json", OUTPUT_JSON },
    { "jsonl", OUTPUT_JSONL },
    { "name", OUTPUT_NAME },
    { "pretty", OUTPUT_PRETTY },
    { "raw", OUTPUT_RAW },
    { "dot", OUTPUT_DOT },
    { "prometheus", OUTPUT_PROMETHEUS },
    { "otlp", OUTPUT_OTLP },
    { "wide", OUTPUT_WIDE },
};

static const enum output_format *arguments_find_format(const char *name)
{
    for (size_t i = 0; i < sizeof(arguments_formats) / sizeof(arguments_formats[0]); i++) {
        if (strcmp(arguments_formats[i].name, name) == 0)
            return &arguments_formats[i].format;
    }
    return NULL;
}

static int arguments_format(struct cli *cli, const char *name)
{
    const enum output_format *format = arguments_find_format(name);
    char word[FAILURE_WORD_MAX];

    if (format != NULL) {
        cli->format = *format;
        return EXIT_OK;
    }
    return failure_say(cli, EXIT_USAGE,
            "one of: table json jsonl name pretty raw dot prometheus otlp wide",
            "there is no output format \"%s\"", failure_word(name, word));
}

int arguments_global(struct cli *cli, const struct flag *flag, const char *value)
{
    char word[FAILURE_WORD_MAX];

    if (strcmp(flag->name, "dir") == 0)
        cli->dir = value;
    else if (strcmp(flag->name, "node") == 0)
        cli->node = value;
    else if (strcmp(flag->name, "token") == 0)
        cli->token = value;
    else if (strcmp(flag->name, "output") == 0)
        return arguments_format(cli, value);
    else if (strcmp(flag->name, "json") == 0)
        cli->format = OUTPUT_JSON;
    else if (strcmp(flag->name, "quiet") == 0)
        cli->quiet = true;
    else if (strcmp(flag->name, "verbose") == 0)
        cli->verbose = true;
    else if (strcmp(flag->name, "no-color") == 0)
        cli->no_color = true;
    else if (strcmp(flag->name, "timeout") == 0 && duration_parse(value, &cli->timeout_ms) < 0)
        return failure_say(cli, EXIT_USAGE, "write it as 500ms, 2s, 1.5s or 1m",
                "--timeout: \"%s\" is no length of time", failure_word(value, word));
    return EXIT_OK;
}

struct arguments_state {
    struct cli *cli;
    struct arguments *arguments; /* NULL in front of the command */
    bool help;
    bool version;
};

static int arguments_keep(
        const struct cli *cli, struct arguments *arguments, int index, const char *value)
{
    if (arguments->given_count == ARGUMENTS_GIVEN_MAX)
        return failure_say(cli, EXIT_USAGE, NULL, "%d flags are too many", ARGUMENTS_GIVEN_MAX + 1);
    arguments->values[index] = value;
    arguments->given[arguments->given_count].flag = index;
    arguments->given[arguments->given_count].value = value;
    arguments->given_count += 1;
    return EXIT_OK;
}

static int arguments_take(const struct flag *flag, const char *value, void *user)
{
    struct arguments_state *state = user;
    const struct flag *own = state->arguments != NULL ? state->arguments->command->flags : NULL;

    for (int i = 0; own != NULL && own[i].name != NULL; i++) {
        if (&own[i] == flag)
            return arguments_keep(state->cli, state->arguments, i, value);
    }
    if (strcmp(flag->name, "help") == 0)
        state->help = true;
    else if (strcmp(flag->name, "version") == 0)
        state->version = true;
    return arguments_global(state->cli, flag, value);
}

int arguments_lead(struct cli *cli, int argc, char **argv, int *indexp, bool *helpp, bool *versionp)
{
    static const struct flag version[] = {
        { .name = "version", .help = "the version" },
        { .name = NULL },
    };
    struct arguments_state state = { .cli = cli };
    const struct arguments_reader reader = {
        .cli = cli,
        .what = "mu",
        .flags = version,
        .lead = true,
        .fn = arguments_take,
        .user = &state,
    };
    int code = arguments_read(&reader, argc, argv, indexp);

    *helpp = state.help;
    *versionp = state.version;
    return code;
}

/* The value that `word` gives to flag `name` (or `letter`, where it has one): its own end, or
 * `next`. NULL where it is another flag. */
static const char *arguments_value(
        const char *name, const char *letter, const char *word, const char *next)
{
    size_t size = strlen(name);

    if (strncmp(word, name, size) == 0 && word[size] == '=')
        return word + size + 1;
    if (letter != NULL && strncmp(word, letter, 2) == 0 && word[2] != '\0')
        return word + 2;
    if (strcmp(word, name) == 0 || (letter != NULL && strcmp(word, letter) == 0))
        return next;
    return NULL;
}

void arguments_scan(struct cli *cli, int argc, char **argv)
{
    for (int i = 1; i < argc && argv[i] != NULL; i++) {
        const char *word = argv[i];
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        const char *dir = arguments_value("--dir", NULL, word, next);
        const char *node = arguments_value("--node", NULL, word, next);
        const char *token = arguments_value("--token", NULL, word, next);
        const char *name = arguments_value("--output", "-o", word, next);
        const enum output_format *format = name != NULL ? arguments_find_format(name) : NULL;

        if (strcmp(word, "--") == 0)
            return;
        if (dir != NULL)
            cli->dir = dir;
        else if (node != NULL)
            cli->node = node;
        else if (token != NULL)
            cli->token = token;
        else if (format != NULL)
            cli->format = *format;
        else if (strcmp(word, "--json") == 0)
            cli->format = OUTPUT_JSON;
        i += next != NULL && (dir == next || node == next || token == next || name == next);
    }
}

/* "mu registry list" */
static void arguments_title(const struct command *command, char *title, size_t size)
{
    const struct command *parent = command_parent(command);

    snprintf(title, size, "mu %s%s%s", parent != NULL ? parent->name : "",
            parent != NULL ? " " : "", command->name);
}

int arguments_parse(struct arguments *arguments, struct cli *cli, const struct command *command,
        int argc, char **argv)
{
    struct arguments_state state = { .cli = cli, .arguments = arguments };
    char title[64];
    const struct arguments_reader reader = {
        .cli = cli,
        .what = title,
        .flags = command->flags,
        .fn = arguments_take,
        .user = &state,
    };
    char word[FAILURE_WORD_MAX];
    char fix[256];
    int index = 0;
    int code;

    *arguments = (struct arguments){ .command = command };
    arguments_title(command, title, sizeof(title));
    code = arguments_read(&reader, argc, argv, &index);
    if (code != EXIT_OK)
        return code;
    arguments->help = state.help;
    arguments->words = argv + index;
    arguments->word_count = argc - index;
    if (state.help)
        return EXIT_OK;
    snprintf(fix, sizeof(fix), "usage: %s%s%s", title, command->words != NULL ? " " : "",
            command->words != NULL ? command->words : "");
    if (arguments->word_count < command->words_min)
        return failure_say(cli, EXIT_USAGE, fix, "%s needs %s", title,
                command->words_min - arguments->word_count == 1 ? "one word more" : "more words");
    if (cli->format == OUTPUT_RAW && !command->takes_raw)
        return failure_say(cli, EXIT_USAGE, "one of: table json jsonl name pretty",
                "%s has no raw form", title);
    if (cli->format > OUTPUT_RAW && cli->format != command->own_format)
        return failure_say(cli, EXIT_USAGE, "one of: table json jsonl name pretty",
                "%s has no form of that kind", title);
    if (command->words_max != COMMAND_WORDS_ANY && arguments->word_count > command->words_max)
        return failure_say(cli, EXIT_USAGE, fix, "%s does not know what to do with \"%s\"", title,
                failure_word(arguments->words[command->words_max], word));
    return EXIT_OK;
}

static int arguments_index(const struct arguments *arguments, const char *name)
{
    const struct flag *flags = arguments->command->flags;
    int index = 0;

    while (flags[index].name != NULL && strcmp(flags[index].name, name) != 0)
        index += 1;
    CHECK(flags[index].name != NULL); /* commands ask for flags of their own table only */
    return index;
}

const char *arguments_flag(const struct arguments *arguments, const char *name)
{
    return arguments->values[arguments_index(arguments, name)];
}

const char *arguments_flag_again(const struct arguments *arguments, const char *name, int turn)
{
    int index = arguments_index(arguments, name);

    for (int i = 0; i < arguments->given_count; i++) {
        if (arguments->given[i].flag == index && turn-- == 0)
            return arguments->given[i].value;
    }
    return NULL;
}

int arguments_number(const struct cli *cli, const struct arguments *arguments, const char *name,
        long min, long max, long *numberp)
{
    const char *text = arguments_flag(arguments, name);
    char word[FAILURE_WORD_MAX];
    char *end;
    long number;

    if (text == NULL)
        return EXIT_OK;
    number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || number < min || number > max)
        return failure_say(cli, EXIT_USAGE, NULL, "--%s: \"%s\" is no number from %ld to %ld", name,
                failure_word(text, word), min, max);
    *numberp = number;
    return EXIT_OK;
}

int arguments_seconds(const struct cli *cli, const struct arguments *arguments, const char *name,
        uint64_t *secondsp)
{
    const char *text = arguments_flag(arguments, name);
    char fix[64];
    uint32_t ms;

    if (text == NULL)
        return EXIT_OK;
    if (duration_parse(text, &ms) == 0 && ms >= 1000) {
        *secondsp = ms / 1000;
        return EXIT_OK;
    }
    snprintf(fix, sizeof(fix), "write e.g. --%s 1h, 30m or 90s", name);
    return (int)failure_say(
            cli, EXIT_USAGE, fix, "--%s: `%.40s` is no time of a second or more", name, text);
}
