/* registry/limits.h - every limit of the registry, by name. docs/limits.md quotes them. */
#pragma once

enum {
    REGISTRY_SERVICES_MAX = 4096,   /* names */
    REGISTRY_VERSIONS_MAX = 64,     /* versions of one service whose types are held */
    REGISTRY_METHODS_MAX = 256,     /* methods of one version */
    REGISTRY_INSTANCES_MAX = 65536, /* instances of all services */
    REGISTRY_WATCHERS_MAX = 1024,   /* open Watch calls */
    REGISTRY_CHANGES_MAX = 4096,    /* changes held for a watcher to resume from */
    REGISTRY_NAME_MAX = 63,         /* bytes of a service's name */
    REGISTRY_VERSION_MAX = 63,      /* bytes of a version */
    REGISTRY_NODE_MAX = 63,         /* bytes of a node's name */
    REGISTRY_METADATA_MAX = 4096,   /* bytes of an instance's metadata: keys, values, a NUL each */
    REGISTRY_PROTO_NAME_MAX = 127,  /* bytes of `greeter.v1.Greeter`, and of a method's name */
    REGISTRY_MANIFEST_MAX = 65536,  /* bytes of a manifest, packed */
    REGISTRY_BYTES_MAX = 268435456, /* bytes of all manifests, types and versions together */
    REGISTRY_LEASE_MIN_MS = 1000,   /* shorter leases are raised to it */
    REGISTRY_LEASE_DEFAULT_MS = 30000,
    REGISTRY_LEASE_MAX_MS = 3600000,         /* longer leases are cut to it */
    REGISTRY_REVISION_BLOCK = 1048576,       /* revisions that are reserved on disk at a time */
    REGISTRY_IMPORTS_MAX = 1024,             /* other nodes of which something is listed */
    REGISTRY_IMPORT_INSTANCES_MAX = 1024,    /* instances of one other node */
    REGISTRY_IMPORT_METADATA_MAX = 256,      /* bytes of metadata of one instance of another node */
    REGISTRY_IMPORTED_INSTANCES_MAX = 32768, /* instances of all other nodes, besides the own */
    REGISTRY_IMPORTED_SERVICES_MAX = 4096,  /* names that only other nodes offer, besides the own */
    REGISTRY_IMPORTED_BYTES_MAX = 33554432, /* bytes of types that only other nodes published */
    REGISTRY_WANTED_MAX = 256               /* types that one answer to Import asks for */
};
