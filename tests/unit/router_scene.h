/* tests/unit/router_scene.h - a call that two instances of a service may be sent: `first` and
 * `second` are they by the order in which they were. */
#pragma once

#include "kernel/router/policy.h"
#include "tests/unit/router_policies.h"

enum { OK = 0, NOTHING = -1, DELAY_MS = 20, ENOUGH_MS = 30, CALL = 5 };

struct scene {
    struct bus bus;
    struct peer *supervisor;
    struct written policy; /* hedge=20ms idempotent=yes, while nothing else is written */
    struct peer *one;
    struct peer *two;
    struct peer *caller;
    uint64_t parent; /* the call on whose behalf it calls; 0: none */

    struct peer *first;
    struct peer *second;
    uint64_t first_id; /* the call's at `first` … */
    uint64_t second_id;
};

extern struct scene scene;

/* For cmocka, before and after each test. */
int scene_open(void **state);
int scene_close(void **state);

#define IN_A_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

void scene_set_hedge(void);

/* The policy as the router has it. */
const struct policy *scene_policy(void);

/* Calls `shop.Pay`, and finds out who is sent it. */
void scene_ask(uint32_t timeout_ms);

/* The same; and nobody answers, so that both have it. */
void scene_ask_both(uint32_t timeout_ms);

/* True where the peer hears that the call is not wanted any more, and nothing else. */
bool scene_is_cancelled(struct peer *peer, uint64_t id);

/* No slot, no claim and no memory is held for any call. */
void scene_expect_nothing_left(void);
