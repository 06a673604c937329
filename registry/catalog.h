/* registry/catalog.h - who is there, and what they offer.
 *
 * The core: events go in, with the time where it matters; what is so can be read from it at any
 * moment, and watchers pull what changed. No clock, no disk, no thread. An event happens wholly or,
 * where it returns FULL, TAKEN, NONE or -ENOMEM, not at all.
 *
 * Three things make a service known. A registration is an operator's word and lasts until it is
 * taken back. Types are its author's word and are remembered also while nobody runs it. An instance
 * is there as long as the router sees its channel, or its lease is renewed. What other nodes offer
 * stands beside all that: registry/import.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "registry/changes.h"
#include "registry/index.h"
#include "registry/instance.h"
#include "registry/leases.h"
#include "registry/service.h"
#include "registry/sets.h"

enum catalog_outcome {
    CATALOG_OK = 0,
    CATALOG_UNCHANGED = 1, /* it was so already: no change, no revision */
    CATALOG_NONE = 2,      /* there is no such thing */
    CATALOG_FULL = 3,      /* a limit is reached */
    CATALOG_TAKEN = 4      /* the number belongs to another instance */
};

struct catalog_config {
    uint32_t services_max;
    uint32_t instances_max;
    uint32_t watchers_max;
    uint32_t changes_max;
    uint32_t imports_max;
    uint32_t import_instances_max;
    uint32_t imported_instances_max;
    uint32_t imported_services_max;
    uint64_t imported_bytes_max;
    uint64_t revision; /* that the first change gets, 1 at least: over all that were ever given out
                        */
    uint64_t seed;
};

struct catalog {
    struct catalog_config config;
    struct service **services; /* owned array of owned services, sorted by name */
    uint32_t service_count;
    uint32_t service_room;
    struct index instances; /* by number; one reference each */
    struct leases leases;
    struct sets sets;
    uint64_t bytes;    /* of manifests, versions and sets: of all that is kept on disk */
    struct list facts; /* registry/fact.h */
    struct changes changes;
    struct list watchers; /* of struct watcher.link */
    uint32_t watcher_count;
    uint64_t round;      /* of Reset and Import */
    struct list imports; /* of struct import.link, owned */
    uint32_t import_count;
    uint32_t imported_count;   /* instances of all imports */
    struct sets imported_sets; /* the sets themselves with it */
    uint64_t imported_bytes;   /* of imported versions and sets: all that is held of them */
};

/* The limits of registry/limits.h. */
struct catalog_config catalog_defaults(uint64_t revision, uint64_t seed);

/* Returns 0 or -ENOMEM. */
int catalog_init(struct catalog *catalog, const struct catalog_config *config);

/* Frees all it holds; no watcher is left. Safe on zeroes, and safe twice. */
void catalog_deinit(struct catalog *catalog);

/* The revision of the last change; what is so now is so since then. */
static inline uint64_t catalog_revision(const struct catalog *catalog)
{
    return catalog->changes.next - 1;
}

/* The service of that name, or NULL. Borrowed until the next event. */
struct service *catalog_find(const struct catalog *catalog, const char *name);

/* The index of the first service whose name is not before `name`. With a prefix for a name it is
 * the first of those that start so, if there are any. */
uint32_t catalog_lower_bound(const struct catalog *catalog, const char *name);

/* Is `name` known already, or is there room for one more: for a service that only another node
 * offers (`imported`), or for any other? */
bool catalog_has_room(const struct catalog *catalog, const char *name, bool imported);

/* The service that was probably meant by `name`, which is none to a caller of the namespace `space`
 * ("": to anybody); NULL where nothing that may be shown is near. */
const struct service *catalog_nearest(
        const struct catalog *catalog, const char *name, const char *space);

/* The instance of that number, or NULL. Borrowed until the next event. */
struct instance *catalog_instance(const struct catalog *catalog, uint64_t number);

/* An instance takes calls now. `description` has no fault. Returns OK, UNCHANGED, FULL or -ENOMEM.
 */
int catalog_attach(struct catalog *catalog, const struct description *description);

/* An instance is gone, and what it lent. Returns OK or NONE. */
enum catalog_outcome catalog_detach(struct catalog *catalog, uint64_t number);

/* All that is attached is in doubt. What is not attached again by the time of catalog_reset_end is
 * gone then, and what it lent; leases are not touched. */
void catalog_reset_begin(struct catalog *catalog);
void catalog_reset_end(struct catalog *catalog);

/* Lists an instance until `now_ms` + `lease_ms`. Again for one that has a lease: renews it, with
 * what is described now. Returns OK, UNCHANGED, FULL, TAKEN (by one that is attached, or of another
 * service) or -ENOMEM. */
int catalog_announce(struct catalog *catalog, const struct description *description,
        uint32_t lease_ms, uint64_t now_ms);

/* Lets an announced instance stay for its lease from now on. Returns OK or NONE. */
enum catalog_outcome catalog_renew(struct catalog *catalog, uint64_t number, uint64_t now_ms);

/* Ends the leases that are over by `now_ms`. */
void catalog_expire(struct catalog *catalog, uint64_t now_ms);

/* When the next lease ends, in ms of the same clock; UINT64_MAX where there is none. */
uint64_t catalog_next_expiry(const struct catalog *catalog);

/* Registers a service, or replaces its manifest, of which a copy of `size` (1 at least) bytes is
 * taken. Returns OK, UNCHANGED, FULL or -ENOMEM. */
int catalog_register(
        struct catalog *catalog, const char *name, const uint8_t *manifest, size_t size);

/* Takes the registration back. Returns OK or NONE. */
enum catalog_outcome catalog_deregister(struct catalog *catalog, const char *name);

/* Takes the types of a version. `publication` has no fault. Returns OK, UNCHANGED, FULL (of
 * services, or of versions of this one) or -ENOMEM. A set that nothing refers to any more as a
 * consequence is given in `freed`, and `*freedp` says so; both are set in any case. */
int catalog_publish(struct catalog *catalog, const struct publication *publication,
        uint8_t freed[TYPES_HASH_SIZE], bool *freedp);

/* Forgets a version; the service too, where nothing is left of it. Returns true where its set is
 * referred to no more. No change: watchers hear of types that come. */
bool catalog_forget(struct catalog *catalog, struct service *service, struct version *version);

/* The idle service whose types were published here longest ago, for making room; NULL where there
 * is none. */
struct service *catalog_idle_service(const struct catalog *catalog);
