// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/router_policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mu/bus/v1/bus.pb-c.h"
#include "tests/unit/cmocka.h"

static char refused[256];

void write_policy(struct written *written, const char *endpoints)
{
    *written = (struct written){ 0 };
    mu__router__v1__policy__init(&written->policy);
    written->policy.endpoints = (char *)(uintptr_t)endpoints;
    written->policy.weights = written->each_weight;
    written->policy.labels = written->each_label;
}

void write_rate(struct written *written, uint32_t per_s, uint32_t burst)
{
    mu__router__v1__rate__init(&written->rate);
    written->rate.per_s = per_s;
    written->rate.burst = burst;
    written->policy.rate = &written->rate;
}

void write_retries(struct written *written, uint32_t max, bool idempotent)
{
    mu__router__v1__retries__init(&written->retries);
    written->retries.max = max;
    written->retries.idempotent = idempotent;
    written->policy.retries = &written->retries;
}

void write_breaker(struct written *written, uint32_t failures, uint32_t percent)
{
    mu__router__v1__breaker__init(&written->breaker);
    written->breaker.failures = failures;
    written->breaker.percent = percent;
    written->breaker.window_ms = 1000;
    written->breaker.eject_ms = 1000;
    written->policy.breaker = &written->breaker;
}

void write_weight(struct written *written, const char *version, uint32_t percent)
{
    size_t place = written->policy.n_weights++;

    mu__router__v1__weight__init(&written->weights[place]);
    written->weights[place].version = (char *)(uintptr_t)version;
    written->weights[place].percent = percent;
    written->each_weight[place] = &written->weights[place];
}

void write_label(struct written *written, const char *key, const char *value)
{
    size_t place = written->policy.n_labels++;

    mu__router__v1__policy__labels_entry__init(&written->labels[place]);
    written->labels[place].key = (char *)(uintptr_t)key;
    written->labels[place].value = (char *)(uintptr_t)value;
    written->each_label[place] = &written->labels[place];
}

void write_fault(struct written *written, uint32_t code, uint32_t delay_ms, uint32_t percent)
{
    mu__router__v1__fault__init(&written->fault);
    written->fault.abort_code = code;
    written->fault.delay_ms = delay_ms;
    written->fault.percent = percent;
    written->policy.fault = &written->fault;
}

void write_hedge(struct written *written, uint32_t delay_ms)
{
    mu__router__v1__hedge__init(&written->hedge);
    written->hedge.delay_ms = delay_ms;
    written->policy.hedge = &written->hedge;
}

void write_mirror(struct written *written, const char *version, uint32_t percent)
{
    mu__router__v1__mirror__init(&written->mirror);
    written->mirror.version = (char *)(uintptr_t)version;
    written->mirror.percent = percent;
    written->policy.mirror = &written->mirror;
}

struct peer *bus_supervisor(struct bus *bus)
{
    struct peer *supervisor = router_attach_supervisor(&bus->router, NULL);

    assert_non_null(supervisor);
    return supervisor;
}

uint32_t bus_set_policies(
        struct bus *bus, struct peer *supervisor, struct written *const *written, size_t count)
{
    Mu__Router__V1__PoliciesRequest request = MU__ROUTER__V1__POLICIES_REQUEST__INIT;
    Mu__Router__V1__Policy **each = calloc(count + 1, sizeof(*each));
    struct status status = { 0 };
    struct envelope result;
    uint8_t *body;

    for (size_t i = 0; i < count; i++)
        each[i] = &written[i]->policy;
    request.n_policies = count;
    request.policies = each;
    body = malloc(mu__router__v1__policies_request__get_packed_size(&request) + 1);
    bus_say(bus, supervisor,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 9,
                    .endpoint = bus_text("router.Policies"),
                    .body = { body, mu__router__v1__policies_request__pack(&request, body) } });
    bus_hear(bus, supervisor);
    result = bus->heard[bus->heard_count - 1];
    assert_int_equal(result.kind, ENVELOPE_RESULT);
    if (result.status.size > 0)
        assert_int_equal(status_read(&status, result.status), ENVELOPE_OK);
    snprintf(refused, sizeof(refused), "%.*s", (int)status.message.size,
            (const char *)status.message.data);
    free(body);
    free(each);
    return status.code;
}

void bus_set_policy(struct bus *bus, struct peer *supervisor, struct written *written)
{
    assert_int_equal(bus_set_policies(bus, supervisor, &written, 1), 0);
}

const char *bus_refused_text(void)
{
    return refused;
}

struct peer *bus_instance(struct bus *bus, const struct instance *instance)
{
    struct peer *peer = bus_caller(bus);
    Mu__Bus__V1__Hello hello = MU__BUS__V1__HELLO__INIT;
    Mu__Bus__V1__Hello__MetadataEntry zone = MU__BUS__V1__HELLO__METADATA_ENTRY__INIT;
    Mu__Bus__V1__Hello__MetadataEntry *metadata = &zone;
    char *idempotent = (char *)(uintptr_t)instance->idempotent;
    uint8_t body[256];

    zone.key = (char *)"zone";
    zone.value = (char *)(uintptr_t)instance->label;
    hello.service = (char *)(uintptr_t)instance->service;
    hello.version = (char *)(uintptr_t)instance->version;
    hello.n_metadata = instance->label != NULL ? 1 : 0;
    hello.metadata = &metadata;
    hello.n_idempotent = idempotent != NULL ? 1 : 0;
    hello.idempotent = &idempotent;
    assert_int_equal(bus_say(bus, peer,
                             (struct envelope){ .kind = ENVELOPE_HELLO,
                                     .body = { body, mu__bus__v1__hello__pack(&hello, body) } }),
            0);
    assert_int_equal(bus_say(bus, peer, (struct envelope){ .kind = ENVELOPE_READY }), 0);
    bus_hear(bus, peer);
    return peer;
}

Mu__Router__V1__ExplainReply *bus_explain(
        struct bus *bus, struct peer *caller, const char *endpoint, const char *by)
{
    Mu__Router__V1__ExplainRequest request = MU__ROUTER__V1__EXPLAIN_REQUEST__INIT;
    Mu__Router__V1__ExplainReply *reply;
    struct envelope result;
    uint8_t body[256];

    request.endpoint = (char *)(uintptr_t)endpoint;
    request.caller = (char *)(uintptr_t)by;
    bus_say(bus, caller,
            (struct envelope){ .kind = ENVELOPE_CALL,
                    .id = 77,
                    .endpoint = bus_text("router.Explain"),
                    .body = { body, mu__router__v1__explain_request__pack(&request, body) } });
    result = bus_hear_one(bus, caller, ENVELOPE_RESULT);
    reply = mu__router__v1__explain_reply__unpack(NULL, result.body.size, result.body.data);
    assert_non_null(reply);
    return reply;
}

void bus_ask_for(struct bus *bus, struct peer *caller, uint64_t id, const char *endpoint,
        uint32_t timeout_ms)
{
    assert_int_equal(bus_say(bus, caller,
                             (struct envelope){ .kind = ENVELOPE_CALL,
                                     .id = id,
                                     .endpoint = bus_text(endpoint),
                                     .timeout_ms = timeout_ms,
                                     .body = bus_text("question") }),
            0);
}

uint64_t bus_take_call(struct bus *bus, struct peer *peer)
{
    bus_hear(bus, peer);
    for (size_t i = 0; i < bus->heard_count; i++) {
        if (bus->heard[i].kind == ENVELOPE_CALL)
            return bus->heard[i].id;
    }
    return 0;
}

void bus_answer(struct bus *bus, struct peer *peer, uint64_t id, uint32_t code, uint32_t executed)
{
    struct status status = { .code = code, .executed = executed };
    uint8_t room[64];
    struct envelope result = { .kind = ENVELOPE_RESULT, .id = id, .body = bus_text("answer") };

    if (code != 0)
        result.status = (struct span){ room, status_write(&status, room, sizeof(room)) };
    assert_int_equal(bus_say(bus, peer, result), 0);
}

int bus_take_code(struct bus *bus, struct peer *caller, uint64_t id)
{
    struct status status = { 0 };

    if (bus_hear(bus, caller) == 0)
        return -1;
    assert_int_equal(bus->heard_count, 1);
    assert_int_equal(bus->heard[0].kind, ENVELOPE_RESULT);
    assert_true(bus->heard[0].id == id);
    if (bus->heard[0].status.size > 0)
        assert_int_equal(status_read(&status, bus->heard[0].status), ENVELOPE_OK);
    return (int)status.code;
}
