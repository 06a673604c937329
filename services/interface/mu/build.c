// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/build.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/interface/mu/failure.h"
#include "services/interface/mu/output.h"
#include "services/interface/mu/prefix.h"

static int build_run(const struct cli *cli, char **args)
{
    posix_spawn_file_actions_t actions;
    int state = 0;
    int error;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    error = posix_spawnp(&pid, args[0], &actions, NULL, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return (int)failure_say(cli, EXIT_NOT_FOUND, "install it: apt install cmake",
                "cannot run cmake: %s", strerror(error));
    while (waitpid(pid, &state, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(state) && WEXITSTATUS(state) == 0 ? EXIT_OK : EXIT_ANSWERED_ERROR;
}

static int build_configure(const struct cli *cli, const char *dir, const char *build)
{
    char prefix[PATH_MAX];
    char option[PATH_MAX + 32];

    if (prefix_join(prefix, "") < 0)
        return (int)failure_say(cli, EXIT_INTERNAL, NULL, "cannot find where mu is installed");
    snprintf(option, sizeof(option), "-DCMAKE_PREFIX_PATH=%s", prefix);
    return build_run(
            cli, (char *[]){ "cmake", "-S", (char *)dir, "-B", (char *)build, option,
                         "-DCMAKE_BUILD_TYPE=RelWithDebInfo", "--log-level=NOTICE", NULL });
}

int build_make(const struct cli *cli, const char *dir)
{
    char build[PATH_MAX + 8];
    char cache[PATH_MAX + 32];
    int code = EXIT_OK;

    snprintf(build, sizeof(build), "%s/build", dir);
    snprintf(cache, sizeof(cache), "%s/CMakeCache.txt", build);
    if (access(cache, F_OK) < 0)
        code = build_configure(cli, dir, build);
    if (code == EXIT_OK)
        code = build_run(cli, (char *[]){ "cmake", "--build", build, NULL });
    if (code == EXIT_ANSWERED_ERROR)
        return (int)failure_say(
                cli, EXIT_ANSWERED_ERROR, "it is said above", "%s does not build", dir);
    return code;
}

int build_program(const struct cli *cli, const char *dir, const Mu__Node__V1__Manifest *manifest,
        char program[PATH_MAX])
{
    static const char *const places[] = { "build/libexec/mu", "build/bin", "build" };
    char bare[NAME_MAX];

    if (strchr(manifest->program, '/') != NULL) {
        snprintf(program, PATH_MAX, "%s", manifest->program);
        if (access(program, X_OK) == 0)
            return EXIT_OK;
        return (int)failure_say(cli, EXIT_NOT_FOUND, NULL, "the build made no %s", program);
    }
    snprintf(bare, sizeof(bare), "%s%s", manifest->program[0] != '\0' ? "" : "mu-",
            manifest->program[0] != '\0' ? manifest->program : manifest->name);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(program, PATH_MAX, "%s/%s/%s", dir, places[i], bare);
        if (access(program, X_OK) == 0)
            return EXIT_OK;
    }
    return (int)failure_say(cli, EXIT_NOT_FOUND,
            "use mu_add_service in its CMakeLists.txt, or name the program in the manifest",
            "the build made no %s in %s/build/libexec/mu", bare, dir);
}
