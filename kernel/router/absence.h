/* kernel/router/absence.h - why nobody is sent a call: to its caller in words, and by its cause. */
#pragma once

#include "kernel/router/route.h"
#include "kernel/router/routes.h"

/* Of a draft that found neither an instance here, nor a way to another node (`outcome`). The text
 * is written into `text`, of STATUS_TEXT_MAX bytes. */
struct verdict absence_explain(const struct router *router, const struct peer *peer,
        const struct envelope *envelope, const struct draft *draft, enum routes_outcome outcome,
        char *text);

/* The same by its cause, where the verdict's code does not say it. */
enum cause absence_cause(const struct peer *peer, const struct envelope *envelope,
        const struct draft *draft, enum routes_outcome outcome);

/* What is said of a service that nobody ever offered here, nor on a node in reach. */
void absence_write_unknown(
        const struct router *router, struct span name, char text[STATUS_TEXT_MAX]);
