/* request.h - the body of a request, from what stands on the command line. */
#pragma once

#include "services/interface/mu/description.h"

/* A call that was asked for. */
struct request {
    char endpoint[MU_ENDPOINT_MAX];
    struct description description;        /* owned */
    const struct mu_schema_method *method; /* borrowed from the description */
    char **words;                          /* borrowed: JSON, @file, `-` or key=value */
    int word_count;
    bool stream;                   /* the body's items come from standard input */
    bool trace;                    /* say the trace and the time */
    uint8_t parent[MU_TRACE_SIZE]; /* the trace that it continues; zeroes: none */
    const char *key;               /* borrowed: that it goes by; NULL: none */
    long count;                    /* 0: one call, and its answer; else this many, and figures */
    long parallel;
};

/* Safe on zeroes, and safe twice. */
void request_deinit(struct request *request);

/* The trace that the call goes by, its parent's or a new one. */
void request_trace(const struct request *request, uint8_t trace[MU_TRACE_SIZE]);

/* The word is no key=value but all of a message: JSON, `@file` or `-`. */
bool request_is_json(const char *word);

/* Makes the body of the words; none are an empty message. Says what is wrong with them. `*bodyp` is
 * the caller's. Returns EXIT_OK or an exit status. */
int request_body(
        const struct cli *cli, const struct request *request, uint8_t **bodyp, size_t *sizep);

/* Makes a body of JSON text; `where` (or "") names it in what is said. As above. */
int request_json(const struct cli *cli, const struct request *request, const char *where,
        const char *json, size_t json_size, uint8_t **bodyp, size_t *sizep);
