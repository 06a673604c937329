/* client/protoc/parameter.h - what `--mu_opt` says. */
#pragma once

#include <stddef.h>

#include "client/protoc/refusals.h"
#include "client/protoc/types.h"

enum parameter_output {
    PARAMETER_MESSAGES = 1, /* .pb-c.h, .pb-c.c */
    PARAMETER_STUBS = 2,    /* .mu.h, .mu.c */
    PARAMETER_TYPES = 4     /* .types.h, .types.c */
};

struct parameter {
    unsigned outputs;   /* of enum parameter_output */
    char *protoc_gen_c; /* owned: the program that makes the messages */
    char *text;         /* owned: what the prefixes point into */
    struct parameter_prefix {
        const char *service; /* borrowed from text: simple or full name; NULL: the only one */
        const char *prefix;  /* borrowed from text */
    } * prefixes;            /* owned */
    size_t prefix_count;
};

/* Reads `text`, which may be NULL: messages and stubs. What it does not know, it refuses. */
void parameter_init(struct parameter *parameter, const char *text, struct refusals *refusals);

/* Safe on zeroes, and safe twice. */
void parameter_deinit(struct parameter *parameter);

/* The prefix asked for a service with these names; NULL where none was. */
const char *parameter_prefix(
        const struct parameter *parameter, const char *name, const char *full_name);
