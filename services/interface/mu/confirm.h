/* confirm.h - a last question before what cannot be taken back. */
#pragma once

#include "services/interface/mu/cli.h"

struct arguments;

/* EXIT_OK with --yes, or after a yes at the terminal; EXIT_USAGE where nobody can be asked, which
 * it says; EXIT_INTERRUPTED for any other answer. `format` is the question without its mark. */
int confirm(const struct cli *cli, const struct arguments *arguments, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The flag that confirm reads, for a command's table. */
#define CONFIRM_FLAG                                                                               \
    {                                                                                              \
        .name = "yes", .letter = 'y', .help = "do not ask; needed where there is no terminal"      \
    }
