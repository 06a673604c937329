// SPDX-License-Identifier: Apache-2.0
#include "kernel/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

/* Copies `text` to `*atp` and moves it behind the copy. */
static const char *service_keep(char **atp, const void *text, size_t size)
{
    char *at = *atp;

    if (size > 0)
        memcpy(at, text, size);
    *atp += size;
    return at;
}

struct service_config *service_config_copy(const struct service_config *config)
{
    size_t needs_size = config->need_count * sizeof(char *);
    size_t size = sizeof(*config) + needs_size + strlen(config->name) + 1 +
                  strlen(config->version) + 1 + config->manifest.size;
    struct service_config *copy;
    const char **needs;
    char *at;

    for (uint32_t i = 0; i < config->need_count; i++)
        size += strlen(config->needs[i]) + 1;
    copy = malloc(size);
    if (copy == NULL)
        return NULL;
    *copy = *config;
    needs = (const char **)(void *)(copy + 1);
    at = (char *)(copy + 1) + needs_size;
    for (uint32_t i = 0; i < config->need_count; i++)
        needs[i] = service_keep(&at, config->needs[i], strlen(config->needs[i]) + 1);
    copy->needs = needs;
    copy->name = service_keep(&at, config->name, strlen(config->name) + 1);
    copy->version = service_keep(&at, config->version, strlen(config->version) + 1);
    copy->manifest.data =
            (const uint8_t *)service_keep(&at, config->manifest.data, config->manifest.size);
    CHECK(at == (char *)copy + size);
    return copy;
}

static struct child *service_children(struct service *service, const struct service_config *config)
{
    struct child *children = calloc(config->instances, sizeof(*children));

    for (uint32_t i = 0; children != NULL && i < config->instances; i++)
        child_init(&children[i], service, &config->rule);
    return children;
}

struct service *service_new(struct service_config *config)
{
    struct service *service = calloc(1, sizeof(*service));

    CHECK(config->instances >= 1);

    if (service == NULL)
        return NULL;
    service->children = service_children(service, config);
    if (service->children == NULL) {
        free(service);
        return NULL;
    }
    service->config = config;
    list_init(&service->link);
    return service;
}

struct service *service_free(struct service *service)
{
    if (service == NULL)
        return NULL;
    CHECK(service_is_quiet(service));
    list_remove(&service->link);
    free(service->children);
    free(service->config);
    free(service->next);
    free(service);
    return NULL;
}

int service_renew(struct service *service)
{
    struct child *children;

    CHECK(service->next != NULL && service_is_quiet(service));

    children = service_children(service, service->next);
    if (children == NULL)
        return err_new(-ENOMEM);
    free(service->children);
    free(service->config);
    service->children = children;
    service->config = service->next;
    service->next = NULL;
    return 0;
}

bool service_is_ready(const struct service *service)
{
    for (uint32_t i = 0; i < service->config->instances; i++) {
        if (service->children[i].state == CHILD_UP)
            return true;
    }
    return false;
}

bool service_is_quiet(const struct service *service)
{
    for (uint32_t i = 0; i < service->config->instances; i++) {
        if (child_has_process(&service->children[i]) || service->children[i].effects != 0)
            return false;
    }
    return true;
}

bool service_needs(const struct service_config *config, const char *name)
{
    for (uint32_t i = 0; i < config->need_count; i++) {
        if (strcmp(config->needs[i], name) == 0)
            return true;
    }
    return false;
}
