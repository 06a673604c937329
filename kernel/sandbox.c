// SPDX-License-Identifier: Apache-2.0
#include "kernel/sandbox.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "mu/manifest.h"

_Static_assert(2 * MU_MANIFEST_PATHS_MAX <= CAGE_PATHS_MAX, "a cage holds what may be asked");

static enum cage_network sandbox_network(const Mu__Node__V1__Sandbox *sandbox)
{
    if (strcmp(sandbox->network, "client") == 0)
        return CAGE_NETWORK_CLIENT;
    return strcmp(sandbox->network, "server") == 0 ? CAGE_NETWORK_SERVER : CAGE_NETWORK_NONE;
}

static void sandbox_fill(struct cage *cage, const Mu__Node__V1__Sandbox *sandbox)
{
    cage->network = sandbox_network(sandbox);
    cage->executable_memory = sandbox->executable_memory;
    cage->processes = sandbox->processes;
    for (size_t i = 0; i < sandbox->n_read; i++)
        cage->read[cage->read_count++] = sandbox->read[i];
    for (size_t i = 0; i < sandbox->n_write; i++)
        cage->write[cage->write_count++] = sandbox->write[i];
}

enum cage_grade sandbox_least(
        const struct sandbox_terms *terms, const Mu__Node__V1__Manifest *manifest)
{
    enum cage_grade own;

    if (manifest->sandbox == NULL || !grade_parse(manifest->sandbox->min, &own))
        return terms->min;
    return own < terms->min ? own : terms->min;
}

struct cage_plan sandbox_usual(const struct sandbox_terms *terms)
{
    return plan_cage(&terms->offer, &(struct cage_wish){ .network = CAGE_NETWORK_NONE });
}

int sandbox_make(struct cage *cage, struct cage_plan *plan, const struct sandbox_terms *terms,
        const Mu__Node__V1__Manifest *manifest, bool is_router)
{
    struct cage_wish wish = { .router = is_router };

    *cage = (struct cage){ .router = is_router };
    if (manifest->sandbox != NULL)
        sandbox_fill(cage, manifest->sandbox);
    wish.off = manifest->sandbox != NULL && manifest->sandbox->off;
    wish.network = cage->network;
    *plan = plan_cage(&terms->offer, &wish);
    cage->steps = plan->steps;
    return plan->grade <= sandbox_least(terms, manifest) ? 0 : err_new(-ENOTSUP);
}
