/* namespace.h - `--namespace NAME`: what commands that list services leave out. */
#pragma once

#include <stdbool.h>

#include "mu/node/v1/node.pb-c.h"
#include "mu/registry/v1/registry.pb-c.h"

/* For the flags of a command. */
#define NAMESPACE_FLAG                                                                             \
    {                                                                                              \
        .name = "namespace", .value = "NAME", .help = "only services of this namespace"            \
    }

/* Drops what is not of the namespace `name`; NULL keeps all. */
void namespace_keep_services(Mu__Registry__V1__ListReply *reply, const char *name);
void namespace_keep_processes(Mu__Node__V1__ListReply *reply, const char *name);

/* True where some service has a namespace, so that a column for it is worth its place. */
bool namespace_is_used_by_services(const Mu__Registry__V1__ListReply *reply);
bool namespace_is_used_by_processes(const Mu__Node__V1__ListReply *reply);

/* True where a process of `service` stands in the list. */
bool namespace_has_service(const Mu__Node__V1__ListReply *reply, const char *service);
