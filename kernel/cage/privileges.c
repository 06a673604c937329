// SPDX-License-Identifier: Apache-2.0
#include "kernel/cage/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc has no calls for these two; libcap would be a library for two system calls. */
static int privileges_set(const struct __user_cap_data_struct data[2])
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

static int privileges_get(struct __user_cap_data_struct data[2])
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

    return syscall(SYS_capget, &header, data) < 0 ? -errno : 0;
}

/* Without a mapped uid an exec would take them all, but for those that are ambient. */
int privileges_keep(void)
{
    struct __user_cap_data_struct data[2] = { 0 };
    int r = privileges_get(data);

    data[0].inheritable = data[0].permitted;
    data[1].inheritable = data[1].permitted;
    if (r == 0)
        r = privileges_set(data);
    for (unsigned long cap = 0; r == 0 && cap <= CAP_LAST_CAP; cap++) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            r = errno == EINVAL ? 0 : -errno; /* of a newer kernel's headers */
    }
    return r;
}

static int privileges_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    int r = 0;

    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        r = -errno;
    close(fd);
    return r;
}

int privileges_map(uint32_t uid, uint32_t gid)
{
    char text[64];
    int r = privileges_write("/proc/self/setgroups", "deny");

    snprintf(text, sizeof(text), "%u %u 1\n", gid, gid);
    if (r == 0)
        r = privileges_write("/proc/self/gid_map", text);
    snprintf(text, sizeof(text), "%u %u 1\n", uid, uid);
    return r == 0 ? privileges_write("/proc/self/uid_map", text) : r;
}

int privileges_become(uint32_t uid, uint32_t gid)
{
    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return -errno;
    return 0;
}

/* The bounding set also keeps uid 0, where that is whom the process runs as, from getting any back
 * with the next exec. */
int privileges_bound(void)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return -errno;
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return -errno;
    return 0;
}

int privileges_drop(void)
{
    const struct __user_cap_data_struct none[2] = { 0 };

    return privileges_set(none);
}
