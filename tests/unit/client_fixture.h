/* tests/unit/client_fixture.h - a client that is connected to a peer, and how its calls end. */
#pragma once

#include <stdatomic.h>

#include "mu/client.h"
#include "tests/unit/client_peer.h"

struct fixture {
    struct peer peer;
    struct mu_client *client;
};

/* For cmocka: `*state` is a struct fixture. */
int fixture_start(void **state);
int fixture_stop(void **state);

/* How a call ended; zeroes until it has. */
struct outcome {
    atomic_int runs;
    enum mu_code code;
    enum mu_executed executed;
    size_t size; /* of the answer's body */
};

/* What mu_call_async is given, with the outcome as `user`. */
void outcome_note(struct mu_result *result, void *user);

/* Waits up to ten seconds until the call has ended, once. */
void outcome_await(struct outcome *outcome);
