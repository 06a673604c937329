/* password.h - an account's password, from its user. */
#pragma once

#include "services/interface/mu/cli.h"

struct arguments;

enum { PASSWORD_TEXT_MAX = 1025 }; /* bytes with the final NUL */

/* Takes it from the first line of standard input with --password-stdin, else asks `question` at the
 * terminal: twice for one that `is_new`. Says what is wrong. Returns EXIT_OK or an exit status. The
 * caller wipes it (password_wipe). */
int password_get(const struct cli *cli, const struct arguments *arguments, const char *question,
        bool is_new, char password[PASSWORD_TEXT_MAX]);

/* For CLEANUP, of a char[PASSWORD_TEXT_MAX]. */
void password_wipe(void *password);

/* The flag that password_get reads, for a command's table. */
#define PASSWORD_FLAG                                                                              \
    {                                                                                              \
        .name = "password-stdin",                                                                  \
        .help = "the first line of standard input is the password; without: it is asked for"       \
    }
