/* build.h - a service's folder, built with CMake in DIR/build. */
#pragma once

#include <limits.h>

#include "services/interface/mu/cli.h"
#include "mu/node/v1/manifest.pb-c.h"

/* Configures (the first time) and builds; what cmake says goes to standard error. Returns EXIT_OK,
 * or an exit status after saying that it failed. */
int build_make(const struct cli *cli, const char *dir);

/* Where the build put the manifest's program. Says what is wrong. Returns EXIT_OK or an exit
 * status. */
int build_program(const struct cli *cli, const char *dir, const Mu__Node__V1__Manifest *manifest,
        char program[PATH_MAX]);
