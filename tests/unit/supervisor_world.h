/* tests/unit/supervisor_world.h - a shell made of an array: it carries out every effect of the core
 * at once, writes each into a text, and lets the tests decide what the processes do. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/request.h"

enum { WORLD_PROCESSES = 1024, WORLD_TEXT = 8192 };

struct world_process {
    uint64_t instance; /* 0: a free slot */
    const char *name;
    bool running; /* its gate is open */
    bool killed;
    bool asked;
};

struct world {
    struct supervisor supervisor;
    uint64_t now_ms;
    struct world_process processes[WORLD_PROCESSES];
    char text[WORLD_TEXT]; /* "spawn router, spawn registry, READY " */
    uint32_t pid;
    int spawn_error; /* errno of the next spawns */
    bool silent;     /* the router does not answer */
};

extern struct world world;

int world_setup(void **state);
int world_teardown(void **state);

/* Carries out all effects. */
void world_run(void);

/* Lets time pass, with whatever is due on the way. */
void world_pass(uint64_t ms);

/* A manifest of `name` that needs `needs` (ends with NULL; may be NULL itself). */
struct service_config world_config(const char *name, const char *const *needs);
int world_apply(const char *name, const char *const *needs);

/* The service's first process, which runs; NULL where it has none. */
struct world_process *world_process_of(const char *name);

/* It says that it is ready. */
void world_ready(const char *name);

/* It ends: with `code`, or by the signal it was sent. */
void world_end(const char *name, int code);
void world_end_process(struct world_process *process, bool signalled, int code);

/* A node with router and registry up, and nothing noted. */
void world_boot(void);

/* Applied and ready, and nothing noted. */
void world_up(const char *name, const char *const *needs);

const struct child *world_child_of(const char *name);

void world_forget_text(void);
