/* kernel/bootstrap.h - what a started process finds on descriptor 3: a sealed memfd that holds a
 * packed mu.node.v1.Bootstrap. */
#pragma once

#include <stdint.h>

#include "kernel/cage/cage.h"
#include "mu/manifest.h"

struct bootstrap {
    const char *path; /* of its private socket */
    uint64_t instance;
    const char *node;
    const char *state_dir;
    const struct cage *cage; /* borrowed: what it is shut into */
    struct mu_bytes packed;  /* its manifest, as packed */
};

/* Opens the memfd; the caller closes `*fdp`. Returns 0 or -errno. */
int bootstrap_open(
        int *fdp, const struct bootstrap *bootstrap, const Mu__Node__V1__Manifest *manifest);
