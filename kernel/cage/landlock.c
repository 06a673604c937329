// SPDX-License-Identifier: Apache-2.0
/* Raw system calls: no library has them, and headers older than the kernel do not name its newest
 * rights. Numbers are those of include/uapi/linux/landlock.h. */
#include "kernel/cage/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
    LANDLOCK_ABI_MAX = 6,
    LANDLOCK_ABI_REFER = 2,
    LANDLOCK_ABI_TRUNCATE = 3,
    LANDLOCK_ABI_NET = 4,
    LANDLOCK_ABI_IOCTL = 5,
    LANDLOCK_ABI_SCOPE = 6,
    LANDLOCK_VERSION = 1,      /* of landlock_create_ruleset's flags */
    LANDLOCK_PATH_BENEATH = 1, /* the kind of a rule */
};

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_REMOVE_DIR = 1 << 4,
    FS_REMOVE_FILE = 1 << 5,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_DIR = 1 << 7,
    FS_MAKE_REG = 1 << 8,
    FS_MAKE_SOCK = 1 << 9,
    FS_MAKE_FIFO = 1 << 10,
    FS_MAKE_BLOCK = 1 << 11,
    FS_MAKE_SYM = 1 << 12,
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15,
    FS_ALL = (1 << 16) - 1,
    FS_READ = FS_READ_FILE | FS_READ_DIR,
    FS_CHANGE = FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG |
                FS_MAKE_SOCK | FS_MAKE_FIFO | FS_MAKE_SYM | FS_REFER | FS_TRUNCATE,
    FS_OF_A_FILE = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
    NET_BIND_TCP = 1 << 0,
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_SOCKET = 1 << 0,
    SCOPE_SIGNAL = 1 << 1
};

struct landlock_ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

struct landlock_beneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);

    if (abi < 0)
        return 0;
    return abi > LANDLOCK_ABI_MAX ? LANDLOCK_ABI_MAX : (int)abi;
}

static uint64_t landlock_handled(int abi)
{
    uint64_t handled = FS_ALL;

    if (abi < LANDLOCK_ABI_REFER)
        handled &= ~(uint64_t)FS_REFER;
    if (abi < LANDLOCK_ABI_TRUNCATE)
        handled &= ~(uint64_t)FS_TRUNCATE;
    if (abi < LANDLOCK_ABI_IOCTL)
        handled &= ~(uint64_t)FS_IOCTL_DEV;
    return handled;
}

static uint64_t landlock_rights(unsigned rights)
{
    return ((rights & VIEW_READ) != 0 ? FS_READ : 0) |
           ((rights & VIEW_WRITE) != 0 ? FS_CHANGE : 0) |
           ((rights & VIEW_EXECUTE) != 0 ? FS_EXECUTE : 0) |
           ((rights & VIEW_DEVICE) != 0 ? FS_IOCTL_DEV : 0);
}

static int landlock_add(int ruleset, uint64_t handled, const struct view_path *path)
{
    CLEANUP(cleanup_close) int fd = open(path->path, O_PATH | O_CLOEXEC);
    struct landlock_beneath rule = { .parent_fd = fd };
    struct stat about;

    if (fd < 0 || fstat(fd, &about) < 0)
        return -errno;
    rule.allowed_access = landlock_rights(path->rights) & handled;
    if (!S_ISDIR(about.st_mode))
        rule.allowed_access &= FS_OF_A_FILE;
    if (rule.allowed_access == 0)
        return 0;
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_PATH_BENEATH, &rule, 0) < 0 ? -errno
                                                                                        : 0;
}

static int landlock_add_all(
        int ruleset, uint64_t handled, const struct view *view, const struct cage *cage)
{
    static const struct view_path tmp = { "/tmp", VIEW_READ | VIEW_WRITE };
    static const struct view_path proc = { "/proc", VIEW_READ };
    int r = 0;

    for (size_t i = 0; i < view->count && r == 0; i++)
        r = landlock_add(ruleset, handled, &view->paths[i]);
    if (r == 0 && (cage->steps & CAGE_MOUNT_NS) != 0)
        r = landlock_add(ruleset, handled, &tmp);
    if (r == 0 && ((cage->steps & CAGE_PROC) != 0 || CAGE_IS_INSTRUMENTED))
        r = landlock_add(ruleset, handled, &proc);
    return r;
}

int landlock_restrict(const struct view *view, const struct cage *cage)
{
    int abi = landlock_abi();
    struct landlock_ruleset attr = { .handled_access_fs = landlock_handled(abi) };
    CLEANUP(cleanup_close) int ruleset = -1;
    int r;

    if (abi >= LANDLOCK_ABI_NET && cage->network != CAGE_NETWORK_SERVER)
        attr.handled_access_net |= NET_BIND_TCP;
    if (abi >= LANDLOCK_ABI_NET && cage->network == CAGE_NETWORK_NONE)
        attr.handled_access_net |= NET_CONNECT_TCP;
    if (abi >= LANDLOCK_ABI_SCOPE)
        attr.scoped = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    if (ruleset < 0)
        return -errno;
    r = landlock_add_all(ruleset, attr.handled_access_fs, view, cage);
    if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        r = -errno;
    return r;
}
