/* failure.h - how a command says that it failed: what and why on one line, the fix on the next.
 *
 *     error: no node is running at /run/mu (exit 4)
 *       start one: mu up
 *
 * Everything goes to standard error; with -o json or jsonl as one JSON object. */
#pragma once

#include "services/interface/mu/cli.h"
#include "services/interface/mu/exits.h"

enum {
    FAILURE_TEXT_MAX = 1024, /* bytes with the final NUL; longer texts are cut */
    FAILURE_WORD_MAX = 80    /* bytes with the final NUL, of a word that is repeated */
};

/* A word of the user's, to be repeated to him: cut, with an ellipsis, where it is long. Returns
 * `text`. */
const char *failure_word(const char *word, char text[FAILURE_WORD_MAX]);

/* Says it and returns `code`. `fix` (may be NULL) may have several lines. */
enum exit_code failure_say(const struct cli *cli, enum exit_code code, const char *fix,
        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Says what an operator should know although the command did what it was asked to. `fix` as above.
 * Not with --quiet. */
void failure_warn(const struct cli *cli, const char *fix, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* Says how a call to `endpoint` failed and returns the exit status for it. `fix` as above. */
enum exit_code failure_of_call(const struct cli *cli, const char *endpoint,
        const struct mu_status *status, const char *fix);

/* Says why the node could not be reached: `error` is the -errno of mu_client_open. */
enum exit_code failure_of_open(const struct cli *cli, int error);

/* Says why the file at `path` ("-": standard input) could not be read: `error` is -errno. NOT_FOUND
 * where it is not there, else USAGE. */
enum exit_code failure_of_file(const struct cli *cli, const char *path, int error);

/* Out of memory, which nothing here can do anything about. */
enum exit_code failure_of_memory(const struct cli *cli);
