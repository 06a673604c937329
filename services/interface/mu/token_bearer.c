// SPDX-License-Identifier: Apache-2.0
/* mu token narrow, show. */
#include "services/interface/mu/token_bearer.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "services/interface/mu/arguments.h"
#include "services/interface/mu/credentials.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/instant.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/users.h"

enum { BEARER_LIFE_MAX_S = 900, BEARER_CALLS_MAX = 1000000000 };

void token_wipe(void *token)
{
    explicit_bzero(token, MU_TOKEN_TEXT_SIZE);
}

/* ---- which token ---- */

static int token_of_login(const struct cli *cli, char token[MU_TOKEN_TEXT_SIZE])
{
    CLEANUP(credentials_wipe) struct credentials credentials = { .expires_s = 0 };
    int r = credentials_read(cli, &credentials);

    if (r < 0)
        return (int)failure_say(cli, EXIT_NOT_FOUND, "name a token, or log in: mu login",
                "there is no token of mu login: %s",
                r == -ENOENT ? "nobody is logged in" : strerror(-r));
    memcpy(token, credentials.access, MU_TOKEN_TEXT_SIZE);
    return EXIT_OK;
}

int token_read(
        const struct cli *cli, const struct arguments *arguments, char token[MU_TOKEN_TEXT_SIZE])
{
    const char *word = arguments->word_count > 0 ? arguments->words[0] : NULL;
    size_t size;

    token[0] = '\0';
    if (word == NULL)
        return token_of_login(cli, token);
    if (strcmp(word, "-") == 0) {
        if (fgets(token, MU_TOKEN_TEXT_SIZE, stdin) == NULL)
            token[0] = '\0';
        token[strcspn(token, "\r\n")] = '\0';
    } else {
        size = strlen(word);
        if (size >= MU_TOKEN_TEXT_SIZE)
            return (int)failure_say(cli, EXIT_USAGE, NULL, "a token has %d characters at most",
                    MU_TOKEN_TEXT_SIZE - 1);
        memcpy(token, word, size + 1);
    }
    return EXIT_OK;
}

static int token_look(const struct cli *cli, const char *text, struct mu_token *token)
{
    if (mu_token_look(token, text) == 0)
        return EXIT_OK;
    return (int)failure_say(cli, EXIT_USAGE, "it begins with mut1. and is one line",
            "that is no access token, or not all of it");
}

/* ---- narrow ---- */

static int token_refuse(const struct cli *cli, int error)
{
    switch (error) {
    case -EPERM:
        return (int)failure_say(cli, EXIT_DENIED, "see what it allows: mu token show",
                "that would be no less than the token allows");
    case -EROFS:
        return (int)failure_say(
                cli, EXIT_DENIED, "narrow the one that it was made of", "the token is sealed");
    case -E2BIG:
        return (int)failure_say(cli, EXIT_DENIED, "narrow the one that it was made of",
                "the token was narrowed %d times, or would be too long", MU_TOKEN_NARROWINGS_MAX);
    default:
        return (int)failure_say(cli, EXIT_USAGE,
                "scopes are service.Method, store.*, or >; the token begins with mut1.",
                "the token cannot be narrowed so");
    }
}

static int token_narrow_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(token_wipe) char token[MU_TOKEN_TEXT_SIZE] = "";
    CLEANUP(token_wipe) char narrower[MU_TOKEN_TEXT_SIZE] = "";
    struct mu_token_narrowing narrowing = { .seal = arguments_flag(arguments, "seal") != NULL };
    struct users_list scopes;
    struct mu_token said;
    uint32_t life_s = 0;
    long calls = 0;
    int code = arguments_number(cli, arguments, "calls", 1, BEARER_CALLS_MAX, &calls);

    if (code == EXIT_OK)
        code = users_seconds(cli, arguments, "for", BEARER_LIFE_MAX_S, &life_s);
    if (code == EXIT_OK)
        code = token_read(cli, arguments, token);
    if (code == EXIT_OK)
        code = token_look(cli, token, &said);
    if (code != EXIT_OK)
        return code;
    users_flag(arguments, "scope", &scopes);
    narrowing.scopes = (const char *const *)scopes.each;
    narrowing.scope_count = (uint32_t)scopes.count;
    narrowing.calls = (uint32_t)calls;
    narrowing.expires_s = life_s > 0 ? instant_now_s() + life_s : 0;
    if (scopes.count == 0 && calls == 0 && life_s == 0 && !narrowing.seal)
        return (int)failure_say(cli, EXIT_USAGE, "say what is to be left: --scope, --for, --calls",
                "mu token narrow: nothing would be less");
    code = mu_token_narrow(token, &narrowing, narrower);
    if (code < 0)
        return token_refuse(cli, code);
    puts(narrower);
    return EXIT_OK;
}

const struct command token_narrow_command = {
    .name = "narrow",
    .summary = "make a token that allows less of one that you have",
    .words = "[TOKEN|-]",
    .words_max = 1,
    .details =
            "Nobody is asked, and nobody who gets the narrower token can undo it. Without TOKEN: "
            "that of mu\nlogin. `-` is the first line of standard input.",
    .flags =
            (const struct flag[]){
                    { .name = "scope",
                            .value = "ENDPOINT",
                            .help = "only this of what it covers; several times for several",
                            .complete = COMPLETE_ENDPOINT },
                    { .name = "for", .value = "TIME", .help = "from now on; not over its end" },
                    { .name = "calls", .value = "N", .help = "good for so many calls" },
                    { .name = "seal", .help = "nobody is to narrow it further" },
                    { .name = NULL },
            },
    .examples =
            (const struct example[]){
                    { "mu token narrow --scope shop.List --for 1m", "to pass on to a script" },
                    { "mu token narrow - --calls 1 --seal < token", "for one call" },
                    { NULL, NULL },
            },
    .run = token_narrow_run,
};

/* ---- show ---- */

static const char *token_print_id(const struct mu_token *token, char *text)
{
    for (size_t i = 0; i < MU_TOKEN_ID_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", token->id[i]);
    return text;
}

static int token_show_json(const struct cli *cli, const struct mu_token *token)
{
    char id[2 * MU_TOKEN_ID_SIZE + 1];
    json_t *scopes = json_array();

    for (uint32_t i = 0; i < token->scope_count; i++)
        json_array_append_new(scopes, json_string(token->scopes[i]));
    return output_json(
            cli, json_pack("{s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:b, s:o}", "id",
                         token_print_id(token, id), "subject", token->subject, "audience",
                         token->audience, "issuedS", (json_int_t)token->issued_s, "expiresS",
                         (json_int_t)token->expires_s, "calls", (int)token->calls, "narrowings",
                         (int)token->narrowings, "sealed", (int)token->sealed, "scopes", scopes));
}

static int token_show_run(struct cli *cli, const struct arguments *arguments)
{
    CLEANUP(token_wipe) char text[MU_TOKEN_TEXT_SIZE] = "";
    char id[2 * MU_TOKEN_ID_SIZE + 1];
    char until[INSTANT_TEXT_MAX];
    struct mu_token token;
    int code = token_read(cli, arguments, text);

    if (code == EXIT_OK)
        code = token_look(cli, text, &token);
    if (code != EXIT_OK)
        return code;
    if (output_is_json(cli))
        return token_show_json(cli, &token);
    if (cli->format == OUTPUT_NAME) {
        puts(token_print_id(&token, id));
        return EXIT_OK;
    }
    printf("account   %s\n", token.subject);
    printf("id        %s\n", token_print_id(&token, id));
    printf("until     %s\n", instant_print(token.expires_s, instant_now_s(), until));
    for (uint32_t i = 0; i < token.scope_count; i++)
        printf("%s%s\n", i == 0 ? "may call  " : "          ", token.scopes[i]);
    if (token.calls > 0)
        printf("calls     %u\n", token.calls);
    if (token.audience[0] != '\0')
        printf("at        %s\n", token.audience);
    printf("narrowed  %u time%s%s\n", token.narrowings, token.narrowings == 1 ? "" : "s",
            token.sealed ? ", and sealed" : "");
    return EXIT_OK;
}

const struct command token_show_command = {
    .name = "show",
    .summary = "what a token says",
    .words = "[TOKEN|-]",
    .words_max = 1,
    .details = "Read here; whether a node believes it, is not asked. Without TOKEN: that of mu "
               "login.",
    .examples =
            (const struct example[]){
                    { "mu token show", "of mu login" },
                    { "mu token show - -o name < token", "its id, for mu token revoke" },
                    { NULL, NULL },
            },
    .run = token_show_run,
};
