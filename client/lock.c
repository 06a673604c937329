// SPDX-License-Identifier: Apache-2.0
/* A filter of some twenty instructions, written out: libseccomp would be one more library for every
 * program that links libmu. It stands before the supervisor's own filter, which it can only narrow.
 * TSYNC, since nng's threads run already. */
#include "client/lock.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"

#if defined(__x86_64__)
#define LOCK_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define LOCK_ARCH AUDIT_ARCH_AARCH64
#else
#error "name this machine's AUDIT_ARCH here"
#endif

enum { LOCK_SIZE_MAX = 64 }; /* instructions */

struct lock_program {
    struct sock_filter code[LOCK_SIZE_MAX];
    unsigned short size;
};

static void lock_add(struct lock_program *program, struct sock_filter instruction)
{
    CHECK(program->size < LOCK_SIZE_MAX);

    program->code[program->size++] = instruction;
}

static void lock_load(struct lock_program *program, size_t offset)
{
    lock_add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* Answers `action` where the call is `number`. */
static void lock_answer(struct lock_program *program, long number, uint32_t action)
{
    lock_add(program,
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1));
    lock_add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Answers EPERM where the call is `number` and its third argument has PROT_EXEC. The number is
 * loaded again for what follows. */
static void lock_refuse_code(struct lock_program *program, long number)
{
    size_t third = offsetof(struct seccomp_data, args) + 2 * sizeof(uint64_t); /* little-endian */

    lock_add(program,
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 4));
    lock_load(program, third);
    lock_add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
    lock_add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    lock_load(program, offsetof(struct seccomp_data, nr));
}

static void lock_write(struct lock_program *program, const Mu__Node__V1__Lock *lock)
{
    static const long sockets[] = { SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept4 };

    lock_load(program, offsetof(struct seccomp_data, arch));
    lock_add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LOCK_ARCH, 1, 0));
    lock_add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    lock_load(program, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; lock->sockets && i < sizeof(sockets) / sizeof(sockets[0]); i++)
        lock_answer(program, sockets[i], SECCOMP_RET_ERRNO | EPERM);
    if (lock->programs) {
        lock_answer(program, SYS_execve, SECCOMP_RET_KILL_PROCESS);
        lock_answer(program, SYS_execveat, SECCOMP_RET_KILL_PROCESS);
    }
    if (lock->code) {
        lock_refuse_code(program, SYS_mmap);
        lock_refuse_code(program, SYS_mprotect);
        lock_refuse_code(program, SYS_pkey_mprotect);
    }
    lock_add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

int lock_down(const Mu__Node__V1__Lock *lock)
{
    struct lock_program program = { .size = 0 };
    struct sock_fprog filter = { .filter = program.code };
    long r;

    lock_write(&program, lock);
    filter.len = program.size;
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return err_new(-errno);
    r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    if (r > 0) /* a thread that has a filter of its own */
        return err_new(-EBUSY);
    return r < 0 ? err_new(-errno) : 0;
}
