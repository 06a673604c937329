// SPDX-License-Identifier: Apache-2.0
#include "kernel/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"

enum { DAEMON_TEXT_MAX = 2048, DAEMON_EXIT_FAILED = 1 };

static const char daemon_ready[] = "ready";

/* In the first process. */
static _Noreturn void daemon_wait(int fd, pid_t child)
{
    char text[DAEMON_TEXT_MAX];
    size_t size = 0;
    ssize_t got;

    waitpid(child, NULL, 0);
    do {
        got = read(fd, text + size, sizeof(text) - 1 - size);
        size += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    text[size] = '\0';
    if (strcmp(text, daemon_ready) == 0)
        _exit(0);
    fprintf(stderr, "mu-node: %s\n", size > 0 ? text : "it ended before it was ready; see its log");
    _exit(DAEMON_EXIT_FAILED);
}

int daemon_detach(int *teller_fdp)
{
    int fds[2];
    int null;
    pid_t pid;

    close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever the shell had open */
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_new(-errno);
    pid = fork();
    if (pid < 0)
        return err_new(-errno);
    if (pid > 0) {
        close(fds[1]);
        daemon_wait(fds[0], pid);
    }
    close(fds[0]);
    setsid();
    pid = fork();
    if (pid != 0)
        _exit(pid > 0 ? 0 : DAEMON_EXIT_FAILED);
    null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 || chdir("/") < 0)
        _exit(DAEMON_EXIT_FAILED);
    if (null > STDERR_FILENO)
        close(null);
    *teller_fdp = fds[1];
    return 0;
}

void daemon_tell(int *teller_fdp, const char *text)
{
    const char *said = text != NULL ? text : daemon_ready;

    if (*teller_fdp < 0)
        return;
    if (write(*teller_fdp, said, strlen(said)) < 0) {
        /* Whoever started the node did not wait for it: that is no trouble of the node's. */
    }
    close(*teller_fdp);
    *teller_fdp = -1;
}
