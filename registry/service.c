// SPDX-License-Identifier: Apache-2.0
#include "registry/service.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "registry/name.h"
#include "registry/version.h"

const char *publication_fault(const struct publication *publication)
{
    if (!name_is_valid(publication->service))
        return "a service's name is a lower-case letter, then lower-case letters, digits and `-`; "
               "63 at most";
    if (!name_is_word(publication->version, REGISTRY_VERSION_MAX))
        return "a version is 1 to 63 printable characters without space";
    if (!name_is_word(publication->proto_service, REGISTRY_PROTO_NAME_MAX))
        return "a proto service is named by 1 to 127 characters, like greeter.v1.Greeter";
    if (publication->method_count > REGISTRY_METHODS_MAX)
        return "a service has at most 256 methods";
    for (size_t i = 0; i < publication->method_count; i++)
        if (!name_is_word(publication->methods[i], REGISTRY_PROTO_NAME_MAX))
            return "a method is named by 1 to 127 characters";
    return NULL;
}

size_t publication_texts_size(const struct publication *publication)
{
    size_t size = strlen(publication->version) + 1 + strlen(publication->proto_service) + 1;

    for (size_t i = 0; i < publication->method_count; i++)
        size += strlen(publication->methods[i]) + 1;
    return size;
}

struct version *version_new(const struct publication *publication)
{
    size_t size = publication_texts_size(publication);
    struct version *version;
    char *end;

    version = malloc(sizeof(*version) + size);
    if (version == NULL)
        return NULL;
    *version = (struct version){
        .types_size = publication->types_size,
        .method_count = (uint32_t)publication->method_count,
        .texts_size = (uint32_t)size,
    };
    fact_init(&version->fact, FACT_TYPES);
    memcpy(version->types, publication->types, TYPES_HASH_SIZE);

    version->text = version->texts;
    end = stpcpy(version->texts, publication->version) + 1;
    version->proto_service = end;
    end = stpcpy(end, publication->proto_service) + 1;
    version->methods = end;
    for (size_t i = 0; i < publication->method_count; i++)
        end = stpcpy(end, publication->methods[i]) + 1;
    return version;
}

bool version_is_same(const struct version *version, const struct publication *publication)
{
    return !version->imported && memcmp(version->types, publication->types, TYPES_HASH_SIZE) == 0 &&
           strcmp(version->text, publication->version) == 0 &&
           strcmp(version->proto_service, publication->proto_service) == 0;
}

struct service *service_new(const char *name)
{
    struct service *service = calloc(1, sizeof(*service));

    if (service == NULL)
        return NULL;
    snprintf(service->name, sizeof(service->name), "%s", name);
    fact_init(&service->registration, FACT_REGISTRATION);
    list_init(&service->instances);
    return service;
}

struct service *service_free(struct service *service)
{
    if (service == NULL)
        return NULL;
    CHECK(list_is_empty(&service->instances));
    list_remove(&service->registration.link);
    for (uint32_t i = 0; i < service->version_count; i++) {
        list_remove(&service->versions[i]->fact.link);
        free(service->versions[i]);
    }
    free(service->versions);
    free(service->manifest);
    free(service);
    return NULL;
}

static struct version *service_version_exactly(const struct service *service, const char *text)
{
    for (uint32_t i = 0; i < service->version_count; i++)
        if (strcmp(service->versions[i]->text, text) == 0)
            return service->versions[i];
    return NULL;
}

struct version *service_version(const struct service *service, const char *text)
{
    if (text[0] != '\0')
        return service_version_exactly(service, text);
    return service->version_count > 0 ? service->versions[0] : NULL;
}

int service_reserve_version(struct service *service)
{
    size_t size = (service->version_count + 1) * sizeof(struct version *);
    struct version **versions = realloc(service->versions, size);

    if (versions == NULL)
        return err_new(-ENOMEM);
    service->versions = versions;
    return 0;
}

/* Own before imported, newest first; where neither is newer (1.0.0+a and 1.0.0+b), by the text. */
static bool service_is_before(const struct version *left, const struct version *right)
{
    int order = version_compare(left->text, right->text);

    if (left->imported != right->imported)
        return right->imported;
    return order != 0 ? order > 0 : strcmp(left->text, right->text) > 0;
}

struct version *service_put_version(struct service *service, struct version *version)
{
    struct version *old = service_version_exactly(service, version->text);
    uint32_t at = 0;

    if (old != NULL)
        service_take_version(service, old);
    while (at < service->version_count && service_is_before(service->versions[at], version))
        at += 1;
    memmove(&service->versions[at + 1], &service->versions[at],
            (service->version_count - at) * sizeof(struct version *));
    service->versions[at] = version;
    service->version_count += 1;
    service->imported_version_count += version->imported;
    version->service = service;
    return old;
}

void service_take_version(struct service *service, struct version *version)
{
    uint32_t at = 0;

    while (service->versions[at] != version)
        at += 1;
    service->version_count -= 1;
    service->imported_version_count -= version->imported;
    memmove(&service->versions[at], &service->versions[at + 1],
            (service->version_count - at) * sizeof(struct version *));
    list_remove(&version->fact.link);
}

bool service_runs(const struct service *service, const char *text)
{
    list_for_each (node, &service->instances) {
        const struct instance *instance = list_entry(node, struct instance, sibling);

        if (instance->import == NULL && strcmp(instance->version, text) == 0)
            return true;
    }
    return false;
}

bool service_imports(
        const struct service *service, const char *text, const uint8_t types[TYPES_HASH_SIZE])
{
    list_for_each (node, &service->instances) {
        const struct instance *instance = list_entry(node, struct instance, sibling);

        if (instance->import != NULL && instance->typed &&
                memcmp(instance->types, types, TYPES_HASH_SIZE) == 0 &&
                strcmp(instance->version, text) == 0)
            return true;
    }
    return false;
}

struct version *service_unused_version(const struct service *service)
{
    struct version *oldest = NULL;

    for (uint32_t i = 0; i < service->version_count; i++) {
        struct version *version = service->versions[i];

        if (!version->imported &&
                (oldest == NULL || version->fact.revision < oldest->fact.revision) &&
                !service_runs(service, version->text))
            oldest = version;
    }
    return oldest;
}
