/* catalog.h - the names of services and endpoints, from the registry and from what is built in. */
#pragma once

#include "mu/registry/v1/registry.pb-c.h"
#include "services/interface/mu/cli.h"

/* Takes one name with a word about it. */
typedef void (*catalog_fn)(const char *name, const char *about, void *user);

/* Tells `fn` the services, sorted, the node's own last. Asks the registry within `timeout_ms` (0:
 * as long as any call), and goes without it where it does not answer. */
void catalog_services(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user);

/* The same with `service.Method`. */
void catalog_endpoints(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user);

/* The version that came last, borrowed from the service; NULL where none has types. */
const Mu__Registry__V1__Version *catalog_newest(const Mu__Registry__V1__Service *service);

/* Tells `fn` what every service answers: `service`.mu.Health and the like. */
void catalog_debug(const char *service, catalog_fn fn, void *user);

/* Tells `fn` the services that the node runs, or should; with `own_parts` also its supervisor,
 * router and registry. */
void catalog_processes(
        struct cli *cli, uint32_t timeout_ms, bool own_parts, catalog_fn fn, void *user);

/* Tells `fn` the clients that came with tokens of the node. */
void catalog_clients(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user);

/* Tells `fn` the scopes of the policies that were set, each with its settings. */
void catalog_policies(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user);

/* Tells `fn` the accounts of the node, and its rules by number. */
void catalog_accounts(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user);
void catalog_rules(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user);

/* Tells `fn` the nodes that are known in the network. */
void catalog_nodes(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user);

/* Tells `fn` the traces of the last calls, by their first digits. */
void catalog_traces(struct cli *cli, uint32_t timeout_ms, catalog_fn fn, void *user);

/* Says that there is no service called `name`, and which may have been meant. Returns the exit
 * status. */
int catalog_unknown(struct cli *cli, const char *name);
