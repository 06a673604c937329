// SPDX-License-Identifier: Apache-2.0
/* Allowed is what a program does with its own memory, threads, files and sockets. Three answers are
 * given to the rest. What libraries try and live without gets an error: kernels without it say the
 * same. What concerns others is death at once. And arguments are looked at where one call does
 * both.
 *
 * The tables are by purpose, so that a reader can tell what a line is for; a call that is missing
 * shows as `signal 31 (Bad system call)`. */
#include "kernel/cage/filter_rules.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "kernel/cage/cage.h"
#include "kernel/cage/filter.h"

#define CALL(name)   SCMP_SYS(name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { FILTER_API = 3 }; /* libseccomp's name for Linux 4.14, which can kill processes */

static const int filter_memory[] = { CALL(brk), CALL(munmap), CALL(mremap), CALL(msync),
    CALL(madvise), CALL(mincore), CALL(mlock), CALL(mlock2), CALL(munlock), CALL(membarrier) };

static const int filter_files[] = { CALL(read), CALL(write), CALL(readv), CALL(writev),
    CALL(pread64), CALL(pwrite64), CALL(preadv), CALL(pwritev), CALL(preadv2), CALL(pwritev2),
    CALL(open), CALL(openat), CALL(openat2), CALL(creat), CALL(close), CALL(close_range),
    CALL(stat), CALL(fstat), CALL(lstat), CALL(newfstatat), CALL(statx), CALL(access),
    CALL(faccessat), CALL(faccessat2), CALL(lseek), CALL(dup), CALL(dup2), CALL(dup3), CALL(pipe),
    CALL(pipe2), CALL(fcntl), CALL(flock), CALL(getdents), CALL(getdents64), CALL(getcwd),
    CALL(chdir), CALL(fchdir), CALL(readlink), CALL(readlinkat), CALL(mkdir), CALL(mkdirat),
    CALL(rmdir), CALL(unlink), CALL(unlinkat), CALL(rename), CALL(renameat), CALL(renameat2),
    CALL(link), CALL(linkat), CALL(symlink), CALL(symlinkat), CALL(chmod), CALL(fchmod),
    CALL(fchmodat), CALL(truncate), CALL(ftruncate), CALL(fallocate), CALL(fsync), CALL(fdatasync),
    CALL(sync_file_range), CALL(umask), CALL(utime), CALL(utimes), CALL(utimensat), CALL(statfs),
    CALL(fstatfs), CALL(copy_file_range), CALL(sendfile), CALL(splice), CALL(tee), CALL(fadvise64),
    CALL(readahead), CALL(getxattr), CALL(lgetxattr), CALL(fgetxattr), CALL(listxattr),
    CALL(llistxattr), CALL(flistxattr) };

static const int filter_waiting[] = { CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6),
    CALL(epoll_create), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait),
    CALL(epoll_pwait2), CALL(eventfd), CALL(eventfd2), CALL(signalfd), CALL(signalfd4),
    CALL(timerfd_create), CALL(timerfd_settime), CALL(timerfd_gettime), CALL(inotify_init),
    CALL(inotify_init1), CALL(inotify_add_watch), CALL(inotify_rm_watch), CALL(nanosleep),
    CALL(clock_nanosleep), CALL(clock_gettime), CALL(clock_getres), CALL(gettimeofday), CALL(time),
    CALL(times), CALL(alarm), CALL(setitimer), CALL(getitimer), CALL(timer_create),
    CALL(timer_settime), CALL(timer_gettime), CALL(timer_getoverrun), CALL(timer_delete),
    CALL(pause), CALL(restart_syscall) };

static const int filter_threads[] = { CALL(futex), CALL(set_robust_list), CALL(get_robust_list),
    CALL(rseq), CALL(set_tid_address), CALL(sched_yield), CALL(sched_getaffinity),
    CALL(sched_getparam), CALL(sched_getscheduler), CALL(sched_get_priority_max),
    CALL(sched_get_priority_min), CALL(getcpu), CALL(arch_prctl), CALL(exit), CALL(exit_group) };

static const int filter_signals[] = { CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigpending),
    CALL(rt_sigreturn), CALL(rt_sigsuspend), CALL(rt_sigtimedwait), CALL(sigaltstack), CALL(wait4),
    CALL(waitid) };

static const int filter_itself[] = { CALL(getpid), CALL(gettid), CALL(getppid), CALL(getpgid),
    CALL(getpgrp), CALL(getsid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
    CALL(getresuid), CALL(getresgid), CALL(getgroups), CALL(getrlimit), CALL(getrusage),
    CALL(getpriority), CALL(uname), CALL(sysinfo), CALL(getrandom), CALL(capget), CALL(ioctl) };

/* Its own bounds may be drawn closer. */
static const int filter_bounds[] = { CALL(landlock_create_ruleset), CALL(landlock_add_rule),
    CALL(landlock_restrict_self) };

/* Of sockets that it has. */
static const int filter_sockets[] = { CALL(connect), CALL(sendto), CALL(recvfrom), CALL(sendmsg),
    CALL(recvmsg), CALL(sendmmsg), CALL(recvmmsg), CALL(shutdown), CALL(getsockname),
    CALL(getpeername), CALL(setsockopt), CALL(getsockopt) };

static const int filter_listening[] = { CALL(bind), CALL(listen), CALL(accept), CALL(accept4) };

/* With `processes`. */
static const int filter_processes[] = { CALL(fork), CALL(vfork), CALL(kill), CALL(tgkill),
    CALL(tkill), CALL(setpgid), CALL(setsid), CALL(pidfd_open), CALL(pidfd_send_signal),
    CALL(rt_sigqueueinfo), CALL(rt_tgsigqueueinfo) };

/* For the tracing thread of LeakSanitizer, and ThreadSanitizer's new start without randomized
 * addresses. */
static const int filter_instrumented[] = { CALL(ptrace), CALL(personality), CALL(process_vm_readv),
    CALL(setrlimit), CALL(prctl), CALL(prlimit64) };

/* What libraries try, and do without where the kernel has it not. */
static const struct {
    int call;
    int error;
} filter_refused[] = {
    { CALL(clone3), ENOSYS }, /* its flags lie in memory, where no filter sees them */
    { CALL(io_uring_setup), ENOSYS },
    { CALL(io_uring_enter), ENOSYS },
    { CALL(io_uring_register), ENOSYS },
    { CALL(memfd_create), ENOSYS }, /* could be mapped twice: to be written, and to be executed */
    { CALL(get_mempolicy), ENOSYS },
    { CALL(futex_waitv), ENOSYS },
    { CALL(mlockall), EPERM },
    { CALL(munlockall), EPERM },
    { CALL(sched_setaffinity), EPERM },
    { CALL(sched_setparam), EPERM },
    { CALL(sched_setscheduler), EPERM },
    { CALL(setpriority), EPERM },
    { CALL(chown), EPERM },
    { CALL(fchown), EPERM },
    { CALL(lchown), EPERM },
    { CALL(fchownat), EPERM },
    { CALL(setxattr), EOPNOTSUPP },
    { CALL(lsetxattr), EOPNOTSUPP },
    { CALL(fsetxattr), EOPNOTSUPP },
};

/* Newer than libseccomp's tables: glibc tries some of them first. */
enum { FILTER_NEW_FIRST = 451, FILTER_NEW_LAST = 470 };

enum { FILTER_PRCTL_MAX = 80, FILTER_PRCTL_VMA = 0x53564d41 /* malloc names its memory */ };

static bool filter_has_prctl(int option)
{
    static const int options[] = { PR_SET_NAME, PR_GET_NAME, PR_SET_PDEATHSIG, PR_GET_PDEATHSIG,
        PR_GET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_SET_TIMERSLACK,
        PR_GET_TIMERSLACK, PR_CAPBSET_READ, PR_GET_SECCOMP };

    for (size_t i = 0; i < COUNT(options); i++) {
        if (options[i] == option)
            return true;
    }
    return false;
}

/* ---- rules ---- */

static int filter_allow(scmp_filter_ctx filter, const int *calls, size_t count)
{
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    return r;
}

/* Answers `error`, or allows the call where that is 0, where `condition` holds. */
static int filter_if(scmp_filter_ctx filter, int error, int call, struct scmp_arg_cmp condition)
{
    return seccomp_rule_add_array(
            filter, error == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(error), call, 1, &condition);
}

/* Memory that can be written and executed is how injected bytes come to run. A library's code is
 * mapped from its file and never written. */
static int filter_add_memory(scmp_filter_ctx filter, unsigned kind)
{
    static const int calls[] = { CALL(mmap), CALL(mprotect), CALL(pkey_mprotect) };
    int r;

    if ((kind & FILTER_EXECUTABLE_MEMORY) != 0)
        return filter_allow(filter, calls, COUNT(calls));
    r = filter_if(filter, 0, CALL(mmap), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(mmap), 2,
                SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC | PROT_WRITE, PROT_EXEC),
                SCMP_A3_64(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS | MAP_TYPE, MAP_PRIVATE));
    if (r == 0)
        r = filter_if(filter, 0, CALL(mprotect), SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return r;
}

/* Each is a rule of its own, which every call of socket(2) is held against: so the many behind
 * AF_INET6 share one. */
static int filter_add_families(scmp_filter_ctx filter, unsigned kind)
{
    int r = 0;

    if ((kind & FILTER_INET) == 0) {
        r = filter_if(filter, 0, CALL(socket), SCMP_A0_64(SCMP_CMP_EQ, AF_UNIX, 0));
        return r == 0 ? filter_if(filter, EACCES, CALL(socket), SCMP_A0_64(SCMP_CMP_NE, AF_UNIX, 0))
                      : r;
    }
    for (unsigned family = 0; family <= AF_INET6 && r == 0; family++) {
        bool allowed = family == AF_UNIX || family == AF_INET || family == AF_INET6;

        r = filter_if(
                filter, allowed ? 0 : EACCES, CALL(socket), SCMP_A0_64(SCMP_CMP_EQ, family, 0));
    }
    return r == 0 ? filter_if(filter, EACCES, CALL(socket), SCMP_A0_64(SCMP_CMP_GT, AF_INET6, 0))
                  : r;
}

static int filter_add_sockets(scmp_filter_ctx filter, unsigned kind)
{
    bool listens = (kind & FILTER_LISTENS) != 0;
    int r = filter_allow(filter, filter_sockets, COUNT(filter_sockets));

    if (r == 0)
        r = filter_add_families(filter, kind);
    if (r == 0)
        r = filter_if(filter, 0, CALL(socketpair), SCMP_A0_64(SCMP_CMP_EQ, AF_UNIX, 0));
    if (r == 0)
        r = filter_if(filter, EACCES, CALL(socketpair), SCMP_A0_64(SCMP_CMP_NE, AF_UNIX, 0));
    for (size_t i = 0; i < COUNT(filter_listening) && r == 0; i++)
        r = seccomp_rule_add(
                filter, listens ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EACCES), filter_listening[i], 0);
    return r;
}

/* Signals reach the process itself, as those of abort(3) and pthread_kill(3) do. */
static int filter_add_processes(scmp_filter_ctx filter, unsigned kind)
{
    const unsigned long spaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    const scmp_datum_t own = FILTER_SELF;
    int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(execve), 0);

    if ((kind & FILTER_PROCESSES) != 0) {
        if (r == 0)
            r = filter_allow(filter, filter_processes, COUNT(filter_processes));
        return r == 0 ? filter_if(filter, 0, CALL(clone), SCMP_A0_64(SCMP_CMP_MASKED_EQ, spaces, 0))
                      : r;
    }
    if (r == 0)
        r = filter_if(filter, 0, CALL(clone),
                SCMP_A0_64(SCMP_CMP_MASKED_EQ, spaces | CLONE_THREAD, CLONE_THREAD));
    if (r == 0)
        r = filter_if(filter, 0, CALL(kill), SCMP_A0_64(SCMP_CMP_EQ, own, 0));
    if (r == 0)
        r = filter_if(filter, 0, CALL(tgkill), SCMP_A0_64(SCMP_CMP_EQ, own, 0));
    return r == 0 ? filter_if(filter, 0, CALL(rt_tgsigqueueinfo), SCMP_A0_64(SCMP_CMP_EQ, own, 0))
                  : r;
}

static int filter_add_prctl(scmp_filter_ctx filter)
{
    int r = filter_if(filter, 0, CALL(prctl), SCMP_A0_64(SCMP_CMP_EQ, FILTER_PRCTL_VMA, 0));

    for (int option = 0; option <= FILTER_PRCTL_MAX && r == 0; option++) {
        if (option != PR_SET_DUMPABLE)
            r = filter_if(filter, filter_has_prctl(option) ? 0 : EINVAL, CALL(prctl),
                    SCMP_A0_64(SCMP_CMP_EQ, (scmp_datum_t)option, 0));
    }
    if (r == 0) /* it may only be taken away */
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(prctl), 2,
                SCMP_A0_64(SCMP_CMP_EQ, PR_SET_DUMPABLE, 0), SCMP_A1_64(SCMP_CMP_EQ, 0, 0));
    return r;
}

/* Limits are read, and filters added. */
static int filter_add_own(scmp_filter_ctx filter)
{
    int r = filter_if(filter, 0, CALL(prlimit64), SCMP_A2_64(SCMP_CMP_EQ, 0, 0));

    if (r == 0)
        r = filter_if(filter, EPERM, CALL(prlimit64), SCMP_A2_64(SCMP_CMP_NE, 0, 0));
    return r == 0 ? filter_add_prctl(filter) : r;
}

static int filter_add_refused(scmp_filter_ctx filter)
{
    int r = filter_if(
            filter, 0, CALL(seccomp), SCMP_A0_64(SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER, 0));

    if (r == 0)
        r = filter_if(
                filter, EINVAL, CALL(seccomp), SCMP_A0_64(SCMP_CMP_NE, SECCOMP_SET_MODE_FILTER, 0));
    for (size_t i = 0; i < COUNT(filter_refused) && r == 0; i++)
        r = seccomp_rule_add(
                filter, SCMP_ACT_ERRNO(filter_refused[i].error), filter_refused[i].call, 0);
    for (int call = FILTER_NEW_FIRST; call <= FILTER_NEW_LAST && r == 0; call++)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), call, 0);
    return r;
}

static int filter_add_all(scmp_filter_ctx filter, unsigned kind)
{
    static const struct {
        const int *calls;
        size_t count;
    } always[] = {
        { filter_memory, COUNT(filter_memory) },
        { filter_files, COUNT(filter_files) },
        { filter_waiting, COUNT(filter_waiting) },
        { filter_threads, COUNT(filter_threads) },
        { filter_signals, COUNT(filter_signals) },
        { filter_itself, COUNT(filter_itself) },
        { filter_bounds, COUNT(filter_bounds) },
    };
    int r = 0;

    for (size_t i = 0; i < COUNT(always) && r == 0; i++)
        r = filter_allow(filter, always[i].calls, always[i].count);
    if (r == 0 && CAGE_IS_INSTRUMENTED)
        r = filter_allow(filter, filter_instrumented, COUNT(filter_instrumented));
    if (r == 0)
        r = filter_add_memory(filter, kind);
    if (r == 0)
        r = filter_add_sockets(filter, kind);
    if (r == 0)
        r = filter_add_processes(filter, kind);
    if (r == 0 && !CAGE_IS_INSTRUMENTED)
        r = filter_add_own(filter);
    return r == 0 ? filter_add_refused(filter) : r;
}

static void filter_release(scmp_filter_ctx *filterp)
{
    if (*filterp != NULL)
        seccomp_release(*filterp);
}

int filter_export(unsigned kind, int fd)
{
    CLEANUP(filter_release) scmp_filter_ctx filter = NULL;
    int r = seccomp_api_set(FILTER_API); /* not what the machine has that builds this */

    if (r == 0)
        filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (r == 0 && filter == NULL)
        r = -ENOMEM;
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: calls cost less */
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (r == 0)
        r = filter_add_all(filter, kind);
    return r == 0 ? seccomp_export_bpf(filter, fd) : r;
}
