/* calls.h - what the router wrote down about the last calls. */
#pragma once

#include "mu/router/v1/router.pb-c.h"
#include "services/interface/mu/cli.h"

enum { CALLS_TRACE_SIZE = 16 }; /* bytes of a trace's id */

/* Which calls are meant; all borrowed. */
struct calls_filter {
    const char *service; /* NULL: all */
    const char *method;  /* of that service; NULL: all */
    const char *trace;   /* what its trace's id begins with, in digits; NULL: any */
    bool failed;         /* only those that did not end with OK */
    bool with_own;       /* also those to the node's own services: router, node, registry */
    uint64_t since;      /* records with a greater number; 0: all that are kept */
};

/* Records, by ascending number. */
struct calls {
    Mu__Router__V1__CallsReply **replies; /* owned: what the router answered, page by page */
    size_t reply_count;
    const Mu__Router__V1__CallRecord **records; /* owned array of borrowed: those that are meant */
    size_t count;
    uint64_t last;       /* the number of the newest record of all */
    uint64_t missed;     /* records that were forgotten before they could be given */
    uint64_t started_us; /* another one than before: numbers began anew */
};

/* Asks for them. Says what is wrong. Returns EXIT_OK or an exit status. */
int calls_take(struct cli *cli, const struct calls_filter *filter, struct calls *calls);

/* The parts of it, for who asks by himself: the first request, with what it needs in `trace`; and a
 * page's answer, which `calls` owns in every case. Returns EXIT_OK or an exit status. */
void calls_request(const struct calls_filter *filter, uint8_t trace[CALLS_TRACE_SIZE],
        Mu__Router__V1__CallsRequest *request);
int calls_keep(struct cli *cli, const struct calls_filter *filter, struct calls *calls,
        Mu__Router__V1__CallsReply *reply);

/* Safe on zeroes, and safe twice. */
void calls_deinit(struct calls *calls);

/* Splits `word`, SERVICE or SERVICE.METHOD (NULL: everything), into `filter`; the parts are kept in
 * `text`. Returns EXIT_OK, or EXIT_USAGE after saying what is wrong. */
int calls_read_word(const struct cli *cli, const char *word, char text[MU_ENDPOINT_MAX],
        struct calls_filter *filter);

/* The service's name in the record's endpoint, into `text`, which it returns. */
const char *calls_service(const Mu__Router__V1__CallRecord *record, char text[MU_ENDPOINT_MAX]);

/* Who made the call, for people: "shop", "mu (pid 812)", "node barn", "client phone". Into `text`,
 * which it returns. */
const char *calls_caller(const Mu__Router__V1__CallRecord *record, char *text, size_t size);

/* Where it went, the same way: "greeter 4821337", "node barn", or "-". */
const char *calls_callee(const Mu__Router__V1__CallRecord *record, char *text, size_t size);

/* True for a call of the router's own, to one of the node's own services, or to what every service
 * answers for them (SERVICE.mu.Health). */
bool calls_is_own(const Mu__Router__V1__CallRecord *record);
