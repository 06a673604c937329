// SPDX-License-Identifier: Apache-2.0
#include "kernel/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "kernel/usage.h"

int process_new(struct process **processp, struct list *processes, struct loop *loop,
        const struct launched *launched, struct logfile *log, loop_fn ended, void *user)
{
    struct process *process = malloc(sizeof(*process));
    int r;

    if (process == NULL)
        return err_new(-ENOMEM);
    process->source = (struct loop_source){ .fd = launched->pid_fd, .fn = ended };
    process->loop = loop;
    process->user = user;
    process->instance = 0;
    process->admit_call = 0;
    process->uid = launched->uid;
    process->grade = launched->grade;
    process->gate_fd = launched->gate_fd;
    r = output_open(&process->output, loop, launched->output_fd, log);
    if (r < 0) {
        free(process);
        return err_trace(r);
    }
    r = loop_add(loop, &process->source, EPOLLIN);
    if (r < 0) {
        loop_remove(loop, &process->output.source);
        free(process);
        return err_trace(r);
    }
    list_push(processes, &process->link);
    *processp = process;
    return 0;
}

void process_abandon(const struct launched *launched)
{
    kill(launched->pid, SIGKILL);
    waitpid(launched->pid, NULL, 0);
    close(launched->pid_fd);
    close(launched->gate_fd);
    close(launched->output_fd);
}

struct process *process_free(struct process *process)
{
    list_remove(&process->link);
    output_close(&process->output);
    loop_remove(process->loop, &process->source);
    close(process->source.fd);
    if (process->gate_fd >= 0)
        close(process->gate_fd);
    free(process);
    return NULL;
}

struct process *process_find(const struct list *processes, uint64_t instance)
{
    list_for_each (link, processes) {
        struct process *process = list_entry(link, struct process, link);

        if (process->instance == instance)
            return process;
    }
    return NULL;
}

void process_open_gate(struct process *process)
{
    if (process->gate_fd < 0)
        return;
    if (write(process->gate_fd, "", 1) != 1)
        log_debug("a process ended at its gate");
    close(process->gate_fd);
    process->gate_fd = -1;
}

void process_signal(const struct process *process, int number)
{
    if (pidfd_send_signal(process->source.fd, number, NULL, 0) < 0 && errno != ESRCH)
        log_error("cannot send signal %d: %s", number, strerror(errno));
}

void process_terminate(const struct process *process, uint32_t pid)
{
    process_signal(process, usage_heeds_signal(pid, SIGTERM) ? SIGTERM : SIGKILL);
}

bool process_reap(const struct process *process, struct ending *ending)
{
    siginfo_t info = { .si_pid = 0 };

    if (waitid(P_PIDFD, (id_t)process->source.fd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
        return false;
    *ending = (struct ending){ .signalled = info.si_code != CLD_EXITED, .code = info.si_status };
    return true;
}
