// SPDX-License-Identifier: Apache-2.0
#include "kernel/cage/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

static unsigned filter_kind(const struct cage *cage)
{
    bool listens = cage->network == CAGE_NETWORK_SERVER || cage->router;
    unsigned kind = CAGE_IS_INSTRUMENTED ? FILTER_EXECUTABLE_MEMORY | FILTER_PROCESSES : 0;

    return kind | (cage->network != CAGE_NETWORK_NONE ? FILTER_INET : 0) |
           (listens ? FILTER_LISTENS : 0) | (cage->processes ? FILTER_PROCESSES : 0) |
           (cage->executable_memory ? FILTER_EXECUTABLE_MEMORY : 0);
}

/* Arguments are compared with what stands in the program, so it is told who it is for. */
static void filter_name_self(struct sock_filter *code, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (code[i].code == (BPF_JMP | BPF_JEQ | BPF_K) && code[i].k == FILTER_SELF)
            code[i].k = (uint32_t)getpid();
    }
}

int filter_load(const struct cage *cage)
{
    const struct filter_program *program = &filter_programs[filter_kind(cage)];
    CLEANUP(cleanup_free)
    struct sock_filter *code = malloc(program->size * sizeof(program->code[0]));
    const struct sock_fprog loaded = { .len = program->size, .filter = code };

    if (code == NULL)
        return -ENOMEM;
    memcpy(code, program->code, program->size * sizeof(program->code[0]));
    filter_name_self(code, program->size);
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &loaded) < 0 ? -errno : 0;
}
