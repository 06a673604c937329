// SPDX-License-Identifier: Apache-2.0
#include "registry/message.h"

#include <string.h>

#include "registry/import.h"

typedef Mu__Registry__V1__Instance__MetadataEntry metadata_entry;

/* Generated messages have no const texts, and are only read. */
static char *message_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

static ProtobufCBinaryData message_types(const uint8_t types[TYPES_HASH_SIZE])
{
    return (ProtobufCBinaryData){ .len = TYPES_HASH_SIZE, .data = (uint8_t *)(uintptr_t)types };
}

/* Room for `count` things of `size` bytes, and one where there is none. */
static void *message_array(struct mu_arena *arena, size_t count, size_t size)
{
    return mu_arena_alloc(arena, (count > 0 ? count : 1) * size);
}

static bool message_fill_metadata(struct mu_arena *arena, const struct instance *instance,
        Mu__Registry__V1__Instance *message)
{
    struct metadata pair;
    size_t count = 0;
    size_t cursor = 0;

    while (instance_metadata(instance, &cursor, &pair))
        count += 1;
    message->metadata = message_array(arena, count, sizeof(metadata_entry *));
    if (message->metadata == NULL)
        return false;
    for (cursor = 0; instance_metadata(instance, &cursor, &pair); message->n_metadata++) {
        metadata_entry *entry = mu_arena_alloc(arena, sizeof(*entry));

        if (entry == NULL)
            return false;
        mu__registry__v1__instance__metadata_entry__init(entry);
        entry->key = message_text(pair.key);
        entry->value = message_text(pair.value);
        message->metadata[message->n_metadata] = entry;
    }
    return true;
}

Mu__Registry__V1__Instance *message_of_instance(
        struct mu_arena *arena, const struct instance *instance, const char *service)
{
    Mu__Registry__V1__Instance *message = mu_arena_alloc(arena, sizeof(*message));

    if (message == NULL)
        return NULL;
    mu__registry__v1__instance__init(message);
    message->instance = instance->number;
    message->service = message_text(service);
    message->version = message_text(instance->version);
    message->node = message_text(instance->node);
    message->pid = instance->pid;
    message->lease_ms = instance->lease_ms;
    message->revision = instance->fact.revision;
    message->owner = message_text(instance->owner);
    message->namespace_ = message_text(instance->space);
    message->local = instance->local;
    message->types_conflict = import_conflicts(instance);
    message->hearsay = instance->import != NULL && instance->import->hearsay;
    if (instance->typed)
        message->types = message_types(instance->types);
    return message_fill_metadata(arena, instance, message) ? message : NULL;
}

static Mu__Registry__V1__Version *message_of_version(
        struct mu_arena *arena, const struct version *version)
{
    Mu__Registry__V1__Version *message = mu_arena_alloc(arena, sizeof(*message));
    const char *method = version->methods;

    if (message == NULL)
        return NULL;
    mu__registry__v1__version__init(message);
    message->version = message_text(version->text);
    message->types = message_types(version->types);
    message->methods = message_array(arena, version->method_count, sizeof(char *));
    if (message->methods == NULL)
        return NULL;
    for (; message->n_methods < version->method_count; message->n_methods++) {
        message->methods[message->n_methods] = message_text(method);
        method += strlen(method) + 1;
    }
    return message;
}

Mu__Registry__V1__Service *message_of_service(
        struct mu_arena *arena, const struct service *service, bool imported)
{
    Mu__Registry__V1__Service *message = mu_arena_alloc(arena, sizeof(*message));
    uint32_t versions = imported ? service->version_count : service_own_version_count(service);

    if (message == NULL)
        return NULL;
    mu__registry__v1__service__init(message);
    message->name = message_text(service->name);
    message->namespace_ = message_text(service->space);
    message->registered = service_is_registered(service);
    message->versions = message_array(arena, versions, sizeof(void *));
    message->instances = message_array(arena, service->instance_count, sizeof(void *));
    if (message->versions == NULL || message->instances == NULL)
        return NULL;
    for (; message->n_versions < versions; message->n_versions++) {
        message->versions[message->n_versions] =
                message_of_version(arena, service->versions[message->n_versions]);
        if (message->versions[message->n_versions] == NULL)
            return NULL;
    }
    list_for_each (node, &service->instances) {
        const struct instance *instance = list_entry(node, struct instance, sibling);

        if (instance->import != NULL && !imported)
            continue;
        message->instances[message->n_instances] =
                message_of_instance(arena, instance, service->name);
        if (message->instances[message->n_instances++] == NULL)
            return NULL;
    }
    return message;
}

const char *message_to_description(struct mu_arena *arena,
        const Mu__Registry__V1__Instance *instance, struct description *description)
{
    struct metadata *pairs;

    if (instance == NULL)
        return "the request names no instance";
    if (instance->types.len != 0 && instance->types.len != TYPES_HASH_SIZE)
        return "types is the BLAKE2b-256 of a FileDescriptorSet, 32 bytes, or empty";
    pairs = message_array(arena, instance->n_metadata, sizeof(*pairs));
    if (pairs == NULL)
        return "the registry has no memory for this much metadata";
    for (size_t i = 0; i < instance->n_metadata; i++)
        pairs[i] = (struct metadata){
            .key = instance->metadata[i]->key,
            .value = instance->metadata[i]->value,
        };
    *description = (struct description){
        .number = instance->instance,
        .service = instance->service,
        .version = instance->version,
        .node = instance->node,
        .space = instance->namespace_,
        .local = instance->local,
        .pid = instance->pid,
        .metadata = pairs,
        .metadata_count = instance->n_metadata,
        .types = instance->types.len != 0 ? instance->types.data : NULL,
    };
    return description_fault(description);
}
