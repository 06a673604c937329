/* expect.h - what the examples' tests share: a connection, and what they expect. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mu/client.h"

/* Ends the test, unless `holds`. */
static inline void expect(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "not so: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Ends the test, unless the call ended with `code`. */
static inline void expect_status(
        const struct mu_status *status, enum mu_code code, const char *what)
{
    if (status->code == code)
        return;
    fprintf(stderr, "%s: %s from %s: %s\n", what, mu_code_name(status->code), status->origin,
            status->message);
    exit(EXIT_FAILURE);
}

/* A connection to the node that MU_DIR names, else the default one. */
static inline struct mu_client *expect_client(void)
{
    struct mu_client *client;
    int error = mu_client_open(&client, NULL);

    if (error == 0)
        return client;
    fprintf(stderr, "no connection to the node: %s\n", strerror(-error));
    exit(EXIT_FAILURE);
}
