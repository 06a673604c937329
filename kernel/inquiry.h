/* kernel/inquiry.h - one call of a supervisor's endpoint, with everything needed to answer it. */
#pragma once

#include "kernel/node.h"
#include "mu/bus/v1/bus.pb-c.h"

struct inquiry {
    struct node *node;
    uint64_t call;
    struct span body;
    const Mu__Bus__V1__Caller *caller;
    const ProtobufCMessage *request; /* unpacked */
};
