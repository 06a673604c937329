/* registry/space.h - namespaces: what a caller that has one is shown. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/limits.h"
#include "registry/service.h"

/* The namespace that a packed manifest names, into `space`; "" where it names none, or is none. */
void space_of_manifest(char space[REGISTRY_NAME_MAX + 1], const uint8_t *manifest, size_t size);

/* True where something of the namespace `space` ("" for none) is to be shown to a caller of the
 * namespace `of` ("" for who sees everything: the node's owner and the node's own services). */
bool space_shows(const char *of, const char *space);

/* The same for a service as it is now. One of which there is nothing but types is shown to its own
 * namespace alone: whose it was, nobody knows for certain once the registry has started anew. */
bool space_shows_service(const char *of, const struct service *service);
