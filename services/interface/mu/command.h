/* command.h - the table of commands: help, completion and parsing all read it. */
#pragma once

#include <stddef.h>

#include "services/interface/mu/cli.h"

struct arguments;

/* What can stand in a place, for completion. */
enum completer {
    COMPLETE_NOTHING,
    COMPLETE_FILE,
    COMPLETE_SERVICE, /* one that is known to the registry */
    COMPLETE_PROCESS, /* one that the node runs */
    COMPLETE_MANAGED, /* one that it may be told to start and stop */
    COMPLETE_NODE,    /* one that is known in the network */
    COMPLETE_CLIENT,  /* one that came with a token of this node */
    COMPLETE_ACCOUNT,
    COMPLETE_RULE,     /* its number */
    COMPLETE_ENDPOINT, /* service.Method */
    COMPLETE_TRACE,    /* the id of one that the router remembers, or its first digits */
    COMPLETE_POLICY,   /* the scope of a policy that was set */
    COMPLETE_FIELD,    /* key=value of the request of the endpoint before it */
    COMPLETE_COMMAND,
    COMPLETE_CHOICE /* one of `choices` */
};

/* One flag; a list of them ends with a NULL name. */
struct flag {
    const char *name;  /* "follow" */
    const char *value; /* what it takes, e.g. "N"; NULL for a switch */
    const char *help;
    const char *choices; /* "json|pretty", for COMPLETE_CHOICE */
    enum completer complete;
    char letter; /* 'f', or 0 */
};

/* A list of examples ends with a NULL line. */
struct example {
    const char *line;
    const char *why;
};

enum { COMMAND_WORDS_ANY = -1 };

struct command {
    const char *name;
    const char *alias; /* a second name, or NULL */
    const char *group; /* its heading in `mu help`; the nouns' children have none */
    const char *summary;
    const char *words;             /* "SERVICE.METHOD [key=value …]"; NULL for none */
    const char *details;           /* paragraphs for --help, or NULL */
    bool takes_raw;                /* -o raw has a meaning */
    enum output_format own_format; /* of those behind OUTPUT_RAW the one that has; else 0 */
    bool is_local;                 /* works on this machine, and not on a node elsewhere */
    bool as_owner;                 /* presents no token of who logged in */
    int words_min;
    int words_max;            /* COMMAND_WORDS_ANY: no limit */
    const struct flag *flags; /* NULL for none */
    const struct example *examples;
    enum completer first;                  /* what the first word is, … */
    enum completer rest;                   /* … and those after it */
    const char *choices;                   /* of words that are COMPLETE_CHOICE */
    const struct command *const *children; /* of a noun, ends with NULL; then `run` is NULL */
    int (*run)(struct cli *cli, const struct arguments *arguments);
};

/* All of them, in the order of `mu help`; ends with NULL. */
extern const struct command *const commands[];

/* What every command takes. */
extern const struct flag global_flags[];

/* The command called `name` in `list`, by name or alias; NULL where there is none. */
const struct command *command_find(const struct command *const *list, const char *name);

/* The name in `list` that is nearest to `name`, static text; NULL where none is near. */
const char *command_suggest(const struct command *const *list, const char *name);

/* The noun that `command` belongs to, or NULL. */
const struct command *command_parent(const struct command *command);
