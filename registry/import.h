/* registry/import.h - what other nodes offer, as the link process tells it.
 *
 * An import is all that one other node offers, replaced as a whole. It lasts as long as the channel
 * of the instance that lent it, the link process, and is never written down. Its instances stand
 * beside this node's own and cannot touch them: their numbers, the types of their versions and the
 * limits of what is this node's own stay as they are, whatever another node offers. Where both have
 * types of one version, this node's are the ones that count.
 *
 * The link process sees a node live; the messenger to etcd only reads what it left there. What the
 * latter says of a node that is linked is hearsay, and changes nothing. */
#pragma once

#include "mu/api.h"
#include "registry/catalog.h"

struct import {
    struct list link; /* in catalog->imports */
    char node[REGISTRY_NODE_MAX + 1];
    char owner[REGISTRY_NAME_MAX + 1];
    uint64_t lender;       /* the number of the instance that lent it, the last one that did */
    bool hearsay;          /* of one who cannot know whether the node lives */
    struct list instances; /* of struct instance.fellow, in the order they came */
    uint32_t instance_count;
};

/* Whose import it is, and who lends it; all of it borrowed. */
struct import_source {
    const char *node;
    const char *owner;
    uint64_t lender;
    bool hearsay;
};

/* Why a source cannot be taken, or one of the instances that it offers, in a sentence for its
 * author (static text); NULL where it can. */
const char *import_source_fault(const struct import_source *source);
const char *import_fault(const struct description *description);

/* Replaces all that is imported of a node by `count` instances, described without fault. Returns
 * OK, also where nothing changes; UNCHANGED where a link knows better; NONE where the lender has no
 * channel; TAKEN where a number belongs to an instance that is not of this import, or is there
 * twice; FULL; -ENOMEM. */
int import_replace(struct catalog *catalog, const struct import_source *source,
        const struct description *descriptions, uint32_t count);

/* The lender's channel is gone: so is what it lent. */
void import_return(struct catalog *catalog, uint64_t lender);

/* The same for all whose lender has no channel any more. */
void import_return_lost(struct catalog *catalog);

/* Takes the types of a version that is imported, with their `set`, whose hash and size stand in the
 * publication (which has no fault). Returns OK; UNCHANGED where they are here; NONE where no
 * imported instance has them; TAKEN where the version has other types here; FULL; -ENOMEM. */
int import_publish(
        struct catalog *catalog, const struct publication *publication, struct mu_bytes set);

/* The bytes of an imported version's set; borrowed until the next event. */
struct mu_bytes import_set(const struct catalog *catalog, const struct version *version);

/* Versions of which instances are imported, but no types are here: an instance of each, of some
 * where they are more than REGISTRY_WANTED_MAX. Returns how many; borrowed until the next event. */
uint32_t import_wanted(
        const struct catalog *catalog, const struct instance *wanted[REGISTRY_WANTED_MAX]);

/* Has an imported instance other types than those that are here of its service and version? */
bool import_conflicts(const struct instance *instance);

/* An instance of an import is taken out of the catalog. For registry/listing.c. */
void import_lose(struct import *import, struct instance *instance);

/* Frees an import without instances. Returns NULL. */
struct import *import_free(struct import *import);
