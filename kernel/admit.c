// SPDX-License-Identifier: Apache-2.0
#include "kernel/admit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "mu/manifest.h"
#include "mu/router/v1/router.pb-c.h"
#include "transport/pattern.h"

/* The request with room for everything that it points at. */
struct admit_draft {
    Mu__Router__V1__AdmitRequest request;
    char *calls[MU_MANIFEST_CALLS_MAX + 1];
    Mu__Router__V1__Export exports[MU_MANIFEST_EXPORTED_MAX];
    Mu__Router__V1__Export *each[MU_MANIFEST_EXPORTED_MAX];
    char endpoints[MU_MANIFEST_EXPORTED_MAX][PATTERN_SIZE_MAX + 1];
};

/* A service may call what its manifest says, and tell the registry what it is. */
static void admit_add_calls(struct admit_draft *draft, const Mu__Node__V1__Manifest *manifest)
{
    static const char own[] = "registry.Publish";
    size_t count = 0;

    draft->calls[count++] = (char *)(uintptr_t)own;
    for (size_t i = 0; i < manifest->n_calls; i++)
        draft->calls[count++] = manifest->calls[i];
    draft->request.calls = draft->calls;
    draft->request.n_calls = count;
}

static void admit_add_export(
        struct admit_draft *draft, const char *service, const char *method, char *to)
{
    size_t count = draft->request.n_exports++;

    snprintf(draft->endpoints[count], sizeof(draft->endpoints[count]), "%s.%s", service, method);
    mu__router__v1__export__init(&draft->exports[count]);
    draft->exports[count].endpoints = draft->endpoints[count];
    draft->exports[count].to = to;
    draft->each[count] = &draft->exports[count];
}

/* Each method of each line for each of those that it is for. */
static void admit_add_exports(struct admit_draft *draft, const Mu__Node__V1__Manifest *manifest)
{
    draft->request.exports = draft->each;
    for (size_t i = 0; i < manifest->n_exports; i++) {
        const Mu__Node__V1__Export *line = manifest->exports[i];

        for (size_t j = 0; j < line->n_to; j++) {
            for (size_t k = 0; k < line->n_methods; k++)
                admit_add_export(draft, manifest->name, line->methods[k], line->to[j]);
            if (line->n_methods == 0)
                admit_add_export(draft, manifest->name, ">", line->to[j]);
        }
    }
}

static void admit_free_manifest(ProtobufCMessage **messagep)
{
    mu_body_free(*messagep);
}

int admit_pack(const struct admit *admit, struct span *packedp)
{
    const struct mu_bytes bytes = { admit->manifest.data, admit->manifest.size };
    CLEANUP(admit_free_manifest) ProtobufCMessage *message =
            mu_body_unpack(&mu__node__v1__manifest__descriptor, bytes, NULL);
    CLEANUP(cleanup_free) struct admit_draft *draft = calloc(1, sizeof(*draft));
    const Mu__Node__V1__Manifest *manifest = (const void *)message;
    struct mu_manifest_values values;
    uint8_t *packed;

    if (message == NULL || draft == NULL)
        return err_new(-ENOMEM);
    values = mu_manifest_values(manifest);
    mu__router__v1__admit_request__init(&draft->request);
    draft->request.instance = admit->instance;
    draft->request.service = manifest->name;
    draft->request.namespace_ = manifest->namespace_;
    draft->request.path = (char *)(uintptr_t)admit->path;
    draft->request.pid = admit->pid;
    draft->request.uid = admit->uid;
    draft->request.calls_max = values.calls_max;
    draft->request.calls_made_max = values.calls_made_max;
    draft->request.rate = values.rate;
    admit_add_calls(draft, manifest);
    admit_add_exports(draft, manifest);
    packed = malloc(mu__router__v1__admit_request__get_packed_size(&draft->request));
    if (packed == NULL)
        return err_new(-ENOMEM);
    *packedp =
            (struct span){ packed, mu__router__v1__admit_request__pack(&draft->request, packed) };
    return 0;
}
