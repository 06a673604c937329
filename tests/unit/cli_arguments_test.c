// SPDX-License-Identifier: Apache-2.0
#include <jansson.h>
#include <string.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/complete.h"
#include "services/interface/mu/exits.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/help.h"
#include "tests/unit/cli_output.h"
#include "tests/unit/cmocka.h"

static const struct flag test_flags[] = {
    { .name = "follow", .letter = 'f', .help = "go on" },
    { .name = "lines", .letter = 'n', .value = "N", .help = "how many" },
    { .name = NULL },
};

static const struct command test_command = {
    .name = "logs",
    .summary = "a test",
    .words = "[SERVICE]",
    .words_max = 1,
    .flags = test_flags,
};

static struct output output;

/* Parses the words (ended by NULL), and catches what is said. */
static int parse(struct cli *cli, struct arguments *arguments, char **argv)
{
    int argc = 0;
    int code;

    while (argv[argc] != NULL)
        argc += 1;
    output_catch(&output, stderr);
    code = arguments_parse(arguments, cli, &test_command, argc, argv);
    output_release(&output);
    return code;
}

#define PARSE(cli, arguments, ...)                                                                 \
    parse((cli), (arguments), (char *[]){ "logs", __VA_ARGS__, NULL })

static void test_flags_stand_anywhere_and_mean_what_they_always_do(void **state)
{
    struct arguments arguments;
    struct cli cli = { 0 };
    long lines = 5;

    (void)state;
    assert_int_equal(PARSE(&cli, &arguments, "-fn", "7", "greeter"), EXIT_OK);
    assert_string_equal(arguments_flag(&arguments, "follow"), "");
    assert_string_equal(arguments_flag(&arguments, "lines"), "7");
    assert_int_equal(arguments_number(&cli, &arguments, "lines", 0, 10, &lines), EXIT_OK);
    assert_int_equal(lines, 7);
    assert_string_equal(arguments.words[0], "greeter");
    assert_int_equal(PARSE(&cli, &arguments, "greeter", "--lines=9"), EXIT_OK);
    assert_string_equal(arguments_flag(&arguments, "lines"), "9");
    assert_null(arguments_flag(&arguments, "follow"));
    assert_int_equal(PARSE(&cli, &arguments, "--", "--lines"), EXIT_OK);
    assert_string_equal(arguments.words[0], "--lines");
}

static void test_a_flag_may_be_given_again_and_each_time_counts(void **state)
{
    char *words[2 * ARGUMENTS_GIVEN_MAX + 3] = { "logs" };
    struct arguments arguments;
    struct cli cli = { 0 };

    (void)state;
    assert_int_equal(PARSE(&cli, &arguments, "-n1", "-f", "--lines=2", "-n", "3"), EXIT_OK);
    assert_string_equal(arguments_flag(&arguments, "lines"), "3");
    assert_string_equal(arguments_flag_again(&arguments, "lines", 0), "1");
    assert_string_equal(arguments_flag_again(&arguments, "lines", 2), "3");
    assert_null(arguments_flag_again(&arguments, "lines", 3));
    assert_null(arguments_flag_again(&arguments, "follow", 1));
    for (int i = 0; i < ARGUMENTS_GIVEN_MAX; i++)
        words[i + 1] = "-f";
    assert_int_equal(parse(&cli, &arguments, words), EXIT_OK);
    words[ARGUMENTS_GIVEN_MAX + 1] = "-f";
    assert_int_equal(parse(&cli, &arguments, words), EXIT_USAGE);
    assert_non_null(strstr(output.text, "too many"));
}

static void test_global_flags_work_behind_the_command_too(void **state)
{
    struct arguments arguments;
    struct cli cli = { 0 };

    (void)state;
    assert_int_equal(PARSE(&cli, &arguments, "--dir", "/x", "-o", "jsonl", "--timeout", "1.5s",
                             "-q", "--no-color"),
            EXIT_OK);
    assert_string_equal(cli.dir, "/x");
    assert_int_equal(cli.format, OUTPUT_JSONL);
    assert_int_equal(cli.timeout_ms, 1500);
    assert_true(cli.quiet && cli.no_color);
    assert_int_equal(PARSE(&cli, &arguments, "--json"), EXIT_OK);
    assert_int_equal(cli.format, OUTPUT_JSON);
    assert_int_equal(PARSE(&cli, &arguments, "--help"), EXIT_OK);
    assert_true(arguments.help);
}

static void test_each_mistake_is_named_with_its_fix(void **state)
{
    static const struct {
        char *word;
        const char *said;
    } mistakes[] = {
        { "--folow", "error: mu logs has no flag \"--folow\" (exit 2)\n"
                     "  did you mean: --follow      see: mu logs --help\n" },
        { "--elephant=1",
                "error: mu logs has no flag \"--elephant\" (exit 2)\n  see: mu logs --help\n" },
        { "-x", "error: mu logs has no flag \"-x\" (exit 2)\n  see: mu logs --help\n" },
        { "--lines", "error: --lines takes a value: N (exit 2)\n  see: mu logs --help\n" },
        { "-n", "error: --lines takes a value: N (exit 2)\n  see: mu logs --help\n" },
        { "--follow=1", "error: --follow takes no value (exit 2)\n  see: mu logs --help\n" },
        { "--timeout=5", "error: --timeout: \"5\" is no length of time (exit 2)\n"
                         "  write it as 500ms, 2s, 1.5s or 1m\n" },
        { "-oxml", "error: there is no output format \"xml\" (exit 2)\n"
                   "  one of: table json jsonl name pretty raw dot prometheus otlp wide\n" },
    };
    struct arguments arguments;

    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct cli cli = { 0 };

        assert_int_equal(PARSE(&cli, &arguments, mistakes[i].word), EXIT_USAGE);
        assert_string_equal(output.text, mistakes[i].said);
    }
}

static void test_too_many_words_are_refused_by_the_first_that_is_too_many(void **state)
{
    struct arguments arguments;
    struct cli cli = { 0 };

    (void)state;
    assert_int_equal(PARSE(&cli, &arguments, "one"), EXIT_OK);
    assert_int_equal(PARSE(&cli, &arguments, "one", "two"), EXIT_USAGE);
    assert_string_equal(output.text,
            "error: mu logs does not know what to do with \"two\" (exit 2)\n"
            "  usage: mu logs [SERVICE]\n");
}

static void test_numbers_have_their_bounds(void **state)
{
    static char *const bad[] = { "0", "11", "x", "5x", "" };
    struct arguments arguments;
    struct cli cli = { 0 };
    long lines = 5;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(PARSE(&cli, &arguments, "-n", bad[i]), EXIT_OK);
        output_catch(&output, stderr);
        assert_int_equal(arguments_number(&cli, &arguments, "lines", 1, 10, &lines), EXIT_USAGE);
        output_release(&output);
        assert_int_equal(lines, 5);
    }
}

static void test_an_error_is_json_where_json_was_asked_for(void **state)
{
    struct cli cli = { .format = OUTPUT_JSON };
    struct mu_status status = { .code = MU_UNAVAILABLE,
        .executed = MU_EXECUTED_NO,
        .retry_after_ms = 20,
        .message = "a \"word\"",
        .origin = "router" };
    json_t *root;
    const char *message = NULL;
    const char *code = NULL;
    const char *executed = NULL;
    int exit = 0;

    (void)state;
    output_catch(&output, stderr);
    assert_int_equal(failure_of_call(&cli, "a.B", &status, "try"), EXIT_UNAVAILABLE);
    output_release(&output);
    root = json_loads(output.text, 0, NULL);
    assert_int_equal(json_unpack(root, "{s:{s:s, s:s, s:s, s:i}}", "error", "message", &message,
                             "code", &code, "executed", &executed, "exit", &exit),
            0);
    assert_string_equal(message, "a.B: UNAVAILABLE: a \"word\"");
    assert_string_equal(code, "UNAVAILABLE");
    assert_string_equal(executed, "NO");
    assert_int_equal(exit, 4);
    json_decref(root);
}

static void check_command(const struct command *command, bool is_child)
{
    assert_non_null(command->name);
    assert_non_null(command->summary);
    assert_true(is_child || command->group != NULL);
    assert_true((command->run == NULL) == (command->children != NULL));
    if (command->children == NULL) {
        int count = 0;

        for (const struct flag *flag = command->flags; flag != NULL && flag->name != NULL; flag++)
            count += 1;
        assert_true(count <= ARGUMENTS_FLAGS_MAX);
        return;
    }
    for (const struct command *const *child = command->children; *child != NULL; child++) {
        check_command(*child, true);
        assert_ptr_equal(command_parent(*child), command);
    }
}

static void test_the_table_of_commands_is_whole(void **state)
{
    (void)state;
    for (const struct command *const *command = commands; *command != NULL; command++) {
        check_command(*command, false);
        assert_ptr_equal(command_find(commands, (*command)->name), *command);
    }
    assert_string_equal(command_suggest(commands, "stauts"), "status");
    assert_string_equal(command_suggest(commands, "services") != NULL ? "near" : "far", "far");
    assert_null(command_find(commands, "elephant"));
}

static void test_help_for_programs_is_json_of_every_command(void **state)
{
    const struct cli cli = { .format = OUTPUT_JSON };
    const char *name = NULL;
    json_t *list = NULL;
    json_t *root;
    size_t count = 0;

    (void)state;
    output_catch(&output, stdout);
    assert_int_equal(help_show(&cli, NULL), EXIT_OK);
    output_release(&output);
    root = json_loads(output.text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_unpack(root, "{s:s, s:o}", "name", &name, "commands", &list), 0);
    assert_string_equal(name, "mu");
    while (commands[count] != NULL)
        count += 1;
    assert_int_equal(json_array_size(list), count);
    json_decref(root);
}

static void test_flags_among_unknown_ones_are_found_and_their_values_are_not_words(void **state)
{
    char *words[] = { "xx", "--nope", "--dir=/a", "-ojsonl", "--", "--dir", "/b" };
    char *others[] = { "xx", "-o", "name", "--dir", "-o", "-o", "none", "-o" };
    struct cli cli = { 0 };

    (void)state;
    arguments_scan(&cli, 7, words);
    assert_string_equal(cli.dir, "/a");
    assert_int_equal(cli.format, OUTPUT_JSONL);
    arguments_scan(&cli, 8, others);
    assert_string_equal(cli.dir, "-o");
    assert_int_equal(cli.format, OUTPUT_NAME);
}

static void test_a_long_word_is_cut_between_letters(void **state)
{
    char text[FAILURE_WORD_MAX];
    char word[FAILURE_WORD_MAX + 8];

    (void)state;
    memset(word, 'x', sizeof(word));
    word[FAILURE_WORD_MAX - 1] = '\0';
    assert_string_equal(failure_word(word, text), word);
    word[FAILURE_WORD_MAX - 1] = 'x';
    word[FAILURE_WORD_MAX] = '\0';
    failure_word(word, text);
    assert_int_equal(strlen(text), FAILURE_WORD_MAX - 1);
    assert_string_equal(text + strlen(text) - 4, "x…");
    memcpy(word + FAILURE_WORD_MAX - 5, "é", 2); /* in whose middle it would be cut */
    failure_word(word, text);
    assert_string_equal(text + strlen(text) - 4, "x…");
}

/* The candidates for the words (ended by NULL), each ended by `|`. */
static const char *complete(char **words)
{
    static char candidates[OUTPUT_TEXT_MAX];
    char *argv[16] = { "__complete", "--" };
    struct cli cli = { 0 };
    size_t length = 0;
    int argc = 2;

    while (words[argc - 2] != NULL) {
        argv[argc] = words[argc - 2];
        argc += 1;
    }
    output_catch(&output, stdout);
    complete_run(&cli, argc, argv);
    output_release(&output);
    candidates[0] = '\0';
    for (const char *line = output.text; *line != '\0'; line = strchr(line, '\n') + 1)
        length += (size_t)sprintf(candidates + length, "%.*s|", (int)strcspn(line, "\t"), line);
    return candidates;
}

#define COMPLETE(...) complete((char *[]){ "mu", __VA_ARGS__, NULL })

static void test_commands_flags_and_choices_complete(void **state)
{
    (void)state;
    assert_string_equal(COMPLETE("sta"), "status|stats|start|");
    assert_string_equal(COMPLETE("registry", "re"), "register|");
    assert_string_equal(COMPLETE("logs", "--fo"), "--follow|");
    assert_string_equal(COMPLETE("logs", "--no"), "--nodes|--node|--no-color|");
    assert_string_equal(COMPLETE("ps", "-o", "j"), "json|jsonl|");
    assert_string_equal(COMPLETE("completion", ""), "bash|zsh|fish|");
    assert_string_equal(COMPLETE("help", "do"), "down|doctor|");
    assert_string_equal(COMPLETE("--dir", "/x", "sto"), "stop|");
    assert_string_equal(COMPLETE("registry", "register", ""), "");
}

static void test_methods_and_fields_complete_without_a_node_where_they_are_built_in(void **state)
{
    (void)state;
    assert_string_equal(COMPLETE("call", "node.Sta"), "node.Status|node.Start|");
    assert_string_equal(COMPLETE("call", "node.Start", "ser"), "service=|");
    assert_string_equal(COMPLETE("call", "registry.Register", "man"), "manifest.|");
    assert_string_equal(COMPLETE("call", "registry.Register", "manifest.re"),
            "manifest.restart.|manifest.ready_timeout_ms=|");
    assert_string_equal(COMPLETE("call", "registry.Register", "manifest.restart.policy=RESTART_A"),
            "manifest.restart.policy=RESTART_ALWAYS|");
    assert_string_equal(COMPLETE("call", "greeter.mu.LogLevel", ""), "level=|");
    assert_string_equal(COMPLETE("router", "ad"), "admit|");
    assert_string_equal(COMPLETE("router", "admit", "--ser"), "--service|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flags_stand_anywhere_and_mean_what_they_always_do),
        cmocka_unit_test(test_a_flag_may_be_given_again_and_each_time_counts),
        cmocka_unit_test(test_global_flags_work_behind_the_command_too),
        cmocka_unit_test(test_each_mistake_is_named_with_its_fix),
        cmocka_unit_test(test_too_many_words_are_refused_by_the_first_that_is_too_many),
        cmocka_unit_test(test_numbers_have_their_bounds),
        cmocka_unit_test(test_an_error_is_json_where_json_was_asked_for),
        cmocka_unit_test(test_the_table_of_commands_is_whole),
        cmocka_unit_test(test_flags_among_unknown_ones_are_found_and_their_values_are_not_words),
        cmocka_unit_test(test_a_long_word_is_cut_between_letters),
        cmocka_unit_test(test_help_for_programs_is_json_of_every_command),
        cmocka_unit_test(test_commands_flags_and_choices_complete),
        cmocka_unit_test(test_methods_and_fields_complete_without_a_node_where_they_are_built_in),
    };

    setenv("MU_DIR", "/nonexistent", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
