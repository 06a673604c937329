// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/confirm.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "services/interface/mu/arguments.h"
#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/terminal.h"

enum { CONFIRM_TEXT_MAX = 512 }; /* bytes with the final NUL */

int confirm(const struct cli *cli, const struct arguments *arguments, const char *format, ...)
{
    char question[CONFIRM_TEXT_MAX];
    va_list args;
    int length;

    if (arguments_flag(arguments, "yes") != NULL)
        return EXIT_OK;
    va_start(args, format);
    length = vsnprintf(question, sizeof(question), format, args);
    va_end(args);
    if (isatty(STDIN_FILENO) != 1 || !terminal_is_there())
        return (int)failure_say(cli, EXIT_USAGE, "say that you mean it: --yes",
                "it asks first, and there is no terminal to ask at");
    if (length < (int)sizeof(question))
        snprintf(question + length, sizeof(question) - (size_t)length, "? [y/N] ");
    if (terminal_ask_yes(question))
        return EXIT_OK;
    output_talk(cli, "nothing was done");
    return EXIT_INTERRUPTED;
}
