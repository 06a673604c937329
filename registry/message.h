/* registry/message.h - the catalog's things as messages, and back. What is made is taken from an
 * arena, and borrows its texts from the catalog: it is good until the next event. */
#pragma once

#include "mu/arena.h"
#include "mu/registry/v1/registry.pb-c.h"
#include "registry/catalog.h"

/* NULL without memory. `service` is its name, which an instance that is gone does not know. */
Mu__Registry__V1__Instance *message_of_instance(
        struct mu_arena *arena, const struct instance *instance, const char *service);

/* A service with its versions and instances, without its manifest; NULL without memory. `imported`:
 * also what other nodes offer. */
Mu__Registry__V1__Service *message_of_service(
        struct mu_arena *arena, const struct service *service, bool imported);

/* Reads what is said of an instance; `description` borrows from the message and the arena. Returns
 * NULL, or what is wrong with it, in a sentence for its author (static text). */
const char *message_to_description(struct mu_arena *arena,
        const Mu__Registry__V1__Instance *instance, struct description *description);
