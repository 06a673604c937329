// SPDX-License-Identifier: Apache-2.0
/* One allocation holds an instance with all its texts: 65,536 of them are common work for a
 * registry, and a process that comes costs one malloc. */
#include "registry/instance.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "registry/limits.h"
#include "registry/name.h"

size_t description_metadata_size(const struct description *description)
{
    size_t size = 0;

    for (size_t i = 0; i < description->metadata_count; i++)
        size += strlen(description->metadata[i].key) + 1 + strlen(description->metadata[i].value) +
                1;
    return size;
}

const char *description_fault(const struct description *description)
{
    if (description->number == 0)
        return "an instance needs a number other than 0";
    if (!name_is_valid(description->service))
        return "a service's name is a lower-case letter, then lower-case letters, digits and `-`; "
               "63 at most";
    if (!name_is_word(description->version, REGISTRY_VERSION_MAX))
        return "a version is 1 to 63 printable characters without space";
    if (description->space != NULL && description->space[0] != '\0' &&
            !name_is_valid(description->space))
        return "a namespace is named like a service";
    if (description->node[0] != '\0' && !name_is_word(description->node, REGISTRY_NODE_MAX))
        return "a node's name is at most 63 printable characters without space";
    if (description_metadata_size(description) > REGISTRY_METADATA_MAX)
        return "metadata of an instance takes at most 4096 bytes";
    for (size_t i = 0; i < description->metadata_count; i++)
        if (description->metadata[i].key[0] == '\0')
            return "a key of metadata is not empty";
    return NULL;
}

static char *instance_append(char *end, const char *text)
{
    return stpcpy(end, text) + 1;
}

struct instance *instance_new(const struct description *description)
{
    const char *owner = description->owner != NULL ? description->owner : "";
    const char *space = description->space != NULL ? description->space : "";
    size_t metadata_size = description_metadata_size(description);
    struct instance *instance;
    char *end;

    instance = malloc(sizeof(*instance) + strlen(description->version) + 1 +
                      strlen(description->node) + 1 + strlen(owner) + 1 + strlen(space) + 1 +
                      metadata_size);
    if (instance == NULL)
        return NULL;
    *instance = (struct instance){
        .references = 1,
        .pid = description->pid,
        .number = description->number,
        .metadata_size = (uint32_t)metadata_size,
        .typed = description->types != NULL,
        .local = description->local,
    };
    fact_init(&instance->fact, FACT_INSTANCE);
    list_init(&instance->sibling);
    list_init(&instance->fellow);
    if (instance->typed)
        memcpy(instance->types, description->types, TYPES_HASH_SIZE);

    end = instance->text;
    instance->version = end;
    end = instance_append(end, description->version);
    instance->node = end;
    end = instance_append(end, description->node);
    instance->owner = end;
    end = instance_append(end, owner);
    instance->space = end;
    end = instance_append(end, space);
    instance->metadata = end;
    for (size_t i = 0; i < description->metadata_count; i++) {
        end = instance_append(end, description->metadata[i].key);
        end = instance_append(end, description->metadata[i].value);
    }
    return instance;
}

struct instance *instance_ref(struct instance *instance)
{
    instance->references += 1;
    return instance;
}

struct instance *instance_unref(struct instance *instance)
{
    if (instance == NULL)
        return NULL;
    CHECK(instance->references > 0);
    instance->references -= 1;
    if (instance->references == 0)
        free(instance);
    return NULL;
}

bool instance_is_same(const struct instance *left, const struct instance *right)
{
    return left->number == right->number && left->pid == right->pid &&
           left->typed == right->typed && memcmp(left->types, right->types, TYPES_HASH_SIZE) == 0 &&
           strcmp(left->version, right->version) == 0 && strcmp(left->node, right->node) == 0 &&
           strcmp(left->owner, right->owner) == 0 && strcmp(left->space, right->space) == 0 &&
           left->local == right->local && left->metadata_size == right->metadata_size &&
           memcmp(left->metadata, right->metadata, left->metadata_size) == 0;
}

bool instance_metadata(const struct instance *instance, size_t *cursor, struct metadata *pair)
{
    if (*cursor >= instance->metadata_size)
        return false;
    pair->key = instance->metadata + *cursor;
    pair->value = pair->key + strlen(pair->key) + 1;
    *cursor = (size_t)(pair->value - instance->metadata) + strlen(pair->value) + 1;
    return true;
}
