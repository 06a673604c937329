/* registry/listing.h - how services, instances and versions are put into the catalog and taken out
 * of it: the steps that its events are made of. They keep it consistent; whether a step may be
 * taken is for the event to know. */
#pragma once

#include "registry/catalog.h"

/* Finds the service, or makes it with nothing in it; listing_drop_empty undoes that. `imported`: it
 * is for another node's instance, and counts as such. Returns OK, FULL or -ENOMEM. */
int listing_obtain(
        struct catalog *catalog, const char *name, bool imported, struct service **servicep);

/* Drops a service in which nothing is left. NULL is fine. */
void listing_drop_empty(struct catalog *catalog, struct service *service);

/* Notes what became of `fact`, which is so from now on. */
void listing_assert(struct catalog *catalog, struct fact *fact, enum change_kind kind,
        const struct service *service, struct instance *instance);

/* Lists an instance of `service`, with all that it holds already set, in place of `old`, which has
 * its number (or NULL). Room is there in all that will hold it. */
void listing_put(struct catalog *catalog, struct service *service, struct instance *instance,
        struct instance *old);

/* Takes an instance out, and its service where nothing is left of that. */
void listing_remove(struct catalog *catalog, struct instance *instance);

/* Forgets imported types of a service that no imported instance has any more; those of the version
 * `only`, or of all where that is NULL. */
void listing_forget_types(struct catalog *catalog, struct service *service, const char *only);

/* Lets go of a version that is in no service any more. Returns true where its set can go, too: from
 * the disk, unless it was imported. */
bool listing_release(struct catalog *catalog, struct version *version);
