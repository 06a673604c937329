// SPDX-License-Identifier: Apache-2.0
#include "kernel/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "mu/node/v1/node.pb-c.h"

enum { BOOTSTRAP_HASH_SIZE = 32 };

/* Both messages have a map of the same shape; protobuf-c gives each a type of its own. */
static void bootstrap_link_metadata(Mu__Node__V1__Bootstrap__MetadataEntry *entries,
        Mu__Node__V1__Bootstrap__MetadataEntry **links, const Mu__Node__V1__Manifest *manifest)
{
    for (size_t i = 0; i < manifest->n_metadata; i++) {
        mu__node__v1__bootstrap__metadata_entry__init(&entries[i]);
        entries[i].key = manifest->metadata[i]->key;
        entries[i].value = manifest->metadata[i]->value;
        links[i] = &entries[i];
    }
}

/* What it needs no more once it is up. A build with a sanitizer needs all of it to the end. */
static void bootstrap_fill_lock(Mu__Node__V1__Lock *lock, const struct cage *cage)
{
    lock->sockets = cage->network == CAGE_NETWORK_NONE;
    lock->programs = !cage->processes;
    lock->code = !cage->executable_memory && !cage->processes;
}

static int bootstrap_seal(int *fdp, const Mu__Node__V1__Bootstrap *message)
{
    size_t size = mu__node__v1__bootstrap__get_packed_size(message);
    CLEANUP(cleanup_close) int fd = memfd_create("bootstrap", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;

    if (fd < 0)
        return err_new(-errno);
    bytes = malloc(size);
    if (bytes == NULL)
        return err_new(-ENOMEM);
    mu__node__v1__bootstrap__pack(message, bytes);
    if (pwrite(fd, bytes, size, 0) != (ssize_t)size)
        return err_new(-EIO);
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return err_new(-errno);
    *fdp = fd;
    fd = -1;
    return 0;
}

int bootstrap_open(
        int *fdp, const struct bootstrap *bootstrap, const Mu__Node__V1__Manifest *manifest)
{
    const struct mu_manifest_values values = mu_manifest_values(manifest);
    Mu__Node__V1__Bootstrap message = MU__NODE__V1__BOOTSTRAP__INIT;
    Mu__Node__V1__Bootstrap__MetadataEntry entries[MU_MANIFEST_METADATA_MAX];
    Mu__Node__V1__Bootstrap__MetadataEntry *links[MU_MANIFEST_METADATA_MAX];
    Mu__Node__V1__Lock lock = MU__NODE__V1__LOCK__INIT;
    uint8_t hash[BOOTSTRAP_HASH_SIZE];

    if ((bootstrap->cage->steps & CAGE_FILTER) != 0 && !CAGE_IS_INSTRUMENTED) {
        bootstrap_fill_lock(&lock, bootstrap->cage);
        message.lock = &lock;
    }
    crypto_generichash(hash, sizeof(hash), bootstrap->packed.data, bootstrap->packed.size, NULL, 0);
    bootstrap_link_metadata(entries, links, manifest);
    message.path = (char *)bootstrap->path;
    message.instance = bootstrap->instance;
    message.service = manifest->name;
    message.version = (char *)values.version;
    message.node = (char *)bootstrap->node;
    message.state_dir = (char *)bootstrap->state_dir;
    message.manifest_hash = (ProtobufCBinaryData){ sizeof(hash), hash };
    message.calls_max = values.calls_max;
    message.stop_timeout_ms = values.stop_timeout_ms;
    message.n_metadata = manifest->n_metadata;
    message.metadata = links;
    return bootstrap_seal(fdp, &message);
}
