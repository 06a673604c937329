/* kernel/plan.h - what may start and what may stop, given who needs whom. Pure.
 *
 * All of it goes over a list of struct service, the supervisor's. Besides the needs a manifest
 * names, the registry needs the router and every other service needs the registry. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "kernel/service.h"

struct service *plan_find(const struct list *services, const char *name);

/* The first thing that `service` needs and that is not ready; NULL where it may start. `knownp`
 * says whether there is a service of that name at all. */
const char *plan_missing(const struct list *services, const struct service *service, bool *knownp);

/* What a service will be once its present processes have ended. */
const struct service_config *plan_latest(const struct service *service);

/* Nothing that has a process needs it. */
bool plan_may_stop(const struct list *services, const struct service *service);

/* True where `config`, added or put in place of the one of its name, would need itself; `text` then
 * says how: "a needs b, b needs a". */
bool plan_has_cycle(
        const struct list *services, const struct service_config *config, char *text, size_t size);
