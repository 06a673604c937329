// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/color.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool color_wanted(const struct cli *cli, FILE *stream)
{
    const char *refusal = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (cli->no_color || (refusal != NULL && refusal[0] != '\0'))
        return false;
    if (terminal == NULL || strcmp(terminal, "dumb") == 0)
        return false;
    return isatty(fileno(stream)) == 1;
}

const char *color_on(const struct cli *cli, FILE *stream, const char *color)
{
    return color_wanted(cli, stream) ? color : "";
}

const char *color_off(const struct cli *cli, FILE *stream)
{
    return color_on(cli, stream, "\033[0m");
}
