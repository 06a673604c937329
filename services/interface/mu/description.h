/* description.h - a service's types, as the registry holds them or as they are built in. */
#pragma once

#include <stdbool.h>

#include "services/interface/mu/cli.h"
#include "mu/schema.h"

enum { DESCRIPTION_METHOD_MAX = 96 }; /* bytes with the final NUL */

#define DESCRIPTION_DEBUG "mu." /* in front of the methods that every service answers */

struct description {
    char name[MU_SERVICE_NAME_MAX]; /* on the bus: "greeter" */
    const char *prefix;             /* of its methods on the bus: "mu." or "", static */
    char *version;                  /* owned; "" for what is built in */
    struct mu_schema *schema;       /* owned */
    uint8_t *set;                   /* owned: the FileDescriptorSet, … */
    size_t set_size;
    const struct mu_schema_service *service; /* borrowed from the schema */
};

/* An endpoint, taken apart: "greeter.mu.Health" is service greeter, method mu.Health. */
struct endpoint {
    char service[MU_SERVICE_NAME_MAX];
    char method[DESCRIPTION_METHOD_MAX]; /* "" where there is no dot */
};

/* Returns whether both parts fit. */
bool endpoint_split(struct endpoint *endpoint, const char *text);

/* Gets the types of `service` into `*description`, which the caller deinits. Says what is wrong,
 * with the service that may have been meant. Returns EXIT_OK or an exit status. */
int description_get(struct cli *cli, const char *service, struct description *description);

/* The same without a word, within `timeout_ms` (0: as long as any call). `*status` says how it
 * ended; returns its code. */
enum mu_code description_try(struct cli *cli, const char *service, uint32_t timeout_ms,
        struct description *description, struct mu_status *status);

/* The types behind `service`.mu.*: those of mu.debug.v1.Debug. Returns EXIT_OK or an exit status.
 */
int description_get_debug(struct cli *cli, const char *service, struct description *description);

/* A method's name on the bus, "greeter.mu.Health", into `text`, which it returns. */
const char *description_endpoint(const struct description *description,
        const struct mu_schema_method *method, char text[MU_ENDPOINT_MAX]);

/* Safe on zeroes, and safe twice. */
void description_deinit(struct description *description);

/* Gets the types of the service of `endpoint` and finds its method. Says what is wrong, with the
 * method that may have been meant. `*methodp` is borrowed from the description. Returns EXIT_OK or
 * an exit status; the caller deinits `description` in any case. */
int description_find(struct cli *cli, const struct endpoint *endpoint,
        struct description *description, const struct mu_schema_method **methodp);
