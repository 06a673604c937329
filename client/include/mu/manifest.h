/* mu/manifest.h - manifests (`<name>.service`) and node files: read, checked, defaults filled in.
 *
 * Part of the node's own programs, not of libmu: link mu_manifest. */
#pragma once

#include "mu/node/v1/manifest.pb-c.h"
#include "mu/schema.h"

enum {
    MU_MANIFEST_FILE_MAX = 262144,  /* bytes of a manifest's or a node file */
    MU_MANIFEST_INSTANCES_MAX = 64, /* processes of one service */
    MU_MANIFEST_ARGS_MAX = 64,
    MU_MANIFEST_ENV_MAX = 64,
    MU_MANIFEST_NEEDS_MAX = 32,
    MU_MANIFEST_CALLS_MAX = 256, /* patterns of endpoints */
    MU_MANIFEST_METADATA_MAX = 32,
    MU_MANIFEST_EXPORTED_MAX = 256,   /* methods times names, of all lines */
    MU_MANIFEST_PATHS_MAX = 32,       /* of sandbox.read, and of sandbox.write */
    MU_MANIFEST_PATH_MAX = 1024,      /* bytes of one of them */
    MU_MANIFEST_TEXT_MAX = 4096,      /* bytes of one text */
    MU_MANIFEST_MEMORY_MIN_MIB = 64,  /* below it not even an empty program starts */
    MU_MANIFEST_FILES_MIN = 32,       /* the same */
    MU_MANIFEST_RATE_MAX = 1000000,   /* calls a second: of limits.rate */
    MU_MANIFEST_FAILURES_MAX = 32,    /* of restart.failures_max */
    MU_MANIFEST_TIME_MAX_MS = 600000, /* of each time but window_ms */
    MU_MANIFEST_WINDOW_MAX_MS = 86400000
};

/* What a manifest asks for, with the defaults in place of what it leaves out. Texts are borrowed
 * from the manifest, or static. */
struct mu_manifest_values {
    const char *version;
    uint32_t instances;
    uint32_t calls_max;
    uint32_t calls_made_max; /* 0: the router's */
    uint32_t rate;           /* calls a second; 0: no limit */
    uint32_t memory_mib;     /* 0: no limit */
    uint32_t files;
    uint32_t file_mib;
    Mu__Node__V1__RestartPolicy policy;
    uint32_t failures_max;
    uint32_t window_ms;
    uint32_t backoff_max_ms;
    uint32_t ready_timeout_ms;
    uint32_t stop_timeout_ms;
};

struct mu_manifest_values mu_manifest_values(const Mu__Node__V1__Manifest *manifest);

/* Checks names, limits and texts. Returns 0, or -EINVAL with `error` (may be NULL) saying what is
 * wrong, why, and what to write instead. */
int mu_manifest_check(const Mu__Node__V1__Manifest *manifest, struct mu_schema_error *error);

/* Reads a manifest from a file of YAML or JSON, checks it, and gives it packed
 * (mu.node.v1.Manifest) to the caller, who frees `*bodyp`. A `program` with a slash that is
 * relative is made absolute, from the folder the file is in. Returns 0; -EINVAL with `error` (may
 * be NULL), which names the file; -E2BIG over MU_MANIFEST_FILE_MAX; -ENOENT and other -errno from
 * reading, with `error`; -ENOMEM. */
int mu_manifest_read(
        const char *path, uint8_t **bodyp, size_t *sizep, struct mu_schema_error *error);

/* The same for a node file (mu.node.v1.NodeFile) and every manifest in it; a name may be there
 * once. */
int mu_node_file_read(
        const char *path, uint8_t **bodyp, size_t *sizep, struct mu_schema_error *error);
