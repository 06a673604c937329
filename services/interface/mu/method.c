// SPDX-License-Identifier: Apache-2.0
/* The request's fields become flags; what was given becomes key=value words, and from there it is
 * an ordinary call. */
#include "services/interface/mu/method.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/assignment.h"
#include "base/cleanup.h"
#include "services/interface/mu/call.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/field.h"
#include "services/interface/mu/help.h"
#include "services/interface/mu/suggestion.h"

struct method_state {
    struct cli *cli;
    const struct method_flags *flags;
    char **words; /* owned texts */
    int word_count;
    int word_max;
    bool help;
};

const struct mu_schema_method *method_find(
        const struct mu_schema_service *service, const char *name)
{
    for (size_t i = 0; i < service->method_count; i++) {
        char kebab[FIELD_NAME_MAX];

        field_kebab(service->methods[i].name, kebab);
        if (strcmp(kebab, name) == 0 || strcmp(service->methods[i].name, name) == 0)
            return &service->methods[i];
    }
    return NULL;
}

static int method_unknown(
        const struct cli *cli, const struct description *description, const char *name)
{
    const struct mu_schema_service *service = description->service;
    struct suggestion suggestion;
    char word[FAILURE_WORD_MAX];
    char fix[256];

    suggestion_init(&suggestion, name);
    for (size_t i = 0; i < service->method_count; i++) {
        char kebab[FIELD_NAME_MAX];

        field_kebab(service->methods[i].name, kebab);
        suggestion_offer(&suggestion, kebab);
    }
    if (suggestion_best(&suggestion) != NULL)
        snprintf(fix, sizeof(fix), "did you mean: mu %s %s%s", description->name,
                description->prefix, suggestion_best(&suggestion));
    else
        snprintf(fix, sizeof(fix), "see: mu %s --help", description->name);
    return (int)failure_say(cli, EXIT_NOT_FOUND, fix, "%s has no method \"%s%s\"",
            description->name, description->prefix, failure_word(name, word));
}

static void method_help_service(const struct description *description)
{
    const struct mu_schema_service *service = description->service;
    char brief[160];

    method_brief(service->comment, brief, sizeof(brief));
    printf("mu %s%s%s\n\nusage: mu %s METHOD [--FIELD VALUE …]\n\nMethods\n", description->name,
            brief[0] != '\0' ? " - " : "", brief, description->name);
    for (size_t i = 0; i < service->method_count; i++) {
        char kebab[FIELD_NAME_MAX];

        field_kebab(service->methods[i].name, kebab);
        method_brief(service->methods[i].comment, brief, sizeof(brief));
        help_row(kebab, brief);
    }
    printf("\nAs every service: mu.health, mu.stats, mu.log-level\n"
           "The types: mu registry describe %s\n",
            description->name);
}

static const char *const method_shapes[] = {
    [MU_UNARY] = "",
    [MU_CLIENT_STREAM] = "a stream of ",
    [MU_SERVER_STREAM] = "",
    [MU_TWO_WAY] = "a stream of ",
};

static void method_help(const struct description *description,
        const struct mu_schema_method *method, const struct method_flags *flags)
{
    bool is_stream_out = method->shape == MU_SERVER_STREAM || method->shape == MU_TWO_WAY;
    char kebab[FIELD_NAME_MAX];
    char left[160];

    field_kebab(method->name, kebab);
    printf("mu %s %s%s\n\n", description->name, description->prefix, kebab);
    if (method->comment[0] != '\0')
        printf("%s\n", method->comment);
    printf("usage: mu %s %s%s [--FIELD VALUE …]\n\nFields of %s%s\n", description->name,
            description->prefix, kebab, method_shapes[method->shape], method->request->name);
    for (size_t i = 0; i < flags->count; i++) {
        help_flag(&flags->flags[i], left, sizeof(left));
        help_row(left, flags->flags[i].help);
        if (flags->list[i].choices[0] != '\0')
            help_row("", flags->list[i].choices);
    }
    printf("\nAnswers %s%s\n", is_stream_out ? "a stream of " : "", method->reply->name);
    if (method->shape == MU_CLIENT_STREAM || method->shape == MU_TWO_WAY)
        puts("Its items are read from standard input, as with mu call --stream.");
}

/* Appends the word `a``joint``b`. */
static int method_word(struct method_state *state, const char *a, const char *joint, const char *b)
{
    char *word = NULL;

    if (state->word_count == state->word_max)
        return (int)failure_say(state->cli, EXIT_USAGE, NULL, "too many flags");
    if (asprintf(&word, "%s%s%s", a, joint, b) < 0)
        return (int)failure_of_memory(state->cli);
    state->words[state->word_count++] = word;
    return EXIT_OK;
}

/* A field's flag becomes an assignment; all others are the command line's own. */
static int method_take(const struct flag *flag, const char *value, void *user)
{
    struct method_state *state = user;
    const struct method_flag *field;

    if (flag < state->flags->flags || flag >= state->flags->flags + state->flags->count) {
        state->help = state->help || strcmp(flag->name, "help") == 0;
        return arguments_global(state->cli, flag, value);
    }
    field = &state->flags->list[flag - state->flags->flags];
    if (field->is_bool && value[0] == '\0')
        value = "true";
    return method_word(state, field->path,
            field->is_map       ? "."
            : field->is_message ? ":="
                                : "=",
            value);
}

/* A word that stands behind no flag: a field in the form of `mu call`, or the whole as JSON. */
static int method_bare_word(struct method_state *state, const char *title, const char *word)
{
    const struct method_flags *flags = state->flags;
    char cut[FAILURE_WORD_MAX];
    char fix[4 * MU_ENDPOINT_MAX];

    if (request_is_json(word) || assignment_is(word))
        return method_word(state, word, "", "");
    if (flags->count == 1)
        snprintf(fix, sizeof(fix), "write: %s --%s %s", title, flags->list[0].name,
                strlen(word) < FAILURE_WORD_MAX ? word : "VALUE");
    else
        snprintf(fix, sizeof(fix), "write --FIELD VALUE; see its fields: %s --help", title);
    return (int)failure_say(state->cli, EXIT_USAGE, fix, "%s does not know what to do with \"%s\"",
            title, failure_word(word, cut));
}

static int method_call(struct cli *cli, const struct description *description,
        const struct mu_schema_method *method, const struct method_state *state)
{
    struct request request = { .method = method };

    request.words = state->words;
    request.word_count = state->word_count;
    request.stream = method->shape == MU_CLIENT_STREAM || method->shape == MU_TWO_WAY;
    request.parallel = 1;
    request.description = *description; /* lent, so it is not freed here */
    description_endpoint(description, method, request.endpoint);
    return call_make(cli, &request);
}

static int method_read(struct cli *cli, const struct description *description,
        const struct mu_schema_method *method, int argc, char **argv)
{
    CLEANUP(method_flags_deinit) struct method_flags flags = { 0 };
    struct method_state state = { .cli = cli, .flags = &flags, .word_max = 2 * argc + 1 };
    char title[2 * MU_ENDPOINT_MAX];
    struct arguments_reader reader = {
        .cli = cli,
        .what = title,
        .fn = method_take,
        .user = &state,
    };
    int index = 0;
    int code;

    state.words = calloc((size_t)state.word_max, sizeof(*state.words));
    if (state.words == NULL ||
            method_flags_init(&flags, description->schema, method->request) < 0) {
        free(state.words);
        return (int)failure_of_memory(cli);
    }
    snprintf(title, sizeof(title), "mu %s %s%s", description->name, description->prefix, argv[0]);
    reader.flags = flags.flags;
    code = arguments_read(&reader, argc, argv, &index);
    for (; code == EXIT_OK && index < argc; index++)
        code = method_bare_word(&state, title, argv[index]);
    if (code == EXIT_OK && state.help)
        method_help(description, method, &flags);
    else if (code == EXIT_OK)
        code = method_call(cli, description, method, &state);
    while (state.word_count > 0)
        free(state.words[--state.word_count]);
    free(state.words);
    return code;
}

/* argv[0] is the method, without its prefix. */
static int method_choose(
        struct cli *cli, const struct description *description, int argc, char **argv)
{
    const struct mu_schema_method *method = method_find(description->service, argv[0]);

    if (method == NULL)
        return method_unknown(cli, description, argv[0]);
    return method_read(cli, description, method, argc, argv);
}

/* argv[0] is a method that every service answers: mu.health. */
static int method_choose_debug(struct cli *cli, const char *service, int argc, char **argv)
{
    CLEANUP(description_deinit) struct description description = { 0 };
    int code = description_get_debug(cli, service, &description);

    if (code != EXIT_OK)
        return code;
    argv[0] += strlen(DESCRIPTION_DEBUG);
    return method_choose(cli, &description, argc, argv);
}

int method_run(struct cli *cli, const struct description *description, int argc, char **argv)
{
    bool help = false;
    bool version = false;
    int index = 0;
    int code = arguments_lead(cli, argc, argv, &index, &help, &version);

    if (code != EXIT_OK)
        return code;
    if (help || index == argc) {
        method_help_service(description);
        return help ? EXIT_OK : EXIT_USAGE;
    }
    if (strncmp(argv[index], DESCRIPTION_DEBUG, strlen(DESCRIPTION_DEBUG)) == 0)
        return method_choose_debug(cli, description->name, argc - index, argv + index);
    return method_choose(cli, description, argc - index, argv + index);
}
