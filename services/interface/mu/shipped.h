/* shipped.h - the services that came with Mu: the manifests in share/mu/services. */
#pragma once

#include "services/interface/mu/cli.h"
#include "mu/node/v1/manifest.pb-c.h"

/* Takes one. Says what is wrong. Returns EXIT_OK or an exit status. */
typedef int (*shipped_fn)(const Mu__Node__V1__Manifest *manifest, void *user);

/* Tells `fn` each, by name, also behind one that is refused; but `link`, which is for nodes that
 * are in a network. Says what is wrong. Returns EXIT_OK, or the exit status of the last that was.
 */
int shipped_each(const struct cli *cli, shipped_fn fn, void *user);
