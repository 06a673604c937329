/* kernel/router/choice.h - which instance is sent a call that a policy holds for: by versions'
 * shares, labels, breakers, and not the one that has just failed. */
#pragma once

#include "kernel/router/route.h"

/* As service_pick, by `draft->settings`, which are there. */
struct peer *choice_pick(
        struct router *router, const struct peer *caller, const struct draft *draft, size_t size);

/* True where the policies leave at least one instance of this node, if it had room. */
bool choice_is_any(const struct draft *draft);

/* True where the call stays on this node: nobody knows the labels of another one's instances. */
bool choice_is_here(const struct draft *draft);
