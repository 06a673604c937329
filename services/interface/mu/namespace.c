// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/namespace.h"

#include <string.h>

void namespace_keep_services(Mu__Registry__V1__ListReply *reply, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; name != NULL && i < reply->n_services; i++) {
        if (strcmp(reply->services[i]->namespace_, name) == 0)
            reply->services[kept++] = reply->services[i];
        else
            mu__registry__v1__service__free_unpacked(reply->services[i], NULL);
    }
    if (name != NULL)
        reply->n_services = kept;
}

void namespace_keep_processes(Mu__Node__V1__ListReply *reply, const char *name)
{
    size_t kept = 0;

    for (size_t i = 0; name != NULL && i < reply->n_processes; i++) {
        if (strcmp(reply->processes[i]->namespace_, name) == 0)
            reply->processes[kept++] = reply->processes[i];
        else
            mu__node__v1__process__free_unpacked(reply->processes[i], NULL);
    }
    if (name != NULL)
        reply->n_processes = kept;
}

bool namespace_is_used_by_services(const Mu__Registry__V1__ListReply *reply)
{
    for (size_t i = 0; i < reply->n_services; i++)
        if (reply->services[i]->namespace_[0] != '\0')
            return true;
    return false;
}

bool namespace_is_used_by_processes(const Mu__Node__V1__ListReply *reply)
{
    for (size_t i = 0; i < reply->n_processes; i++)
        if (reply->processes[i]->namespace_[0] != '\0')
            return true;
    return false;
}

bool namespace_has_service(const Mu__Node__V1__ListReply *reply, const char *service)
{
    for (size_t i = 0; i < reply->n_processes; i++)
        if (strcmp(reply->processes[i]->service, service) == 0)
            return true;
    return false;
}
