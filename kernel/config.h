/* kernel/config.h - from a manifest (mu.node.v1.Manifest) to what the core knows of a service. */
#pragma once

#include "kernel/service.h"
#include "mu/manifest.h"

/* A config in one block for a packed manifest, checked, which the caller frees. Returns 0; -EINVAL
 * with `error` saying why; -ENOMEM. */
int config_from_packed(
        struct service_config **configp, struct span manifest, struct mu_schema_error *error);

/* The same for one that is unpacked already. */
int config_from_manifest(struct service_config **configp, const Mu__Node__V1__Manifest *manifest,
        struct mu_schema_error *error);

/* The config of the router or of the registry. `backend`: what the node file says of the
 * registry's, "local" or "etcd". Returns 0 or -ENOMEM. */
int config_of_kernel(struct service_config **configp, enum service_kind kind, const char *backend);

/* The config of the registry's messenger to etcd, which reads the node file at `path` itself.
 * Returns 0 or -ENOMEM. */
int config_of_etcd(struct service_config **configp, const char *path);
