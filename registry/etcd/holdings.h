/* registry/etcd/holdings.h - registrations of this node: which ones the registry has, which ones
 * etcd keeps, and what is to be done so that both are the same.
 *
 * The registry's journal is what counts. Etcd holds a copy for the day on which that is gone: only
 * a journal that has never held what etcd keeps takes registrations over from there. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/api.h"
#include "registry/etcd/limits.h"
#include "registry/limits.h"

struct holding {
    char service[REGISTRY_NAME_MAX + 1];
    uint8_t *wanted; /* owned: the manifest that is registered; NULL: it is not registered */
    size_t wanted_size;
    uint8_t *held; /* owned: the manifest that etcd keeps, signed by this node; NULL: none */
    size_t held_size;
    uint64_t revision;   /* at which the key in etcd was written; 0: it is not there */
    uint64_t pending_ms; /* the registry was not heard of yet; ask it at this time. 0: it was */
    bool listed_here;    /* in the list of the registry that is under way */
    bool listed_there;   /* in that of etcd */
    bool refused;        /* the registry did not take it over */
};

enum holdings_action {
    HOLDINGS_NOTHING,
    HOLDINGS_PUT,    /* what is wanted into etcd */
    HOLDINGS_DELETE, /* the key from etcd */
    HOLDINGS_ADOPT,  /* what etcd holds into the registry */
    HOLDINGS_ASK     /* the registry, whether it is registered */
};

struct holdings {
    struct holding **slots; /* owned array of owned holdings, sorted by service */
    uint32_t count;
    uint32_t room;
    bool known;    /* the registry has told all that is registered */
    bool adopting; /* the registry's journal has never held what etcd keeps */
};

/* Safe on zeroes, and safe twice. */
void holdings_deinit(struct holdings *holdings);

/* The holding of that service, made where there is none. NULL without memory, or beyond
 * ETCD_REGISTRATIONS_MAX. Borrowed until the next call of holdings_sweep. */
struct holding *holdings_obtain(struct holdings *holdings, const char *service);

/* The holding of that service, or NULL. */
struct holding *holdings_find(const struct holdings *holdings, const char *service);

/* Forgets what is neither wanted nor held. */
void holdings_sweep(struct holdings *holdings);

/* It is registered with `manifest`, or not at all where that is empty. `pending_ms`: when to ask
 * the registry, where it did not say so itself; else 0. Returns 0 or -ENOMEM. */
int holding_want(struct holding *holding, struct mu_bytes manifest, uint64_t pending_ms);

/* Etcd has its key since `revision` (0: no more), with `manifest`, or where that is empty with
 * something that this node did not sign. Returns 0 or -ENOMEM. */
int holding_hold(struct holding *holding, struct mu_bytes manifest, uint64_t revision);

/* Does etcd keep just what is wanted? */
bool holding_is_kept(const struct holding *holding);

/* The registry (`here`), or etcd, tells all anew; what it did not name by the end is not there. */
void holdings_list_begin(struct holdings *holdings, bool here);
void holdings_list_end(struct holdings *holdings, bool here);

/* What is to be done next, and to which holding. */
enum holdings_action holdings_next(
        const struct holdings *holdings, uint64_t now_ms, struct holding **holdingp);

/* When the next question to the registry is due; UINT64_MAX: never. */
uint64_t holdings_due(const struct holdings *holdings);

/* Is nothing left of etcd's that the registry has not taken over? */
bool holdings_are_adopted(const struct holdings *holdings);
