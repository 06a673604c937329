/* kernel/admit.h - what the supervisor tells the router of a process that is about to start, with
 * what its manifest says of its rights. Pure. */
#pragma once

#include <stdint.h>

#include "transport/envelope.h"

struct admit {
    uint64_t instance;
    const char *path; /* of its private socket */
    uint32_t pid;
    uint32_t uid;
    struct span manifest; /* packed, and checked before */
};

/* Packs a mu.router.v1.AdmitRequest, for the caller to free. Returns 0 or -ENOMEM. */
int admit_pack(const struct admit *admit, struct span *packedp);
