// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/client_fixture.h"

#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tests/unit/cmocka.h"

int fixture_start(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct mu_client_options options = { .address = fixture->peer.address };

    peer_open(&fixture->peer);
    assert_int_equal(mu_client_open(&fixture->client, &options), 0);
    *state = fixture;
    return 0;
}

int fixture_stop(void **state)
{
    struct fixture *fixture = *state;

    fixture->client = mu_client_close(fixture->client);
    peer_close(&fixture->peer);
    free(fixture);
    return 0;
}

void outcome_note(struct mu_result *result, void *user)
{
    struct outcome *outcome = user;

    outcome->code = result->status.code;
    outcome->executed = result->status.executed;
    outcome->size = result->size;
    atomic_fetch_add(&outcome->runs, 1);
}

void outcome_await(struct outcome *outcome)
{
    uint64_t deadline_ms = clock_ms() + 10000;

    while (atomic_load(&outcome->runs) == 0 && clock_ms() < deadline_ms)
        sched_yield();
    assert_int_equal(atomic_load(&outcome->runs), 1);
}
