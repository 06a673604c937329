// SPDX-License-Identifier: Apache-2.0
#include "kernel/cage/plan.h"

#include <sched.h>
#include <stddef.h>

/* The router sees the numbers of the processes that connect, so it has no pid namespace; and with
 * that no /proc of its own. It also keeps the node's uid, whose folders its sockets lie in. */
static unsigned plan_namespaces(const struct cage_offer *offer, const struct cage_wish *wish)
{
    unsigned steps = CAGE_MOUNT_NS | CAGE_IPC_NS | CAGE_UTS_NS;

    if (offer->by_user_ns)
        steps |= CAGE_USER_NS;
    if (wish->network == CAGE_NETWORK_NONE)
        steps |= CAGE_NET_NS;
    if (wish->router)
        return steps;
    steps |= CAGE_PID_NS;
    if (offer->proc)
        steps |= CAGE_PROC;
    if (offer->owners)
        steps |= CAGE_OWNER;
    return steps;
}

static enum cage_grade plan_grade(unsigned steps)
{
    bool filter = (steps & CAGE_FILTER) != 0;
    bool landlock = (steps & CAGE_LANDLOCK) != 0;

    if (!filter)
        return GRADE_D;
    if ((steps & CAGE_MOUNT_NS) != 0)
        return landlock && (steps & CAGE_CGROUP) != 0 ? GRADE_A : GRADE_B;
    return landlock ? GRADE_C : GRADE_D;
}

static const char *plan_lacks(unsigned steps)
{
    if ((steps & CAGE_FILTER) == 0)
        return "the kernel filters no system calls (seccomp)";
    if ((steps & CAGE_MOUNT_NS) == 0)
        return "namespaces cannot be made here";
    if ((steps & CAGE_LANDLOCK) == 0)
        return "the kernel has no landlock";
    return (steps & CAGE_CGROUP) == 0 ? "there is no cgroup that the node may write" : "";
}

struct cage_plan plan_cage(const struct cage_offer *offer, const struct cage_wish *wish)
{
    unsigned steps = 0;

    if (wish->off)
        return (struct cage_plan){ .grade = GRADE_D, .lacks = "its manifest turns it off" };
    if (offer->namespaces)
        steps |= plan_namespaces(offer, wish);
    if (offer->powers || (steps & CAGE_USER_NS) != 0)
        steps |= CAGE_POWERS;
    if (offer->landlock)
        steps |= CAGE_LANDLOCK;
    if (offer->filter)
        steps |= CAGE_FILTER;
    if (offer->cgroup)
        steps |= CAGE_CGROUP;
    return (struct cage_plan){
        .steps = steps, .grade = plan_grade(steps), .lacks = plan_lacks(steps)
    };
}

unsigned long plan_clone_flags(unsigned steps)
{
    static const struct {
        enum cage_step step;
        unsigned long flag;
    } rows[] = {
        { CAGE_USER_NS, CLONE_NEWUSER },
        { CAGE_MOUNT_NS, CLONE_NEWNS },
        { CAGE_PID_NS, CLONE_NEWPID },
        { CAGE_NET_NS, CLONE_NEWNET },
        { CAGE_IPC_NS, CLONE_NEWIPC },
        { CAGE_UTS_NS, CLONE_NEWUTS },
    };
    unsigned long flags = 0;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        flags |= (steps & rows[i].step) != 0 ? rows[i].flag : 0;
    return flags;
}
