/* kernel/node.h - the supervisor's shell: carries out what its core decides, and tells it what
 * happened. One thread, one loop; it sleeps until something happens or is due. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel/control.h"
#include "kernel/folder.h"
#include "kernel/grants.h"
#include "kernel/policies.h"
#include "kernel/launch.h"
#include "kernel/lock.h"
#include "kernel/loop.h"
#include "kernel/supervisor.h"
#include "mu/schema.h"

enum { NODE_NAME_MAX = 64 }; /* bytes with the final NUL */

/* Says why a node could not start, for people: what, why and what to do. */
struct node_error {
    char text[MU_SCHEMA_ERROR_MAX * 2];
};

/* Made by boot_open (kernel/boot.h). */
struct node {
    struct supervisor supervisor;
    struct loop loop;
    struct control control;
    struct loop_source signals;
    struct list processes;   /* owned struct process */
    struct list logs;        /* struct logfile */
    struct logfile *own_log; /* owned: node.log; NULL unless a daemon */
    struct folders folders;
    struct grants grants;
    struct policies_kept policies;
    struct lock lock;
    struct launch_node launch;
    struct sandbox_terms sandbox;
    char name[NODE_NAME_MAX];
    char libexec[FOLDER_PATH_MAX];
    char dir[FOLDER_PATH_MAX];
    uint64_t started_ms;
    uint64_t drain_call;             /* router.Drain, not answered yet; 0: there is none … */
    uint64_t open_call;              /* … and router.Open, the same */
    char successor[FOLDER_PATH_MAX]; /* the programs that are to take over: their folder */
    bool closed;                     /* the router that runs lets nobody in until it is told to */
    bool signalled;                  /* told to stop by a signal before */
    bool over;
    void (*ready)(void *user); /* called once, when the node is ready; NULL: nobody waits */
    void *user;                /* borrowed for good */
};

/* Runs the node until it is told to stop. Returns 0; or -errno with `error` where the kernel did
 * not come up, or the loop broke. */
int node_run(struct node *node, struct node_error *error);

/* For boot.c: what the node does with a signal, and with its channel to the router. */
void node_signalled(struct loop_source *source, uint32_t events);
extern const struct control_events node_control_events;

/* Tells the router what operators granted; fine where there is none. */
void node_send_grants(struct node *node);

/* The same of what operators set for calls. */
void node_send_policies(struct node *node);

/* Carries out what the core wants done. Follows every event. */
void node_settle(struct node *node);
