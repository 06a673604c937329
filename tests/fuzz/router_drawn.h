/* tests/fuzz/router_drawn.h - a policy made of two bytes of an input. */
#pragma once

#include <stdint.h>

#include "mu/router/v1/router.pb-c.h"

/* Each may be over its bounds now and then: then nothing of the request holds. */
struct drawn {
    Mu__Router__V1__Policy policy;
    Mu__Router__V1__Retries retries;
    Mu__Router__V1__Breaker breaker;
    Mu__Router__V1__Rate rate;
    Mu__Router__V1__Fault fault;
    Mu__Router__V1__Hedge hedge;
    Mu__Router__V1__Mirror mirror;
    Mu__Router__V1__Weight weight;
    Mu__Router__V1__Weight *each_weight;
};

/* Gives the policy, which is initialised, the settings that `flags` name, by `number`. It points at
 * the others, and must not be moved. */
void drawn_fill(struct drawn *drawn, uint8_t flags, uint8_t number);
