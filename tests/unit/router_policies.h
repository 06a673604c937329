/* tests/unit/router_policies.h - policies for a router's core, set as the supervisor sets them, and
 * instances of the kinds that policies tell apart. */
#pragma once

#include "mu/router/v1/router.pb-c.h"
#include "tests/unit/router_bus.h"

/* One policy with all that it may point at, every part empty. */
struct written {
    Mu__Router__V1__Policy policy;
    Mu__Router__V1__Rate rate;
    Mu__Router__V1__Retries retries;
    Mu__Router__V1__Breaker breaker;
    Mu__Router__V1__Fault fault;
    Mu__Router__V1__Hedge hedge;
    Mu__Router__V1__Mirror mirror;
    Mu__Router__V1__Weight weights[9];
    Mu__Router__V1__Weight *each_weight[9];
    Mu__Router__V1__Policy__LabelsEntry labels[5];
    Mu__Router__V1__Policy__LabelsEntry *each_label[5];
};

/* Begins one for `endpoints`. The spans of it are its own: it must not be moved. */
void write_policy(struct written *written, const char *endpoints);
void write_rate(struct written *written, uint32_t per_s, uint32_t burst);
void write_retries(struct written *written, uint32_t max, bool idempotent);
void write_breaker(struct written *written, uint32_t failures, uint32_t percent);
void write_weight(struct written *written, const char *version, uint32_t percent);
void write_label(struct written *written, const char *key, const char *value);
void write_fault(struct written *written, uint32_t code, uint32_t delay_ms, uint32_t percent);
void write_hedge(struct written *written, uint32_t delay_ms);
void write_mirror(struct written *written, const char *version, uint32_t percent);

/* Calls router.Policies as the supervisor, which `bus_supervisor` attached. Returns the code. */
struct peer *bus_supervisor(struct bus *bus);
uint32_t bus_set_policies(
        struct bus *bus, struct peer *supervisor, struct written *const *written, size_t count);

/* The same for one, which must be taken. */
void bus_set_policy(struct bus *bus, struct peer *supervisor, struct written *written);

/* What the router refuses said: of the last bus_set_policies. */
const char *bus_refused_text(void);

/* An instance, ready. `label`: the value of its metadata "zone", or NULL. `idempotent`: a method
 * that it says may be repeated, or NULL. */
struct instance {
    const char *service;
    const char *version;
    const char *label;
    const char *idempotent;
};
struct peer *bus_instance(struct bus *bus, const struct instance *instance);

/* What holds for calls of the endpoint by `by` ("" for no service); the caller frees it. */
Mu__Router__V1__ExplainReply *bus_explain(
        struct bus *bus, struct peer *caller, const char *endpoint, const char *by);

/* Calls, and says nothing of what comes of it. */
void bus_ask_for(struct bus *bus, struct peer *caller, uint64_t id, const char *endpoint,
        uint32_t timeout_ms);

/* Takes the CALL that waits for the peer; id 0 where nothing does. */
uint64_t bus_take_call(struct bus *bus, struct peer *peer);

/* Answers it with OK or an error. */
void bus_answer(struct bus *bus, struct peer *peer, uint64_t id, uint32_t code, uint32_t executed);

/* The code of the RESULT that waits for the caller, of the call `id`; -1: none. */
int bus_take_code(struct bus *bus, struct peer *caller, uint64_t id);
