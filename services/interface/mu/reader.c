// SPDX-License-Identifier: Apache-2.0
/* A thread of its own, since those commands sleep in different ways, and none of them can wait for
 * a descriptor besides. */
#include "services/interface/mu/reader.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static void *reader_run(void *user)
{
    struct pollfd output = { .fd = STDOUT_FILENO }; /* errors are told without being asked for */

    while (poll(&output, 1, -1) < 0 && errno == EINTR)
        ;
    if ((output.revents & (POLLERR | POLLHUP)) != 0)
        kill(getpid(), SIGPIPE);
    return user;
}

void reader_watch(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, reader_run, NULL) == 0) /* else the next write tells */
        pthread_detach(thread);
}
