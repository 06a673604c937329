/* arguments.h - a command line, taken apart by getopt_long and the tables of flags. */
#pragma once

#include <stdbool.h>

#include "services/interface/mu/command.h"

enum {
    ARGUMENTS_FLAGS_MAX = 16, /* flags of one command */
    ARGUMENTS_GIVEN_MAX =
            64, /* flags that are given to one command, those given again among them */
    ARGUMENTS_LIST_MAX = 1024 /* flags of a method of a service, all told */
};

struct arguments {
    const struct command *command;           /* borrowed for good */
    const char *values[ARGUMENTS_FLAGS_MAX]; /* borrowed from argv; by index in command->flags */
    struct {
        int flag; /* index in command->flags */
        const char *value;
    } given[ARGUMENTS_GIVEN_MAX]; /* all of them, in their order */
    int given_count;
    char **words; /* borrowed from argv: what is no flag */
    int word_count;
    bool help;
};

/* Reads the global flags in front of the command: `mu --dir /x ps`. Sets `*indexp` to the first
 * word's index in argv (argc where there is none). `*helpp` and `*versionp` say that those were
 * asked for. Returns EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int arguments_lead(
        struct cli *cli, int argc, char **argv, int *indexp, bool *helpp, bool *versionp);

/* Takes --dir, --node, --token and -o from among flags that are not known yet, and says nothing
 * about any. What looks like one of them may be the value of another. */
void arguments_scan(struct cli *cli, int argc, char **argv);

/* Reads the rest: argv[0] is the command's own name. Words may stand between flags; after `--` all
 * are words. Returns EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int arguments_parse(struct arguments *arguments, struct cli *cli, const struct command *command,
        int argc, char **argv);

/* The value of a flag of the command's table, "" for a switch that was given, NULL where it was
 * not. */
const char *arguments_flag(const struct arguments *arguments, const char *name);

/* The value that a flag was given at its time number `turn`, counted from 0; NULL where it was
 * given less often. For flags that may stand there several times. */
const char *arguments_flag_again(const struct arguments *arguments, const char *name, int turn);

/* Reads a flag's value as a number from `min` to `max` into `*numberp`, which keeps its value where
 * the flag was not given. Returns EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int arguments_number(const struct cli *cli, const struct arguments *arguments, const char *name,
        long min, long max, long *numberp);

/* Reads a flag's value as a time of a second or more ("90s", "1h") into `*secondsp`, in whole
 * seconds; as arguments_number. */
int arguments_seconds(const struct cli *cli, const struct arguments *arguments, const char *name,
        uint64_t *secondsp);

/* Takes one flag that was found: `flag` of either list, `value` "" for a switch. Returns EXIT_OK to
 * go on; anything else stops, and is returned. */
typedef int (*arguments_fn)(const struct flag *flag, const char *value, void *user);

/* How to read: `flags` and the global ones, each found told to `fn`. All borrowed. */
struct arguments_reader {
    struct cli *cli;
    const char *what; /* the command, in what is said: "mu ps" */
    const struct flag *flags;
    bool lead; /* stop at the first word */
    arguments_fn fn;
    void *user;
};

/* The common part: reads argv[1..] and sorts it so that the words come last, the first of them at
 * `*indexp`. Returns EXIT_OK, what `fn` returned, or EXIT_USAGE after saying what is wrong. */
int arguments_read(const struct arguments_reader *reader, int argc, char **argv, int *indexp);

/* Applies a global flag to `cli`. Returns EXIT_OK or EXIT_USAGE. */
int arguments_global(struct cli *cli, const struct flag *flag, const char *value);
