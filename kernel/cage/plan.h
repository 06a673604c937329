/* kernel/cage/plan.h - from what a service asks for and what the machine offers to the steps that
 * are taken, and the grade they reach. Pure. */
#pragma once

#include <stdbool.h>

#include "kernel/cage/cage.h"
#include "kernel/cage/grade.h"

/* What the machine offers to this node; kernel/cage/offer.h finds it out. */
struct cage_offer {
    bool namespaces; /* all of them, with mounts in them */
    bool by_user_ns; /* … by way of a user namespace */
    bool proc;       /* a /proc of its own can be mounted there */
    bool owners;     /* processes can have other uids than the node */
    bool powers;     /* the node has capabilities to be dropped */
    bool landlock;
    bool filter;
    bool cgroup;
};

/* What decides the steps of one process, besides that. */
struct cage_wish {
    bool off;
    bool router;
    enum cage_network network;
};

struct cage_plan {
    unsigned steps; /* of enum cage_step */
    enum cage_grade grade;
    const char *lacks; /* static: what keeps it from grade A, for people; "" where nothing does */
};

struct cage_plan plan_cage(const struct cage_offer *offer, const struct cage_wish *wish);

/* The CLONE_NEW… flags that these steps begin with. */
unsigned long plan_clone_flags(unsigned steps);
