// SPDX-License-Identifier: Apache-2.0
/* A program of its own has libcurl: with it, each start of `mu` would take 11 ms longer. */
#include "services/interface/mu/post.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/interface/mu/failure.h"
#include "services/interface/mu/prefix.h"

extern char **environ;

/* Starts mu-post; its standard input is `*inputp`, which the caller closes. Returns its pid or
 * -errno.
 */
static pid_t post_start(const char *url, const char *header, int *inputp)
{
    char path[PATH_MAX];
    char *words[] = { path, (char *)(uintptr_t)url, (char *)(uintptr_t)header, NULL };
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid;
    int error = -prefix_join(path, "libexec/mu/mu-post");

    if (error != 0 || pipe2(ends, O_CLOEXEC) < 0)
        return error != 0 ? -error : -errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    error = posix_spawn(&pid, path, &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    if (error != 0) {
        close(ends[1]);
        return -error;
    }
    *inputp = ends[1];
    return pid;
}

static void post_write(int fd, const char *text)
{
    size_t size = strlen(text);

    while (size > 0) {
        ssize_t count = write(fd, text, size);

        if (count < 0 && errno != EINTR)
            return; /* it ended; its exit status says why */
        text += count > 0 ? count : 0;
        size -= count > 0 ? (size_t)count : 0;
    }
}

int post_json(const struct cli *cli, const char *url, const char *header, const char *text)
{
    struct sigaction before;
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    int input = -1;
    int status = 0;
    pid_t pid = post_start(url, header, &input);

    if (pid < 0)
        return (int)failure_say(cli, EXIT_INTERNAL,
                "is Mu installed whole? libexec/mu/mu-post belongs to it", "cannot run mu-post: %s",
                strerror((int)-pid));
    sigaction(SIGPIPE, &ignore, &before); /* it may end before it has read all */
    post_write(input, text);
    close(input);
    sigaction(SIGPIPE, &before, NULL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_OK)
        return EXIT_OK;
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_ANSWERED_ERROR)
        return (int)failure_say(cli, EXIT_ANSWERED_ERROR,
                "is it an OTLP/HTTP collector? those listen at http://HOST:4318",
                "%s did not take the traces", url);
    return (int)failure_say(
            cli, EXIT_UNAVAILABLE, "does the collector run there?", "cannot reach %s", url);
}
