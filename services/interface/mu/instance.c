// SPDX-License-Identifier: Apache-2.0
#include "services/interface/mu/instance.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *instance_short(uint64_t instance, char text[INSTANCE_TEXT_MAX])
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%" PRIu64, instance);
    snprintf(text, INSTANCE_TEXT_MAX, "%.*s", instance == 0 ? 0 : INSTANCE_TEXT_MAX - 1, digits);
    return text;
}

const char *instance_nodes(const Mu__Registry__V1__Service *service, char *text, size_t size)
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < service->n_instances && length < size; i++) {
        const char *node = service->instances[i]->node;
        bool is_new = true;

        for (size_t j = 0; is_new && j < i; j++)
            is_new = strcmp(service->instances[j]->node, node) != 0;
        if (is_new)
            length += (size_t)snprintf(
                    text + length, size - length, "%s%s", length > 0 ? " " : "", node);
    }
    return text;
}

bool instance_is_elsewhere(const Mu__Registry__V1__Instance *instance)
{
    return instance->owner[0] != '\0';
}

bool instance_some_are_elsewhere(const Mu__Registry__V1__ListReply *reply)
{
    for (size_t i = 0; i < reply->n_services; i++) {
        for (size_t j = 0; j < reply->services[i]->n_instances; j++) {
            if (instance_is_elsewhere(reply->services[i]->instances[j]))
                return true;
        }
    }
    return false;
}
