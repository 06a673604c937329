/* kernel/router/meter.h - what is counted of each method that is called through the router.
 *
 * Callers pick the names of methods, so a name alone gets no row of its own: a service that exists
 * gets one for all of its methods together, and a method its own once the service answered a call
 * of it as one that it has. Rows are never taken away: a pointer to one holds as long as the
 * router.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/histogram.h"
#include "kernel/router/cause.h"
#include "transport/envelope.h"

enum { METER_CODES = 17 }; /* of mu.bus.v1.Code, with OK */

struct method {
    uint8_t size;                         /* bytes of `endpoint` */
    uint8_t side;                         /* enum side */
    uint32_t hash;                        /* of both */
    uint32_t open;                        /* calls under way */
    uint32_t named;                       /* of a service's row: methods with rows of their own */
    char endpoint[ENDPOINT_SIZE_MAX + 1]; /* `service.Method`; `service` for those of its methods
                                             that have no row; "" for all that found no service */
    uint64_t codes[METER_CODES];          /* calls that ended, by code */
    uint64_t refused[CAUSES];             /* of those, the refused, by cause */
    uint64_t bytes_up;
    uint64_t bytes_down;
    uint64_t items_up;
    uint64_t items_down;
    struct histogram took; /* of those that were sent to a callee */
    struct histogram queued;
};

struct meter {
    struct method *methods; /* owned: METER_METHODS_MAX; the first is that of no service */
    uint16_t *slots;        /* owned hash table: indexes of methods, 0 for none */
    uint32_t count;
    uint32_t there_count; /* of those, of the side THERE */
    uint64_t seed;        /* of the hash: who picks names cannot pick where they meet */
};

/* Returns 0 or -ENOMEM. */
int meter_init(struct meter *meter, uint64_t seed);

/* Safe on zeroes, and safe twice. */
void meter_deinit(struct meter *meter);

/* True for the text of the row; NULL is none. */
static inline bool meter_is(const struct method *method, struct span endpoint)
{
    return method != NULL && method->size == endpoint.size &&
           memcmp(method->endpoint, endpoint.data, endpoint.size) == 0;
}

/* The row of exactly this text; NULL where there is none. */
struct method *meter_find(const struct meter *meter, struct span endpoint, enum side side);

/* The row of a service that exists, for methods that have none; made where there is none yet. Where
 * there is no room for it, that of no service. */
struct method *meter_find_service(struct meter *meter, struct span service, enum side side);

/* The row of a method that its service has; made where there is none yet. NULL where there is no
 * room: METER_METHODS_MAX, METER_METHODS_THERE_MAX of other nodes, METER_SERVICE_METHODS_MAX of one
 * service. */
struct method *meter_name(struct meter *meter, struct span endpoint, enum side side);

/* `greeter` of `greeter.Hello` and of `greeter`. */
struct span meter_service_of(struct span endpoint);
