// SPDX-License-Identifier: Apache-2.0
#include "client/enrolment.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "client/futex.h"
#include "mu/bus/v1/bus.pb-c.h"
#include "mu/registry/v1/registry.pb-c.h"

enum {
    TYPES_HASH_SIZE = 32,      /* BLAKE2b-256 */
    IDEMPOTENT_SIZE_MAX = 2048 /* bytes of the names of methods in a Hello, which has a limit */
};

typedef Mu__Bus__V1__Hello__MetadataEntry hello_entry;

static void enrolment_hash(uint8_t hash[TYPES_HASH_SIZE], struct mu_bytes types)
{
    crypto_generichash(hash, TYPES_HASH_SIZE, types.data, types.size, NULL, 0);
}

/* The names of methods that their .proto says may be carried out twice, as many as fit, into
 * `names`, which has room for all. Returns how many. */
static size_t enrolment_idempotent(const struct mu_service_type *type, char **names)
{
    size_t size = 0;
    size_t count = 0;

    for (size_t i = 0; i < type->method_count; i++) {
        const struct mu_method *method = &type->methods[i];

        if (method->idempotency == MU_IDEMPOTENCY_UNKNOWN)
            continue;
        size += strlen(method->name) + 1;
        if (size > IDEMPOTENT_SIZE_MAX)
            break;
        names[count++] = (char *)(uintptr_t)method->name;
    }
    return count;
}

/* Packs a Hello. The caller frees `*bytesp`. */
static int enrolment_pack_hello(
        struct host *host, const struct bootstrap *bootstrap, uint8_t **bytesp, size_t *sizep)
{
    const struct mu_bytes *types = &host->service->type->types;
    size_t count = bootstrap->word != NULL ? bootstrap->word->n_metadata : 0;
    CLEANUP(cleanup_free) hello_entry *entries = calloc(count + 1, sizeof(*entries));
    CLEANUP(cleanup_free) hello_entry **each = calloc(count + 1, sizeof(*each));
    CLEANUP(cleanup_free) char **names =
            calloc(host->service->type->method_count + 1, sizeof(*names));
    Mu__Bus__V1__Hello hello = MU__BUS__V1__HELLO__INIT;
    uint8_t hash[TYPES_HASH_SIZE];

    if (entries == NULL || each == NULL || names == NULL)
        return err_new(-ENOMEM);
    for (size_t i = 0; i < count; i++) {
        mu__bus__v1__hello__metadata_entry__init(&entries[i]);
        entries[i].key = bootstrap->word->metadata[i]->key;
        entries[i].value = bootstrap->word->metadata[i]->value;
        each[i] = &entries[i];
    }
    hello.service = (char *)(uintptr_t)bootstrap->name;
    hello.version = (char *)(uintptr_t)bootstrap->version;
    hello.n_metadata = count;
    hello.metadata = each;
    hello.calls_max = host->calls_max;
    hello.n_idempotent = enrolment_idempotent(host->service->type, names);
    hello.idempotent = names;
    if (types->size != 0) {
        enrolment_hash(hash, *types);
        hello.types = (ProtobufCBinaryData){ .len = sizeof(hash), .data = hash };
    }
    *sizep = mu__bus__v1__hello__get_packed_size(&hello);
    *bytesp = malloc(*sizep);
    if (*bytesp == NULL)
        return err_new(-ENOMEM);
    mu__bus__v1__hello__pack(&hello, *bytesp);
    return 0;
}

/* Waits for WELCOME. */
static enum enrolment_outcome enrolment_wait(struct host *host)
{
    uint64_t deadline_us = clock_us() + ENROLMENT_TIMEOUT_MS * UINT64_C(1000);
    struct mu_status welcome;
    bool welcomed;
    bool lost;

    for (;;) {
        unsigned seen = atomic_load(&host->bell);

        pthread_mutex_lock(&host->client->lock);
        welcomed = host->welcomed;
        welcome = host->welcome;
        lost = host->lost;
        pthread_mutex_unlock(&host->client->lock);
        if (welcomed || lost || clock_us() >= deadline_us)
            break;
        if (atomic_load(&host->stop) > 0)
            return ENROLMENT_STOPPED;
        futex_wait(&host->bell, seen, deadline_us);
    }
    if (!welcomed)
        return ENROLMENT_LATER;
    if (welcome.code == MU_OK)
        return ENROLMENT_OK;
    log_error("the router refuses this service: %s (%s)", welcome.message,
            mu_code_name(welcome.code));
    if (welcome.code == MU_RESOURCE_EXHAUSTED || welcome.code == MU_UNAVAILABLE)
        return ENROLMENT_LATER;
    return ENROLMENT_REFUSED;
}

enum enrolment_outcome enrolment_attach(
        struct host *host, const struct bootstrap *bootstrap, uint32_t timeout_ms, int *errorp)
{
    CLEANUP(cleanup_free) uint8_t *bytes = NULL;
    enum enrolment_outcome outcome = ENROLMENT_LATER;
    struct envelope hello = { .kind = ENVELOPE_HELLO };
    size_t size;

    pthread_mutex_lock(&host->client->lock);
    host->welcomed = false;
    host->lost = false;
    pthread_mutex_unlock(&host->client->lock);
    *errorp = enrolment_pack_hello(host, bootstrap, &bytes, &size);
    if (*errorp == 0) {
        hello.body = (struct span){ bytes, size };
        *errorp = connection_dial(host->client, timeout_ms, &hello);
    }
    if (*errorp == 0)
        outcome = enrolment_wait(host);
    if (*errorp == 0 && outcome != ENROLMENT_OK)
        connection_drop(host->client);
    return outcome;
}

enum enrolment_outcome enrolment_publish(
        struct host *host, const struct bootstrap *bootstrap, uint32_t timeout_ms)
{
    const struct mu_service_type *type = host->service->type;
    struct mu_call_options options = { .timeout_ms = timeout_ms };
    Mu__Registry__V1__PublishRequest request = MU__REGISTRY__V1__PUBLISH_REQUEST__INIT;
    ProtobufCMessage *reply;
    struct mu_status status;
    enum mu_code code;

    if (type->types.size == 0 || strcmp(bootstrap->name, "registry") == 0)
        return ENROLMENT_OK;
    request.version = (char *)(uintptr_t)bootstrap->version;
    request.proto_service = (char *)(uintptr_t)type->proto_name;
    request.descriptor_set.data = (uint8_t *)(uintptr_t)type->types.data;
    request.descriptor_set.len = type->types.size;
    code = mu_call_message(host->client, "registry.Publish", &request.base,
            &mu__registry__v1__publish_reply__descriptor, &options, &reply, &status);
    if (code == MU_OK) {
        protobuf_c_message_free_unpacked(reply, NULL);
        return ENROLMENT_OK;
    }
    if ((code == MU_NOT_FOUND && strcmp(status.origin, "router") == 0) || code == MU_UNAVAILABLE ||
            code == MU_DEADLINE_EXCEEDED || code == MU_RESOURCE_EXHAUSTED || code == MU_CANCELLED ||
            code == MU_ABORTED)
        return ENROLMENT_LATER;
    log_error("the registry refuses this service's types: %s (%s)", status.message,
            mu_code_name(code));
    return ENROLMENT_REFUSED;
}

void enrolment_say_ready(struct host *host)
{
    pthread_mutex_lock(&host->client->lock);
    connection_put(host->client, &(struct envelope){ .kind = ENVELOPE_READY });
    host->serving = true;
    connection_unlock(host->client);
}
