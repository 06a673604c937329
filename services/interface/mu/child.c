// SPDX-License-Identifier: Apache-2.0
/* A process group of its own, so that ^C reaches only `mu run`, which then stops the service in
 * order. */
#include "services/interface/mu/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "services/interface/mu/failure.h"

/* Between fork and exec; the process has one thread or only uses what is safe after a fork. */
static _Noreturn void child_exec(
        const char *program, char **args, const Mu__Node__V1__Manifest *manifest, pid_t parent)
{
    sigset_t none;
    int fd = open("/dev/null", O_RDONLY);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(111);
    if (fd >= 0)
        dup2(fd, STDIN_FILENO);
    for (size_t i = 0; i < manifest->n_env; i++)
        setenv(manifest->env[i]->key, manifest->env[i]->value, 1);
    execv(program, args);
    _exit(127);
}

int child_start(struct child *child, const struct cli *cli, const char *program,
        const Mu__Node__V1__Manifest *manifest)
{
    char **args = calloc(manifest->n_args + 6, sizeof(*args));
    pid_t parent = getpid();
    size_t count = 0;

    if (args == NULL)
        return (int)failure_of_memory(cli);
    args[count++] = (char *)program;
    args[count++] = "--name";
    args[count++] = manifest->name;
    if (cli->dir != NULL) {
        args[count++] = "--dir";
        args[count++] = (char *)cli->dir;
    }
    for (size_t i = 0; i < manifest->n_args; i++)
        args[count++] = manifest->args[i];
    fflush(NULL);
    child->pid = fork();
    if (child->pid == 0)
        child_exec(program, args, manifest, parent);
    free(args);
    if (child->pid > 0)
        child->fd = (int)syscall(SYS_pidfd_open, child->pid, 0);
    if (child->pid < 0 || child->fd < 0)
        return (int)failure_say(
                cli, EXIT_INTERNAL, NULL, "cannot start %s: %s", program, strerror(errno));
    return EXIT_OK;
}

int child_take(struct child *child)
{
    int state = 0;

    while (waitpid(child->pid, &state, 0) < 0 && errno == EINTR)
        ;
    close(child->fd);
    *child = (struct child){ .fd = -1 };
    return state;
}

void child_stop(struct child *child, uint32_t wait_ms)
{
    struct pollfd gone = { .fd = child->fd, .events = POLLIN };

    if (child->pid == 0)
        return;
    kill(child->pid, SIGTERM);
    while (poll(&gone, 1, (int)wait_ms) < 0 && errno == EINTR)
        ;
    if (gone.revents == 0)
        kill(child->pid, SIGKILL);
    child_take(child);
}
