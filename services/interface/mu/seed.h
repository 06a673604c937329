/* seed.h - the services that came with Mu are registered once for each state folder. What an
 * operator then makes of them is the operator's.
 *
 * STATE/shipped/NAME keeps the manifest of a service as Mu brought it last. While that is what is
 * registered, nobody has changed it, and a new version of Mu may bring another. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/interface/mu/cli.h"
#include "mu/node/v1/manifest.pb-c.h"
#include "mu/service.h"

enum seed_verdict {
    SEED_REGISTER, /* it is new, or newer than what nobody has changed */
    SEED_KEEP,     /* an operator changed it or took it out: it stays so */
    SEED_SAME      /* nothing is new */
};

/* What to do with a service. `shipped` is what Mu brings now; `before` what it brought last,
 * `registered` what is registered; both without bytes where there is none. */
enum seed_verdict seed_judge(
        struct mu_bytes shipped, struct mu_bytes before, struct mu_bytes registered);

/* True where the service was brought to a node with this state folder before. */
bool seed_is_known(const char *state_dir, const char *service);

/* Does it with the service of `manifest`, on the node whose state folder is `state_dir`; `*newp`
 * becomes true where it was registered. Says what is wrong. Returns EXIT_OK or an exit status. */
int seed_service(
        struct cli *cli, const char *state_dir, const Mu__Node__V1__Manifest *manifest, bool *newp);

/* Does it with each that came with Mu (shipped_each), and counts those that were registered in
 * `*newp`. Says what is wrong. Returns EXIT_OK, or the exit status of the last that was refused. */
int seed_shipped(struct cli *cli, const char *state_dir, unsigned *newp);
