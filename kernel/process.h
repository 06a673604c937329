/* kernel/process.h - a process that was forked and not reaped yet: its pidfd, its gate, its output.
 */
#pragma once

#include <stdint.h>

#include "base/list.h"
#include "kernel/ending.h"
#include "kernel/launch.h"
#include "kernel/loop.h"
#include "kernel/output.h"

struct process {
    struct list link;
    struct loop_source source; /* its pidfd: readable once it has ended */
    struct loop *loop;         /* borrowed for good */
    void *user;                /* borrowed for good: for whom `source.fn` is called */
    uint64_t instance;
    uint64_t admit_call; /* the open call of router.Admit; 0 for none */
    uint32_t uid;        /* whom it runs as */
    enum cage_grade grade;
    int gate_fd; /* owned; -1 once it is open */
    struct output output;
};

/* Takes over what was launched, and one user's part of `log`; `ended` is called when it has ended.
 * Returns 0 or -errno; everything stays with the caller then. */
int process_new(struct process **processp, struct list *processes, struct loop *loop,
        const struct launched *launched, struct logfile *log, loop_fn ended, void *user);

/* Kills, reaps and closes what was launched and could not be kept. */
void process_abandon(const struct launched *launched);

/* Reads the last of its output, closes and frees everything; a process that lives still gives up at
 * its gate, or goes on unwatched. Returns NULL. */
struct process *process_free(struct process *process);

struct process *process_find(const struct list *processes, uint64_t instance);

void process_open_gate(struct process *process);

void process_signal(const struct process *process, int number);

/* Asks it to end: SIGTERM. The first process of a pid namespace does not end by a signal that it
 * does not handle, though the kernel's default says so: it gets SIGKILL in its place. */
void process_terminate(const struct process *process, uint32_t pid);

/* Reaps it. False where it has not ended. */
bool process_reap(const struct process *process, struct ending *ending);
