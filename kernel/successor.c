// SPDX-License-Identifier: Apache-2.0
/* A program that cannot run is found out by running it: a library that is missing, a machine of
 * another kind and a file cut short all look well until then. */
#include "kernel/successor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "kernel/limits.h"

static int successor_fail(struct successor *successor, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int successor_fail(struct successor *successor, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(successor->text, sizeof(successor->text), format, args);
    va_end(args);
    return err_new(code);
}

/* ---- where ---- */

static bool successor_is_in(struct successor *successor, const char *from, const char *below)
{
    char program[FOLDER_PATH_MAX];

    return (size_t)snprintf(successor->libexec, sizeof(successor->libexec), "%s%s", from, below) <
                   sizeof(successor->libexec) &&
           (size_t)snprintf(program, sizeof(program), "%s/mu-node", successor->libexec) <
                   sizeof(program) &&
           access(program, X_OK) == 0;
}

static int successor_place(struct successor *successor, const char *from, const char *libexec)
{
    if (from[0] == '\0')
        from = libexec;
    if (from[0] != '/')
        return successor_fail(successor, -EINVAL,
                "`%.200s` is no absolute path; name the prefix that Mu was installed to", from);
    if (successor_is_in(successor, from, "") || successor_is_in(successor, from, "/libexec/mu"))
        return 0;
    return successor_fail(successor, -ENOENT,
            "no mu-node that runs in %.200s, nor in its libexec/mu; name the prefix that Mu was "
            "installed to",
            from);
}

/* ---- trying ---- */

/* Reads what the program says until it has ended, or for so long. Returns the bytes. */
static size_t successor_hear(int fd, char *text, size_t size)
{
    uint64_t deadline_ms = clock_ms() + SUCCESSOR_TRY_MS;
    struct pollfd poller = { .fd = fd, .events = POLLIN };
    size_t used = 0;

    while (used + 1 < size) {
        uint64_t now_ms = clock_ms();
        ssize_t got;

        if (now_ms >= deadline_ms || poll(&poller, 1, (int)(deadline_ms - now_ms)) == 0)
            break;
        got = read(fd, text + used, size - 1 - used);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        used += got > 0 ? (size_t)got : 0;
    }
    text[used] = '\0';
    return used;
}

/* Starts it with its words going to `fd`, and with no signal held back. Returns 0 or -errno. */
static int successor_spawn(pid_t *pidp, char *program, int fd)
{
    char option[] = "--version";
    char *const args[] = { program, option, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int r;

    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    r = -posix_spawn(pidp, program, &actions, &attributes, args, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return err_trace(r);
}

/* Has a program say its version: "mu-node 0.1.0", where `word` is "mu-node". */
static int successor_try(struct successor *successor, const char *name, const char *word,
        char version[SUCCESSOR_VERSION_MAX])
{
    char program[FOLDER_PATH_MAX + 16];
    CLEANUP(cleanup_close) int heard = -1;
    char text[SUCCESSOR_VERSION_MAX] = "";
    int fds[2];
    pid_t pid = 0;
    int r;

    snprintf(program, sizeof(program), "%.*s/%s", FOLDER_PATH_MAX, successor->libexec, name);
    if (pipe2(fds, O_CLOEXEC) < 0)
        return successor_fail(successor, -errno, "cannot try %s: %s", program, strerror(errno));
    heard = fds[0];
    r = successor_spawn(&pid, program, fds[1]);
    close(fds[1]);
    if (r < 0)
        return successor_fail(successor, r, "%s does not run: %s", program, strerror(-r));
    successor_hear(heard, text, sizeof(text));
    kill(pid, SIGKILL); /* where it has not ended by now */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (strncmp(text, word, strlen(word)) != 0 || text[strlen(word)] != ' ')
        return successor_fail(
                successor, -ENOEXEC, "%s does not say its version; is it whole?", program);
    snprintf(version, SUCCESSOR_VERSION_MAX, "%.*s", (int)strcspn(text + strlen(word) + 1, " \n"),
            text + strlen(word) + 1);
    return 0;
}

int successor_find(struct successor *successor, const char *from, const char *libexec)
{
    static const char *const others[][2] = { { "mu-router", "mu-router" },
        { "mu-registry", "registry" } };
    char version[SUCCESSOR_VERSION_MAX];
    char path[FOLDER_PATH_MAX + 16];
    int r;

    *successor = (struct successor){ .text = "" };
    r = successor_place(successor, from, libexec);
    if (r == 0)
        r = successor_try(successor, "mu-node", "mu-node", successor->version);
    for (size_t i = 0; r == 0 && i < sizeof(others) / sizeof(others[0]); i++) {
        r = successor_try(successor, others[i][0], others[i][1], version);
        if (r == 0 && strcmp(version, successor->version) != 0)
            r = successor_fail(successor, -EINVAL,
                    "%.200s/%s is of version %.32s and its mu-node of %.32s; install it whole",
                    successor->libexec, others[i][0], version, successor->version);
    }
    snprintf(path, sizeof(path), "%s/mu-exec", successor->libexec);
    if (r == 0 && access(path, X_OK) < 0)
        r = successor_fail(successor, -errno, "%s does not run: %s", path, strerror(errno));
    return r;
}
