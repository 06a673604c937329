/* registry.h - `mu registry`: what its commands share. */
#pragma once

#include "services/interface/mu/cli.h"
#include "mu/node/v1/manifest.pb-c.h"
#include "mu/registry/v1/registry.pb-c.h"

enum {
    REGISTRY_WAIT_MS = 10000
}; /* for a service to take calls, where its manifest says nothing */

/* Registers `manifest` for good. `*replyp` is the caller's (bus_reply_free). Says what is wrong.
 * Returns EXIT_OK or an exit status. */
int registry_send(struct cli *cli, const Mu__Node__V1__Manifest *manifest,
        Mu__Registry__V1__RegisterReply **replyp);

/* The same, then waits until the service takes calls, unless `wait_ms` is 0, and says so. */
int registry_bring_up(struct cli *cli, const Mu__Node__V1__Manifest *manifest, uint32_t wait_ms);

/* How long to wait for the service: --timeout, else what its manifest says, else REGISTRY_WAIT_MS.
 */
uint32_t registry_wait_ms(const struct cli *cli, const Mu__Node__V1__Manifest *manifest);
