// SPDX-License-Identifier: Apache-2.0
#include "kernel/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "kernel/limits.h"

enum { CONFIG_ROUTER_FILES = 65536, CONFIG_ROUTER_STOP_MS = 2000 };

_Static_assert(
        (int)FAILURES_MAX == (int)MU_MANIFEST_FAILURES_MAX, "a window holds what may be asked");
_Static_assert((int)CHILD_NEVER == (int)MU__NODE__V1__RESTART_POLICY__RESTART_NEVER &&
                       (int)CHILD_ALWAYS == (int)MU__NODE__V1__RESTART_POLICY__RESTART_ALWAYS,
        "policies have the manifest's numbers");

static int config_make(struct service_config **configp, const Mu__Node__V1__Manifest *manifest,
        enum service_kind kind, struct span packed)
{
    const struct mu_manifest_values values = mu_manifest_values(manifest);
    struct service_config config = {
        .kind = kind,
        .name = manifest->name,
        .version = values.version,
        .needs = (const char *const *)manifest->needs,
        .need_count = (uint32_t)manifest->n_needs,
        .instances = values.instances,
        .calls_max = values.calls_max,
        .rule = { .policy = (enum child_policy)values.policy,
                .kernel = kind != SERVICE_ORDINARY,
                .failures_max = values.failures_max,
                .window_ms = values.window_ms,
                .backoff_max_ms = values.backoff_max_ms,
                .ready_timeout_ms = values.ready_timeout_ms,
                .stop_timeout_ms = values.stop_timeout_ms },
        .manifest = packed,
    };
    struct service_config *copy;

    snprintf(config.space, sizeof(config.space), "%s", manifest->namespace_);
    copy = service_config_copy(&config);
    if (copy == NULL)
        return err_new(-ENOMEM);
    *configp = copy;
    return 0;
}

int config_from_packed(
        struct service_config **configp, struct span manifest, struct mu_schema_error *error)
{
    const struct mu_bytes body = { manifest.data, manifest.size };
    ProtobufCMessage *message = mu_body_unpack(&mu__node__v1__manifest__descriptor, body, error);
    int r;

    if (message == NULL)
        return err_new(-EINVAL);
    r = mu_manifest_check((const Mu__Node__V1__Manifest *)(void *)message, error);
    if (r == 0)
        r = config_make(configp, (const Mu__Node__V1__Manifest *)(void *)message, SERVICE_ORDINARY,
                manifest);
    mu_body_free(message);
    return r;
}

static int config_pack(struct service_config **configp, const Mu__Node__V1__Manifest *manifest,
        enum service_kind kind)
{
    size_t size = mu__node__v1__manifest__get_packed_size(manifest);
    CLEANUP(cleanup_free) uint8_t *packed = malloc(size + 1);

    if (packed == NULL)
        return err_new(-ENOMEM);
    mu__node__v1__manifest__pack(manifest, packed);
    return config_make(configp, manifest, kind, (struct span){ packed, size });
}

int config_from_manifest(struct service_config **configp, const Mu__Node__V1__Manifest *manifest,
        struct mu_schema_error *error)
{
    int r = mu_manifest_check(manifest, error);

    return r < 0 ? err_trace(r) : config_pack(configp, manifest, SERVICE_ORDINARY);
}

int config_of_kernel(struct service_config **configp, enum service_kind kind, const char *backend)
{
    char *args[] = { (char *)"--backend", (char *)backend };
    char *calls[] = { (char *)"node.*", (char *)"etcd.*" };
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    Mu__Node__V1__Limits limits = MU__NODE__V1__LIMITS__INIT;
    Mu__Node__V1__Restart restart = MU__NODE__V1__RESTART__INIT;

    CHECK(kind != SERVICE_ORDINARY);

    restart.backoff_max_ms = BACKOFF_KERNEL_MAX_MS;
    manifest.version = (char *)MU_VERSION;
    manifest.restart = &restart;
    manifest.name = (char *)"registry";
    manifest.calls = calls;
    manifest.n_calls = sizeof(calls) / sizeof(calls[0]);
    if (kind == SERVICE_REGISTRY && strcmp(backend, "local") != 0) {
        manifest.args = args;
        manifest.n_args = 2;
    }
    if (kind == SERVICE_ROUTER) {
        manifest.n_calls = 0;
        manifest.name = (char *)"router";
        manifest.limits = &limits;
        manifest.stop_timeout_ms = CONFIG_ROUTER_STOP_MS;
        limits.files = CONFIG_ROUTER_FILES;
    }
    return config_pack(configp, &manifest, kind);
}

int config_of_etcd(struct service_config **configp, const char *path)
{
    Mu__Node__V1__Manifest manifest = MU__NODE__V1__MANIFEST__INIT;
    Mu__Node__V1__Sandbox sandbox = MU__NODE__V1__SANDBOX__INIT;
    char *args[] = { (char *)"--file", (char *)path };
    char *calls[] = { (char *)"registry.*", (char *)"node.Status" };

    sandbox.network = (char *)"client";
    sandbox.n_read = 1;
    sandbox.read = &args[1];
    manifest.sandbox = &sandbox;
    manifest.name = (char *)"etcd";
    manifest.version = (char *)MU_VERSION;
    manifest.args = args;
    manifest.n_args = 2;
    manifest.calls = calls;
    manifest.n_calls = 2;
    return config_pack(configp, &manifest, SERVICE_ORDINARY);
}
