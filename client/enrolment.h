/* client/enrolment.h - how a service becomes one: HELLO, its types to the registry, READY. */
#pragma once

#include "client/bootstrap.h"
#include "client/host.h"

enum {
    ENROLMENT_TIMEOUT_MS = 10000 /* for each of the steps */
};

enum enrolment_outcome {
    ENROLMENT_OK,
    ENROLMENT_LATER,   /* no connection, or nobody there yet */
    ENROLMENT_REFUSED, /* it would be refused again: said in the log */
    ENROLMENT_STOPPED  /* a signal came meanwhile */
};

/* Connects within `timeout_ms`, says HELLO and waits for the WELCOME. `*errorp` is 0, or why there
 * is no connection (-errno). */
enum enrolment_outcome enrolment_attach(
        struct host *host, const struct bootstrap *bootstrap, uint32_t timeout_ms, int *errorp);

/* Gives the registry the service's types, once. */
enum enrolment_outcome enrolment_publish(
        struct host *host, const struct bootstrap *bootstrap, uint32_t timeout_ms);

/* From here on calls come. */
void enrolment_say_ready(struct host *host);
