/* instance.h - instances as people see them: a number short enough to say aloud, and a node. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mu/registry/v1/registry.pb-c.h"

enum { INSTANCE_TEXT_MAX = 8 }; /* bytes with the final NUL */

/* The first digits of `instance` as its folder is called (run/i/<number>), "" for 0. Returns
 * `text`. */
char *instance_short(uint64_t instance, char text[INSTANCE_TEXT_MAX]);

/* The nodes that a service's instances are on, each once, divided by blanks, into `text` (size
 * bytes; what does not fit is left out), which it returns. */
const char *instance_nodes(const Mu__Registry__V1__Service *service, char *text, size_t size);

/* True where some of a list are on other nodes. */
bool instance_some_are_elsewhere(const Mu__Registry__V1__ListReply *reply);

/* True for one on another node. */
bool instance_is_elsewhere(const Mu__Registry__V1__Instance *instance);
