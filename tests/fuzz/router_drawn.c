// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/router_drawn.h"

#include <stddef.h>

static void drawn_fill_tries(struct drawn *drawn, uint8_t flags, uint8_t number)
{
    mu__router__v1__retries__init(&drawn->retries);
    mu__router__v1__breaker__init(&drawn->breaker);
    mu__router__v1__rate__init(&drawn->rate);
    drawn->retries.max = 1 + number % 4;
    drawn->retries.idempotent = (number & 4) != 0;
    drawn->policy.retries = (flags & 1) != 0 ? &drawn->retries : NULL;
    drawn->breaker.failures = 1 + number % 2;
    drawn->breaker.eject_ms = number;
    drawn->policy.breaker = (flags & 2) != 0 ? &drawn->breaker : NULL;
    drawn->rate.per_s = number;
    drawn->policy.rate = (flags & 4) != 0 ? &drawn->rate : NULL;
}

/* What has the router send calls of its own. */
static void drawn_fill_added(struct drawn *drawn, uint8_t flags, uint8_t number)
{
    mu__router__v1__hedge__init(&drawn->hedge);
    mu__router__v1__mirror__init(&drawn->mirror);
    drawn->hedge.delay_ms = 1 + number;
    drawn->policy.hedge = (flags & 64) != 0 ? &drawn->hedge : NULL;
    drawn->mirror.version = (char *)((number & 1) != 0 ? "2" : "1");
    drawn->mirror.percent = 1 + number % 101;
    drawn->policy.mirror = (flags & 128) != 0 ? &drawn->mirror : NULL;
}

void drawn_fill(struct drawn *drawn, uint8_t flags, uint8_t number)
{
    drawn_fill_tries(drawn, flags, number);
    drawn_fill_added(drawn, flags, number);
    mu__router__v1__fault__init(&drawn->fault);
    mu__router__v1__weight__init(&drawn->weight);
    drawn->fault.delay_ms = number;
    drawn->fault.abort_code = (number & 8) != 0 ? 14 : 0;
    drawn->fault.percent = 50;
    drawn->policy.fault = (flags & 8) != 0 ? &drawn->fault : NULL;
    drawn->weight.version = (char *)"2";
    drawn->weight.percent = number % 101;
    drawn->each_weight = &drawn->weight;
    drawn->policy.weights = &drawn->each_weight;
    drawn->policy.n_weights = (flags & 16) != 0 ? 1 : 0;
    drawn->policy.in_flight_max = (flags & 32) != 0 ? number % 4 : 0;
}
