// SPDX-License-Identifier: Apache-2.0
/* Tries one thing that a service must not be able to do:
 *
 *     escape ATTEMPT [ARGUMENT]
 *
 * Exit 0: it could. Exit 1: it was refused. Killed by SIGSYS: it was not even asked. Some attempts
 * are what a service must be able to do, so that a cage that refuses everything is noticed, too. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/lock.h"

enum { PAGE = 4096 };

static long number(const char *text)
{
    return strtol(text, NULL, 10);
}

/* ---- files ---- */

static bool try_read(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC) >= 0;
}

static bool try_write(const char *path)
{
    return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) >= 0;
}

static bool try_write_in(const char *folder)
{
    char path[PAGE];

    snprintf(path, sizeof(path), "%s/made", folder);
    return try_write(path);
}

/* One byte at the end of two MiB. */
static bool try_large_file(const char *folder)
{
    char path[PAGE];
    int fd;

    snprintf(path, sizeof(path), "%s/large", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return pwrite(fd, "", 1, (2 << 20) - 1) == 1;
}

static bool try_way_up(const char *folder)
{
    char path[PAGE];

    snprintf(path, sizeof(path), "%s/../../../../../../../etc/passwd", folder);
    return try_read(path);
}

static bool try_symlink(const char *folder)
{
    char path[PAGE];

    snprintf(path, sizeof(path), "%s/link", folder);
    unlink(path);
    return symlink("/etc/passwd", path) == 0 && try_read(path);
}

static bool try_hard_link(const char *path)
{
    return link(path, "/tmp/linked") == 0;
}

static bool try_mknod(const char *folder)
{
    char path[PAGE];

    snprintf(path, sizeof(path), "%s/device", folder);
    return mknod(path, S_IFCHR | 0600, (1 << 8) | 3) == 0;
}

/* ---- sockets ---- */

static bool try_unix(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t size = strlen(path);

    memcpy(address.sun_path, path, size);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    return fd >= 0 &&
           connect(fd, (struct sockaddr *)&address,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (path[0] != '@'))) ==
                   0;
}

static struct sockaddr_in at_port(const char *port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
        .sin_port = htons((uint16_t)number(port)),
        .sin_addr = { htonl(INADDR_LOOPBACK) } };
}

static bool try_tcp(const char *port)
{
    struct sockaddr_in address = at_port(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool try_udp(const char *port)
{
    struct sockaddr_in address = at_port(port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    return fd >= 0 && sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1;
}

static bool try_listen(const char *argument)
{
    struct sockaddr_in address = at_port("0");
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    (void)argument;
    return fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
           listen(fd, 1) == 0;
}

static bool try_raw(const char *argument)
{
    (void)argument;
    return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0;
}

static bool try_netlink(const char *argument)
{
    (void)argument;
    return socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static bool try_packet(const char *argument)
{
    (void)argument;
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

/* ---- other processes ---- */

static bool try_kill(const char *pid)
{
    return kill((pid_t)number(pid), SIGCONT) == 0;
}

static bool try_raise(const char *argument)
{
    (void)argument;
    signal(SIGUSR1, SIG_IGN);
    return raise(SIGUSR1) == 0;
}

static bool try_ptrace(const char *pid)
{
    return ptrace(PTRACE_SEIZE, (pid_t)number(pid), NULL, NULL) == 0;
}

static bool try_memory_of(const char *pid)
{
    char byte;
    struct iovec local = { &byte, 1 };
    struct iovec remote = { &byte, 1 };

    return process_vm_readv((pid_t)number(pid), &local, 1, &remote, 1, 0) >= 0;
}

static bool try_pidfd(const char *pid)
{
    return syscall(SYS_pidfd_open, (pid_t)number(pid), 0) >= 0;
}

static bool try_see(const char *pid)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%s/status", pid);
    return try_read(path);
}

static bool try_fork(const char *argument)
{
    pid_t pid = fork();

    (void)argument;
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, NULL, 0) == pid;
}

static bool try_exec(const char *path)
{
    execl(path, path, NULL);
    return false; /* the program's exit status is 0 */
}

/* One's own file, made executable. */
static bool try_exec_own(const char *folder)
{
    char path[PAGE];
    int fd;

    snprintf(path, sizeof(path), "%s/program", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    if (fd < 0 || write(fd, "#!/bin/true\n", 12) != 12 || close(fd) < 0)
        return false;
    return try_exec(path);
}

static bool try_unshare(const char *argument)
{
    (void)argument;
    return unshare(CLONE_NEWUSER) == 0;
}

static bool try_clone_user(const char *argument)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);

    (void)argument;
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool try_setns(const char *argument)
{
    (void)argument;
    return setns(0, 0) == 0;
}

/* ---- the kernel ---- */

static bool try_mount(const char *argument)
{
    (void)argument;
    return mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0;
}

static bool try_umount(const char *argument)
{
    (void)argument;
    return umount2("/usr", MNT_DETACH) == 0;
}

static bool try_chroot(const char *argument)
{
    (void)argument;
    return chroot("/") == 0;
}

static bool try_io_uring(const char *argument)
{
    char params[256] = { 0 };

    (void)argument;
    return syscall(SYS_io_uring_setup, 4, params) >= 0;
}

static bool try_keyctl(const char *argument)
{
    (void)argument;
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) >= 0;
}

static bool try_bpf(const char *argument)
{
    char attr[128] = { 0 };

    (void)argument;
    return syscall(SYS_bpf, 0, attr, sizeof(attr)) >= 0;
}

static bool try_perf(const char *argument)
{
    char attr[128] = { 0 };

    (void)argument;
    return syscall(SYS_perf_event_open, attr, 0, -1, -1, 0) >= 0;
}

static bool try_userfaultfd(const char *argument)
{
    (void)argument;
    return syscall(SYS_userfaultfd, O_CLOEXEC) >= 0;
}

static bool try_module(const char *argument)
{
    (void)argument;
    return syscall(SYS_init_module, "", 0, "") == 0;
}

static bool try_reboot(const char *argument)
{
    (void)argument;
    return reboot(RB_DISABLE_CAD) == 0;
}

static bool try_swap(const char *argument)
{
    (void)argument;
    return swapoff("/nowhere") == 0;
}

static bool try_klog(const char *argument)
{
    (void)argument;
    return klogctl(10, NULL, 0) >= 0;
}

static bool try_clock(const char *argument)
{
    struct timespec now;

    (void)argument;
    clock_gettime(CLOCK_REALTIME, &now);
    return syscall(SYS_clock_settime, CLOCK_REALTIME, &now) == 0;
}

static bool try_hostname(const char *argument)
{
    (void)argument;
    return sethostname("caged", 5) == 0;
}

static bool try_personality(const char *argument)
{
    (void)argument;
    return syscall(SYS_personality, 0x0040000 /* no randomized addresses */) >= 0;
}

static bool try_shared_memory(const char *argument)
{
    (void)argument;
    return shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600) >= 0;
}

static bool try_semaphores(const char *argument)
{
    (void)argument;
    return semget(IPC_PRIVATE, 1, IPC_CREAT | 0600) >= 0;
}

static bool try_queue(const char *argument)
{
    (void)argument;
    return syscall(SYS_mq_open, "caged", O_RDWR | O_CREAT, 0600, NULL) >= 0;
}

static bool try_type(const char *argument)
{
    (void)argument;
    return ioctl(STDIN_FILENO, TIOCSTI, "x") == 0;
}

/* ---- memory ---- */

static bool try_writable_code(const char *argument)
{
    (void)argument;
    return mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                   0) != MAP_FAILED;
}

static bool try_code_from_data(const char *argument)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)argument;
    return page != MAP_FAILED && mprotect(page, PAGE, PROT_READ | PROT_EXEC) == 0;
}

static bool try_code_from(int fd)
{
    return fd >= 0 && ftruncate(fd, PAGE) == 0 &&
           mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) != MAP_FAILED;
}

static bool try_code_from_memfd(const char *argument)
{
    (void)argument;
    return try_code_from(memfd_create("code", 0));
}

static bool try_code_from_file(const char *folder)
{
    char path[PAGE];

    snprintf(path, sizeof(path), "%s/code", folder);
    return try_code_from(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

/* ---- itself ---- */

static bool try_setuid(const char *argument)
{
    (void)argument;
    return setresuid(0, 0, 0) == 0;
}

static bool try_setgid(const char *argument)
{
    (void)argument;
    return setresgid(0, 0, 0) == 0;
}

static bool try_setgroups(const char *argument)
{
    (void)argument;
    return syscall(SYS_setgroups, 0, NULL) == 0;
}

static bool try_powers(const char *argument)
{
    struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct data[2] = { 0 };

    (void)argument;
    syscall(SYS_capget, &header, data);
    if ((data[0].permitted | data[1].permitted) != 0)
        return true;
    for (unsigned long cap = 0; cap <= CAP_LAST_CAP; cap++) {
        if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
            return getuid() == 0; /* else nothing that it executes can make use of it */
    }
    return false;
}

static bool try_new_privileges(const char *argument)
{
    (void)argument;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static bool try_dumpable(const char *argument)
{
    (void)argument;
    return prctl(PR_SET_DUMPABLE, 1) == 0;
}

static bool try_more_files(const char *argument)
{
    struct rlimit limit;

    (void)argument;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static bool try_core(const char *argument)
{
    struct rlimit limit;

    (void)argument;
    return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max != 0;
}

static bool try_descriptors(const char *argument)
{
    (void)argument;
    for (int fd = 4; fd < 64; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            return true;
    }
    return false;
}

static void *thread(void *user)
{
    return user;
}

static bool try_thread(const char *argument)
{
    pthread_t other;

    (void)argument;
    return pthread_create(&other, NULL, thread, NULL) == 0 && pthread_join(other, NULL) == 0;
}

static bool try_nothing(const char *argument)
{
    (void)argument;
    return true;
}

/* ---- after the lock of libmu ---- */

static bool locked(void)
{
    Mu__Node__V1__Lock lock = MU__NODE__V1__LOCK__INIT;

    lock.sockets = true;
    lock.programs = true;
    lock.code = true;
    return lock_down(&lock) == 0;
}

static bool try_locked_socket(const char *argument)
{
    (void)argument;
    return locked() && socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool try_locked_exec(const char *path)
{
    return locked() && try_exec(path);
}

static bool try_locked_code(const char *folder)
{
    return locked() && try_code_from_file(folder);
}

static bool try_locked_dump(const char *argument)
{
    (void)argument;
    return locked() && prctl(PR_GET_DUMPABLE) != 0;
}

static bool try_locked_thread(const char *argument)
{
    return locked() && try_thread(argument);
}

static bool try_locked_data(const char *folder)
{
    return locked() && try_write_in(folder);
}

static const struct {
    const char *name;
    bool (*attempt)(const char *argument);
} attempts[] = {
    { "nothing", try_nothing },
    { "read", try_read },
    { "write", try_write },
    { "write-in", try_write_in },
    { "way-up", try_way_up },
    { "large-file", try_large_file },
    { "symlink", try_symlink },
    { "hard-link", try_hard_link },
    { "mknod", try_mknod },
    { "unix", try_unix },
    { "tcp", try_tcp },
    { "udp", try_udp },
    { "listen", try_listen },
    { "raw", try_raw },
    { "netlink", try_netlink },
    { "packet", try_packet },
    { "kill", try_kill },
    { "raise", try_raise },
    { "ptrace", try_ptrace },
    { "memory-of", try_memory_of },
    { "pidfd", try_pidfd },
    { "see", try_see },
    { "fork", try_fork },
    { "exec", try_exec },
    { "exec-own", try_exec_own },
    { "unshare", try_unshare },
    { "clone-user", try_clone_user },
    { "setns", try_setns },
    { "mount", try_mount },
    { "umount", try_umount },
    { "chroot", try_chroot },
    { "io-uring", try_io_uring },
    { "keyctl", try_keyctl },
    { "bpf", try_bpf },
    { "perf", try_perf },
    { "userfaultfd", try_userfaultfd },
    { "module", try_module },
    { "reboot", try_reboot },
    { "swap", try_swap },
    { "klog", try_klog },
    { "clock", try_clock },
    { "hostname", try_hostname },
    { "personality", try_personality },
    { "shared-memory", try_shared_memory },
    { "semaphores", try_semaphores },
    { "queue", try_queue },
    { "type", try_type },
    { "writable-code", try_writable_code },
    { "code-from-data", try_code_from_data },
    { "code-from-memfd", try_code_from_memfd },
    { "code-from-file", try_code_from_file },
    { "setuid", try_setuid },
    { "setgid", try_setgid },
    { "setgroups", try_setgroups },
    { "powers", try_powers },
    { "new-privileges", try_new_privileges },
    { "dumpable", try_dumpable },
    { "more-files", try_more_files },
    { "core", try_core },
    { "descriptors", try_descriptors },
    { "thread", try_thread },
    { "locked-socket", try_locked_socket },
    { "locked-exec", try_locked_exec },
    { "locked-code", try_locked_code },
    { "locked-dump", try_locked_dump },
    { "locked-thread", try_locked_thread },
    { "locked-data", try_locked_data },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc >= 2 && i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        if (strcmp(argv[1], attempts[i].name) == 0)
            return attempts[i].attempt(argc > 2 ? argv[2] : "") ? 0 : 1;
    }
    fprintf(stderr, "usage: escape ATTEMPT [ARGUMENT]\n");
    return 2;
}
