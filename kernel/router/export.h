/* kernel/router/export.h - what a process lets others call, by its manifest. */
#pragma once

#include <stdbool.h>

#include "transport/envelope.h"

struct peer;

/* Gives a new channel what its process exports: endpoints and to whom, in turn, texts that end in a
 * NUL each; nothing stands for everything, to everybody. Returns 0, -EINVAL or -ENOMEM. */
int export_equip(struct peer *peer, struct span exports);

/* True where something is exported to `word`, one of those that begin with `@`. */
bool export_has(const struct peer *callee, const char *word);

/* True where `callee`, which is an instance of a service, lets `caller` call the endpoint. Whoever
 * owns the node may. */
bool export_allows(const struct peer *callee, const struct peer *caller, struct span endpoint);
