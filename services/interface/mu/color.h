/* color.h - colours, where they help: on a terminal, unless NO_COLOR, TERM=dumb or --no-color says
 * no. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "services/interface/mu/cli.h"

#define COLOR_GOOD "\033[32m"
#define COLOR_WARN "\033[33m"
#define COLOR_BAD  "\033[31;1m"
#define COLOR_DIM  "\033[2m"
#define COLOR_BOLD "\033[1m"

bool color_wanted(const struct cli *cli, FILE *stream);

/* `color`, or "" where none is wanted. */
const char *color_on(const struct cli *cli, FILE *stream, const char *color);
const char *color_off(const struct cli *cli, FILE *stream);
