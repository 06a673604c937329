/* registry/service.h - one service: its registration, the types of its versions, its instances. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/fact.h"
#include "registry/instance.h"
#include "registry/limits.h"

/* What a service's author says of one version; all of it borrowed. */
struct publication {
    const char *service;
    const char *space; /* its author's namespace; NULL: not known */
    const char *version;
    const char *proto_service;
    const char *const *methods;
    size_t method_count;
    const uint8_t *types; /* TYPES_HASH_SIZE bytes */
    uint32_t types_size;  /* bytes of the FileDescriptorSet itself */
};

struct version {
    struct fact fact;
    struct service *service; /* borrowed: whose it is */
    bool imported;           /* only other nodes have published it */
    uint8_t types[TYPES_HASH_SIZE];
    uint32_t types_size;
    uint32_t method_count;
    uint32_t texts_size;
    const char *text; /* borrowed: all three point into `texts` */
    const char *proto_service;
    const char *methods; /* one after the other, each with its NUL */
    char texts[];
};

struct service {
    char name[REGISTRY_NAME_MAX + 1];
    char space[REGISTRY_NAME_MAX + 1]; /* its namespace, by its manifest or by who runs it; "" for
                                          none */
    struct fact registration;          /* in the ring of facts while it is registered */
    uint8_t *manifest;                 /* owned: packed; NULL unless it is registered */
    size_t manifest_size;
    struct version **versions; /* owned array of owned versions: own ones first, then imported ones,
                                  each the newest first */
    uint32_t version_count;
    uint32_t imported_version_count; /* among them */
    uint32_t instance_count;
    uint32_t imported_instance_count; /* among them */
    uint32_t pins;                    /* of an event under way that counts on it to stay */
    struct list instances;            /* of struct instance.sibling, in the order they came */
};

/* Why a publication cannot be taken, in a sentence for its author (static text); NULL where it can.
 */
const char *publication_fault(const struct publication *publication);

/* Bytes of its version, proto service and methods, each with a NUL. */
size_t publication_texts_size(const struct publication *publication);

/* A copy of a faultless publication. Returns NULL without memory. */
struct version *version_new(const struct publication *publication);

/* Do both say the same of the same version? An imported one never does: it must be written down. */
bool version_is_same(const struct version *version, const struct publication *publication);

/* A service of that name with nothing in it. Returns NULL without memory. */
struct service *service_new(const char *name);

/* Frees a service with its versions; it has no instances. NULL is fine. Returns NULL. */
struct service *service_free(struct service *service);

static inline bool service_is_registered(const struct service *service)
{
    return service->manifest != NULL;
}

/* Versions that were published on this node. */
static inline uint32_t service_own_version_count(const struct service *service)
{
    return service->version_count - service->imported_version_count;
}

/* On this node nobody runs it and nobody registered it: only its types are remembered. */
static inline bool service_is_idle(const struct service *service)
{
    return !service_is_registered(service) &&
           service->instance_count == service->imported_instance_count;
}

/* It is known here because other nodes offer it, and for nothing else. */
static inline bool service_is_imported(const struct service *service)
{
    return service_is_idle(service) && service_own_version_count(service) == 0;
}

/* Somebody runs it, here or elsewhere, or it is registered: there is more than types. */
static inline bool service_is_listed(const struct service *service)
{
    return service_is_registered(service) || service->instance_count > 0;
}

/* Nothing is left of it. */
static inline bool service_is_empty(const struct service *service)
{
    return !service_is_listed(service) && service->version_count == 0 && service->pins == 0;
}

/* The version of that text; for an empty one the newest of this node, or else of another. NULL
 * where there is none. */
struct version *service_version(const struct service *service, const char *text);

/* Is there an instance of that version on this node? */
bool service_runs(const struct service *service, const char *text);

/* Is there an imported instance of that version and with these types? */
bool service_imports(
        const struct service *service, const char *text, const uint8_t types[TYPES_HASH_SIZE]);

/* Makes room for one more version, so that the next put cannot fail. Returns 0 or -ENOMEM. */
int service_reserve_version(struct service *service);

/* Puts a version in at its place by precedence, and owns it. One of the same text is taken out and
 * returned to the caller, else NULL. */
struct version *service_put_version(struct service *service, struct version *version);

/* Takes a version out, and gives it to the caller. */
void service_take_version(struct service *service, struct version *version);

/* The version published here longest ago that nobody runs here; NULL where each is run. */
struct version *service_unused_version(const struct service *service);
