/* kernel/sandbox.h - what a manifest's sandbox comes to on this machine. */
#pragma once

#include "kernel/cage/cgroup.h"
#include "kernel/cage/plan.h"
#include "mu/node/v1/manifest.pb-c.h"

/* What holds for all processes of a node. */
struct sandbox_terms {
    struct cage_offer offer;
    struct cgroups cgroups;
    enum cage_grade min; /* the worst that may run */
};

/* Fills `cage`, but for folders and uid, and `plan`. Paths are borrowed from the manifest. Returns
 * 0, or -ENOTSUP where the grade is worse than node or manifest allow; `plan` says which it is. */
int sandbox_make(struct cage *cage, struct cage_plan *plan, const struct sandbox_terms *terms,
        const Mu__Node__V1__Manifest *manifest, bool is_router);

/* The worst grade that may run of this manifest. */
enum cage_grade sandbox_least(
        const struct sandbox_terms *terms, const Mu__Node__V1__Manifest *manifest);

/* What an ordinary service without wishes gets here. */
struct cage_plan sandbox_usual(const struct sandbox_terms *terms);
