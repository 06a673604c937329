/* passphrase.h - the words that seal a network's root key. */
#pragma once

#include "services/interface/mu/cli.h"

struct arguments;

enum { PASSPHRASE_TEXT_MAX = 1025 }; /* bytes with the final NUL */

struct passphrase {
    char text[PASSPHRASE_TEXT_MAX];
    size_t size;
};

/* Takes it from --passphrase-file (its first line), else from $MU_PASSPHRASE, else asks at the
 * terminal: twice for one that `is_new`. Says what is wrong. Returns EXIT_OK or an exit status. The
 * caller wipes it. */
int passphrase_get(const struct cli *cli, const struct arguments *arguments, bool is_new,
        struct passphrase *passphrase);

/* For CLEANUP: leaves nothing of it in memory. */
void passphrase_wipe(struct passphrase *passphrase);

/* The flag that passphrase_get reads, for a command's table. */
#define PASSPHRASE_FLAG                                                                            \
    {                                                                                              \
        .name = "passphrase-file", .value = "FILE", .complete = COMPLETE_FILE,                     \
        .help = "its first line is the passphrase; without: $MU_PASSPHRASE, or it is asked for"    \
    }
