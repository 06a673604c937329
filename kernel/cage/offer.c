// SPDX-License-Identifier: Apache-2.0
/* No list of kernel versions and distributions tells whether a namespace may be made here: sysctls,
 * security modules, containers and service managers all have a say. So one is made. */
#include "kernel/cage/offer.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/cage/landlock.h"
#include "kernel/cage/spawn.h"

/* Whether mu-exec can take `steps` and run. */
static bool offer_try(const char *exec, unsigned steps)
{
    const char *words[CAGE_WORDS_MAX + 4] = { "mu-exec", "--probe" };
    struct cage cage = { .steps = steps, .uid = geteuid(), .gid = getegid() };
    char text[CAGE_TEXT_MAX];
    int status = -1;
    int pid_fd = -1;
    pid_t pid;

    cage_write(&cage, words + 2, text);
    pid = spawn(steps, &pid_fd);
    if (pid < 0)
        return false;
    if (pid == 0) {
        if (spawn_prepare(steps) == 0)
            execve(exec, (char *const *)(uintptr_t)words, (char *[]){ NULL });
        _exit(1);
    }
    close(pid_fd);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool offer_has_filter(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;

    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* All namespaces, as an ordinary service gets them, first as whoever the node is. */
static void offer_find_namespaces(struct cage_offer *offer, const char *exec)
{
    unsigned steps = CAGE_MOUNT_NS | CAGE_PID_NS | CAGE_NET_NS | CAGE_IPC_NS | CAGE_UTS_NS;

    for (int by_user_ns = 0; by_user_ns <= 1 && !offer->namespaces; by_user_ns++) {
        unsigned more = by_user_ns != 0 ? CAGE_USER_NS | CAGE_POWERS : 0;

        offer->by_user_ns = by_user_ns != 0;
        offer->proc = offer_try(exec, steps | more | CAGE_PROC);
        offer->namespaces = offer->proc || offer_try(exec, steps | more);
    }
}

void offer_find(struct cage_offer *offer, const char *exec)
{
    *offer = (struct cage_offer){
        .powers = geteuid() == 0, .landlock = landlock_abi() > 0, .filter = offer_has_filter()
    };
    offer_find_namespaces(offer, exec);
    offer->owners = geteuid() == 0 && offer->namespaces && !offer->by_user_ns && CAGE_HAS_OWNERS;
}
